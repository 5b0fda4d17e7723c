"""What people type into a form is read as one number or not at all."""

from decimal import Decimal

import pytest

from shangeng_trace.fields import Fields


@pytest.mark.parametrize(
    ("typed", "read"),
    [("12.5", "12.5"), (" １２．５ ", "12.5"), ("1,250", "1250"), ("100000", "100000"), ("0.01", "0.01")],
)
def test_a_number_within_its_bounds(typed: str, read: str) -> None:
    fields = Fields()
    assert fields.number("area_mu", typed, "0.01", "100000") == Decimal(read)
    assert fields.problems == []


@pytest.mark.parametrize(
    "typed", ["", "很大", "12,5", "1_0", "٣", "0x1", "NaN", "-Infinity", "1e99", "1e999999999", "0", "-3", "0.1234567"]
)
def test_what_could_be_meant_otherwise_is_refused(typed: str) -> None:
    fields = Fields()
    fields.number("area_mu", typed, "0.01", "100000")
    assert [problem.code for problem in fields.problems] == ["trace.out_of_range"]
