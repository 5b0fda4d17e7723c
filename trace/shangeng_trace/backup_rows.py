"""Rows on their way into a backup and out of it: as JSON values that mean the same on SQLite and PostgreSQL.

The tables are read from the database itself and not from the models, so that a backup made before an upgrade can be
restored by the version after it.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Date, DateTime, LargeBinary, MetaData, Table, literal, select, tuple_
from sqlalchemy.types import TypeEngine

PAGE = 1000
"""Rows read or written at a time."""
_OURS = "alembic_version"
"""The schema's own mark stands in the manifest."""


def tables_of(connection: Connection) -> list[Table]:
    """Return the tables that a database has, each after those it refers to."""
    found = MetaData()
    found.reflect(connection)
    return [each for each in found.sorted_tables if each.name != _OURS]


def dump(connection: Connection, table: Table) -> Iterator[list[Any]]:
    """Yield every row of a table in the order of its key, as JSON values; memory holds a page of them."""
    keys = list(table.primary_key)
    page = select(table).order_by(*keys).limit(PAGE)
    at = [table.columns.values().index(key) for key in keys]
    rows = connection.execute(page).all()
    while rows:
        yield from ([_outward(value) for value in row] for row in rows)
        last = [literal(rows[-1][index], key.type) for index, key in zip(at, keys, strict=True)]
        rows = connection.execute(page.where(tuple_(*keys) > tuple_(*last))).all()


def load(connection: Connection, table: Table, columns: list[str], rows: Iterable[list[Any]]) -> None:
    """Insert rows that `dump` gave into an empty table."""
    types = [table.columns[name].type for name in columns]
    is_sqlite = connection.dialect.name == "sqlite"
    left = iter(rows)
    while page := list(islice(left, PAGE)):
        connection.execute(
            table.insert(),
            [
                {
                    name: _inward(value, kind, is_sqlite=is_sqlite)
                    for name, kind, value in zip(columns, types, row, strict=True)
                }
                for row in page
            ],
        )


def _outward(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _inward(value: Any, kind: TypeEngine[Any], *, is_sqlite: bool) -> Any:
    if value is None:
        return None
    if isinstance(kind, LargeBinary):
        return b64decode(value, validate=True)
    if isinstance(kind, DateTime):
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=None) if is_sqlite else moment  # SQLite has no zone, so the digits alone carry it
    return date.fromisoformat(value) if isinstance(kind, Date) else value
