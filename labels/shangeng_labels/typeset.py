"""Fitting a text into its place on a label: the largest size at which it stands in full.

All lengths are in millimetres. Nothing here knows paper or files.
"""

import re
from dataclasses import dataclass

from shangeng_labels.fonts import Typeface

SMALLEST = 2.0
"""Height of a Chinese character below which no label is set: 16 dots at 203 dpi (GB 7718 asks for 1.8 mm of ink)."""

_STEP = 0.1
_OPENING = "（《〈「『【〔“‘("
_CLOSING = "，。、；：！？）》〉」』】〕”’…·,.;:!?)%"
# A run of Latin letters and figures is one word, as is a number with its unit; every other character is one.
_WORD = re.compile(
    rf"[{re.escape(_OPENING)}]*(?:[\x21-\x7e×]+(?:(?<=\d) [A-Za-z]+)?|.)[{re.escape(_CLOSING)}]*\s*", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines as they will be set: `size` is the em, `stretch` the horizontal scale (1 is natural)."""

    lines: tuple[str, ...]
    size: float
    stretch: float = 1


def fit(
    text: str,
    face: Typeface,
    *,
    width: float,
    height: float,
    size: float,
    smallest: float = SMALLEST,
    lines: int = 1,
    leading: float = 1.15,
    spacing: float = 0,
    narrowest: float = 1,
) -> Fitted | None:
    """Return the text at the largest size from `size` down to `smallest` at which it stands in `width` by `height`.

    It breaks into at most `lines` lines, between Chinese characters or words, and evenly, so that no
    single character is left over. Only then is it narrowed, down to `narrowest`. None where it cannot fit.
    """
    for step in range(round((size - smallest) / _STEP) + 1):
        setting = _Setting(face, round(size - step * _STEP, 3), spacing)
        most = min(lines, int(height / (setting.size * leading) + 1e-9))
        broken = setting.broken(text, width)
        if broken is not None and len(broken) <= most:
            return Fitted(broken, setting.size)
    setting = _Setting(face, smallest, spacing)
    most = min(lines, int(height / (smallest * leading) + 1e-9))
    for percent in range(99, round(narrowest * 100) - 1, -1):
        broken = setting.broken(text, width * 100 / percent)
        if broken is not None and len(broken) <= most:
            return Fitted(broken, smallest, percent / 100)
    return None


def clip(text: str, face: Typeface, *, width: float, size: float, stretch: float = 1, spacing: float = 0) -> Fitted:
    """Return the beginning of a text on one line, with an ellipsis in place of the rest."""
    kept = text
    while kept and face.width(kept + "…", size, spacing) * stretch > width:
        kept = kept[:-1]
    return Fitted((kept.rstrip() + "…",), size, stretch)


@dataclass(frozen=True, slots=True)
class _Setting:
    """A typeface at one size: what is needed to break lines."""

    face: Typeface
    size: float
    spacing: float

    def broken(self, text: str, width: float) -> tuple[str, ...] | None:
        """Break `text` into as few lines as `width` allows; a line feed always breaks. None where a word is too wide."""
        lines: list[str] = []
        for paragraph in text.split("\n"):
            filled = self._filled(paragraph, width)
            if not self._hold(filled, width):
                return None
            lines += self._evened(paragraph, width, filled)
        return tuple(lines)

    def _hold(self, lines: list[str], width: float) -> bool:
        return all(self.face.width(line, self.size, self.spacing) <= width + 1e-6 for line in lines)

    def _filled(self, text: str, width: float) -> list[str]:
        lines = [""]
        for word in _WORD.findall(text):
            if not lines[-1] or self._hold([(lines[-1] + word).rstrip()], width):
                lines[-1] += word
            else:
                lines.append(word)
        return [line.rstrip() for line in lines]

    def _evened(self, text: str, width: float, filled: list[str]) -> list[str]:
        """Return the breaking into as many lines as `filled` whose longest is shortest, to a tenth of the size."""
        if len(filled) == 1:
            return filled
        while (width := width - self.size / 10) > 0:
            lines = self._filled(text, width)
            if len(lines) > len(filled) or not self._hold(lines, width):
                break
            filled = lines
        return filled
