from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_web import formats

DAWN = datetime(2026, 4, 11, 22, 40, tzinfo=UTC)
"""Already the 12th in Lishui."""


def test_moments_are_told_by_the_clock_in_lishui() -> None:
    assert formats.at(DAWN, "zh-CN") == "4 月 12 日 06:40"
    assert formats.at(DAWN, "en") == "12 Apr, 06:40"
    assert formats.stamp(DAWN, "zh-CN") == "2026-04-12 06:40"
    assert formats.stamp(DAWN, "en") == "12 April 2026, 06:40"
    assert formats.clock_time(DAWN) == "06:40"


def test_a_moment_falls_on_the_local_day() -> None:
    assert formats.day(DAWN, "zh-CN") == "2026-04-12"
    assert formats.day(DAWN, "en") == "12 April 2026"
    assert formats.short_day(DAWN, "zh-CN") == "4 月 12 日"
    assert formats.short_day(DAWN, "en") == "12 April"
    assert formats.weekday(DAWN, "zh-CN") == "星期日"
    assert formats.weekday(DAWN, "en") == "Sunday"


def test_a_date_is_itself() -> None:
    assert formats.day(date(2027, 3, 31), "zh-CN") == "2027-03-31"


@pytest.mark.parametrize(
    ("value", "chinese", "english"),
    [
        ("38", "38", "38"),
        ("8.200", "8.2", "8.2"),
        ("0.02", "0.02", "0.02"),
        ("1E+3", "1000", "1000"),
        ("100", "100", "100"),
        ("18204", "18\N{NO-BREAK SPACE}204", "18,204"),
        ("-0.0", "0", "0"),
        ("-12345.60", "-12\N{NO-BREAK SPACE}345.6", "-12,345.6"),
    ],
)
def test_numbers_are_written_as_people_write_them(value: str, chinese: str, english: str) -> None:
    assert formats.number(Decimal(value), "zh-CN") == chinese
    assert formats.number(Decimal(value), "en") == english


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_no_number_changes_when_it_is_written(value: Decimal) -> None:
    assert Decimal(formats.number(value, "en").replace(",", "")) == value


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        formats.number(Decimal("NaN"), "zh-CN")


def test_units_stand_where_they_belong() -> None:
    assert formats.quantity(Decimal("8.20"), "kg", "zh-CN") == "8.2 kg"
    assert formats.quantity(164, "罐", "zh-CN") == "164 罐"
    assert formats.quantity(Decimal("5.1"), "%", "zh-CN") == "5.1%"
    assert formats.quantity(3, "", "en") == "3"


def test_file_sizes() -> None:
    assert [formats.file_size(size) for size in (12, 86_400, 3_240_000)] == ["12 B", "86 KB", "3.2 MB"]
