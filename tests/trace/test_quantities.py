import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.decimals import NumberTooLong, decimal_places, json_number, plain_text, read_number
from shangeng_trace.quantities import (
    BATCH_UNITS,
    UNITS,
    CountNotWhole,
    Dimension,
    Quantity,
    QuantityInvalid,
    QuantityOutOfBounds,
    QuantityShort,
    QuantityTooFine,
    UnitsDiffer,
    UnitUnknown,
    parse_quantity,
    quantity,
)

MASS_UNITS = [key for key, unit in UNITS.items() if unit.dimension is Dimension.MASS]
AMOUNTS = st.decimals(min_value="0.001", max_value="1000000000", places=3)
MASSES = st.builds(Quantity, AMOUNTS, st.sampled_from(MASS_UNITS))


@pytest.mark.parametrize(
    ("typed", "amount", "unit"),
    [
        ("38 kg", "38", "kg"),
        ("３８．５公斤", "38.5", "kg"),
        ("1,200.5 克", "1200.5", "g"),
        ("76斤", "76", "jin"),
        ("164 罐", "164", "tin"),
        ("164 Tins", "164", "tin"),
        ("500ML", "500", "mL"),
        ("30枚", "30", "egg"),
        ("0.001kg", "0.001", "kg"),
        ("1000000000 g", "1000000000", "g"),
    ],
)
def test_what_people_type_is_understood(typed: str, amount: str, unit: str) -> None:
    read = parse_quantity(typed)
    assert (read.amount, read.unit) == (Decimal(amount), unit)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("一瓶盖", QuantityInvalid),
        ("38", QuantityInvalid),
        ("kg", QuantityInvalid),
        ("", QuantityInvalid),
        ("1,2,3 kg", QuantityInvalid),
        ("1.2.3 kg", QuantityInvalid),
        ("38 亩", UnitUnknown),
        ("30 mL/亩", UnitUnknown),
        ("0 kg", QuantityOutOfBounds),
        ("-1 kg", QuantityOutOfBounds),
        ("1000000000.001 kg", QuantityOutOfBounds),
        ("1.0001 kg", QuantityTooFine),
        ("1.5 罐", CountNotWhole),
    ],
)
def test_what_is_no_quantity_gets_a_sentence(typed: str, error: type[QuantityInvalid]) -> None:
    with pytest.raises(error) as refused:
        parse_quantity(typed)
    assert type(refused.value) is error
    assert refused.value.sentence("zh").endswith("。")
    assert refused.value.sentence("en").endswith(".")


def test_a_dose_is_measured_in_its_own_units() -> None:
    assert parse_quantity("30 毫升/亩", ["mL_per_mu", "dilution"]).words("zh") == "30 mL/亩"
    assert not any(UNITS[key].dimension is Dimension.DOSE for key in BATCH_UNITS)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(QuantityInvalid):
        assert parse_quantity(text).amount > 0


@given(MASSES, MASSES)
def test_taking_away_what_was_added_leaves_what_was_there(one: Quantity, other: Quantity) -> None:
    assert (one + other) - other == one
    assert one + other == other + one
    assert one + other > one


@given(MASSES, st.sampled_from(MASS_UNITS))
def test_conversion_is_exact_both_ways(one: Quantity, unit: str) -> None:
    there = one.to(unit)
    assert there == one
    assert hash(there) == hash(one)
    assert there.to(one.unit).amount == one.amount


@given(MASSES)
def test_json_gives_the_same_quantity_back(one: Quantity) -> None:
    assert Quantity.from_json(json.loads(json.dumps(one.to_json()))) == one
    assert one.to_json()["unit"] == one.unit


def test_the_same_mass_in_two_units_is_equal() -> None:
    assert quantity(1, "kg") == quantity(2, "斤")
    assert quantity("0.9", "kg") < quantity(2, "jin")
    assert quantity(1, "kg") != quantity(1, "L")


def test_kinds_of_things_do_not_add_up() -> None:
    for other in (quantity(1, "盒"), quantity(1, "kg")):
        with pytest.raises(UnitsDiffer) as refused:
            _ = quantity(1, "罐") + other
        assert "罐" in refused.value.sentence("zh")
    with pytest.raises(UnitsDiffer):
        _ = quantity(1, "罐") < quantity(1, "盒")


def test_nobody_can_take_more_than_there_is() -> None:
    assert not quantity(1, "kg") - quantity(2, "斤")
    with pytest.raises(QuantityShort) as refused:
        _ = quantity("8.2", "kg") - quantity(9000, "g")
    assert refused.value.sentence("zh") == "只有 8.2 kg，不够 9,000 g。"


def test_yield_is_a_rounded_share() -> None:
    assert quantity("8.2", "kg").ratio(quantity(38, "kg")) == Decimal("0.2158")
    assert quantity(8200, "g").ratio(quantity(76, "斤")) == Decimal("0.2158")


def test_epcis_knows_no_jin_and_no_unit_for_counts() -> None:
    assert quantity("38.5", "kg").epcis() == (38.5, "KGM")
    assert quantity(3, "斤").epcis() == (1.5, "KGM")
    assert quantity(500, "mL").epcis() == (500, "MLT")
    assert quantity(164, "罐").epcis() == (164, None)


def test_words_follow_the_reader() -> None:
    assert quantity(164, "tin").words("zh") == "164 罐"
    assert quantity(164, "tin").words("en") == "164 tins"
    assert quantity(1, "tin").words("en") == "1 tin"
    assert quantity("1200.50", "g").words("zh") == "1,200.5 g"


@pytest.mark.parametrize(
    "value",
    [None, 3, "3 kg", {}, {"amount": True, "unit": "kg"}, {"amount": "3", "unit": "kg"}, {"amount": 3, "unit": "?"}],
)
def test_json_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(QuantityInvalid):
        Quantity.from_json(value)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-0.1"])
def test_a_quantity_is_never_negative_nor_endless(amount: str) -> None:
    with pytest.raises(QuantityOutOfBounds):
        Quantity(Decimal(amount), "kg")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=5))
def test_numbers_pass_json_unchanged(number: Decimal) -> None:
    assert Decimal(repr(json.loads(json.dumps(json_number(number))))) == number
    assert read_number(plain_text(number)) == number


def test_a_number_json_cannot_keep_is_refused() -> None:
    assert json_number(Decimal("38.0")) == 38
    assert isinstance(json_number(Decimal("38.0")), int)
    with pytest.raises(NumberTooLong):
        json_number(Decimal("1234567890.123456"))


@pytest.mark.parametrize(("typed", "number"), [("1E3", "1000"), ("+5", "5"), ("２．５０", "2.5"), ("1,234", "1234")])
def test_numbers_are_read_as_people_write_them(typed: str, number: str) -> None:
    assert read_number(typed) == Decimal(number)
    assert decimal_places(Decimal("2.50")) == 1


@pytest.mark.parametrize("typed", ["", "五", "1e99", "0x10", "1_000", "--1", "NaN", "1,23", "1 2"])
def test_what_is_no_number_is_not_guessed(typed: str) -> None:
    assert read_number(typed) is None
