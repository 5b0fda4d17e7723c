"""Alembic's entry: how scripts are run, and how they are written."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Enum
from sqlmodel.sql.sqltypes import AutoString

from shangeng_trace.columns import Amount, Digest, Moment
from shangeng_web.tables import METADATA


def _plain_types(kind: str, thing: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column types as what they are in the database: a script must not change when they do."""
    if kind == "type":
        if isinstance(thing, Moment):
            return "sa.DateTime(timezone=True)"
        if isinstance(thing, Amount):
            return "sa.String(length=24)"
        if isinstance(thing, Digest):
            return "sa.LargeBinary(length=32)"
        if isinstance(thing, Enum):
            return f"sa.String(length={thing.length})"
        if isinstance(thing, AutoString):
            return f"sa.String(length={thing.length})" if thing.length else "sa.String()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    compare_type=True,
    compare_server_default=True,
    render_item=_plain_types,
    render_as_batch=False,
)
context.run_migrations()
