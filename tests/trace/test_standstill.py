"""Why nothing is written: said once, asked everywhere, and reading never asks."""

import pytest
from sqlalchemy import text

from shangeng_trace.ids import new_id
from shangeng_trace.ledger import LogChanged
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.standstill import LogFrozen, Standstill, WritingStopped
from tests.trace.desk import Desk
from tests.trace.test_ledger import entries, put


def test_a_cause_is_said_until_it_is_over() -> None:
    standstill = Standstill()
    standstill.must_write()
    standstill.must_append()
    first = LogChanged()
    standstill.stop(first)
    standstill.stop(LogChanged())
    with pytest.raises(LogChanged) as raised:
        standstill.must_write()
    assert standstill.cause is first
    assert raised.value is not first, "each thread raises its own"
    standstill.resume(LogFrozen)
    standstill.resume(LogChanged)
    assert standstill.cause is standstill.of_everything is None


def test_what_stops_the_log_alone_lets_the_rest_be_written() -> None:
    standstill = Standstill()
    standstill.stop(LogFrozen(index=7))
    standstill.must_write()
    with pytest.raises(LogFrozen, match="entry 7"):
        standstill.must_append()
    standstill.stop(LogChanged())
    with pytest.raises(LogChanged):
        standstill.must_write()


def test_a_writer_that_stands_still_refuses_signs_nothing_and_goes_on_afterwards(own_desk: Desk) -> None:
    chain = f"batch:{new_id()}"
    own_desk.writer.run(lambda s: put(s, chain, chain))
    before = len(entries(own_desk))
    own_desk.writer.standstill.stop(WritingStopped())
    with pytest.raises(WritingStopped):
        own_desk.writer.submit(lambda s: put(s, "refused", chain))
    assert len(entries(own_desk)) == before
    own_desk.writer.standstill.resume(WritingStopped)
    assert own_desk.writer.run(lambda s: put(s, "accepted", chain)).index == before


def test_a_log_that_stands_still_still_knows_what_it_has(own_desk: Desk) -> None:
    chain = f"batch:{new_id()}"
    first = own_desk.writer.run(lambda s: put(s, chain, chain))
    own_desk.writer.standstill.stop(LogFrozen(index=0))
    assert own_desk.writer.run(lambda s: put(s, chain, chain)).index == first.index, "a repeat is no append"
    with pytest.raises(LogFrozen):
        own_desk.writer.run(lambda s: put(s, "more", chain))
    assert own_desk.writer.run(lambda _session: 42) == 42


def test_an_older_database_under_a_running_process_stops_it(own_desk: Desk) -> None:
    chain = f"batch:{new_id()}"
    own_desk.writer.run(lambda s: put(s, chain, chain))
    old = own_desk.read(lambda session: session.get_one(LedgerState, 1))
    own_desk.writer.run(lambda s: put(s, "second", chain))
    with own_desk.database.session() as session:
        session.connection().execute(
            text("UPDATE ledger_state SET size = :size, root = :root"), {"size": old.size, "root": old.root}
        )
        session.commit()
    for _ in range(2):
        with pytest.raises(LogChanged):
            own_desk.writer.run(lambda s: put(s, "fork", chain))
    assert own_desk.writer.standstill.cause is not None
