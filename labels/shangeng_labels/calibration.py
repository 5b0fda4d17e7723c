"""The page that shows how far a printer is out, printed once per printer on plain paper."""

from pathlib import Path

from shangeng_labels.fonts import MEDIUM, Typeface, check_glyphs, typeface
from shangeng_labels.paper import Paper
from shangeng_labels.templates import Template

_ROOMY = 100.0
"""Millimetres of page width from which the explanation is given in full."""

_ADVICE = (
    "按“实际大小”印在白纸上，先量两把尺是否准，再与标签纸叠在一起对光看。",
    "十字偏右、偏下几毫米，打印时就把“向右、向下移动”填成负几毫米。",
    "Print at actual size on plain paper, measure both rulers, then hold it against the label sheet.",
    "If the crosses are 1 mm too far right or down, enter −1 mm for that direction.",
)
_SHORT_ADVICE = ("偏右、偏下几毫米，就填负几毫米",)


def calibration_pdf(template: Template, *, offset_mm: tuple[float, float] = (0, 0), font: Path | None = None) -> bytes:
    """Return one page with the die lines of the first and last row, crosses in the middle of the corner labels, and two rulers.

    With a printer's `offset_mm` it shows whether the correction is right. Raises GlyphMissing, FontUnusable.
    """
    roomy = template.page[0] >= _ROOMY
    advice = _ADVICE if roomy else _SHORT_ADVICE
    words = "".join(advice) + template.zh + template.en
    check_glyphs({template.key: words}, font_path=font)
    face = typeface(words, MEDIUM, font_path=font)
    paper = Paper(*template.page, title=f"打印校准·{template.zh}", subject=template.en, faces=[face])
    right, down = offset_mm
    width, height = template.label
    # The rows between stay empty for the rulers and the words.
    for cell in {*range(template.columns), *range(template.cells - template.columns, template.cells)}:
        x, y = template.corner_of(cell)
        paper.outline(x + right, y + down, width, height, template.corner)
    for cell in sorted({0, template.columns - 1, template.cells - template.columns, template.cells - 1}):
        x, y = template.corner_of(cell)
        _cross(paper, x + right + width / 2, y + down + height / 2)
    _rulers(paper, template.page, face)
    if roomy:
        _advise(paper, face, (template.zh, template.en, *advice), left=40, top=196)
    else:
        _advise(paper, face, advice, left=5.5, top=template.page[1] - 3.3, size=2.0)
    return paper.finish()


def _cross(paper: Paper, x: float, y: float) -> None:
    paper.line(x - 4, y, x + 4, y)
    paper.line(x, y - 4, x, y + 4)


def _rulers(paper: Paper, page: tuple[float, float], face: Typeface) -> None:
    """Draw a ruler across and one down from near the top left, as long as the page allows, at most 100 mm."""
    across, down = (min(100, int(side - 5) // 10 * 10) for side in page)
    left, top = (40.0, 80.0) if page[0] >= _ROOMY else (3.5, 3.5)
    for at in range(max(across, down) + 1):
        tick = 3.0 if at % 10 == 0 else 2.0 if at % 5 == 0 else 1.2
        if at <= across:
            paper.line(left + at, top, left + at, top + tick)
        if at <= down:
            paper.line(left, top + at, left + tick, top + at)
        if at % 10 == 0 and at:
            number = str(at)
            if at <= across:
                paper.text(left + at - face.width(number, 2.2) / 2, top + 5.2, number, face, 2.2)
            if at <= down:
                paper.text(left + 3.6, top + at + 0.8, number, face, 2.2)
    paper.line(left, top, left + across, top)
    paper.line(left, top, left, top + down)


def _advise(
    paper: Paper, face: Typeface, advice: tuple[str, ...], *, left: float, top: float, size: float = 3.2
) -> None:
    for number, line in enumerate(advice):
        paper.text(left, top + number * size * 1.6, line, face, size)
