import pytest

from shangeng_labels.calibration import calibration_pdf
from shangeng_labels.templates import Template, load_templates
from tests.labels.printed import pages, text_of

TEMPLATES = load_templates()
DOTS = 40  # per millimetre, at 1016 dpi


def dark(template: Template, x: float, y: float, *, offset: tuple[float, float] = (0, 0)) -> bool:
    (picture,) = pages(calibration_pdf(template, offset_mm=offset), 1016)
    value = picture.getpixel((round(x * DOTS), round(y * DOTS)))
    assert isinstance(value, int | float)
    return value < 128


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_crosses_stand_in_the_middle_of_the_corner_labels(template: Template) -> None:
    width, height = template.label
    for cell in (0, template.cells - 1):
        x, y = template.corner_of(cell)
        assert dark(template, x + width / 2, y + height / 2 - 3)
        assert not dark(template, x + width / 2 + 1, y + height / 2 - 3)


def test_an_offset_moves_the_crosses() -> None:
    template = TEMPLATES["roll-40x30"]
    assert dark(template, 20.5, 12, offset=(0.5, 0))
    assert not dark(template, 20, 12, offset=(0.5, 0))


def test_the_rulers_are_true_to_scale() -> None:
    template = TEMPLATES["a4-63x38"]
    assert dark(template, 40 + 100, 82.5)
    assert not dark(template, 40 + 99.5, 82.5)
    assert dark(template, 42.5, 80 + 100)


def test_it_explains_itself() -> None:
    found = text_of(calibration_pdf(TEMPLATES["a4-38x21"]))
    assert "实际大小" in found
    assert "actual size" in found
    assert "偏右" in text_of(calibration_pdf(TEMPLATES["roll-40x30"]))
