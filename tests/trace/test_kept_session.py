"""What the writer keeps between groups is never older than what the tables hold, whoever else has written."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event as sql_event
from sqlmodel import Session, select

from shangeng_trace.batch_tables import Batch
from shangeng_trace.batches import pack
from shangeng_trace.catalogue import StepNotNow
from shangeng_trace.commands import Command
from shangeng_trace.enrolment import revoke_key
from shangeng_trace.entry import Receipt
from shangeng_trace.events import Event, Portion
from shangeng_trace.ids import new_event_id
from shangeng_trace.keyring import KeyRevoked
from shangeng_trace.ledger import Ledger
from shangeng_trace.publishing import Publisher, always
from shangeng_trace.recording import Recording
from shangeng_trace.refusals import MoreThanThere
from shangeng_trace.registry_tables import Organisation
from shangeng_trace.revocation import Reason
from shangeng_trace.signed_events import SignedEvent
from shangeng_trace.statements import Signer
from shangeng_trace.writer import Writer
from tests.trace.desk import LOG_KEY, ORIGIN, PACKING, Desk
from tests.trace.test_external_events import about, phone, signed


@pytest.fixture
def other(desk: Desk) -> Iterator[Writer]:
    """Another process's writer on the same database."""
    writer = Writer(desk.database, Ledger(ORIGIN, clock=desk.clock), Publisher(always(LOG_KEY)))
    writer.start()
    yield writer
    writer.stop()


def _lose(desk: Desk, batch: str, kilograms: str) -> Event:
    lost = Portion(batch, Decimal(kilograms), uom="KGM")
    return replace(about(desk, batch, "loss", {"cause": "spoiled"}), subjects=(lost,))


def _recording(desk: Desk, event: Event, signer: Signer) -> Recording:
    return Recording(desk.office, SignedEvent.read(signed(event, signer)))


def test_what_another_process_takes_is_missed_at_once(desk: Desk, other: Writer) -> None:
    signer, batch = phone(desk), desk.made("10")
    desk.writer.run(_recording(desk, _lose(desk, batch, "6"), signer))
    other.run(_recording(desk, _lose(desk, batch, "3"), signer))
    with pytest.raises(MoreThanThere):
        desk.writer.run(_recording(desk, _lose(desk, batch, "2"), signer))
    desk.writer.run(_recording(desk, _lose(desk, batch, "1"), signer))
    assert desk.read(lambda session: session.get_one(Batch, batch).bulk) == 0


def test_what_another_process_forbids_is_forbidden_at_once(desk: Desk, other: Writer) -> None:
    signer, batch = phone(desk), desk.made("10")
    desk.writer.run(_recording(desk, _lose(desk, batch, "1"), signer))
    other.run(_recording(desk, about(desk, batch, "hold", {"reason": "抽检"}), signer))
    with pytest.raises(StepNotNow):
        desk.do(pack, "tea", batch_id=batch, packs=180, values=PACKING, telling=desk.at(1))


def test_a_key_that_another_process_ends_signs_no_more(desk: Desk, other: Writer) -> None:
    signer, batch = phone(desk), desk.made("10")
    desk.writer.run(_recording(desk, _lose(desk, batch, "1"), signer))
    key_id = signer.key_id
    other.run(lambda s: revoke_key(s, desk.office, desk.actors["platform"], key_id=key_id, reason=Reason.LOST))
    with pytest.raises(KeyRevoked):
        desk.writer.run(_recording(desk, _lose(desk, batch, "1"), signer))


def test_what_others_may_change_is_read_again(desk: Desk) -> None:
    tea = desk.actors["tea"].organisation_id

    def name(session: Session) -> str:
        return session.get_one(Organisation, tea).name

    known = desk.writer.run(name)
    with desk.database.session() as session:
        session.get_one(Organisation, tea).name = "换了名称的合作社"
        session.commit()
    assert desk.writer.run(name) == "换了名称的合作社"
    with desk.database.session() as session:
        session.get_one(Organisation, tea).name = known
        session.commit()


def test_what_an_undone_command_changed_is_as_before(own_desk: Desk) -> None:
    signer, batch = phone(own_desk), own_desk.made("10")
    why = own_desk.office.catalogue.step("close", "tea").field("why")
    assert why is not None
    seen = about(own_desk, batch, "store", {"store_place": "库房"})
    closing = _recording(own_desk, about(own_desk, batch, "close", {"why": why.choices[0].key}), signer)

    def close_and_fail(session: Session) -> None:
        closing(session)
        assert session.exec(select(Batch.closed).where(Batch.id == batch)).one()  # asked, so written
        raise RuntimeError(batch)

    first = _recording(own_desk, seen, signer)
    then = _recording(own_desk, replace(seen, event_id=new_event_id()), signer)
    commands: list[Command[Any]] = [first, close_and_fail, then]
    _, failed, receipt = own_desk.writer.submit_all(commands).result(30)
    assert isinstance(failed, RuntimeError)
    assert isinstance(receipt, Receipt)
    for look in (own_desk.writer.run, own_desk.read):
        row = look(lambda session: session.get_one(Batch, batch))
        assert (row.closed, row.last_step) == (False, "store")


def test_a_batch_at_hand_is_not_read_again(own_desk: Desk) -> None:
    signer, batch = phone(own_desk), own_desk.made("10")
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    sql_event.listen(own_desk.database.engine, "before_cursor_execute", hear)
    counts: list[int] = []
    for _ in range(2):
        asked.clear()
        own_desk.writer.run(_recording(own_desk, _lose(own_desk, batch, "1"), signer))
        counts.append(sum("FROM batch" in each or "FROM ledger_key" in each for each in asked))
    assert counts[0] > 0
    assert counts[1] == 0
