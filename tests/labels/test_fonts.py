from pathlib import Path

import pytest

from shangeng_labels.fonts import BOLD, MEDIUM, REGULAR, check_glyphs, typeface
from shangeng_labels.refusals import FontUnusable, GlyphMissing


def test_characters_of_lishui_that_gb2312_lacks_are_there() -> None:
    check_glyphs({"product": "丽水椪柑", "place": "景宁 英川镇漈头村、青田 垟心村", "net": "500 g（10×50 g）"})


@pytest.mark.parametrize("character", ["😀", "𠮷", "\n", "\t", "\u200b", "\ufeff", "\u202e", "\u0301", "\ue000"])
def test_what_cannot_be_drawn_is_refused_with_its_field(character: str) -> None:
    with pytest.raises(GlyphMissing) as refused:
        check_glyphs({"lot": "HM20260412", "product": f"惠明茶{character}"})
    assert refused.value.field == "product"
    assert refused.value.parts["character"] == character
    assert f"U+{ord(character):04X}" in refused.value.sentence("zh")
    assert "产品名称" in refused.value.sentence("zh")
    assert "product name" in refused.value.sentence("en")


def test_an_accent_written_apart_is_one_letter() -> None:
    check_glyphs({"product": "Cafe\u0301"})


def test_weights_are_different_fonts_of_the_same_characters() -> None:
    light, medium, bold = (typeface("丽水山耕椪垟漈", weight) for weight in (REGULAR, MEDIUM, BOLD))
    assert len({face.name for face in (light, medium, bold)}) == 3
    assert light.advances["0"] < medium.advances["0"] < bold.advances["0"]
    assert light.advances["椪"] == 1
    assert {light.advances[figure] for figure in "0123456789"} == {light.advances["0"]}
    assert len(bold.data) < 40_000


def test_the_same_characters_give_the_same_font_whatever_their_order() -> None:
    assert typeface("耕山水丽", BOLD) is typeface("丽水山耕丽", BOLD)


def test_width_adds_spacing_between_letters_only() -> None:
    face = typeface("丽水", BOLD)
    assert face.width("丽水", 3) == 6
    assert face.width("丽水", 3, 0.5) == 7.5
    assert face.width("", 3, 0.5) == 0


def test_another_font_is_used_and_must_have_the_characters(tmp_path: Path) -> None:
    other = tmp_path / "other.ttf"
    other.write_bytes(typeface("椪柑", BOLD).data)
    check_glyphs({"product": "椪柑"}, font_path=other)
    assert typeface("椪柑", MEDIUM, font_path=other).advances["椪"] == 1
    with pytest.raises(GlyphMissing, match="茶"):
        check_glyphs({"product": "茶"}, font_path=other)


def test_a_file_that_is_no_font_is_unusable(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"not a font")
    for path in (broken, tmp_path / "absent.ttf"):
        with pytest.raises(FontUnusable, match=path.name):
            check_glyphs({"product": "茶"}, font_path=path)
