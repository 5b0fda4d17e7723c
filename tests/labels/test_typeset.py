import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_labels.fonts import BOLD, typeface
from shangeng_labels.typeset import clip, fit

HAN = "丽水山耕惠明茶椪柑垟漈香菇灰树花"
FACE = typeface(HAN + "（）、。，…×", BOLD)


def test_a_short_text_keeps_its_full_size() -> None:
    fitted = fit("惠明茶", FACE, width=20, height=5, size=4)
    assert fitted is not None
    assert (fitted.lines, fitted.size, fitted.stretch) == (("惠明茶",), 4, 1)


def test_a_longer_text_shrinks_before_it_breaks() -> None:
    fitted = fit("惠明茶惠明茶惠明", FACE, width=20, height=5, size=4, lines=2)
    assert fitted is not None
    assert fitted.lines == ("惠明茶惠明茶惠明",)
    assert fitted.size == 2.5


def test_a_long_text_breaks_evenly() -> None:
    fitted = fit("惠明茶惠明茶惠明茶惠明", FACE, width=20, height=5, size=4, lines=2)
    assert fitted is not None
    assert [len(line) for line in fitted.lines] == [6, 5]


def test_the_last_resort_is_narrowing() -> None:
    assert fit("HM20260412-ABC", FACE, width=14, height=3, size=2) is None
    fitted = fit("HM20260412-ABC", FACE, width=14, height=3, size=2, narrowest=0.75)
    assert fitted is not None
    assert (fitted.size, fitted.lines) == (2, ("HM20260412-ABC",))
    assert 0.75 <= fitted.stretch < 1


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("500 g（10×50 g）", ("500 g", "（10×50 g）")),
        ("惠明茶、香菇", ("惠明茶、", "香菇")),
        ("ABCD-EFGH-\nJKMN-PQRS", ("ABCD-EFGH-", "JKMN-PQRS")),
    ],
)
def test_lines_break_where_a_reader_would(text: str, lines: tuple[str, ...]) -> None:
    fitted = fit(text, FACE, width=13, height=5, size=2.0, lines=2)
    assert fitted is not None
    assert fitted.lines == lines or (len(fitted.lines) == 1 and "\n" not in text)
    narrow = fit(text, FACE, width=max(FACE.width(line, 2) for line in lines), height=5, size=2.0, lines=2)
    assert narrow is not None
    assert narrow.lines == lines


@given(
    st.text(alphabet=HAN + "（）、，0123456789 AB-", min_size=1, max_size=40),
    st.floats(5, 60),
    st.floats(2.4, 12),
    st.integers(1, 3),
    st.sampled_from([0, 0.04, 0.2]),
)
def test_what_fits_is_complete_and_inside(text: str, width: float, height: float, lines: int, spacing: float) -> None:
    fitted = fit(text, FACE, width=width, height=height, size=4, lines=lines, spacing=spacing, narrowest=0.75)
    if fitted is None:
        return
    assert "".join(fitted.lines).replace(" ", "") == text.replace(" ", "")
    assert 1 <= len(fitted.lines) <= lines
    assert 2 <= fitted.size <= 4
    assert len(fitted.lines) * fitted.size * 1.15 <= height + 1e-6
    for line in fitted.lines:
        assert FACE.width(line, fitted.size, spacing) * fitted.stretch <= width + 1e-3


@given(st.text(alphabet="惠明茶（），", min_size=2, max_size=30), st.floats(8, 30))
def test_no_line_begins_with_a_closing_or_ends_with_an_opening_mark(text: str, width: float) -> None:
    fitted = fit(text, FACE, width=width, height=60, size=2, lines=20)
    if fitted is not None:
        assert all(line[0] not in "），" for line in fitted.lines[1:])
        assert all(line[-1] != "（" for line in fitted.lines[:-1])


@given(st.text(alphabet=HAN, min_size=6, max_size=40), st.floats(5, 11))
def test_a_clipped_text_is_a_beginning_that_fits(text: str, width: float) -> None:
    clipped = clip(text, FACE, width=width, size=2)
    (line,) = clipped.lines
    assert text.startswith(line[:-1])
    assert line.endswith("…")
    assert FACE.width(line, 2) <= width
