"""Label templates: where on which paper what stands. They are data; this reads and checks them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from shangeng_labels.qr import QUIET, Correction
from shangeng_labels.refusals import FIELD_NAMES, TemplateInvalid
from shangeng_labels.typeset import SMALLEST

_UNIT_SYMBOL = 25
"""Modules of a unit label's symbol at its usual address: version 2."""

FIELDS = frozenset(FIELD_NAMES) - {"site"} | {"host", "code_lines"}
"""What a text may name in braces."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a label, in millimetres from the label's top left corner."""

    x: float
    y: float
    width: float
    height: float

    def within(self, other: "Box") -> bool:
        """Whether no part of it lies outside `other`."""
        slack = 1e-6
        return (
            self.x >= other.x - slack
            and self.y >= other.y - slack
            and self.x + self.width <= other.x + other.width + slack
            and self.y + self.height <= other.y + other.height + slack
        )

    def meets(self, other: "Box") -> bool:
        """Whether the two share more than an edge."""
        slack = 1e-6
        return (
            self.x + self.width > other.x + slack
            and other.x + other.width > self.x + slack
            and self.y + self.height > other.y + slack
            and other.y + other.height > self.y + slack
        )


@dataclass(frozen=True, slots=True)
class SymbolPlace:
    """Where the QR symbol stands with its quiet zone: a square of side `size`.

    `dots` is the printer's dots per millimetre where modules must be whole dots (8 on a 203 dpi roll
    printer), None where the printer is finer than that matters.
    """

    x: float
    y: float
    size: float
    dots: float | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text in its box, set in the middle of its height, as large as it fits between `min` and `size`.

    `text` holds field names in braces. `lines` is how many it may take, `narrow` how far its letters may be
    narrowed when it is at `min`, `clip` whether its end may then give way to an ellipsis. `demo` texts are
    set on demonstration labels only; `inverse` sets white on a black bar.
    """

    text: str
    x: float
    y: float
    width: float
    height: float
    size: float
    min: float = SMALLEST
    weight: int = 500
    align: Literal["left", "right", "center"] = "left"
    lines: int = 1
    leading: float = 1.15
    spacing: float = 0
    narrow: float = 1
    clip: bool = False
    demo: bool = False
    inverse: bool = False

    @property
    def box(self) -> Box:
        """The rectangle it may fill."""
        return Box(self.x, self.y, self.width, self.height)

    def fields(self) -> list[str]:
        """The field names in its braces, in order."""
        return [name for _, name, _, _ in Formatter().parse(self.text) if name is not None]

    def problems(self, safe: Box, quiet: Box) -> Iterator[str]:
        """Yield, in English, everything about it that would print wrongly."""
        if not self.box.within(safe):
            yield f"“{self.text}” leaves the safe area"
        if self.box.meets(quiet):
            yield f"“{self.text}” enters the symbol's quiet zone"
        if self.min < SMALLEST:
            yield f"“{self.text}” may become smaller than {SMALLEST} mm"
        if unknown := set(self.fields()) - FIELDS:
            yield f"“{self.text}” names unknown fields: {', '.join(sorted(unknown))}"


@dataclass(frozen=True)
class Template:
    """A label and the sheet or roll it stands on; all lengths in millimetres."""

    key: str
    version: int
    zh: str
    en: str
    page: tuple[float, float]
    columns: int
    rows: int
    first: tuple[float, float]
    pitch: tuple[float, float]
    label: tuple[float, float]
    corner: float
    inset: float
    upper: bool
    correction: Correction
    symbol: SymbolPlace
    rules: tuple[Box, ...]
    texts: tuple[Text, ...]

    @property
    def cells(self) -> int:
        """Labels on one page."""
        return self.columns * self.rows

    @cached_property
    def safe(self) -> Box:
        """Where ink may stand on a label, whatever the cutter does."""
        return Box(self.inset, self.inset, self.label[0] - 2 * self.inset, self.label[1] - 2 * self.inset)

    def corner_of(self, cell: int) -> tuple[float, float]:
        """Return the top left corner on the page of cell `cell`, counted from 0 in reading order."""
        row, column = divmod(cell, self.columns)
        return self.first[0] + column * self.pitch[0], self.first[1] + row * self.pitch[1]

    def problems(self) -> Iterator[str]:
        """Yield, in English, everything that would print wrongly."""
        right, foot = self.corner_of(self.cells - 1)
        if right + self.label[0] > self.page[0] + 1e-6 or foot + self.label[1] > self.page[1] + 1e-6:
            yield "the labels do not fit on the page"
        if self.pitch[0] < self.label[0] or self.pitch[1] < self.label[1]:
            yield "the labels overlap"
        quiet = Box(self.symbol.x, self.symbol.y, self.symbol.size, self.symbol.size)
        margin = self.symbol.size * QUIET / (_UNIT_SYMBOL + 2 * QUIET)
        inner = self.symbol.size - 2 * margin
        if not quiet.within(Box(0, 0, *self.label)):
            yield "the symbol's quiet zone leaves the label"
        if not Box(quiet.x + margin, quiet.y + margin, inner, inner).within(self.safe):
            yield "the symbol leaves the safe area"
        for rule in self.rules:
            if not rule.within(self.safe) or rule.meets(quiet):
                yield f"the rule at {rule.x}, {rule.y} leaves the safe area or enters the quiet zone"
        for text in self.texts:
            yield from text.problems(self.safe, quiet)


def load_templates(path: Path | None = None) -> dict[str, Template]:
    """Return the templates of a file by key, those that come with the product where no file is named.

    Raises TemplateInvalid where a template is incomplete or would print outside its safe area.
    """
    source = path.read_text("utf-8") if path else (files("shangeng_labels") / "templates.json").read_text("utf-8")
    return {raw["key"]: _template(raw) for raw in json.loads(source)["templates"]}


def _template(raw: dict[str, Any]) -> Template:
    try:
        pairs = {name: (float(raw[name][0]), float(raw[name][1])) for name in ("page", "first", "pitch", "label")}
        members: dict[str, Any] = {
            **raw,
            **pairs,
            "symbol": SymbolPlace(**raw["symbol"]),
            "rules": tuple(Box(**rule) for rule in raw["rules"]),
            "texts": tuple(Text(**text) for text in raw["texts"]),
        }
        template = Template(**members)
    except (KeyError, TypeError, IndexError, ValueError) as reason:
        raise TemplateInvalid(key=raw.get("key", "?"), what=str(reason)) from reason
    for problem in template.problems():
        raise TemplateInvalid(key=template.key, what=problem)
    return template
