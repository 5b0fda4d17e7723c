"""PDF pages measured in millimetres from the top left corner, black on white, the same bytes every time."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from reportlab.lib.units import mm  # type: ignore[import-untyped]  # ships no types
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]  # ships no types
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # ships no types

from shangeng_labels.fonts import Typeface


class Paper:
    """A document being drawn, page after page; `finish` returns it.

    Fonts are written straight into this document. reportlab's own registry is one for the process, keeps
    the first font of a name for ever, and would give one job another job's characters.
    """

    def __init__(self, width: float, height: float, *, title: str, subject: str, faces: Iterable[Typeface]) -> None:
        self._out = io.BytesIO()
        self._height = height
        self._canvas: Any = _BareCanvas(
            self._out, pagesize=(width * mm, height * mm), pageCompression=1, invariant=1, lang="zh-CN"
        )
        self._canvas.setTitle(title)
        self._canvas.setSubject(subject)
        self._canvas.setAuthor("丽水山耕")
        self._canvas.setCreator("shangeng")
        # Viewers shrink to fit unless told otherwise, and then no label meets its cell.
        self._canvas.setViewerPreference("PrintScaling", "None")
        self._fonts: dict[str, Any] = {
            face.name: TTFont(face.name, io.BytesIO(face.data), asciiReadable=0) for face in faces
        }
        self._begin()

    def text(
        self,
        x: float,
        baseline: float,
        text: str,
        face: Typeface,
        size: float,
        *,
        spacing: float = 0,
        stretch: float = 1,
        white: bool = False,
    ) -> None:
        """Set one line from `x` on its baseline; `spacing` is in em, `stretch` narrows or widens the letters."""
        font = self._fonts[face.name]
        document = self._canvas._doc  # noqa: SLF001  # reportlab's documented way to set dynamic fonts asks for it
        pieces = [
            f"{font.getSubsetInternalName(subset, document)} {_n(size)} Tf <{codes.hex()}> Tj"
            for subset, codes in font.splitString(text, document)
        ]
        colour = "1 g" if white else "0 g"
        matrix = f"{_n(stretch)} 0 0 -1 {_n(x)} {_n(baseline)} Tm"
        self._put(f"BT {colour} {matrix} {_n(spacing * size)} Tc {' '.join(pieces)} ET 0 g")

    def bar(self, x: float, y: float, width: float, height: float) -> None:
        """Fill a rectangle with black."""
        self._put(f"{_n(x)} {_n(y)} {_n(width)} {_n(height)} re f")

    def modules(self, x: float, y: float, module: float, runs: Iterable[tuple[int, int, int]]) -> None:
        """Fill runs of square modules as one shape, so that no viewer shows seams between its rows."""
        shapes = " ".join(f"{left} {top} {length} 1 re" for left, top, length in runs)
        self._put(f"q {_n(module)} 0 0 {_n(module)} {_n(x)} {_n(y)} cm {shapes} f Q")

    def outline(self, x: float, y: float, width: float, height: float, radius: float, *, stroke: float = 0.1) -> None:
        """Draw the die line of a label: a rectangle with round corners."""
        k = radius * 0.4477  # where a Bézier's handle ends, measured from the corner, for a quarter circle
        right, foot = x + width, y + height
        curves: Sequence[tuple[float, ...]] = (
            (x + radius, y),
            (right - radius, y),
            (right - k, y, right, y + k, right, y + radius),
            (right, foot - radius),
            (right, foot - k, right - k, foot, right - radius, foot),
            (x + radius, foot),
            (x + k, foot, x, foot - k, x, foot - radius),
            (x, y + radius),
            (x, y + k, x + k, y, x + radius, y),
        )
        verbs = ("m", "l", "c", "l", "c", "l", "c", "l", "c")
        path = " ".join(f"{' '.join(map(_n, points))} {verb}" for points, verb in zip(curves, verbs, strict=True))
        self._put(f"{_n(stroke)} w {path} s")

    def line(self, x: float, y: float, to_x: float, to_y: float, *, stroke: float = 0.1) -> None:
        """Draw a straight line."""
        self._put(f"{_n(stroke)} w {_n(x)} {_n(y)} m {_n(to_x)} {_n(to_y)} l S")

    def next_page(self) -> None:
        """Leave this page and begin another of the same size."""
        self._canvas.showPage()
        self._begin()

    def finish(self) -> bytes:
        """Return the document; nothing can be drawn after."""
        self._canvas.showPage()
        self._canvas.save()
        return self._out.getvalue()

    def _begin(self) -> None:
        self._put(f"{_n(mm)} 0 0 {_n(-mm)} 0 {_n(self._height * mm)} cm 0 g 0 G")

    def _put(self, operators: str) -> None:
        self._canvas.addLiteral(operators)


class _BareCanvas(Canvas):  # type: ignore[misc]  # its base ships no types
    """A canvas whose pages do not begin by choosing Helvetica, a font that would then not be embedded."""

    def _make_preamble(self) -> None:
        self._preamble = ""


def _n(number: float) -> str:
    """Write a number for a PDF operator: no exponent, a hundredth of a printer's dot at most lost."""
    return f"{number:.4f}".rstrip("0").rstrip(".") if number else "0"
