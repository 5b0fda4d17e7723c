"""The tables on disk are the models' tables, and what was logged does not change."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from shangeng_trace.db import Database
from shangeng_web.migrations import SchemaOutdated, check_schema, differences, migrate, wanted_revision
from shangeng_web.platform import Platform
from tests.people import People


def test_the_migrated_schema_is_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        assert differences(connection) == []


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
        "UPDATE ledger_entry SET digest = 'x'",
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
