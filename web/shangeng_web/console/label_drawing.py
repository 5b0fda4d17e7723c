"""Drawings of labels for the screen: where they stand on a sheet, and what one of them says. Pure."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from shangeng_labels.codes import unit_address
from shangeng_labels.qr import symbol
from shangeng_labels.sheets import LabelFace
from shangeng_labels.templates import Template, Text

_CHINESE, _LATIN = 1.0, 0.58
"""Em that a character takes, near enough for a picture."""


@dataclass(frozen=True, slots=True)
class Word:
    """A line of text on the drawing, in millimetres: where it stands, how large and heavy; `squeeze` is its width if narrowed."""

    text: str
    x: float
    y: float
    size: float
    weight: int
    anchor: str
    inverse: bool
    squeeze: float | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """One label: `dark` is the path of the symbol's modules in its own units, to be scaled by `module` at `at`."""

    width: float
    height: float
    dark: str
    at: tuple[float, float]
    module: float
    bars: tuple[tuple[float, float, float, float], ...]
    words: tuple[Word, ...]


def sheet_path(template: Template) -> str:
    """Return every label's outline on the page as one SVG path, in millimetres."""
    width, height = template.label
    corners = (template.corner_of(cell) for cell in range(template.cells))
    return "".join(f"M{x:.1f} {y:.1f}h{width}v{height}h-{width}z" for x, y in corners)


def draw_label(template: Template, face: LabelFace) -> Drawing:
    """Return a label as it will look; the fonts are the reader's own, so that widths differ a little."""
    drawn = symbol(unit_address(face.site, face.code, upper=template.upper), correction=template.correction)
    place, said = template.symbol, face.texts()
    module = place.size / drawn.full_size
    margin = (place.size - module * drawn.size) / 2
    texts = [text for text in template.texts if face.demo or not text.demo]
    return Drawing(
        width=template.label[0],
        height=template.label[1],
        dark="".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in drawn.runs()),
        at=(place.x + margin, place.y + margin),
        module=module,
        bars=(
            *((bar.x, bar.y, bar.width, bar.height) for bar in template.rules),
            *((text.x, text.y, text.width, text.height) for text in texts if text.inverse),
        ),
        words=tuple(word for text in texts for word in _words(text, text.text.format_map(said))),
    )


def _words(text: Text, said: str) -> Iterator[Word]:
    lines = _broken(said, text.lines) if _width(said) * text.size > text.width else [said]
    widest = max(_width(line) for line in lines) or 1
    size = max(text.min, min(text.size, text.width / widest, text.height / len(lines) / text.leading))
    step = size * text.leading
    top = text.y + (text.height - step * len(lines)) / 2
    x = {"left": text.x, "center": text.x + text.width / 2, "right": text.x + text.width}[text.align]
    anchor = {"left": "start", "center": "middle", "right": "end"}[text.align]
    for at, line in enumerate(lines):
        yield Word(
            line,
            round(x, 2),
            round(top + step * (at + 0.5) + size * 0.36, 2),
            round(size, 2),
            text.weight,
            anchor,
            text.inverse,
            text.width if _width(line) * size > text.width else None,
        )


def _broken(said: str, lines: int) -> list[str]:
    """Break a text into as many lines of about the same width, at blanks where it has them."""
    if lines == 1:
        return [said]
    if " " in said:
        words = said.split(" ")
        half = max(1, len(words) // 2)
        return [" ".join(words[:half]), " ".join(words[half:])]
    half = (len(said) + 1) // 2
    return [said[:half], said[half:]] if len(said) > 1 else [said]


def _width(text: str) -> float:
    return sum(_CHINESE if unicodedata.east_asian_width(each) in "WF" else _LATIN for each in text)
