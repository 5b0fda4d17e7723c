"""What goes to SQLite's driver itself means the same, and fails the same, as what SQLAlchemy sends."""

import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert
from sqlalchemy import select as select_rows
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlmodel import Session, SQLModel, col, select, update

from shangeng_trace.batch_tables import Batch
from shangeng_trace.bulk import update_rows
from shangeng_trace.db import Database
from shangeng_trace.driving import Question, ask, change, drive
from shangeng_trace.ledger import group_of, table
from shangeng_trace.log_tables import LedgerChain, LedgerStatement
from shangeng_trace.recording import Recording
from shangeng_trace.sight import Sight
from shangeng_trace.signed_events import SignedEvent
from shangeng_trace.storage import StorageBroken, cause_of
from tests.trace.desk import Desk
from tests.trace.test_external_events import about, phone, signed

MOMENT = datetime(2026, 4, 12, 1, 2, 3, 456, tzinfo=UTC)
PAGE = 4096
_HEADS = select(LedgerChain.id, LedgerChain.length).where(
    col(LedgerChain.id).in_(bindparam("ids", expanding=True)),
)
_DIGESTS = select(LedgerStatement.index, LedgerStatement.digest).where(
    col(LedgerStatement.digest).in_(bindparam("ids", expanding=True)),
)
_STOCK: Question = select_rows(*(table(Batch).c[name] for name in ("id", "bulk", "closed", "changed_at")))


def batch(name: str) -> dict[str, object]:
    texts = dict.fromkeys(("lot", "owner", "product_id", "category", "unit", "last_step"), name)
    numbers = {"bulk": Decimal("8.20"), "units": 1, "packed": 2, "closed": False}
    return {"id": name, **texts, **numbers, "opened_at": MOMENT, "changed_at": MOMENT}


def test_it_asks_and_changes_as_sqlalchemy_does(database: Database) -> None:
    digests = [f"{number:02x}" * 32 for number in range(3)]
    with database.engine.begin() as connection:
        rows = [{"index": at, "digest": digest, "body": None} for at, digest in enumerate(digests)]
        connection.execute(insert(table(LedgerStatement)), rows)
        connection.execute(insert(table(Batch)), [batch("A"), batch("B")])
        for ids in ([], digests[:1], digests[1:], ["ff" * 32]):
            asked = sorted(map(tuple, ask(connection, _DIGESTS, ids)))
            assert asked == sorted(map(tuple, connection.execute(_DIGESTS, {"ids": ids})))
            assert asked == [(at, digest) for at, digest in enumerate(digests) if digest in ids]
        renamed = update(Batch).where(col(Batch.id) == bindparam("key"), col(Batch.changed_at) == bindparam("seen"))
        renamed = renamed.values(lot=bindparam("lot"))
        assert change(connection, renamed, {"lot": "new", "key": "A", "seen": MOMENT}) == 1
        assert change(connection, renamed, {"lot": "no", "key": "B", "seen": MOMENT.replace(hour=2)}) == 0
        later = MOMENT.replace(day=13)
        update_rows(connection, table(Batch), [{"id": "B", "closed": True, "changed_at": later}])
        asked = sorted(map(tuple, ask(connection, _STOCK)))
        assert asked == sorted(map(tuple, connection.execute(_STOCK)))
        assert asked == [("A", Decimal("8.2"), False, MOMENT), ("B", Decimal("8.2"), True, later)]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_error_is_told_as_sqlalchemy_tells_it(database: Database) -> None:
    with database.engine.begin() as connection:
        with pytest.raises(IntegrityError):
            drive(connection, "INSERT INTO ledger_chain VALUES (?, NULL, NULL)", ["A"])
        with pytest.raises(IntegrityError):
            drive(connection, "INSERT INTO ledger_chain VALUES (?, 1, x'00')", [["B"], ["B"]], many=True)


def test_a_page_that_is_garbled_is_met_while_reading_on(tmp_path: Path) -> None:
    file = tmp_path / "garbled.sqlite"
    database = Database(f"sqlite:///{file}")
    SQLModel.metadata.create_all(database.engine, tables=[table(LedgerChain)])
    ids = [f"batch:{number:090d}" for number in range(500)]
    with database.engine.begin() as connection:
        connection.execute(insert(table(LedgerChain)), [{"id": each, "length": 1, "head": b""} for each in ids])
    database.engine.dispose()
    with sqlite3.connect(file) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    octets = bytearray(file.read_bytes())
    place = octets.rindex(ids[-1].encode()) // PAGE * PAGE
    octets[place : place + 8] = b"\xff" * 8
    file.write_bytes(octets)
    with database.engine.connect() as connection:
        assert list(ask(connection, _HEADS, ids[:2])) == [(ids[0], 1), (ids[1], 1)]
        with pytest.raises(DatabaseError) as told:
            ask(connection, _HEADS, [ids[0], ids[-1]])
    assert isinstance(cause_of(told.value), StorageBroken)
    database.engine.dispose()


def test_a_question_that_failed_is_asked_again(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody could answer must not pass for an empty chain, or for an event that is not there."""
    signer, batch = phone(own_desk), own_desk.made("10")
    sealed = signed(about(own_desk, batch, "store", {"store_place": "库房"}), signer)
    receipt = own_desk.writer.run(Recording(own_desk.office, SignedEvent.read(sealed)))

    def fail(*_: object) -> None:
        raise OperationalError("SELECT", None, sqlite3.OperationalError("disk I/O error"))

    def look(session: Session) -> None:
        group, sight = group_of(session), Sight(session)
        group.stored_heads.clear()
        event_id = sealed.document["eventID"]
        with monkeypatch.context() as patch:
            for module in ("ledger", "sight"):
                patch.setattr(f"shangeng_trace.{module}.ask", fail)
            with pytest.raises(OperationalError):
                group.head(f"batch:{batch}")
            with pytest.raises(OperationalError):
                group.receipt("00" * 32)
            with pytest.raises(OperationalError):
                sight.digest(event_id)
        head = group.head(f"batch:{batch}")
        assert head is not None
        assert head[0] == receipt.links[0].seq + 1
        assert group.receipt("00" * 32) is None
        assert sight.digest(event_id) == receipt.digest

    own_desk.writer.run(look)
