"""A value that its column cannot hold is named by the audit, whatever else would have stumbled over it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import LargeBinary, text
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from shangeng_certs.tables import Certificate
from shangeng_trace.audit_values import misfits
from shangeng_trace.batch_tables import Batch, BatchTest, EventBatch
from shangeng_trace.columns import Digest
from shangeng_trace.keyring import CustodyKey
from shangeng_trace.ledger import table
from shangeng_trace.private_tables import EventAttachment
from shangeng_web.auditing import audit
from shangeng_web.platform import Platform
from shangeng_web.tables import METADATA
from tests.people import People
from tests.story import tell_story
from tests.web.test_audit import defer, unguard

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

UNFIT: list[tuple[type[SQLModel], str, str]] = [
    (Batch, "opened_at", "''"),
    (Batch, "opened_at", "'2026-02-30 06:40:00.000000'"),
    (Batch, "opened_at", "'0000-02-20 06:40:00.000000'"),
    (Batch, "opened_at", "opened_at || '0'"),
    (Batch, "opened_at", "substr(opened_at, 1, 25)"),
    (Batch, "opened_at", "opened_at || char(0)"),
    (Batch, "opened_at", "replace(opened_at, ' ', 'T')"),
    (Batch, "opened_at", "1776000000"),
    (Batch, "units", "0.5"),
    (Batch, "lot", "CAST(x'484DFF' AS TEXT)"),
    (Batch, "id", "CAST(x'484DFF' AS TEXT)"),
    (BatchTest, "passed", "2"),
    (BatchTest, "passed", "'yes'"),
    (Certificate, "valid_from", "'2026-02-30'"),
    (Certificate, "valid_from", "valid_from || ' 00:00'"),
    (EventBatch, "part", "'nothing'"),
    (CustodyKey, "wrapped", "CAST(wrapped AS TEXT)"),
]


@pytest.fixture
def told(platform: Platform, people: People) -> Platform:
    tell_story(platform, people)
    platform.writer.stop()
    unguard(platform.database)
    return platform


@pytest.fixture
def session(told: Platform) -> Iterator[Session]:
    """A session whose changes nobody else sees, and which are gone in the end."""
    with told.database.engine.connect() as connection:
        defer(connection)
        with Session(connection) as session:
            yield session


def write(session: Session, target: SqlTable, column: str, expression: str) -> str:
    """Put an SQL expression into one row of a table; return the row's key as it was."""
    row = session.connection().execute(target.select().limit(1)).mappings().one()
    where = [each == row[each.name] for each in target.primary_key]
    done = session.connection().execute(target.update().where(*where).values({column: text(expression)}))
    assert done.rowcount == 1
    return " ".join(str(row[each.name]) for each in target.primary_key)


@SQLITE
def test_what_a_column_cannot_hold_is_named(session: Session) -> None:
    assert list(misfits(session, METADATA.sorted_tables)) == []
    for model, column, expression in UNFIT:
        target = table(model)
        with session.begin_nested() as change:
            key = write(session, target, column, expression)
            (flaw,) = misfits(session, METADATA.sorted_tables)
            assert (flaw.table, flaw.column) == (target.name, column), expression
            assert column in target.primary_key.columns or flaw.row == key
            change.rollback()


@SQLITE
def test_no_column_takes_what_is_of_another_kind(session: Session) -> None:
    """Octets that are no text everywhere, and a text where octets belong."""
    for target in METADATA.sorted_tables:
        if session.connection().execute(target.select()).first() is None:
            continue
        for column in target.columns:
            strange = "'text'" if isinstance(column.type, LargeBinary | Digest) else "x'FF00'"
            with session.begin_nested() as change:
                try:
                    write(session, target, column.name, strange)
                except IntegrityError:  # a number that is the whole key: SQLite itself refuses
                    assert list(target.primary_key.columns) == [column]
                    continue
                assert [flaw.column for flaw in misfits(session, [target])] == [column.name], target.name
                change.rollback()


def test_the_audit_says_so_and_reads_nothing_beside_it(told: Platform, session: Session) -> None:
    key = write(session, table(EventBatch), "part", "'nothing'")
    (flaw,) = audit(session, told.settings, told.office.keyring)
    assert (flaw.table, flaw.row.split()[:2], flaw.column) == ("event_batch", key.split()[:2], "part")


def test_what_stands_beside_the_log_is_missed_and_spelt_in_one_way(
    told: Platform, session: Session, people: People
) -> None:
    signer = told.office.keyring.signer(session, people.producer.actor.organisation_id)
    custody = table(CustodyKey)
    session.connection().execute(custody.delete().where(custody.c.id == signer.key_id))
    picture = write(session, table(EventAttachment), "sha256", "upper(sha256)")
    found = {(flaw.table, flaw.row) for flaw in audit(session, told.settings, told.office.keyring)}
    assert found == {("custody_key", signer.key_id), ("event_attachment", picture)}
