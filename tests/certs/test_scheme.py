from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shangeng_certs.credentials import State
from shangeng_certs.scheme import CERTIFICATE_NUMBERS, LICENCE_NUMBERS, REASONS, last_day, reason_text


def test_numbers_follow_each_other_and_grow_when_digits_run_out() -> None:
    assert CERTIFICATE_NUMBERS.after(None, 2026) == "SG-2026-00001"
    assert CERTIFICATE_NUMBERS.after("SG-2026-00009", 2026) == "SG-2026-00010"
    assert CERTIFICATE_NUMBERS.after("SG-2026-99999", 2026) == "SG-2026-100000"
    assert LICENCE_NUMBERS.after(None, 2027) == "XK-2027-0001"


def test_a_number_is_known_by_its_pattern() -> None:
    assert CERTIFICATE_NUMBERS.fits("SG-2026-00001")
    for other in ("XK-2026-0001", "SG-2026-0001", "SG-2026-00001x", "SG-2026-0000１", "", "SG-2026-00001\n"):
        assert not CERTIFICATE_NUMBERS.fits(other)


@given(st.dates(max_value=date(9000, 1, 1)), st.integers(1, 600))
def test_a_period_ends_the_day_before_its_anniversary(start: date, months: int) -> None:
    after = last_day(start, months) + timedelta(days=1)
    whole = (after.year - start.year) * 12 + after.month - start.month
    if after.day == start.day:
        assert whole == months
    else:  # the anniversary does not exist: the month before it is full
        assert (after.day, whole) == (1, months + 1)
        assert start.day > (after - timedelta(days=1)).day


def test_a_period_never_leaves_the_calendar() -> None:
    assert last_day(date.max, 36) == date.max


def test_every_state_has_reasons_in_both_languages() -> None:
    assert set(REASONS) == set(State)
    for reasons in REASONS.values():
        for reason in reasons:
            assert reason_text(reason.key, "zh") == reason.zh
            assert reason_text(reason.key, "en") == reason.en


def test_a_reason_that_is_no_longer_offered_is_shown_as_its_code() -> None:
    assert reason_text("old_reason", "zh") == "old_reason"
