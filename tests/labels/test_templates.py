import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from shangeng_labels.refusals import TemplateInvalid
from shangeng_labels.templates import load_templates


def original() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((files("shangeng_labels") / "templates.json").read_text("utf-8"))
    template: dict[str, Any] = document["templates"][0]
    return template


def test_the_templates_that_come_with_the_product_are_sound() -> None:
    templates = load_templates()
    assert {key: template.cells for key, template in templates.items()} == {
        "a4-63x38": 21,
        "a4-38x21": 65,
        "roll-40x30": 1,
    }
    assert all(template.inset >= 1.5 for template in templates.values())


def test_cells_are_counted_in_reading_order() -> None:
    sheet = load_templates()["a4-63x38"]
    assert sheet.corner_of(0) == pytest.approx((7.2, 15.1))
    assert sheet.corner_of(2) == pytest.approx((139.2, 15.1))
    assert sheet.corner_of(20) == pytest.approx((139.2, 243.7))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"columns": 4}, "do not fit on the page"),
        ({"pitch": [60, 38.1]}, "overlap"),
        ({"symbol": {"x": -1, "y": 7, "size": 24}}, "quiet zone leaves the label"),
        ({"symbol": {"x": 0.2, "y": 0, "size": 6}}, "symbol leaves the safe area"),
        ({"rules": [{"x": 1, "y": 2, "width": 5, "height": 0.2}]}, "the rule at 1, 2"),
        (
            {"texts": [{"text": "{net}", "x": 1, "y": 2, "width": 5, "height": 3, "size": 2}]},
            "{net}” leaves the safe area",
        ),
        (
            {"texts": [{"text": "{net}", "x": 9, "y": 9, "width": 5, "height": 3, "size": 2}]},
            "enters the symbol's quiet zone",
        ),
        (
            {"texts": [{"text": "{net}", "x": 30, "y": 9, "width": 5, "height": 3, "size": 2, "min": 1.5}]},
            "smaller than",
        ),
        (
            {"texts": [{"text": "{secret}", "x": 30, "y": 9, "width": 5, "height": 3, "size": 2}]},
            "unknown fields: secret",
        ),
        ({"label": [1]}, "index"),
        ({"colour": "red"}, "colour"),
        ({"symbol": {"x": 0}}, "missing"),
    ],
)
def test_a_template_that_would_print_wrongly_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "templates.json"
    path.write_text(json.dumps({"templates": [{**original(), **change}]}), "utf-8")
    with pytest.raises(TemplateInvalid, match="a4-63x38") as refused:
        load_templates(path)
    assert said in str(refused.value)
