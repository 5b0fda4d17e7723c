"""Rows on their way into their tables: kept until somebody reads, then written many at once.

A hundred events cost a handful of INSERTs this way. Nobody can tell: whatever is asked through the session finds every
row, because asking writes first what waits. Where nothing is kept (an audit, a demonstration) a row is written at once.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table as SqlTable
from sqlalchemy import event
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, SQLModel

from shangeng_trace.bulk import insert_rows, update_rows

_PENDING = "pending"
_CHANGED = "changed"

Rows = dict[SqlTable, list[dict[str, Any]]]


@dataclass(slots=True)
class _Changes:
    """What `change_row` did in this transaction: rows by their key, and by table and key the columns still to be set."""

    rows: dict[str, SQLModel] = field(default_factory=dict[str, SQLModel])
    waiting: dict[SqlTable, dict[str, dict[str, Any]]] = field(
        default_factory=dict[SqlTable, dict[str, dict[str, Any]]]
    )


def keep_pending(session: Session) -> None:
    """Begin to keep rows in `session`; before a query and before the unit of work writes, they are written."""
    session.info[_PENDING] = Rows()
    session.info[_CHANGED] = _Changes()

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
        insert_rows(session.connection(), target, rows)
    else:
        pending.setdefault(target, []).extend(rows)


def change_row(session: Session, target: SqlTable, row: SQLModel, key: str, values: dict[str, Any]) -> None:
    """Set columns of a row that was read or is new, always the same ones of a table; its table learns of it later.

    The unit of work, which does this for any column, costs many times as much for a row that every event changes.
    """
    news = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not news:
        return
    changes: _Changes | None = session.info.get(_CHANGED)
    for name, value in news.items():
        if changes is None:
            setattr(row, name, value)
        else:
            set_committed_value(row, name, value)
    if changes is not None:
        changes.rows[key] = row
        changes.waiting.setdefault(target, {})[key] = {target.primary_key.columns.keys()[0]: key, **values}


def settle(session: Session) -> None:
    """Write what waits."""
    pending: Rows = session.info.get(_PENDING, {})
    for target, rows in pending.items():
        if rows:
            pending[target] = []
            insert_rows(session.connection(), target, rows)
    changes: _Changes | None = session.info.get(_CHANGED)
    while changes is not None and changes.waiting:
        target, by_key = changes.waiting.popitem()
        update_rows(session.connection(), target, list(by_key.values()))


def drop_pending(session: Session) -> None:
    """Forget what waits, and read changed rows again: a command is undone, and nobody knows which of it was its doing."""
    session.info[_PENDING].clear()
    changes: _Changes = session.info[_CHANGED]
    changes.waiting.clear()
    for row in changes.rows.values():
        if row in session:  # one that was new is gone from here
            session.refresh(row)


def forget_changes(session: Session) -> None:
    """After a commit: what was changed stays so."""
    session.info[_CHANGED].rows.clear()
