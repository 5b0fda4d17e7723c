"""Date the newest head."""

# ruff: noqa: D103, N999 - named by its date; Alembic knows the function by its name

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "date_the_newest_head"
down_revision: str | None = "keys_rotate_and_the_log_can_end"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "head_time",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_head_time")),
    )
