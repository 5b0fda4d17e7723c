"""Refuse changes of what was logged: a guard against mistakes; against malice stand the signatures and the tree."""

# ruff: noqa: D103, N999 - named by its date; Alembic knows the function by its name

from collections.abc import Sequence

from alembic import op

revision: str = "2026_guards"
down_revision: str | None = "2026_initial"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNCHANGING = ("ledger_entry", "ledger_link", "ledger_checkpoint")
WITHHELD = "NEW.digest = OLD.digest AND NEW.body IS NULL"
"""The one change of a statement: its body is taken away, its digest stays."""


def upgrade() -> None:
    guards = [(table, verb, "") for table in UNCHANGING for verb in ("update", "delete")]
    guards += [("ledger_statement", "delete", ""), ("ledger_statement", "update", WITHHELD)]
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'what was logged does not change'; END $$"
        )
        for table, verb, allowed in guards:
            when = f" WHEN (NOT ({allowed}))" if allowed else ""
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb.upper()} ON {table} "
                f"FOR EACH ROW{when} EXECUTE FUNCTION refuse_change()"
            )
    else:
        for table, verb, allowed in guards:
            when = f" WHEN NOT ({allowed})" if allowed else ""
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb.upper()} ON {table}{when} "
                "BEGIN SELECT RAISE(ABORT, 'what was logged does not change'); END"
            )
