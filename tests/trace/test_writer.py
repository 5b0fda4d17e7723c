"""The writer: groups, savepoints, futures, checkpoints, and what it does when storage fails."""

import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from shangeng_trace.checkpoint import parse_checkpoint
from shangeng_trace.db import Database
from shangeng_trace.entry import Receipt
from shangeng_trace.errors import RejectedError, ShangengError
from shangeng_trace.ids import new_id
from shangeng_trace.ledger import Group, Ledger
from shangeng_trace.log_tables import LedgerCheckpoint, LedgerState
from shangeng_trace.note import split_note
from shangeng_trace.policy import Log, Policy, verify
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.registry_tables import Person
from shangeng_trace.writer import GROUP_LIMIT, QUEUE_LIMIT, Writer, WriterBusy, WriterStopped
from tests.trace.desk import ORIGIN, Desk
from tests.trace.test_ledger import assert_whole, entries, put, puts
from tests.waiting import until


class NoThanksError(RejectedError):
    """What a rule might raise."""


@contextmanager
def one_group(desk: Desk) -> Generator[None]:
    """Let everything submitted inside wait, so that the writer takes it as one group afterwards."""
    entered, leave = threading.Event(), threading.Event()

    def block(_session: Session) -> None:
        entered.set()
        leave.wait(10)

    blocker = desk.writer.submit(block)
    entered.wait(10)
    yield
    leave.set()
    blocker.result(10)


def person(session: Session, name: str) -> str:
    row = Person(id=new_id(), name=name, created_at=session.get_one(LedgerState, 1).time)
    session.add(row)
    session.flush()
    return row.id


def refuse(session: Session, chain: str) -> None:
    person(session, "谁")
    put(session, f"refused {chain}", chain, f"batch:{new_id()}")
    raise NoThanksError


def test_a_refused_command_leaves_no_trace_and_disturbs_nobody(desk: Desk) -> None:
    chain = f"batch:{new_id()}"
    before = len(entries(desk))

    def twice_the_same(session: Session) -> None:
        known = person(session, "重复")
        session.add(Person(id=known, name="重复", created_at=session.get_one(LedgerState, 1).time))

    with one_group(desk):
        good = [desk.writer.submit(lambda s: put(s, f"a{chain}", chain))]
        refused: Future[None] = desk.writer.submit(lambda s: refuse(s, chain))
        good.append(desk.writer.submit(lambda s: put(s, f"b{chain}", chain)))
        bug = desk.writer.submit(lambda s: 1 / len(put(s, f"c{chain}", chain).digest[:0]))
        clash = desk.writer.submit(twice_the_same)
        good.append(desk.writer.submit(lambda s: put(s, f"d{chain}", chain)))
    receipts = [future.result(10) for future in good]
    with pytest.raises(NoThanksError):
        refused.result(10)
    with pytest.raises(ZeroDivisionError):
        bug.result(10)
    assert clash.exception(10) is not None
    assert [receipt.links[0].seq for receipt in receipts] == [0, 1, 2]
    assert [receipt.index for receipt in receipts] == [before, before + 1, before + 2]
    assert not desk.read(lambda s: s.exec(select(Person).where(Person.name != "雷阿福")).all())
    assert_whole(desk)


def test_a_group_is_one_transaction_and_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    groups: list[int] = []
    flush = desk.ledger.flush

    def counting(group: Group) -> None:
        groups.append(len(group.entries))
        flush(group)

    monkeypatch.setattr(desk.ledger, "flush", counting)
    chain = f"batch:{new_id()}"
    with one_group(desk):
        waiting = [desk.writer.submit(puts(f"{chain}{n}", chain)) for n in range(GROUP_LIMIT + 10)]
    receipts = [future.result(20) for future in waiting]
    assert groups == [0, GROUP_LIMIT, 10]
    assert [receipt.links[0].seq for receipt in receipts] == list(range(GROUP_LIMIT + 10))


def test_a_full_queue_refuses_at_once(own_desk: Desk) -> None:
    writer = Writer(own_desk.database, own_desk.ledger, own_desk.publisher)
    waiting = [writer.submit(lambda _session: None) for _ in range(QUEUE_LIMIT)]
    with pytest.raises(WriterBusy):
        writer.submit(lambda _session: None)
    writer.start()
    writer.stop()
    assert all(future.done() and future.exception() is None for future in waiting)


def test_stopping_finishes_what_waits_and_refuses_what_comes(own_desk: Desk) -> None:
    chain = f"batch:{new_id()}"
    futures: list[Future[Receipt]] = []

    def keep_writing(author: int) -> None:
        for n in range(100_000):
            try:
                futures.append(own_desk.writer.submit(puts(f"{author} {n}", chain)))
            except WriterStopped:
                return
            except WriterBusy:
                time.sleep(0.001)

    authors = [threading.Thread(target=keep_writing, args=(author,)) for author in range(4)]
    for author in authors:
        author.start()
    time.sleep(0.2)
    own_desk.writer.stop()
    for author in authors:
        author.join(10)
    assert not wait(futures, 10).not_done
    stored = len(entries(own_desk))
    assert max(future.result().index for future in futures) == stored - 1
    assert last_checkpoint(own_desk).size == stored
    own_desk.writer.stop()


def test_a_cancelled_command_is_never_run(desk: Desk) -> None:
    ran: list[str] = []
    with one_group(desk):
        cancelled = desk.writer.submit(lambda _session: ran.append("cancelled"))
        follower = desk.writer.submit(lambda _session: ran.append("follower"))
        assert cancelled.cancel()
    follower.result(10)
    assert ran == ["follower"]


def last_checkpoint(desk: Desk) -> LedgerCheckpoint:
    rows = desk.read(lambda s: s.exec(select(LedgerCheckpoint)).all())
    return max(rows, key=lambda row: row.size)


def covered(desk: Desk, size: int) -> bool:
    signed = desk.read(latest_checkpoint)
    return signed is not None and signed.size >= size


def test_a_checkpoint_follows_every_append(desk: Desk) -> None:
    policy = Policy((Log(desk.policy_key, None),))
    chain = f"batch:{new_id()}"
    for burst in (1, 300):
        waiting = [desk.writer.submit(puts(f"{chain} {burst} {n}", chain)) for n in range(burst)]
        size = waiting[-1].result(10).index + 1
        until(partial(covered, desk, size))
    rows = desk.read(lambda s: s.exec(select(LedgerCheckpoint)).all())
    assert len({row.size for row in rows}) == len(rows)
    for row in rows:
        checkpoint = verify(policy, row.note, origin=ORIGIN).checkpoint.checkpoint
        assert (checkpoint.size, checkpoint.root) == (row.size, row.root)
    state = desk.read(lambda s: s.get_one(LedgerState, 1))
    assert parse_checkpoint(split_note(last_checkpoint(desk).note)[0]).root == state.root


def fail_commit(desk: Desk, monkeypatch: pytest.MonkeyPatch, *, stored: bool, times: int = 1) -> None:
    """Let the next commits report an error, before or after they took effect."""
    dialect = desk.database.engine.dialect
    commit, left = dialect.do_commit, [times]

    def failing(connection: Any) -> None:
        if not left[0]:
            commit(connection)
            return
        left[0] -= 1
        if stored:
            commit(connection)
        assert dialect.loaded_dbapi is not None
        raise dialect.loaded_dbapi.OperationalError("the connection was lost")

    monkeypatch.setattr(dialect, "do_commit", failing)


def test_what_a_failed_commit_did_not_store_is_not_acknowledged(
    own_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = f"batch:{new_id()}"
    before = len(entries(own_desk))
    fail_commit(own_desk, monkeypatch, stored=False)
    with pytest.raises(WriterStopped):
        own_desk.writer.run(lambda s: put(s, "lost", chain))
    assert len(entries(own_desk)) == before
    receipt = own_desk.writer.run(lambda s: put(s, "lost", chain))
    assert (receipt.repeated, receipt.index, receipt.links[0].seq) == (False, before, 0)
    assert_whole(own_desk)


def test_what_a_failed_commit_did_store_is_acknowledged(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = f"batch:{new_id()}"
    fail_commit(own_desk, monkeypatch, stored=True)
    first = own_desk.writer.run(lambda s: put(s, "stored", chain))
    second = own_desk.writer.run(lambda s: put(s, "next", chain))
    assert (second.index, second.links[0].seq) == (first.index + 1, 1)
    assert_whole(own_desk)


def test_a_checkpoint_that_failed_follows_without_new_work(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    publish, failures = own_desk.publisher.publish, [1, 1]

    def failing(database: Database, ledger: Ledger) -> None:
        if failures:
            failures.pop()
            raise OperationalError("the connection was lost", None, Exception())
        publish(database, ledger)

    monkeypatch.setattr(own_desk.publisher, "publish", failing)
    receipt = own_desk.writer.run(lambda s: put(s, "alone", f"batch:{new_id()}"))
    until(lambda: covered(own_desk, receipt.index + 1))
    assert not failures


def test_a_storage_error_fails_its_group_and_no_other(own_desk: Desk) -> None:
    chain = f"batch:{new_id()}"

    def broken(_session: Session) -> None:
        raise OperationalError("disk I/O error", None, Exception())

    before = len(entries(own_desk))
    with one_group(own_desk):
        futures: list[Future[Any]] = [
            own_desk.writer.submit(lambda s: put(s, "neighbour", chain)),
            own_desk.writer.submit(broken),
            own_desk.writer.submit(lambda s: put(s, "other neighbour", chain)),
        ]
    for future in futures:
        assert isinstance(future.exception(10), ShangengError)
    assert len(entries(own_desk)) == before
    assert own_desk.writer.run(lambda s: put(s, "neighbour", chain)).index == before
    assert_whole(own_desk)


class Loses:
    """A joint command during which the connection is lost, and nobody but the driver has heard of it."""

    def __call__(self, session: Session) -> None:
        session.connection().connection.dbapi_connection.close()  # type: ignore[union-attr]  # it is open
        raise OperationalError("COPY", None, Exception())

    @classmethod
    def look_ahead(cls, session: Session, commands: Sequence["Loses"]) -> None:
        """Need nothing."""


def test_a_lost_connection_fails_its_group_and_no_other(own_desk: Desk) -> None:
    """One that is gone cannot be told to roll back either; the writer goes on with another."""
    before = len(entries(own_desk))
    with pytest.raises(ShangengError):
        own_desk.writer.submit(Loses()).result(10)
    assert own_desk.writer.submit(lambda s: put(s, "next", f"batch:{new_id()}")).result(10).index == before
    assert_whole(own_desk)
