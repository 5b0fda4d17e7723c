"""The tables on disk are the models' tables, and what was logged does not change."""

from decimal import Decimal

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select

from shangeng_trace.batch_tables import BatchTest, DeviceLink, EventBatch, EventRecord, Lineage, Part
from shangeng_trace.db import Database
from shangeng_trace.errors import ConflictError
from shangeng_trace.log_tables import LedgerChain, LedgerEntry, LedgerLink, LedgerStatement
from shangeng_web.migrations import SchemaOutdated, alembic_config, check_schema, differences, migrate, wanted_revision
from shangeng_web.platform import Platform
from tests.people import People


def test_the_migrated_schema_is_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        assert differences(connection) == []


def test_events_named_by_their_digest_are_named_by_their_index(database_url: str) -> None:
    database = Database(database_url)
    _fill(
        database,
        "registered_can_be_retired",
        "event_record VALUES ('d5', 'e5', 5, 'test', 'A', 'K', '2026-04-12 00:00:00', '2026-04-12 01:00:00', 'P', NULL)",
        "event_record VALUES ('c7', 'e7', 7, 'pack', 'A', 'K', '2026-04-13 00:00:00', '2026-04-13 01:00:00', NULL, NULL)",
        "event_batch VALUES ('d5', 'B', 'subject', FALSE, NULL)",
        "event_batch VALUES ('c7', 'B', 'input', FALSE, '8.2')",
        "event_batch VALUES ('c7', 'C', 'output', TRUE, '164')",
        "lineage VALUES ('B', 'C', 'c7')",
        "batch_test VALUES ('d5', 'B', 'A', TRUE, '2026-04-12 00:00:00')",
        "device_link VALUES ('c7', 'K', 3, 'd5')",
    )
    assert migrate(database) == "registered_can_be_retired"
    with Session(database.engine) as session:
        records = session.exec(select(EventRecord).order_by(col(EventRecord.index))).all()
        assert [(row.index, row.digest, row.event_id, row.entered_by) for row in records] == [
            (5, "d5", "e5", "P"),
            (7, "c7", "e7", None),
        ]
        assert [row.happened_at.day for row in records] == [12, 13]
        parts = session.exec(select(EventBatch).order_by(col(EventBatch.index), col(EventBatch.batch_id))).all()
        assert [(row.index, row.batch_id, row.part, row.packs, row.amount) for row in parts] == [
            (5, "B", Part.SUBJECT, False, None),
            (7, "B", Part.INPUT, False, Decimal("8.2")),
            (7, "C", Part.OUTPUT, True, Decimal(164)),
        ]
        assert [(row.parent, row.child, row.index) for row in session.exec(select(Lineage))] == [("B", "C", 7)]
        assert [(row.index, row.batch_id, row.passed) for row in session.exec(select(BatchTest))] == [(5, "B", True)]
        assert [(row.index, row.counter, row.prev) for row in session.exec(select(DeviceLink))] == [(7, 3, "d5")]
    with database.engine.connect() as connection:
        assert differences(connection) == []
    database.engine.dispose()


def test_statements_named_by_their_digest_are_named_by_their_index(database_url: str) -> None:
    database = Database(database_url)
    _fill(
        database,
        "events_by_their_index",
        f"ledger_entry VALUES (0, '{'b0' * 32}', 'entry 0')",
        f"ledger_entry VALUES (1, '{'a1' * 32}', 'entry 1')",
        f"ledger_statement VALUES ('{'a1' * 32}', NULL)",
        f"ledger_statement VALUES ('{'b0' * 32}', 'statement 0')",
        "ledger_link VALUES ('batch:B', 0, 0)",
        "ledger_link VALUES ('batch:B', 1, 1)",
        "ledger_chain VALUES ('batch:B', 2, 'head')",
        "event_record VALUES (1, 'a1', 'e1', 'test', 'A', 'K', '2026-04-12 00:00:00', '2026-04-12 01:00:00', 'P', NULL)",
        "event_batch VALUES (1, 'B', 'subject', FALSE, '8.2')",
        "batch_test VALUES (1, 'B', 'A', TRUE, '2026-04-12 00:00:00')",
        "device_link VALUES (1, 'K', 3, 'd5')",
    )
    assert migrate(database) == "events_by_their_index"
    with Session(database.engine) as session:
        statements = session.exec(select(LedgerStatement).order_by(col(LedgerStatement.index))).all()
        assert [(row.index, row.digest, _octets(row.body)) for row in statements] == [
            (0, "b0" * 32, b"statement 0"),
            (1, "a1" * 32, None),
        ]
        entries = session.exec(select(LedgerEntry).order_by(col(LedgerEntry.index))).all()
        assert [(row.index, _octets(row.body)) for row in entries] == [(0, b"entry 0"), (1, b"entry 1")]
        links = session.exec(select(LedgerLink).order_by(col(LedgerLink.seq))).all()
        assert [(row.chain, row.seq, row.index) for row in links] == [("batch:B", 0, 0), ("batch:B", 1, 1)]
        assert [(row.length, _octets(row.head)) for row in session.exec(select(LedgerChain))] == [(2, b"head")]
        (event,) = session.exec(select(EventRecord)).all()
        assert (event.index, event.event_id, event.happened_at.day, event.logged_at.hour) == (1, "e1", 12, 1)
        assert [(row.index, row.amount) for row in session.exec(select(EventBatch))] == [(1, Decimal("8.2"))]
        assert [(row.index, row.passed) for row in session.exec(select(BatchTest))] == [(1, True)]
        assert [(row.index, row.counter) for row in session.exec(select(DeviceLink))] == [(1, 3)]
    with database.engine.connect() as connection:
        assert differences(connection) == []
    for change in ("UPDATE ledger_statement SET digest = 'x'", "DELETE FROM ledger_entry", "DELETE FROM ledger_link"):
        with database.engine.connect() as connection, pytest.raises(DatabaseError, match="does not change"):
            connection.execute(text(change))
    database.engine.dispose()


@pytest.mark.parametrize(
    "rows",
    [
        [f"ledger_statement VALUES ('{'b0' * 32}', 'whose?')"],
        ["ledger_statement VALUES ('b0', 'what?')", "ledger_entry VALUES (0, 'b0', 'entry 0')"],
        [f"ledger_statement VALUES ('{'B0' * 32}', '')", f"ledger_entry VALUES (0, '{'B0' * 32}', 'entry 0')"],
    ],
)
def test_a_statement_that_no_entry_records_is_not_dropped(database_url: str, rows: list[str]) -> None:
    database = Database(database_url)
    _fill(database, "events_by_their_index", *rows)
    with pytest.raises(ConflictError, match="1 statements in the database"):
        migrate(database)
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ledger_statement")) == 1
    database.engine.dispose()


def _fill(database: Database, revision: str, *rows: str) -> None:
    """Put rows into the tables of an earlier version."""
    with database.engine.begin() as connection:
        command.upgrade(alembic_config(connection), revision)
        for row in rows:
            connection.execute(text(f"INSERT INTO {row}"))


def _octets(stored: bytes | str | None) -> bytes | None:
    """What was put in as text comes back as text from SQLite, and as octets from PostgreSQL."""
    return stored.encode() if isinstance(stored, str) else stored


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate(database) == wanted_revision()
    check_schema(database)


def test_an_old_database_says_what_to_do(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(SchemaOutdated, match="shangeng migrate"):
        check_schema(database)
    database.engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_entry SET body = body",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_link SET seq = seq + 100",
        "DELETE FROM ledger_link",
        "UPDATE ledger_checkpoint SET note = 'x'",
        "DELETE FROM ledger_checkpoint",
        "DELETE FROM ledger_statement",
        "UPDATE ledger_statement SET digest = 'x'",
        "UPDATE ledger_statement SET body = digest",
    ],
)
def test_what_was_logged_is_guarded(platform: Platform, people: People, change: str) -> None:
    assert people.producer
    platform.writer.stop()
    if not platform.database.is_sqlite:
        change = change.replace("body = digest", "body = 'x'")
    with platform.database.session() as session, pytest.raises(DatabaseError, match="what was logged does not change"):
        session.connection().execute(text(change))


def test_a_statement_can_be_withheld(platform: Platform, people: People) -> None:
    assert people.producer
    platform.writer.stop()
    with platform.database.session() as session:
        session.connection().execute(text("UPDATE ledger_statement SET body = NULL"))
        session.commit()
