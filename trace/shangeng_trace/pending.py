"""Rows on their way into their tables: kept until somebody reads, then written many at once.

A hundred events cost a handful of INSERTs this way. Nobody can tell: whatever is asked through the session finds every
row, because asking writes first what waits. Where nothing is kept (an audit, a demonstration) a row is written at once.
"""

from typing import Any

from sqlalchemy import Table as SqlTable
from sqlalchemy import event
from sqlmodel import Session

from shangeng_trace.bulk import insert_rows

_PENDING = "pending"

Rows = dict[SqlTable, list[dict[str, Any]]]


def keep_pending(session: Session) -> None:
    """Begin to keep rows in `session`; before a query and before the unit of work writes, they are written."""
    session.info[_PENDING] = Rows()

    def settle_first(*_: object) -> None:
        settle(session)

    event.listen(session, "do_orm_execute", settle_first)
    event.listen(session, "before_flush", settle_first)  # its rows may refer to ours


def set_aside(session: Session) -> Rows:
    """Begin to set rows of `session` aside, never to be written, and return where: a replay compares them itself."""
    rows: Rows = session.info.setdefault(_PENDING, {})
    return rows


def add_rows(session: Session, target: SqlTable, rows: list[dict[str, Any]]) -> None:
    """Insert rows, each with the same columns as every other for this table; a table comes before what refers to it."""
    pending: Rows | None = session.info.get(_PENDING)
    if pending is None:
        insert_rows(session, target, rows)
    else:
        pending.setdefault(target, []).extend(rows)


def settle(session: Session) -> None:
    """Write what waits."""
    pending: Rows = session.info.get(_PENDING, {})
    for target, rows in pending.items():
        if rows:
            pending[target] = []
            insert_rows(session, target, rows)


def drop_pending(session: Session) -> None:
    """Forget what waits: the command that added it is undone."""
    session.info[_PENDING].clear()
