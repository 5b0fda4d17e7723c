"""Printed labels as PDF: what a label says, set on a sheet or a roll."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from shangeng_labels.codes import printed_host, spell_code, unit_address
from shangeng_labels.fonts import Typeface, check_glyphs, typeface
from shangeng_labels.paper import Paper
from shangeng_labels.qr import QUIET, symbol
from shangeng_labels.refusals import (
    CellNotOnSheet,
    NothingToPrint,
    OffsetTooLarge,
    SymbolTooDense,
    TemplateInvalid,
    TextTooLong,
)
from shangeng_labels.templates import Template, Text
from shangeng_labels.typeset import Fitted, clip, fit

SMALLEST_MODULE = 0.396
"""Millimetres; below it a symbol is not read at the till (GS1 General Specifications 5.12.3.1)."""

LARGEST_OFFSET = 5.0
"""Millimetres a printer's feed may be out before it needs a repair instead of a correction."""

_BAR_PADDING = 0.35
_MIDDLE = 0.38
"""Em from the baseline up to the middle of a Chinese character, and near enough of a figure or capital."""


@dataclass(frozen=True, slots=True)
class LabelFace:
    """What one unit label says. `place` is short (浙江景宁); `site` is the deployment's origin (https://lssg.cn)."""

    product: str
    net: str
    lot: str
    packed: date
    place: str
    producer: str
    certificate: str
    until: date
    code: str
    site: str
    demo: bool = False
    brand: str = "丽水山耕"

    def texts(self) -> dict[str, str]:
        """Return every field as it is printed, by the name templates use: composed letters, single plain blanks."""
        spelled = spell_code(self.code)
        half = len(spelled) // 2 + 1
        said = {
            "brand": self.brand,
            "product": self.product,
            "net": self.net,
            "lot": self.lot,
            "packed": self.packed.isoformat(),
            "place": self.place,
            "producer": self.producer,
            "certificate": self.certificate,
            "until": self.until.isoformat(),
            "code": spelled,
            "code_lines": f"{spelled[:half]} {spelled[half:]}",
            "host": printed_host(self.site),
        }
        return {name: _plain(text) for name, text in said.items()}


def sheet_pdf(
    template: Template,
    faces: Sequence[LabelFace],
    *,
    start_cell: int = 1,
    offset_mm: tuple[float, float] = (0, 0),
    font: Path | None = None,
) -> bytes:
    """Return the labels as a PDF, in order, the first in cell `start_cell` of the first page (counted from 1).

    `offset_mm` moves everything right and down by what the calibration page showed for a printer. The same
    input gives the same bytes, so a reprint can be compared with what was printed.
    Raises NothingToPrint, CellNotOnSheet, OffsetTooLarge; GlyphMissing, TextTooLong and SymbolTooDense name
    the field; FontUnusable. Nothing is printed in part.
    """
    if not faces:
        raise NothingToPrint(field="labels")
    if not 1 <= start_cell <= template.cells:
        raise CellNotOnSheet(field="start_cell", cell=start_cell, cells=template.cells)
    if max(map(abs, offset_mm)) > LARGEST_OFFSET:
        raise OffsetTooLarge(field="offset_mm", limit=LARGEST_OFFSET)
    contents = [face.texts() for face in faces]
    typefaces = _typefaces(template, contents, font)
    first = faces[0]
    paper = Paper(
        *template.page,
        title=f"{first.brand} {first.product} {first.lot}",
        subject=f"{template.zh}，{len(faces)} 枚",
        faces=typefaces.values(),
    )
    setter = _Setter(template, typefaces, paper)
    for position, (face, content) in enumerate(zip(faces, contents, strict=True), start=start_cell - 1):
        cell = position % template.cells
        if cell == 0 and position >= template.cells:
            paper.next_page()
        x, y = template.corner_of(cell)
        setter.set_label(face, content, x + offset_mm[0], y + offset_mm[1])
    return paper.finish()


def _typefaces(template: Template, contents: Sequence[Mapping[str, str]], font: Path | None) -> dict[int, Typeface]:
    """Check every distinct text once, and return a typeface per weight that has all their characters."""
    characters: set[str] = set()
    seen: set[tuple[str, str]] = set()
    for content in contents:
        fresh = {name: text for name, text in content.items() if (name, text) not in seen}
        check_glyphs(fresh, font_path=font)
        seen.update(fresh.items())
        characters.update(*fresh.values())
    fixed = "…" + "".join(text.text for text in template.texts)
    check_glyphs({template.key: fixed}, font_path=font)
    characters.update(fixed)
    every = "".join(characters)
    return {text.weight: typeface(every, text.weight, font_path=font) for text in template.texts}


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


class _Setter:
    """Sets the labels of one job; texts that repeat from label to label are fitted once."""

    def __init__(self, template: Template, typefaces: Mapping[int, Typeface], paper: Paper) -> None:
        self._template = template
        self._typefaces = typefaces
        self._paper = paper
        self._fitted: dict[tuple[Text, str], Fitted] = {}

    def set_label(self, face: LabelFace, content: Mapping[str, str], x: float, y: float) -> None:
        self._set_symbol(face, x, y)
        for rule in self._template.rules:
            self._paper.bar(x + rule.x, y + rule.y, rule.width, rule.height)
        for text in self._template.texts:
            if face.demo or not text.demo:
                self._set_text(text, text.text.format_map(content), x, y)

    def _set_symbol(self, face: LabelFace, x: float, y: float) -> None:
        place = self._template.symbol
        address = unit_address(face.site, face.code, upper=self._template.upper)
        drawn = symbol(address, correction=self._template.correction)
        module = place.size / drawn.full_size
        if place.dots is not None:
            module = int(module * place.dots + 1e-6) / place.dots
        if module < SMALLEST_MODULE:
            raise SymbolTooDense("site")
        # A larger symbol on a coarse printer may leave room: it stands in the middle, on whole dots.
        spare = (place.size - module * drawn.full_size) / 2
        if place.dots is not None:
            spare = int(spare * place.dots) / place.dots
        inner = spare + QUIET * module
        self._paper.modules(x + place.x + inner, y + place.y + inner, module, drawn.runs())

    def _set_text(self, text: Text, words: str, x: float, y: float) -> None:
        fitted = self._fitted.get((text, words)) or self._fit(text, words)
        self._fitted[text, words] = fitted
        face = self._typefaces[text.weight]
        if text.inverse:
            self._paper.bar(x + text.x, y + text.y, text.width, text.height)
        line_height = fitted.size * text.leading
        top = y + text.y + (text.height - line_height * len(fitted.lines)) / 2
        for number, line in enumerate(fitted.lines):
            spare = text.width - face.width(line, fitted.size, text.spacing) * fitted.stretch
            left = {"left": 0.0, "center": spare / 2, "right": spare}[text.align]
            baseline = top + line_height * (number + 0.5) + fitted.size * _MIDDLE
            put = partial(self._paper.text, x + text.x + left, baseline, line, face, fitted.size)
            put(spacing=text.spacing, stretch=fitted.stretch, white=text.inverse)

    def _fit(self, text: Text, words: str) -> Fitted:
        face = self._typefaces[text.weight]
        fitted = fit(
            words,
            face,
            width=text.width - (2 * _BAR_PADDING if text.inverse else 0),
            height=text.height,
            size=text.size,
            smallest=text.min,
            lines=text.lines,
            leading=text.leading,
            spacing=text.spacing,
            narrowest=text.narrow,
        )
        if fitted is None and text.clip:
            return clip(words, face, width=text.width, size=text.min, stretch=text.narrow, spacing=text.spacing)
        if fitted is None:
            field = next(iter(text.fields()), None)
            if field is None:
                raise TemplateInvalid(key=self._template.key, what=f"“{words}” does not fit its place")
            raise TextTooLong({"host": "site", "code_lines": "code"}.get(field, field), text=words)
        return fitted
