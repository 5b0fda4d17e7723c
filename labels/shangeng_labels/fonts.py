"""Chinese TrueType fonts for print: a job's characters, at one weight, cut out of the whole font.

The font is Noto Sans SC (SIL Open Font License) from the package justmytype-intl-cjk: a variable font whose
default weight is Thin, so the weight is always pinned. Cutting first and pinning then takes 0.2 s; pinning
30,000 glyphs first would take minutes.
"""

import io
import string
import unicodedata
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from fontTools import subset  # type: ignore[import-untyped]  # ships no types
from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]  # ships no types
from fontTools.varLib import instancer  # type: ignore[import-untyped]  # ships no types

from shangeng_labels.refusals import FontUnusable, GlyphMissing

REGULAR = 400
MEDIUM = 500
BOLD = 700

_ALWAYS = frozenset(string.ascii_letters + string.digits + string.punctuation + " ")


@dataclass(frozen=True, slots=True)
class Typeface:
    """Some characters of a font at one weight: `data` is a TrueType file, `advances` are in em."""

    name: str
    data: bytes
    advances: Mapping[str, float]

    def width(self, text: str, size: float, spacing: float = 0) -> float:
        """Return the length of `text` set at `size`, in the unit of `size`; `spacing` (em) stands between letters."""
        ems = sum(self.advances[character] for character in text) + spacing * max(len(text) - 1, 0)
        return ems * size


def check_glyphs(fields: Mapping[str, str], *, font_path: Path | None = None) -> None:
    """Refuse the first character that the font cannot draw.

    Raises GlyphMissing naming the field and the character, FontUnusable where the font cannot be read.
    """
    known = _characters(_located(font_path))
    for field, text in fields.items():
        for character in unicodedata.normalize("NFC", text):
            # A font may map controls and joiners, combining marks and unset blanks: none of them can be seen alone.
            drawable = character == " " or unicodedata.category(character)[0] in "LNPS"
            if not drawable or ord(character) not in known:
                raise GlyphMissing(field, character)


def typeface(text: str, weight: int, *, font_path: Path | None = None) -> Typeface:
    """Return the font cut down to the characters of `text` and printable ASCII, pinned to `weight`.

    `font_path` names another TrueType font; one that is not variable is taken at the weight it has.
    Raises FontUnusable where the font cannot be read or has other than TrueType outlines. A character the
    font lacks is a programming error here: `check_glyphs` comes first.
    """
    return _typeface("".join(sorted(_ALWAYS | set(text))), weight, _located(font_path))


@lru_cache(maxsize=1)
def _bundled() -> Path:
    with as_file(files("justmytype_intl_cjk") / "fonts/ofl/notosanssc/NotoSansSC[wght].ttf") as path:
        return path


def _located(font_path: Path | None) -> Path:
    return font_path or _bundled()


@lru_cache(maxsize=4)
def _characters(path: Path) -> frozenset[int]:
    with _opened(path) as font:
        return frozenset(font.getBestCmap())


@lru_cache(maxsize=64)
def _typeface(characters: str, weight: int, path: Path) -> Typeface:
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=[])
    cutter: Any = subset.Subsetter(options)
    cutter.populate(text=characters)
    with _opened(path) as font:
        cutter.subset(font)
        pinned = _pinned(font, weight) if "fvar" in font else font
        # The PDF library tells fonts apart by this name alone, and variable fonts keep one for all weights.
        name = f"ShangengSans-{weight}"
        pinned["name"].setName(name, 6, 3, 1, 0x409)
        out = io.BytesIO()
        pinned.save(out)
        em = pinned["head"].unitsPerEm
        metrics = pinned["hmtx"]
        advances = {chr(point): metrics[glyph][0] / em for point, glyph in pinned.getBestCmap().items()}
    return Typeface(name, out.getvalue(), advances)


def _pinned(font: Any, weight: int) -> Any:
    library: Any = instancer
    return library.instantiateVariableFont(font, {"wght": weight}, inplace=True)


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    try:
        file = path.open("rb")
    except OSError as reason:
        raise FontUnusable(path=path.name) from reason
    with file:
        try:
            # Without its own time of change the same characters give the same bytes, today and at a reprint.
            font: Any = TTFont(file, lazy=True, recalcTimestamp=False)
        except (OSError, TTLibError) as reason:
            raise FontUnusable(path=path.name) from reason
        if "glyf" not in font:
            raise FontUnusable(path=path.name)
        yield font
