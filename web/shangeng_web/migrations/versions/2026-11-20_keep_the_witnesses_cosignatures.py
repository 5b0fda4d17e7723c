"""Keep the witnesses' cosignatures."""

# ruff: noqa: D103, N999 - named by its date; Alembic knows the function by its name

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "keep_the_witnesses_cosignatures"
down_revision: str | None = "2026_guards"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "checkpoint_cosignature",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("witness", sa.String(length=300), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["size"], ["ledger_checkpoint.size"], name=op.f("fk_checkpoint_cosignature_size_ledger_checkpoint")
        ),
        sa.PrimaryKeyConstraint("size", "witness", name=op.f("pk_checkpoint_cosignature")),
    )
    op.create_table(
        "witnessed_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["size"], ["ledger_checkpoint.size"], name=op.f("fk_witnessed_checkpoint_size_ledger_checkpoint")
        ),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_witnessed_checkpoint")),
    )
