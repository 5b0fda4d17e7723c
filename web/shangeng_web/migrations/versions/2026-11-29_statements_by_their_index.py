"""Keep statements by their index in the log, and on SQLite the busiest tables in the order of their keys.

The bytes that were signed are copied as they are.
"""

# ruff: noqa: D103, N999, S608 - named by its date; Alembic knows the function by its name; no text of anybody else's

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from alembic import op

from shangeng_trace.errors import ConflictError

revision: str = "statements_by_their_index"
down_revision: str | None = "events_by_their_index"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_PLACE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_IN_KEY_ORDER = {"sqlite_with_rowid": False}
_STATEMENTS = (
    'SELECT ledger_entry."index", {octets} AS digest, ledger_statement.body '
    "FROM ledger_statement JOIN ledger_entry USING (digest)"
)
_STRAY = (
    "SELECT count(*) FROM ledger_statement WHERE length(digest) <> 64 OR digest {is_not_hex} "
    "OR digest NOT IN (SELECT digest FROM ledger_entry)"
)
_WITHHELD = 'NEW."index" = OLD."index" AND NEW.digest = OLD.digest AND NEW.body IS NULL'
_MADE_AGAIN = (
    "ledger_entry",
    "ledger_link",
    "ledger_chain",
    "event_record",
    "event_batch",
    "batch_test",
    "device_link",
)
"""On SQLite; those that refer to another come after it."""


class StatementsStray(ConflictError):
    """Statements that nothing in the log refers to, or by no digest, are for people to look at, not to be dropped."""

    code = "web.statements_stray"
    zh = "数据库里有 {count} 条声明不在账本中，没有升级。请先用原来的版本运行 shangeng audit。"
    en = "{count} statements in the database are in no entry of the log; nothing was upgraded. Run shangeng audit with the version before this one."


def upgrade() -> None:
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    is_not_hex = "GLOB '*[^0-9a-f]*'" if is_sqlite else "!~ '^[0-9a-f]*$'"
    if stray := connection.exec_driver_sql(_STRAY.format(is_not_hex=is_not_hex)).scalar():
        raise StatementsStray(count=stray)
    again = _MADE_AGAIN if is_sqlite else ()
    if is_sqlite:  # whose own function for it is newer than many a machine's SQLite
        cast("Any", connection.connection.driver_connection).create_function("octets", 1, bytes.fromhex)
    octets = "octets(digest)" if is_sqlite else "decode(digest, 'hex')"
    op.execute(f"CREATE TABLE old_ledger_statement AS {_STATEMENTS.format(octets=octets)}")
    for name in again:
        columns = '"index", body' if name == "ledger_entry" else "*"
        op.execute(f"CREATE TABLE old_{name} AS SELECT {columns} FROM {name}")
    for name in ("ledger_statement", *reversed(again)):
        op.drop_table(name)
    _create_statement()
    if is_sqlite:
        _create_others()
    else:
        op.drop_column("ledger_entry", "digest")
    for name in ("ledger_statement", *again):
        columns = ", ".join(f'"{column["name"]}"' for column in sa.inspect(op.get_bind()).get_columns(f"old_{name}"))
        op.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM old_{name} ORDER BY 1, 2")
        op.drop_table(f"old_{name}")
    _guard("ledger_statement", update=_WITHHELD)
    if is_sqlite:
        _guard("ledger_entry")
        _guard("ledger_link")


def _guard(table: str, update: str = "FALSE") -> None:
    """Refuse changes, as the first guards do, which went with their table."""
    for verb, allowed in (("update", update), ("delete", "FALSE")):
        when = f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb.upper()} ON {table}"
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"{when} FOR EACH ROW WHEN (NOT ({allowed})) EXECUTE FUNCTION refuse_change()")
        else:
            refuse = "SELECT RAISE(ABORT, 'what was logged does not change');"
            op.execute(f"{when} WHEN NOT ({allowed}) BEGIN {refuse} END")


def _create_statement() -> None:
    op.create_table(
        "ledger_statement",
        sa.Column("index", _PLACE, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_ledger_statement")),
        sa.UniqueConstraint("digest", name=op.f("uq_ledger_statement_digest")),
    )


def _create_others() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("index", _PLACE, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_ledger_entry")),
    )
    op.create_table(
        "ledger_link",
        sa.Column("chain", sa.String(length=96), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["index"], ["ledger_entry.index"], name=op.f("fk_ledger_link_index_ledger_entry")),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_ledger_link")),
        **_IN_KEY_ORDER,
    )
    op.create_index(op.f("ix_ledger_link_index"), "ledger_link", ["index"], unique=False)
    op.create_table(
        "ledger_chain",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_chain")),
        **_IN_KEY_ORDER,
    )
    _create_events()


def _create_events() -> None:
    op.create_table(
        "event_record",
        sa.Column("index", _PLACE, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=45), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("author", sa.String(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("logged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.String(length=16), nullable=True),
        sa.Column("claimed_by", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_event_record")),
        sa.UniqueConstraint("event_id", name=op.f("uq_event_record_event_id")),
    )
    op.create_index(op.f("ix_event_record_author"), "event_record", ["author"], unique=False)
    op.create_table(
        "event_batch",
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("packs", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["index"], ["event_record.index"], name=op.f("fk_event_batch_index_event_record")),
        sa.PrimaryKeyConstraint("index", "batch_id", "part", "packs", name=op.f("pk_event_batch")),
        **_IN_KEY_ORDER,
    )
    op.create_index(op.f("ix_event_batch_batch_id"), "event_batch", ["batch_id"], unique=False)
    op.create_table(
        "batch_test",
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("author", sa.String(length=16), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["index"], ["event_record.index"], name=op.f("fk_batch_test_index_event_record")),
        sa.PrimaryKeyConstraint("index", "batch_id", name=op.f("pk_batch_test")),
    )
    op.create_index(op.f("ix_batch_test_batch_id"), "batch_test", ["batch_id"], unique=False)
    op.create_table(
        "device_link",
        sa.Column("index", _PLACE, nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["index"], ["event_record.index"], name=op.f("fk_device_link_index_event_record")),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_device_link")),
    )
    op.create_index(op.f("ix_device_link_key_id"), "device_link", ["key_id"], unique=False)
