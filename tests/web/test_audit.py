"""`shangeng audit` is silent on a sound database, and names the row after any single change by plain SQL."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import Connection, LargeBinary, text
from sqlalchemy import Table as SqlTable
from sqlmodel import SQLModel

from shangeng_labels.tables import LabelCode
from shangeng_trace.audit_statements import Examiners
from shangeng_trace.batch_tables import Batch, EventRecord
from shangeng_trace.columns import Amount, Moment
from shangeng_trace.db import Database
from shangeng_trace.enrolment import revoke_key
from shangeng_trace.flaws import Flaw
from shangeng_trace.head_clock import HeadTime
from shangeng_trace.keyring import CustodyKey
from shangeng_trace.ledger import table
from shangeng_trace.log_keys import LogKey
from shangeng_trace.log_tables import (
    LedgerChain,
    LedgerCheckpoint,
    LedgerEntry,
    LedgerLink,
    LedgerState,
    LedgerStatement,
    LedgerTile,
)
from shangeng_trace.private_tables import EventAttachment, PrivateValue
from shangeng_trace.revocation import Reason
from shangeng_web.auditing import TABLES, audit
from shangeng_web.platform import Platform
from tests.people import People
from tests.phones import Phone
from tests.story import tell_story

LOG: tuple[type[SQLModel], ...] = (
    LedgerStatement,
    LedgerEntry,
    LedgerLink,
    LedgerChain,
    LedgerTile,
    LedgerState,
    LedgerCheckpoint,
)
BESIDE: tuple[type[SQLModel], ...] = (PrivateValue, EventAttachment, LabelCode, LogKey, HeadTime)


def flaws_of(platform: Platform) -> list[Flaw]:
    with platform.database.session() as session:
        return audit(session, platform.settings, platform.office.keyring)


@pytest.fixture
def told(platform: Platform, people: People) -> Platform:
    story = tell_story(platform, people)
    office, owner = platform.office, people.producer.actor
    phone = platform.writer.run(lambda s: Phone.enrol(s, office, owner))
    platform.writer.run(lambda s: phone.tell(s, story.leaf))
    platform.writer.run(lambda s: revoke_key(s, office, owner, key_id=phone.signer.key_id, reason=Reason.LOST))
    platform.writer.stop()
    return platform


def test_a_sound_database_has_no_flaw(told: Platform) -> None:
    assert flaws_of(told) == []


def test_every_column_is_watched(told: Platform) -> None:
    """Each column of each ledger and projection table in turn: one row changed, the audit names it, changed back."""
    unguard(told.database)
    unseen: list[str] = []
    models: tuple[type[SQLModel], ...] = (*LOG, *TABLES, *BESIDE, CustodyKey)
    for model in models:
        watched = table(model)
        assert count(told.database, watched), f"the story leaves {watched.name} empty"
        for column in watched.columns:
            if (watched.name, column.name) == ("ledger_state", "id"):
                continue  # the table's own check refuses any other value than 1
            with changed(told.database, watched, column.name) as row:
                found = {(flaw.table, flaw.row) for flaw in flaws_of(told)}
            if not any(name == watched.name or row in key for name, key in found):
                unseen.append(f"{watched.name}.{column.name}")
    assert unseen == []
    assert flaws_of(told) == [], "every change was taken back"


def test_it_finds_the_same_whatever_the_windows_and_whoever_examines(
    told: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small windows, ends of chains and batches let go at once, two other processes: the same flaws."""
    unguard(told.database)
    with told.database.engine.connect() as connection:
        defer(connection)
        for model, column in ((LedgerStatement, "body"), (LedgerLink, "seq"), (EventRecord, "step"), (Batch, "lot")):
            for row in connection.execute(table(model).select()).mappings().all()[3::7]:
                where = [each == row[each.name] for each in table(model).primary_key]
                other = row[column] + 500 if column == "seq" else next(others(table(model), column, dict(row)))
                connection.execute(table(model).update().where(*where).values({column: other}))
        connection.commit()
    found = flaws_of(told)
    assert {flaw.table for flaw in found} >= {"ledger_statement", "ledger_link", "event_record", "batch"}
    monkeypatch.setattr("shangeng_trace.audit_ledger.WINDOW", 3)
    monkeypatch.setattr("shangeng_trace.audit_ledger.WINDOW_BYTES", 1500)
    monkeypatch.setattr("shangeng_trace.chain_heads.MOST_NEAR", 1)
    monkeypatch.setattr("shangeng_trace.replay.MOST_KEPT", 1)
    monkeypatch.setattr("shangeng_trace.replay.ROWS", 2)
    with told.database.session() as session:
        again = audit(session, told.settings, told.office.keyring, examiners=Examiners(2))
    assert sorted(map(str, again)) == sorted(map(str, found))


def test_a_deleted_row_is_missed(told: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    in_a_minute(monkeypatch)
    unguard(told.database)
    for model in (*LOG, *TABLES):
        watched = table(model)
        with told.database.engine.connect() as connection:
            defer(connection)
            newest = watched.select().order_by(*(column.desc() for column in watched.primary_key)).limit(1)
            row = dict(connection.execute(newest).mappings().one())
            key = {column.name: row[column.name] for column in watched.primary_key}
            connection.execute(watched.delete().where(*(watched.c[name] == value for name, value in key.items())))
            connection.commit()
            assert flaws_of(told), f"a row of {watched.name} is gone"
            connection.execute(watched.insert().values(row))
            connection.commit()
    assert flaws_of(told) == []


def test_the_last_head_may_be_on_its_way_but_not_for_long(told: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit beside a server at work meets entries that no head covers yet."""
    unguard(told.database)
    with told.database.engine.connect() as connection:
        defer(connection)
        connection.execute(table(HeadTime).delete())
        connection.execute(table(LedgerCheckpoint).delete())
        connection.commit()
    assert flaws_of(told) == []
    in_a_minute(monkeypatch)
    (flaw,) = flaws_of(told)
    assert (flaw.table, flaw.what) == ("ledger_checkpoint", "no checkpoint covers the last entries")


def in_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the audit take place when every head should long be signed."""
    later = datetime.now(UTC) + timedelta(minutes=1)
    monkeypatch.setattr("shangeng_trace.audit_tree.now", lambda: later)


def count(database: Database, watched: SqlTable) -> int:
    with database.engine.connect() as connection:
        return len(connection.execute(watched.select()).all())


def unguard(database: Database) -> None:
    """Do what somebody with the database's own password can do: take the triggers away."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            for name in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars():
                connection.execute(text(f"DROP TRIGGER {name}"))


def defer(connection: Connection) -> None:
    """Let this connection break references, as a superuser or a careless tool would."""
    if connection.dialect.name == "sqlite":
        connection.rollback()
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    else:
        connection.execute(text("SET session_replication_role = replica"))


class changed:  # noqa: N801 - reads as a context
    """One column of one row set to another value, and set back afterwards."""

    def __init__(self, database: Database, watched: SqlTable, column: str) -> None:
        self.database, self.watched, self.column = database, watched, column

    def __enter__(self) -> str:
        with self.database.engine.connect() as connection:
            defer(connection)
            rows = connection.execute(self.watched.select()).mappings().all()
            self.row = dict(rows[-1])
            taken = {row[self.column] for row in rows}
            options = list(islice(others(self.watched, self.column, self.row), 1000))
            self.other = next((value for value in options if value not in taken), options[0])
            self.write(connection, self.row, self.other)
        return " ".join(str(self.row[column.name]) for column in self.watched.primary_key)

    def __exit__(self, *_: object) -> None:
        with self.database.engine.connect() as connection:
            defer(connection)
            self.write(connection, {**self.row, self.column: self.other}, self.row[self.column])

    def write(self, connection: Connection, row: dict[str, Any], value: Any) -> None:
        where = [self.watched.c[column.name] == row[column.name] for column in self.watched.primary_key]
        done = connection.execute(self.watched.update().where(*where).values({self.column: value}))
        assert done.rowcount == 1
        connection.commit()


def others(watched: SqlTable, column: str, row: dict[str, Any]) -> Iterator[Any]:
    """Yield values a column could hold that are not the one it has."""
    value, kind = row[column], watched.c[column].type
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, Enum):
        yield from (each for each in type(value) if each is not value)
    elif isinstance(value, int | Decimal):
        yield from (value + step for step in range(1, 1000))
    elif isinstance(value, datetime):
        yield value + timedelta(milliseconds=1)
        yield value + timedelta(days=1)
    elif isinstance(value, date):
        yield value + timedelta(days=1)
    elif isinstance(value, bytes) or isinstance(kind, LargeBinary):
        yield bytes([value[0] ^ 1]) + value[1:] if value else b"\x00"
    elif isinstance(value, str):
        last = "1" if value[-1:] != "1" else "2"
        yield value[:-1] + last
        yield value[:-1] + "3"
    elif isinstance(kind, Amount):
        yield Decimal(1)
    elif isinstance(kind, Moment):
        yield datetime(2026, 1, 1, tzinfo=UTC)
    else:
        yield 1 if kind.python_type is int else "X"
