"""QR symbols (ISO/IEC 18004): from a text to a matrix, and from there to SVG and PNG."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from PIL import Image
from qrcode import constants
from qrcode.exceptions import DataOverflowError
from qrcode.image.base import BaseImage
from qrcode.main import QRCode

Correction = Literal["L", "M", "Q", "H"]

QUIET = 4
"""Modules of white on every side (ISO/IEC 18004 6.3.8)."""

_LEVELS = {
    "L": constants.ERROR_CORRECT_L,
    "M": constants.ERROR_CORRECT_M,
    "Q": constants.ERROR_CORRECT_Q,
    "H": constants.ERROR_CORRECT_H,
}
_ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]+")
_SEGMENT_LENGTHS = (0, 8, 16)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR symbol without its quiet zone: `rows[y][x]` is true where a module is dark."""

    text: str
    version: int
    correction: Correction
    rows: tuple[tuple[bool, ...], ...]

    @property
    def size(self) -> int:
        """Modules along one side, quiet zone not counted."""
        return len(self.rows)

    @property
    def full_size(self) -> int:
        """Modules along one side, quiet zone counted."""
        return self.size + 2 * QUIET

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Yield every horizontal run of dark modules as (x, y, length)."""
        for y, row in enumerate(self.rows):
            x = 0
            while x < len(row):
                start = x
                while x < len(row) and row[x]:
                    x += 1
                if x > start:
                    yield start, y, x - start
                x += 1


def symbol(text: str, *, correction: Correction = "M") -> Symbol:
    """Return the smallest symbol for `text`; the mask is the one the standard's penalty rules choose.

    Raises ValueError where `text` is empty or too long for any symbol.
    """
    if not text:
        raise ValueError("an empty symbol says nothing")
    # Splitting into segments pays for mixed text only. In alphanumeric text the library's default splits off
    # long digits, writes short remainders as bytes, and can need a larger symbol (lincolnloop/python-qrcode discusses it).
    lengths = (0,) if _ALPHANUMERIC.fullmatch(text) else _SEGMENT_LENGTHS
    smallest = min((_encode(text, correction, length) for length in lengths), key=lambda encoder: encoder.version)
    smallest.make(fit=False)
    rows = tuple(tuple(bool(module) for module in row) for row in smallest.modules)
    return Symbol(text, smallest.version, correction, rows)


def svg(drawn: Symbol, *, title: str) -> str:
    """Return the symbol as an SVG document with its quiet zone, black on white in every colour scheme.

    It has no width or height: whoever places it decides. `title` is what a screen reader says.
    """
    side = drawn.full_size
    path = "".join(f"M{x + QUIET} {y + QUIET}h{length}v1h-{length}z" for x, y, length in drawn.runs())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img" shape-rendering="crispEdges">'
        f'<title>{escape(title)}</title><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


def png(drawn: Symbol, *, dots_per_module: int = 8) -> bytes:
    """Return the symbol as a 1-bit PNG with its quiet zone, every module `dots_per_module` dots wide.

    Raises ValueError where `dots_per_module` is less than one.
    """
    if dots_per_module < 1:
        raise ValueError("a module is at least one dot wide")
    side = drawn.full_size * dots_per_module
    white = bytes([255]) * (side * QUIET * dots_per_module)
    margin = white[: QUIET * dots_per_module]
    dots = bytearray(white)
    for row in drawn.rows:
        line = b"".join((b"\x00" if dark else b"\xff") * dots_per_module for dark in row)
        dots += (margin + line + margin) * dots_per_module
    dots += white
    out = io.BytesIO()
    Image.frombytes("L", (side, side), bytes(dots)).convert("1", dither=Image.Dither.NONE).save(out, "PNG")
    return out.getvalue()


def _encode(text: str, correction: Correction, segment_length: int) -> QRCode[BaseImage]:
    encoder = QRCode(error_correction=_LEVELS[correction], border=QUIET, image_factory=BaseImage)
    encoder.add_data(text, optimize=segment_length)
    try:
        encoder.best_fit()
    except (DataOverflowError, ValueError) as reason:
        raise ValueError(f"{len(text)} characters are too many for a QR symbol") from reason
    return encoder
