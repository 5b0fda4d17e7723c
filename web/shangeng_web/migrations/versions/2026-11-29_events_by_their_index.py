"""Name events by their index in the log where they were named by their digest."""

# ruff: noqa: D103, N999, S608 - named by its date; Alembic knows the function by its name; no text of anybody else's

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "events_by_their_index"
down_revision: str | None = "registered_can_be_retired"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BY_INDEX = {
    "event_record": "event_record.*",
    "event_batch": 'event_record."index", batch_id, part, packs, amount',
    "lineage": 'parent, child, event_record."index"',
    "batch_test": 'event_record."index", batch_id, batch_test.author, passed, batch_test.happened_at',
    "device_link": 'event_record."index", device_link.key_id, counter, prev',
}
"""What each table holds afterwards; those that refer to another come after it."""


def upgrade() -> None:
    for name, columns in _BY_INDEX.items():
        joined = "" if name == "event_record" else f"JOIN event_record ON event_record.digest = {name}.digest"
        op.execute(f"CREATE TABLE old_{name} AS SELECT {columns} FROM {name} {joined}")
    for name in reversed(_BY_INDEX):
        op.drop_table(name)
    _create()
    for name in _BY_INDEX:
        columns = ", ".join(f'"{column["name"]}"' for column in sa.inspect(op.get_bind()).get_columns(f"old_{name}"))
        op.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM old_{name}")
        op.drop_table(f"old_{name}")


def _create() -> None:
    op.create_table(
        "event_record",
        sa.Column("index", sa.BigInteger(), nullable=False),
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
    )
    op.create_index(op.f("ix_event_batch_batch_id"), "event_batch", ["batch_id"], unique=False)
    op.create_table(
        "lineage",
        sa.Column("parent", sa.String(length=16), nullable=False),
        sa.Column("child", sa.String(length=16), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("parent", "child", name=op.f("pk_lineage")),
    )
    op.create_index(op.f("ix_lineage_child"), "lineage", ["child"], unique=False)
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
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["index"], ["event_record.index"], name=op.f("fk_device_link_index_event_record")),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_device_link")),
    )
    op.create_index(op.f("ix_device_link_key_id"), "device_link", ["key_id"], unique=False)
