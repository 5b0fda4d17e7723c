"""A log that stands still says that it is alive: its head is dated again, and announced again to its witnesses."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from shangeng_trace.db import Database
from shangeng_trace.head_clock import HeadClock, HeadTime, clock_vkey, dated_note, found_clock, head_time
from shangeng_trace.ids import new_id
from shangeng_trace.note import NoteSignatureInvalid, Vkey, split_note
from shangeng_trace.policy import Log, Policy, Witness, evaluate
from shangeng_trace.publishing import Publisher, always, latest_checkpoint
from shangeng_trace.standstill import LogFrozen
from shangeng_trace.watch import TOLERANCE
from shangeng_trace.writer import Writer
from tests.trace.desk import LOG_KEY, ORIGIN, Desk
from tests.trace.test_ledger import put
from tests.waiting import until, until_signed


class Dated:
    """A desk whose log has a clock; `announced` are the sizes of the heads its witnesses would hear of."""

    def __init__(self, desk: Desk, *, heartbeat: float) -> None:
        self.desk = desk
        self.announced: list[int] = []
        with desk.database.session() as session:
            found_clock(session, desk.office.keyring)
            session.commit()
            vkey = clock_vkey(session, ORIGIN)
        assert vkey is not None
        self.vkey: Vkey = vkey
        desk.writer.stop()
        publisher = Publisher(
            always(LOG_KEY),
            clock=HeadClock(desk.office.keyring, ORIGIN),
            heartbeat=heartbeat,
            announce=lambda signed: self.announced.append(signed.size),
        )
        desk.writer = Writer(desk.database, desk.ledger, publisher)
        desk.writer.start()

    def note(self) -> str:
        until_signed(self.desk.database)
        with self.desk.database.session() as session:
            head = latest_checkpoint(session)
            assert head is not None
            return dated_note(session, head)

    def time(self) -> int | None:
        return head_time(self.note(), self.vkey)

    def now(self) -> int:
        return int(self.desk.clock().timestamp())


@pytest.fixture
def busy(own_desk: Desk) -> Dated:
    return Dated(own_desk, heartbeat=1e6)


@pytest.fixture
def beating(own_desk: Desk) -> Dated:
    return Dated(own_desk, heartbeat=0.05)


def test_each_head_carries_the_time_it_was_signed(busy: Dated) -> None:
    for minutes in (3, 5):
        busy.desk.clock.moment += timedelta(minutes=minutes)
        busy.desk.writer.run(lambda s: put(s, new_id(), "batch:x"))
        until(lambda: busy.time() == busy.now())
    verdict = evaluate(Policy((Log(busy.desk.policy_key),)), busy.note(), origin=ORIGIN)
    assert not verdict.witnessed, "the clock is nobody's witness"
    asked = Policy((Log(busy.desk.policy_key),), (Witness("clock", busy.vkey),))
    assert evaluate(asked, busy.note()).witnessed == {"clock": busy.now()}, "who asks for its time is told"
    with busy.desk.database.session() as session:
        assert len(session.exec(select(HeadTime)).all()) == 1


def test_a_silent_log_is_dated_and_announced_again(beating: Dated) -> None:
    size = beating.announced[-1]
    text = split_note(beating.note())[0]
    beating.desk.clock.moment += timedelta(hours=1)
    until(lambda: beating.time() == beating.now())
    until(lambda: len(beating.announced) > 3)
    assert set(beating.announced[-3:]) == {size}
    assert split_note(beating.note())[0] == text, "the head itself is the same"


def test_a_log_that_has_ended_is_still_alive(beating: Dated) -> None:
    beating.desk.writer.standstill.stop(LogFrozen(index=0))
    beating.desk.clock.moment += timedelta(hours=1)
    until(lambda: beating.time() == beating.now())


def test_a_clock_that_is_not_believed_dates_nothing(beating: Dated) -> None:
    beating.desk.writer.run(lambda s: put(s, new_id(), "batch:x"))
    until(lambda: beating.time() == beating.now())
    said = beating.time()
    beating.desk.clock.moment -= TOLERANCE + timedelta(seconds=1)
    count = len(beating.announced)
    until(lambda: len(beating.announced) > count + 2)
    assert beating.time() == said


def test_time_never_runs_back_and_a_changed_line_is_found(beating: Dated) -> None:
    until(lambda: beating.time() == beating.now())
    said = beating.time()
    beating.desk.clock.moment -= timedelta(minutes=1)
    count = len(beating.announced)
    until(lambda: len(beating.announced) > count + 2)
    assert beating.time() == said
    note = beating.note()
    forged = note[:-12] + ("A" if note[-12] != "A" else "B") + note[-11:]
    with pytest.raises(NoteSignatureInvalid):
        head_time(forged, beating.vkey)
    assert head_time(note.rpartition("— ")[0], beating.vkey) is None


def test_an_idle_writer_without_entries_sleeps(tmp_path: Path) -> None:
    """An empty log has no head to date; its writer must not spin."""
    desk = Desk(Database(f"sqlite:///{tmp_path / 'empty.sqlite'}"), started=False)
    publisher = Publisher(always(LOG_KEY), heartbeat=1e6)
    publisher.publish(desk.database, desk.ledger)
    assert publisher.rest() > 1e5
    desk.close()
