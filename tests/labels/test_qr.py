import io
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shangeng_labels.qr import QUIET, Correction, Symbol, png, svg, symbol
from tests.labels.printed import decoded

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
levels: st.SearchStrategy[Correction] = st.sampled_from(["L", "M", "Q", "H"])


def read_back(drawn: Symbol) -> list[str]:
    return decoded(Image.open(io.BytesIO(png(drawn, dots_per_module=4))).convert("L"))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("HTTPS://LSSG.CN/T/7K3M9QXT2HVB4R8N", 2),
        ("https://lssg.cn/t/7K3M9QXT2HVB4R8N", 3),
        ("HTTPS://T.LSSG.CN/01/06901234567892/21/ABCDEFGH1234", 3),
        ("https://t.lssg.cn/01/06901234567892/21/ABCDEFGH1234", 3),
        # The library's default splits off twenty digits, writes the rest as bytes and needs version 3.
        ("HTTPS://LSSG.CN/T/01234567890123456789", 2),
    ],
)
def test_printed_addresses_take_the_smallest_symbol(text: str, version: int) -> None:
    drawn = symbol(text)
    assert drawn.version == version
    assert drawn.size == 17 + 4 * version
    assert read_back(drawn) == [text]


@given(st.text(alphabet=ALPHANUMERIC, min_size=1, max_size=80), levels)
@settings(max_examples=40, deadline=None)
def test_alphanumeric_texts_read_back(text: str, correction: Correction) -> None:
    assert read_back(symbol(text, correction=correction)) == [text]


@given(
    st.lists(st.sampled_from(["https://", "lssg.cn", "/t/", "0123456789", "7K3M9QXT", "丽水", "?x=", "é"]), min_size=1)
)
@settings(max_examples=30, deadline=None)
def test_mixed_texts_read_back(parts: list[str]) -> None:
    text = "".join(parts[:12])
    assert read_back(symbol(text)) == [text]


def test_different_texts_get_different_masks() -> None:
    format_bits = {symbol(f"HTTPS://LSSG.CN/T/{number:016}").rows[8][2:5] for number in range(40)}
    assert len(format_bits) > 3


@given(st.text(alphabet=ALPHANUMERIC, min_size=1, max_size=40))
@settings(max_examples=20, deadline=None)
def test_runs_are_the_dark_modules(text: str) -> None:
    drawn = symbol(text)
    painted = {(x + step, y) for x, y, length in drawn.runs() for step in range(length)}
    assert painted == {(x, y) for y, row in enumerate(drawn.rows) for x, dark in enumerate(row) if dark}


def test_svg_is_one_black_path_on_white_with_a_title() -> None:
    drawn = symbol("HTTPS://LSSG.CN/T/7K3M9QXT2HVB4R8N")
    text = svg(drawn, title="批次 <HM> & 二维码")
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("viewBox") == "0 0 33 33"
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "批次 <HM> & 二维码"
    white, black = root.findall("{http://www.w3.org/2000/svg}path")
    assert (white.get("fill"), black.get("fill")) == ("#fff", "#000")
    assert "currentColor" not in text
    assert "style" not in text
    picture = Image.new("L", (33 * 4, 33 * 4), 255)
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)", black.get("d") or ""):
        picture.paste(0, (int(x) * 4, int(y) * 4, (int(x) + int(length)) * 4, int(y) * 4 + 4))
    assert decoded(picture) == [drawn.text]


@pytest.mark.parametrize("dots", [1, 3, 8])
def test_png_is_one_bit_and_whole_dots_with_a_quiet_zone(dots: int) -> None:
    drawn = symbol("HTTPS://LSSG.CN/T/7K3M9QXT2HVB4R8N")
    picture = Image.open(io.BytesIO(png(drawn, dots_per_module=dots)))
    assert picture.mode == "1"
    assert picture.size == (drawn.full_size * dots, drawn.full_size * dots)
    for y in range(drawn.full_size):
        for x in range(drawn.full_size):
            inside = QUIET <= x < QUIET + drawn.size and QUIET <= y < QUIET + drawn.size
            dark = inside and drawn.rows[y - QUIET][x - QUIET]
            assert picture.getpixel((x * dots + dots // 2, y * dots + dots // 2)) == (0 if dark else 255)


def test_what_no_symbol_can_hold_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        symbol("")
    with pytest.raises(ValueError, match="too many"):
        symbol("A" * 5000)
    with pytest.raises(ValueError, match="dot"):
        png(symbol("A"), dots_per_module=0)
