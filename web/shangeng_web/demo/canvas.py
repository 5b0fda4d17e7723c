"""A sheet to draw quiet pictures on: units of a 1200 × 800 picture, drawn larger and scaled down at the end."""

import math
import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from shangeng_labels.fonts import MEDIUM, typeface

WIDTH, HEIGHT = 1200, 800
CAPTION = "示意照片"
WORDS = "检测报告不合格茶香菇杨梅冷链"
"""Every character that pictures write besides ASCII: the font is cut once for all of them."""

Colour = tuple[int, int, int] | tuple[int, int, int, int]
Point = tuple[float, float]

_SCALE = 1.5

_RIM = 181
"""What Pillow's radial gradient has at the middle of its sides: 255 lies in the corners."""


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return a colour between two, `share` of the way to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one[:3], other[:3], strict=True))
    return red, green, blue


def faded(colour: Colour, alpha: int) -> Colour:
    """Return a colour that lets what is below shine through; 255 covers."""
    return colour[0], colour[1], colour[2], alpha


@lru_cache(maxsize=1)
def _letters() -> bytes:
    return typeface(CAPTION + WORDS, MEDIUM).data


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(BytesIO(_letters()), size)


@lru_cache(maxsize=1)
def _dim_corners() -> Image.Image:
    whole = _resized(Image.radial_gradient("L"), WIDTH * 3 // 2, HEIGHT * 3 // 2)
    corners = whole.crop((WIDTH // 4, HEIGHT // 4, WIDTH // 4 + WIDTH, HEIGHT // 4 + HEIGHT))
    return _mapped(corners, lambda value: max(0, value - 90) * 0.55)


def _resized(image: Any, width: float, height: float, resample: int | None = None) -> Image.Image:
    """Return a picture at another size; Pillow leaves the types of this open."""
    resized: Image.Image = image.resize((max(2, round(width)), max(2, round(height))), resample)
    return resized


def _mapped(image: Any, change: Callable[[int], float]) -> Image.Image:
    """Return a grey picture with every value changed; Pillow leaves the types of this open."""
    mapped: Image.Image = image.point([round(change(value)) for value in range(256)])
    return mapped


def _falling(away: float) -> float:
    """Return 1 at the middle and 0 at the rim, level at both."""
    share = max(0.0, 1 - away)
    return share * share * (3 - 2 * share)


class Canvas:
    """A picture in the making; all chance comes from `rng`."""

    def __init__(self, seed: str) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - pictures, not secrets
        self.image = Image.new("RGB", (round(WIDTH * _SCALE), round(HEIGHT * _SCALE)))
        self._draw = ImageDraw.Draw(self.image, "RGBA")

    def wash(self, top: Colour, bottom: Colour, upper: float = 0, lower: float = HEIGHT) -> None:
        """Lay an even change of colour over the whole width, between two heights."""
        mask = _resized(Image.linear_gradient("L"), self.image.width, (lower - upper) * _SCALE)
        band = Image.composite(Image.new("RGB", mask.size, bottom[:3]), Image.new("RGB", mask.size, top[:3]), mask)
        self.image.paste(band, (0, round(upper * _SCALE)))

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Fill a shape."""
        self._draw.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """Draw a line with round joints."""
        self._draw.line(
            [(x * _SCALE, y * _SCALE) for x, y in points], fill=fill, width=max(1, round(width * _SCALE)), joint="curve"
        )

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """Fill an oval about its middle."""
        self._draw.ellipse([(x - rx) * _SCALE, (y - ry) * _SCALE, (x + rx) * _SCALE, (y + ry) * _SCALE], fill=fill)

    def leaf(self, x: float, y: float, length: float, angle: float, fill: Colour, *, width: float = 0.3) -> None:
        """Draw a pointed leaf that begins at a point."""
        ahead, side = (math.cos(angle) * length, math.sin(angle) * length), width * length
        across = (-math.sin(angle) * side / 2, math.cos(angle) * side / 2)
        middle = (x + ahead[0] * 0.45, y + ahead[1] * 0.45)
        self.polygon(
            [
                (x, y),
                (middle[0] + across[0], middle[1] + across[1]),
                (x + ahead[0], y + ahead[1]),
                (middle[0] - across[0], middle[1] - across[1]),
            ],
            fill,
        )

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, *, radius: float = 0) -> None:
        """Fill an upright box, its corners eased by `radius`."""
        self._draw.rounded_rectangle(
            [left * _SCALE, top * _SCALE, right * _SCALE, bottom * _SCALE], radius=radius * _SCALE, fill=fill
        )

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Let soft light, or with a dark colour soft shade, lie about a point."""
        self.soft_oval(x, y, radius, radius, colour, strength=strength)

    def soft_oval(self, x: float, y: float, rx: float, ry: float, colour: Colour, *, strength: float) -> None:
        """Lay an oval of light or shade that fades to its edge."""
        mask = _resized(Image.radial_gradient("L"), 2 * rx * _SCALE, 2 * ry * _SCALE, Image.Resampling.BILINEAR)
        mask = _mapped(mask, lambda value: 255 * strength * _falling(value / _RIM))
        place = (round((x - rx) * _SCALE), round((y - ry) * _SCALE))
        self.image.paste(Image.new("RGB", mask.size, colour[:3]), place, mask)

    def soften(self, radius: float) -> None:
        """Put everything so far out of focus."""
        self.image = self.image.filter(ImageFilter.GaussianBlur(radius * _SCALE))
        self._draw = ImageDraw.Draw(self.image, "RGBA")

    def write(self, x: float, y: float, text: str, size: float, fill: Colour) -> None:
        """Write text with its middle at a point."""
        self._draw.text((x * _SCALE, y * _SCALE), text, font=_font(round(size * _SCALE)), fill=fill, anchor="mm")

    def paste(self, other: "Canvas", angle: float, size: tuple[float, float], middle: Point) -> None:
        """Lay another picture on this one, turned, with its shadow."""
        sheet = _resized(other.image, size[0] * _SCALE, size[1] * _SCALE, Image.Resampling.LANCZOS)
        sheet = sheet.convert("RGBA").rotate(angle, Image.Resampling.BICUBIC, expand=True)
        place = (round(middle[0] * _SCALE - sheet.width / 2), round(middle[1] * _SCALE - sheet.height / 2))
        around = 40
        shadow = Image.new("L", (sheet.width + 2 * around, sheet.height + 2 * around))
        shadow.paste(_mapped(sheet.getchannel("A"), lambda value: value * 0.5), (around, around))
        shadow = shadow.filter(ImageFilter.GaussianBlur(18))
        self.image.paste((30, 26, 20), (place[0] - around + 8, place[1] - around + 16), shadow)
        self.image.paste(sheet, place, sheet)

    def finished(self) -> bytes:
        """Return the picture as JPEG, with the grain and the dim corners of a photo and a word that it is none."""
        picture = _resized(self.image, WIDTH, HEIGHT, Image.Resampling.LANCZOS)
        picture.paste((24, 30, 26), (0, 0), _dim_corners())
        picture = ImageChops.overlay(picture, Image.merge("RGB", [self._grain()] * 3))
        drawn = ImageDraw.Draw(picture, "RGBA")
        for shift, colour in ((1.5, (20, 26, 22, 150)), (0.0, (253, 250, 243, 225))):
            drawn.text((WIDTH - 26 + shift, HEIGHT - 22 + shift), CAPTION, font=_font(24), fill=colour, anchor="rs")
        out = BytesIO()
        picture.save(out, "JPEG", quality=84)
        return out.getvalue()

    def _grain(self) -> Image.Image:
        """Return fine noise about middle grey; made from `rng`, so that the same seed gives the same bytes."""
        coarse = Image.frombytes("L", (300, 200), self.rng.randbytes(300 * 200))
        fine = _resized(coarse, WIDTH, HEIGHT, Image.Resampling.BICUBIC)
        return _mapped(fine, lambda value: 128 + (value - 128) * 0.07)
