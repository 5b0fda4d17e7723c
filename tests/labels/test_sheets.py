import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from shangeng_labels import fonts
from shangeng_labels.calibration import calibration_pdf
from shangeng_labels.codes import new_codes, spell_code
from shangeng_labels.refusals import (
    CellNotOnSheet,
    GlyphMissing,
    NothingToPrint,
    OffsetTooLarge,
    SymbolTooDense,
    TextTooLong,
)
from shangeng_labels.sheets import LabelFace, sheet_pdf
from shangeng_labels.templates import Template, load_templates
from tests.labels.printed import CODE, SITE, darkest, decoded, label_face, metadata, pages, text_of

TEMPLATES = load_templates()
ROLL = TEMPLATES["roll-40x30"]
SMALL = TEMPLATES["a4-38x21"]
LARGE = TEMPLATES["a4-63x38"]

FACES: dict[str, dict[str, Any]] = {
    "plain": {},
    "rare characters": {"product": "丽水椪柑", "place": "景宁垟心村漈头", "producer": "云和县垟漈椪柑合作社"},
    "longest": {
        "product": "庆元百山祖高山有机灰树花干制品礼盒装",
        "net": "10×50 g",
        "lot": "XG-2026-1115AB",
        "producer": "景宁畲族自治县惠明寺村高山生态茶叶种植专业合作社联合社",
        "place": "浙江龙泉 屏南",
    },
    "demonstration": {"demo": True, "site": "http://127.0.0.1:8000"},
    "latin": {"product": "Huiming White Tea No. 1", "net": "1.5 kg", "place": "Jingning"},
}

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())


def addresses(faces: Sequence[LabelFace]) -> list[str]:
    return sorted(f"{face.site}/T/{face.code}".upper() for face in faces)


def outside_safe_area(template: Template, picture: Image.Image, dpi: int) -> int:
    """Return the darkest pixel that stands on no label's safe area, one dot of rounding allowed."""
    dots = dpi / 25.4
    rest = picture.copy()
    for cell in range(template.cells):
        x, y = template.corner_of(cell)
        safe = template.safe
        left, top = (x + safe.x) * dots, (y + safe.y) * dots
        rest.paste(255, (int(left), int(top), int(left + safe.width * dots) + 1, int(top + safe.height * dots) + 1))
    return darkest(rest)


@every_template
@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("said", FACES.values(), ids=FACES.keys())
def test_every_label_scans_and_keeps_clear_of_its_edge(template: Template, said: dict[str, Any], dpi: int) -> None:
    faces = [label_face(code, **said) for code in new_codes(template.cells + 2)]
    pictures = pages(sheet_pdf(template, faces), dpi)
    assert len(pictures) == (2 if template.cells > 1 else len(faces))
    assert sorted(text for picture in pictures for text in decoded(picture)) == addresses(faces)
    for picture in pictures:
        assert darkest(picture) == 0
        assert outside_safe_area(template, picture, dpi) > 250


@every_template
@pytest.mark.parametrize("said", FACES.values(), ids=FACES.keys())
def test_the_text_can_be_copied_out(template: Template, said: dict[str, Any]) -> None:
    face = label_face(**said)
    found = text_of(sheet_pdf(template, [face])).replace(" ", "")
    for words in (face.product, face.net, face.lot, face.place, "2027-03-31", "丽水山耕", spell_code(CODE)):
        assert words.replace(" ", "") in found
    assert ("DEMO" in found) == face.demo
    assert ("演示" in found) == face.demo


def test_the_large_label_says_everything() -> None:
    found = text_of(sheet_pdf(LARGE, [label_face()]))
    for words in ("景宁惠明茶专业合作社", "SG-2026-00207", "2026-04-20", "扫码查看产地、检测与认证", "lssg.cn"):
        assert words in found


@pytest.mark.parametrize("template", [LARGE, ROLL], ids=["a4-63x38", "roll-40x30"])
def test_a_pack_of_packs_states_both_contents(template: Template) -> None:
    assert "500g（10×50g）" in text_of(sheet_pdf(template, [label_face(net="500 g（10×50 g）")])).replace(" ", "")


@given(
    st.text(alphabet="丽水山耕惠明茶椪柑垟漈香菇灰树花（）·AB12 ", min_size=1, max_size=26),
    st.text(alphabet="ABCXYZ0123456789-", min_size=1, max_size=20),
)
@settings(max_examples=25, deadline=None)
def test_whatever_it_says_it_scans_or_is_refused_by_name(product: str, lot: str) -> None:
    try:
        pdf = sheet_pdf(ROLL, [label_face(product=product, lot=lot)])
    except TextTooLong as refused:
        named = refused.field
        event(f"{named} too long")
        assert len({"product": product, "lot": lot}[named or ""]) > 10  # either outcome is right
        return
    (picture,) = pages(pdf, 203)
    assert decoded(picture) == [f"HTTPS://LSSG.CN/T/{CODE}"]
    assert outside_safe_area(ROLL, picture, 203) > 250


def test_roll_modules_are_whole_dots() -> None:
    (picture,) = pages(sheet_pdf(ROLL, [label_face()]), 1016)  # 40 dots per millimetre: five for each dot of the head
    quiet = ROLL.symbol
    box = tuple(round(40 * edge) for edge in (quiet.x, quiet.y, quiet.x + quiet.size, quiet.y + quiet.size))
    symbol = picture.crop((box[0], box[1], box[2], box[3])).convert("1", dither=Image.Dither.NONE)
    left, top, right, foot = ImageChops.invert(symbol).getbbox() or (0, 0, 0, 0)
    assert (left, top) == (100, 100)
    assert (right - left, foot - top) == (625, 625)


def test_labels_begin_in_the_cell_asked_for() -> None:
    dots = 300 / 25.4
    faces = [label_face(code) for code in new_codes(3)]
    first, second = pages(sheet_pdf(LARGE, faces, start_cell=20), 300)
    x, y = LARGE.corner_of(19)
    width, height = LARGE.label
    cell = first.crop((int(x * dots), int(y * dots), int((x + width) * dots), int((y + height) * dots)))
    assert decoded(cell) == addresses(faces[:1])
    assert sorted(decoded(first)) == addresses(faces[:2])
    assert decoded(second) == addresses(faces[2:])


def test_an_offset_moves_everything_right_and_down() -> None:
    plain = pages(sheet_pdf(ROLL, [label_face()]), 508)[0]
    moved = pages(sheet_pdf(ROLL, [label_face()], offset_mm=(1, 0.5)), 508)[0]
    assert (
        darkest(ImageChops.invert(ImageChops.difference(moved.crop((20, 10, 800, 600)), plain.crop((0, 0, 780, 590)))))
        > 245
    )


def test_a_reprint_is_the_same_bytes() -> None:
    faces = [label_face(code) for code in new_codes(30)]
    printed = sheet_pdf(SMALL, faces)
    fonts._typeface.cache_clear()  # pyright: ignore[reportPrivateUsage]  # the font is to be made anew
    time.sleep(1.1)  # past the resolution of a font's and a document's own time stamps
    assert sheet_pdf(SMALL, faces) == printed
    assert sheet_pdf(SMALL, faces[:-1]) != printed


def test_one_job_does_not_get_another_jobs_characters() -> None:
    assert "椪柑" in text_of(sheet_pdf(SMALL, [label_face(product="椪柑")]))
    assert "香菇" in text_of(sheet_pdf(SMALL, [label_face(product="香菇")]))


def test_every_font_is_embedded_and_the_page_prints_at_its_size() -> None:
    pdf = sheet_pdf(LARGE, [label_face()])
    assert b"Helvetica" not in pdf
    assert pdf.count(b"/Type /FontDescriptor") == pdf.count(b"/FontFile2 ") == 2
    assert b"/PrintScaling /None" in pdf
    assert b"/Lang (zh-CN)" in pdf
    assert metadata(pdf)["Title"] == "丽水山耕 景宁惠明茶 HM20260412"


@pytest.mark.parametrize("field", ["product", "net", "lot", "place", "producer", "certificate"])
def test_a_missing_character_is_refused_with_its_field(field: str) -> None:
    with pytest.raises(GlyphMissing) as refused:
        sheet_pdf(SMALL, [label_face(), label_face(**{field: "惠明茶😀"})])
    assert refused.value.field == field


def test_blanks_and_accents_as_people_type_them_are_printed() -> None:
    found = text_of(
        sheet_pdf(LARGE, [label_face(product="惠明茶\u3000Caf\u0065\u0301 ", place="浙江景宁\u00a0惠明寺村")])
    )
    assert "惠明茶 Café" in found
    assert "浙江景宁 惠明寺村" in found


def test_a_font_without_the_labels_fixed_words_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.ttf"
    path.write_bytes(fonts.typeface("".join(label_face().texts().values()), fonts.BOLD).data)
    with pytest.raises(GlyphMissing, match="a4-63x38"):
        sheet_pdf(LARGE, [label_face()], font=path)
    with pytest.raises(GlyphMissing, match="a4-63x38"):
        calibration_pdf(LARGE, font=path)


@every_template
@pytest.mark.parametrize("field", ["product", "net", "lot", "place"])
def test_what_must_stand_in_full_is_refused_when_too_long(template: Template, field: str) -> None:
    with pytest.raises(TextTooLong) as refused:
        sheet_pdf(template, [label_face(**{field: "庆元百山祖高山有机灰树花" * 5})])
    assert refused.value.field in {field, "place"}
    assert "庆元百山祖" in refused.value.sentence("zh")


def test_a_site_whose_symbol_would_be_too_dense_is_refused() -> None:
    with pytest.raises(SymbolTooDense) as refused:
        sheet_pdf(SMALL, [label_face(site=f"https://{'a' * 70}.cn")])
    assert refused.value.field == "site"


def test_impossible_jobs_are_refused() -> None:
    with pytest.raises(NothingToPrint):
        sheet_pdf(SMALL, [])
    for cell in (0, 66):
        with pytest.raises(CellNotOnSheet, match=str(cell)):
            sheet_pdf(SMALL, [label_face()], start_cell=cell)
    with pytest.raises(OffsetTooLarge):
        sheet_pdf(SMALL, [label_face()], offset_mm=(0, -5.1))


def test_another_font_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "own.ttf"
    every = "".join(label_face().texts().values()) + "".join(text.text for text in SMALL.texts) + "…"
    path.write_bytes(fonts.typeface(every, fonts.BOLD).data)
    pdf = sheet_pdf(SMALL, [label_face()], font=path)
    assert "景宁惠明茶" in text_of(pdf)
    assert pdf != sheet_pdf(SMALL, [label_face()])


def test_a_thousand_labels_are_one_small_file() -> None:
    faces = [label_face(code, site=SITE) for code in new_codes(1000)]
    pdf = sheet_pdf(SMALL, faces)
    assert len(pdf) < 1_000_000
