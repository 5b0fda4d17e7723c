"""The ledger: receipts, chains, the tree over them, and what stops it."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from shangeng_trace.clock import rfc3339
from shangeng_trace.entry import FIRST_PREV, Kind, Receipt, load_entry
from shangeng_trace.errors import ShangengError
from shangeng_trace.ids import new_id
from shangeng_trace.ledger import Ledger, LogChanged, OriginDiffers, StatementTooLong, append
from shangeng_trace.log_tables import LedgerEntry, LedgerLink, LedgerState, LedgerTile
from shangeng_trace.merkle import leaf_hash
from shangeng_trace.watch import ClockBehind
from tests.trace.desk import Desk, naive_root


def put(session: Session, content: str, *chains: str) -> Receipt:
    body = content.encode()
    return append(session, kind=Kind.EVENT, digest=sha256(body).hexdigest(), body=body, chains=chains)


def puts(content: str, *chains: str) -> Callable[[Session], Receipt]:
    """Return the command that puts a statement into chains."""
    return lambda session: put(session, content, *chains)


def entries(desk: Desk) -> list[bytes]:
    rows = desk.read(lambda session: session.exec(select(LedgerEntry).order_by(col(LedgerEntry.index))).all())
    assert [row.index for row in rows] == list(range(len(rows)))
    return [row.body for row in rows]


def assert_whole(desk: Desk) -> None:
    """The state's root is the root over all entries, and every chain is contiguous and linked by leaf hashes."""
    bodies = entries(desk)
    state = desk.read(lambda session: session.get_one(LedgerState, 1))
    assert state.size == len(bodies)
    assert state.root == naive_root([leaf_hash(body) for body in bodies])
    heads: dict[str, tuple[int, str]] = {}
    for body in bodies:
        for link in load_entry(body).links:
            assert (link.seq, link.prev) == heads.get(link.chain, (0, FIRST_PREV))
            heads[link.chain] = link.seq + 1, leaf_hash(body).hex()
    links = desk.read(lambda session: session.exec(select(LedgerLink)).all())
    assert len(links) == sum(length for length, _ in heads.values())


def test_a_receipt_says_where_a_statement_stands(desk: Desk) -> None:
    one, two = f"batch:{new_id()}", f"batch:{new_id()}"
    first = desk.writer.run(lambda s: put(s, one, one))
    second = desk.writer.run(lambda s: put(s, one + two, two, one, two))
    assert first.links[0].prev == FIRST_PREV
    assert second.index == first.index + 1
    assert [(link.chain, link.seq) for link in second.links] == [(two, 0), (one, 1)]
    assert second.links[1].prev == leaf_hash(entries(desk)[first.index]).hex()
    assert load_entry(entries(desk)[second.index]).links == second.links
    assert_whole(desk)


def test_a_statement_is_appended_once(desk: Desk) -> None:
    chain = f"batch:{new_id()}"
    first = desk.writer.run(lambda s: put(s, chain, chain))
    again = desk.writer.run(lambda s: put(s, chain, f"batch:{new_id()}"))
    assert (again.index, again.links, again.time) == (first.index, first.links, first.time)
    assert (first.repeated, again.repeated) == (False, True)
    twice = desk.writer.run(lambda s: (put(s, "x" + chain, chain), put(s, "x" + chain, chain)))
    assert twice[0].index == twice[1].index
    assert twice[1].repeated
    assert_whole(desk)


def test_time_never_runs_backwards(desk: Desk) -> None:
    chain = f"batch:{new_id()}"
    before = desk.writer.run(lambda s: put(s, chain, chain)).time
    desk.clock.moment -= timedelta(minutes=4)
    late = desk.writer.run(lambda s: put(s, "late" + chain, chain)).time
    assert late == before, "clocks that differ a little stand still"
    desk.clock.moment -= timedelta(minutes=2)
    with pytest.raises(ClockBehind) as refusal:
        desk.writer.run(lambda s: put(s, "too late" + chain, chain))
    assert rfc3339(before) in refusal.value.sentence("zh")
    desk.clock.moment += timedelta(minutes=6, seconds=1)
    assert desk.writer.run(lambda s: put(s, "later" + chain, chain)).time == before + timedelta(seconds=1)
    assert desk.writer.standstill.cause is None, "it is over with the clock set right"


def test_an_entry_too_long_for_the_log_is_refused(desk: Desk) -> None:
    size = len(entries(desk))
    with pytest.raises(StatementTooLong):
        desk.writer.run(lambda s: put(s, "long", *(f"batch:{new_id()}" for _ in range(600))))
    assert len(entries(desk)) == size
    assert_whole(desk)


def test_the_tree_grows_over_several_tiles(desk: Desk) -> None:
    chain = f"batch:{new_id()}"
    start = len(entries(desk))
    for future in [desk.writer.submit(puts(f"{chain} {n}", chain)) for n in range(600)]:
        future.result()
    assert len(entries(desk)) == start + 600
    assert_whole(desk)
    restarted = Ledger(desk.ledger.origin, clock=desk.clock)
    with desk.database.session() as session:
        group = restarted.begin(session)
        put(session, "after a restart" + chain, chain)
        restarted.flush(group)
        session.commit()
    assert_whole(desk)
    desk.writer.run(lambda s: put(s, "by the first again" + chain, chain))
    assert_whole(desk)


@pytest.mark.parametrize(
    ("change", "values"),
    [
        ("UPDATE ledger_state SET size = size + 1", {}),
        ("UPDATE ledger_state SET root = :root", {"root": bytes(32)}),
        ("UPDATE ledger_tile SET hashes = :root", {"root": bytes(32)}),
        ("DELETE FROM ledger_tile", {}),
    ],
)
def test_a_state_that_was_edited_stops_the_writing(own_desk: Desk, change: str, values: dict[str, bytes]) -> None:
    chain = f"batch:{new_id()}"
    before = own_desk.writer.run(lambda s: put(s, chain, chain)).index
    with own_desk.database.session() as session:
        session.connection().execute(text(change), values)
        session.commit()
    own_desk.ledger.forget()
    with pytest.raises(LogChanged) as caught:
        own_desk.writer.run(lambda s: put(s, "more", chain))
    assert "账本状态异常" in caught.value.sentence("zh")
    assert len(entries(own_desk)) == before + 1


def test_a_state_set_back_cannot_fork_the_log(own_desk: Desk) -> None:
    chain = f"batch:{new_id()}"
    own_desk.writer.run(lambda s: put(s, chain, chain))
    old = own_desk.read(lambda session: session.get_one(LedgerState, 1))
    own_desk.writer.run(lambda s: put(s, "second", chain))
    stored = entries(own_desk)
    with own_desk.database.session() as session:
        session.connection().execute(
            text("UPDATE ledger_state SET size = :size, root = :root"), {"size": old.size, "root": old.root}
        )
        session.commit()
    with pytest.raises(ShangengError):
        own_desk.writer.run(lambda s: put(s, "another second", chain))
    assert entries(own_desk) == stored


def test_a_database_holds_one_log(own_desk: Desk) -> None:
    other = Ledger("other.example/log")
    with own_desk.database.session() as session, pytest.raises(OriginDiffers):
        other.create(session)
    with own_desk.database.session() as session, pytest.raises(OriginDiffers):
        other.begin(session)


def test_tiles_hold_the_leaves(own_desk: Desk) -> None:
    tiles = own_desk.read(lambda session: session.exec(select(LedgerTile).where(LedgerTile.level == 0)).all())
    assert b"".join(tile.hashes for tile in tiles) == b"".join(leaf_hash(body) for body in entries(own_desk))
