from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.errors import RejectedError
from shangeng_trace.ids import CROCKFORD
from shangeng_trace.numbers import (
    USCC_ALPHABET,
    GtinCheckFailed,
    GtinInvalid,
    HouseholdNumberInvalid,
    LotInvalid,
    MarkKind,
    MarkNumberInvalid,
    UsccCharacter,
    UsccCheckFailed,
    UsccInvalid,
    UsccLength,
    check_gtin,
    check_household_number,
    check_lot,
    check_uscc,
    gtin_check_digit,
    is_example_gtin,
    new_household_number,
    read_mark_number,
    uscc_check_character,
)

COUNTY_CODES = st.sampled_from(["331102", "331121", "331126", "331127", "331181"])
SERIALS = st.integers(0, 2**40 - 1)


def assert_refuses_any_single_change(check: Callable[[str], str], number: str, alphabet: str) -> None:
    for place, right in enumerate(number):
        for wrong in alphabet.replace(right, ""):
            with pytest.raises(RejectedError):
                check(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize("number", ["91350100M000100Y43", "91331102MA00000AAY", "93331126MA00000008"])
def test_known_credit_codes_hold_and_no_neighbour_does(number: str) -> None:
    assert check_uscc(number) == number
    assert_refuses_any_single_change(check_uscc, number, USCC_ALPHABET)


@given(
    st.from_regex(f"[1-9ANY][{USCC_ALPHABET}]{{16}}", fullmatch=True),
    st.integers(0, 17),
    st.sampled_from(USCC_ALPHABET),
)
def test_a_credit_code_with_one_character_changed_fails(body: str, place: int, other: str) -> None:
    number = body + uscc_check_character(body)
    assert check_uscc(number) == number
    changed = number[:place] + other + number[place + 1 :]
    if changed != number:
        with pytest.raises(UsccCheckFailed):
            check_uscc(changed)


def test_a_credit_code_may_be_typed_in_small_full_width_letters_with_blanks() -> None:
    assert check_uscc(" 9135 0100 m000 100y43\n") == "91350100M000100Y43"
    assert check_uscc("９１３５０１００Ｍ０００１００Ｙ４３") == "91350100M000100Y43"


def test_a_credit_code_is_refused_with_the_reason() -> None:
    with pytest.raises(UsccLength) as short:
        check_uscc("91350100M000100Y4")
    assert "17" in short.value.sentence("zh")
    with pytest.raises(UsccCharacter) as odd:
        check_uscc("9135O100M000100Y43")
    assert "第 5 位的“O”" in odd.value.sentence("zh")
    assert "Character 5, “O”" in odd.value.sentence("en")
    for text in ("", "张三", "91350100M000100Y4²", "9" * 4000, "0" * 18):
        with pytest.raises(UsccInvalid):
            check_uscc(text)


@pytest.mark.parametrize(
    ("typed", "gtin"),
    [
        ("4006381333931", "04006381333931"),
        ("036000291452", "00036000291452"),
        ("96385074", "00000096385074"),
        ("09521234543213", "09521234543213"),
        ("6 901234 567892", "06901234567892"),
    ],
)
def test_every_length_of_gtin_becomes_14_digits(typed: str, gtin: str) -> None:
    assert check_gtin(typed) == gtin


@given(st.sampled_from([7, 11, 12, 13]).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)), st.data())
def test_a_gtin_with_one_digit_changed_fails(digits: str, data: st.DataObject) -> None:
    number = digits + gtin_check_digit(digits)
    if number.strip("0"):
        assert check_gtin(number) == number.zfill(14)
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from("0123456789".replace(number[place], "")))
    with pytest.raises(GtinCheckFailed):
        check_gtin(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize("text", ["", "1234567", "123456789", "400638133393X", "0" * 13, "١٢٣٤٥٦٧٠"])
def test_what_is_no_gtin_is_refused(text: str) -> None:
    with pytest.raises(GtinInvalid):
        check_gtin(text)


def test_only_prefix_952_is_for_examples() -> None:
    assert is_example_gtin(check_gtin("9521234543213"))
    assert not is_example_gtin(check_gtin("6901234567892"))


def test_a_lot_keeps_to_characters_that_need_no_escape() -> None:
    assert check_lot(" hm20260412 ") == "HM20260412"
    assert check_lot("A-1_2.B") == "A-1_2.B"
    for text in ("", "惠明1", "A/1", "A" * 21, "A+B", ".", ".."):
        with pytest.raises(LotInvalid):
            check_lot(text)


@given(COUNTY_CODES, SERIALS)
def test_a_household_number_survives_being_read_aloud(county_code: str, serial: int) -> None:
    number = new_household_number(county_code, serial)
    assert number.startswith(f"LS{county_code}")
    assert len(number) == 17
    assert check_household_number(f" {number[:8].lower()}-{number[8:].lower()} ") == number
    assert check_household_number(number[:2] + number[2:].replace("0", "O").replace("1", "l")) == number


@given(COUNTY_CODES, SERIALS, st.data())
def test_a_household_number_finds_one_wrong_character_and_any_swap(
    county_code: str, serial: int, data: st.DataObject
) -> None:
    number = new_household_number(county_code, serial)
    place = data.draw(st.integers(2, 16))
    wrong = data.draw(st.sampled_from(CROCKFORD.replace(number[place], "")))
    with pytest.raises(HouseholdNumberInvalid):
        check_household_number(number[:place] + wrong + number[place + 1 :])
    first, second = sorted(data.draw(st.lists(st.integers(2, 16), min_size=2, max_size=2, unique=True)))
    swapped = list(number)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    if "".join(swapped) != number:
        with pytest.raises(HouseholdNumberInvalid):
            check_household_number("".join(swapped))


def test_every_character_of_a_household_number_is_checked() -> None:
    assert_refuses_any_single_change(check_household_number, new_household_number("331127", 123456789), CROCKFORD)
    for text in ("", "LS", "91350100M000100Y43", "LS331127ÅÅÅÅÅÅÅÅÅ"):
        with pytest.raises(HouseholdNumberInvalid):
            check_household_number(text)


@pytest.mark.parametrize(
    ("kind", "text", "usual"),
    [
        (MarkKind.GREEN_FOOD, "LB-15-1711196965A", True),
        (MarkKind.GREEN_FOOD, "lb-50-1703081720a", True),
        (MarkKind.GREEN_FOOD, "LB-15-19012700330A", True),
        (MarkKind.GREEN_FOOD, "LB-15-123", False),
        (MarkKind.GREEN_FOOD_FIRM, "GF331127120001", True),
        (MarkKind.GREEN_FOOD_FIRM, "GF33112712", False),
        (MarkKind.ORGANIC, "12345678901234567", True),
        (MarkKind.ORGANIC, "1234567890123456", False),
        (MarkKind.GI, "AGI02239", True),
        (MarkKind.GI, "AGI2016-01-1794", True),
        (MarkKind.GI, "02239", False),
    ],
)
def test_a_mark_number_out_of_pattern_is_a_doubt_not_an_error(kind: MarkKind, text: str, usual: bool) -> None:
    mark = read_mark_number(kind, text)
    assert mark.number == text.upper()
    assert mark.usual is usual


def test_a_green_food_firm_code_names_its_county() -> None:
    assert read_mark_number(MarkKind.GREEN_FOOD_FIRM, "GF331127120001").county_code == "331127"
    assert read_mark_number(MarkKind.GREEN_FOOD_FIRM, "GF33").county_code is None
    assert read_mark_number(MarkKind.ORGANIC, "12345678901234567").county_code is None


@pytest.mark.parametrize("text", ["", "  ", "LB 15 绿", "<b>1</b>", "A" * 41])
def test_a_mark_number_no_scheme_could_use_is_refused(text: str) -> None:
    with pytest.raises(MarkNumberInvalid):
        read_mark_number(MarkKind.GI, text)
