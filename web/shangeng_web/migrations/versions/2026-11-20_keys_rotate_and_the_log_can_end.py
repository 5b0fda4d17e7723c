"""Let the log's keys rotate, and let the log end."""

# ruff: noqa: D103, N999 - named by its date; Alembic knows the function by its name

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "keys_rotate_and_the_log_can_end"
down_revision: str | None = "keys_expire_rotate_and_end"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "log_key",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("vkey", sa.String(length=330), nullable=False),
        sa.Column("first_size", sa.BigInteger(), nullable=False),
        sa.Column("last_size", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_key")),
    )
    op.add_column("ledger_state", sa.Column("frozen_index", sa.BigInteger(), nullable=True))
    op.add_column("ledger_state", sa.Column("kept_time", sa.DateTime(timezone=True), nullable=True))
    ended = "COALESCE(NEW.frozen_index, -1) <> OLD.frozen_index OR NEW.size > OLD.frozen_index + 1"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER ledger_state_stays_frozen BEFORE UPDATE ON ledger_state "
            f"FOR EACH ROW WHEN ({ended}) EXECUTE FUNCTION refuse_change()"
        )
    else:
        op.execute(
            f"CREATE TRIGGER ledger_state_stays_frozen BEFORE UPDATE ON ledger_state WHEN {ended} "
            "BEGIN SELECT RAISE(ABORT, 'what was logged does not change'); END"
        )
