"""Migrations: the tables on disk follow the models. Scripts go forward only and run on both engines.

After a model has changed:

    python -m shangeng_web.migrations "add the audit plan"      # a new script with the difference
    python -m shangeng_web.migrations --again                   # before the first release: the first script anew

Read what it wrote. A test compares the migrated schema with the models on both engines.
"""

from importlib.resources import files
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from shangeng_trace.db import Database
from shangeng_trace.errors import UnavailableError
from shangeng_web.tables import METADATA

FIRST = "2026_initial"
"""The revision that makes every table."""

_LOCK = 0x5368616E67656E67
"""PostgreSQL advisory lock: of several processes that start at once one migrates and the others wait."""


class SchemaOutdated(UnavailableError):
    """The database's tables are not those of this version."""

    code = "web.schema_outdated"
    zh = "数据库结构是 {found}，本版本需要 {wanted}。请先运行 shangeng migrate。"
    en = "The database has schema {found}, this version needs {wanted}. Run shangeng migrate first."


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, which lives here and in no file."""
    config = Config()
    config.set_main_option("script_location", str(files("shangeng_web") / "migrations"))
    config.set_main_option("file_template", "%%(year)d-%%(month).2d-%%(day).2d_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def wanted_revision() -> str:
    """Return the revision that this version of the code needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def current_revision(connection: Connection) -> str:
    """Return the revision that a database has, or an empty text for an empty one."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def migrate(database: Database) -> str:
    """Bring a database to the wanted revision, in one transaction; return the one it had."""
    with database.engine.begin() as connection:
        take_turn(connection)
        before = current_revision(connection)
        command.upgrade(alembic_config(connection), "head")
    return before


def check_schema(database: Database) -> None:
    """Raise `SchemaOutdated` unless the database has the wanted revision."""
    with database.engine.connect() as connection:
        found = current_revision(connection)
    if found != wanted_revision():
        raise SchemaOutdated(found=found or "–", wanted=wanted_revision())


def differences(connection: Connection) -> list[Any]:
    """Return in what the database's schema differs from the models, as Alembic words it."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, METADATA))


def take_turn(connection: Connection) -> None:
    """Wait until no other process is setting up this database; SQLite's BEGIN IMMEDIATE has done so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
