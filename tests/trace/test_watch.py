"""The clock that the log goes by: what cannot be right stops the log before it stamps, and is over when it is right."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from shangeng_trace.log_ending import TimeNotAhead, keep_time
from shangeng_trace.registry import platform_organisation
from shangeng_trace.standstill import Standstill
from shangeng_trace.watch import TOLERANCE, ClockBehind, ClockLeapt, Watch
from tests.trace.desk import Desk, Hands
from tests.trace.test_ledger import put

NOON = datetime(2026, 4, 12, 4, tzinfo=UTC)


class Machine:
    """A machine whose clock may be set while its seconds go on."""

    def __init__(self) -> None:
        self.hands = Hands()
        self.seconds = 0.0
        self.watch = Watch(self.hands, steady=lambda: self.seconds)
        self.standstill = Standstill()

    def passes(self, **time: float) -> None:
        passed = timedelta(**time)
        self.hands.moment += passed
        self.seconds += passed.total_seconds()

    def look(self, last: datetime) -> datetime:
        return self.watch.look(last, None, self.standstill)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(-400, 1e6)), max_size=20))
def test_an_entry_never_bears_a_time_that_leapt_or_ran_back(steps: list[tuple[float, float]]) -> None:
    """Seconds pass and the clock is set, in any order: what is stamped runs forward and never by a leap."""
    machine = Machine()
    last = machine.hands.moment
    for passed, shown in steps:
        machine.seconds += passed
        machine.hands.moment += timedelta(seconds=shown)
        moment = machine.look(last)
        assert moment >= last
        if machine.standstill.cause is None:
            last = moment
    assert last <= NOON.replace(year=9000)


def test_a_leap_ahead_stops_the_log_until_the_clock_is_set_back() -> None:
    machine = Machine()
    start = machine.hands.moment
    machine.passes(days=30)
    assert machine.look(start) == start + timedelta(days=30), "time that has passed is no leap"
    assert machine.standstill.cause is None
    machine.hands.moment += timedelta(days=365)
    machine.look(start)
    assert isinstance(machine.standstill.cause, ClockLeapt)
    assert "525600" in machine.standstill.cause.sentence("en")
    machine.passes(hours=2)
    machine.look(start)
    assert machine.standstill.cause is not None, "it is not forgotten"
    machine.hands.moment -= timedelta(days=365)
    machine.look(start)
    assert machine.standstill.cause is None


def test_a_little_is_corrected_without_a_word() -> None:
    machine = Machine()
    for _ in range(5):
        machine.hands.moment += TOLERANCE
        machine.look(machine.hands.moment)
        assert machine.standstill.cause is None


def test_after_a_clock_ran_ahead_the_log_does_not_refuse_for_ever(own_desk: Desk) -> None:
    """A year too far: refused, said in the log, and then time stands still until clocks have caught up."""
    right = own_desk.clock.moment
    own_desk.clock.moment += timedelta(days=365)
    wrong = own_desk.writer.run(lambda s: put(s, "ahead", "batch:x")).time
    own_desk.clock.moment = right
    with pytest.raises(ClockBehind) as refusal:
        own_desk.writer.run(lambda s: put(s, "refused", "batch:x"))
    assert "keep-time" in refusal.value.sentence("zh")

    def keep(session: Session) -> datetime:
        operator = platform_organisation(session).id
        return keep_time(session, own_desk.office.keyring, operator, moment=own_desk.clock())

    assert own_desk.writer.run(keep) == wrong
    assert own_desk.writer.run(lambda s: put(s, "stands still", "batch:x")).time == wrong
    own_desk.clock.moment = wrong + timedelta(minutes=1)
    assert own_desk.writer.run(lambda s: put(s, "caught up", "batch:x")).time == wrong + timedelta(minutes=1)
    own_desk.clock.moment = right
    with pytest.raises(ClockBehind):
        own_desk.writer.run(lambda s: put(s, "behind again", "batch:x"))
    own_desk.clock.moment = wrong + timedelta(minutes=2)
    with pytest.raises(TimeNotAhead):
        own_desk.writer.run(keep)
