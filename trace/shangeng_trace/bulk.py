"""Rows into a table, many at once, past the unit of work.

SQLite takes them row by row inside one call of its driver. PostgreSQL would do for each row what it does for a
statement; through COPY a row costs a fourth of that. Either way a row goes from us to the driver with nothing in between
but the types of its columns: what SQLAlchemy does for each costs more than the database does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Dialect, Insert, Update, bindparam, insert, update
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from shangeng_trace.driving import Process, drive

Row = Mapping[str, Any]
"""A row by column; all rows of one call have the same columns in the same order."""

_KEY = "key_of_row"
_FEW = 4
"""Up to so many rows the round trips of a COPY cost more than they save."""


def insert_rows(connection: Connection, target: SqlTable, rows: Sequence[Row]) -> None:
    """Insert rows; raises what SQLAlchemy raises of the database's own errors."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        way = _inserting(target, tuple(rows[0]), connection.dialect)
        drive(connection, way.statement, [way.values(row) for row in rows], many=True)
    elif len(rows) > _FEW:
        _copy(connection, _copying(target, tuple(rows[0]), connection.dialect), rows)
    else:
        connection.execute(_insert(target), rows)


def upsert_rows(connection: Connection, target: SqlTable, rows: Sequence[Row]) -> None:
    """Insert rows with every column of the table, or replace those that stand under the same primary key."""
    if connection.dialect.name == "sqlite":
        way = _upserting(target, connection.dialect)
        drive(connection, way.statement, [way.values(row) for row in rows], many=True)
    else:
        connection.execute(_upsert(target, connection.dialect.name), rows)


def update_rows(connection: Connection, target: SqlTable, rows: Sequence[Row]) -> None:
    """Set the columns that rows name beside their table's primary key, which has one column and comes first in each."""
    if connection.dialect.name == "sqlite":
        way = _updating(target, tuple(rows[0]), connection.dialect)
        drive(connection, way.statement, [way.values(row) for row in rows], many=True)
    else:
        connection.execute(_update(target, tuple(rows[0])), [_keyed(row) for row in rows])


@cache
def _insert(target: SqlTable) -> Insert:
    return insert(target)


@cache
def _upsert(target: SqlTable, dialect: str) -> Insert:
    statement = (sqlite if dialect == "sqlite" else postgresql).insert(target)
    keys = [column.name for column in target.primary_key]
    values = {column.name: statement.excluded[column.name] for column in target.columns if column.name not in keys}
    return cast("Insert", statement.on_conflict_do_update(index_elements=keys, set_=values))


@cache
def _update(target: SqlTable, columns: tuple[str, ...]) -> Update:
    key, *others = columns
    return update(target).where(target.c[key] == bindparam(_KEY)).values({name: bindparam(name) for name in others})


def _keyed(row: Row) -> dict[str, Any]:
    """Name a row's key as an UPDATE does: under its own name it would be a column to set."""
    (_, key), *others = row.items()
    return {**dict(others), _KEY: key}


def _copy(connection: Connection, way: "_Way", rows: Sequence[Row]) -> None:
    dbapi = cast("Any", connection.dialect.loaded_dbapi)
    try:
        with cast("Any", connection.connection.cursor()) as cursor, cursor.copy(way.statement) as copy:
            for row in rows:
                copy.write_row(way.values(row))
    except dbapi.Error as error:
        raise DBAPIError.instance(way.statement, None, error, dbapi.Error, dialect=connection.dialect) from error


@dataclass(frozen=True, slots=True)
class _Way:
    """A statement of the driver's, the columns it takes in order, and what turns a value into the driver's, by place."""

    statement: str
    columns: Sequence[str]
    processors: Sequence[tuple[int, Process]]

    @classmethod
    def of(cls, statement: str, target: SqlTable, columns: Sequence[str], dialect: Dialect) -> "_Way":
        found = (
            (place, target.columns[name].type.dialect_impl(dialect).bind_processor(dialect))
            for place, name in enumerate(columns)
        )
        return cls(statement, columns, [(place, process) for place, process in found if process is not None])

    def values(self, row: Row) -> list[Any]:
        values = [row[name] for name in self.columns]
        for place, process in self.processors:
            values[place] = process(values[place])
        return values


@cache
def _inserting(target: SqlTable, columns: tuple[str, ...], dialect: Dialect) -> _Way:
    compiled = insert(target).compile(dialect=dialect, column_keys=columns)
    return _Way.of(compiled.string, target, compiled.positiontup or columns, dialect)


@cache
def _upserting(target: SqlTable, dialect: Dialect) -> _Way:
    columns = tuple(column.name for column in target.columns)
    compiled = _upsert(target, dialect.name).compile(dialect=dialect, column_keys=columns)
    return _Way.of(compiled.string, target, compiled.positiontup or columns, dialect)


@cache
def _updating(target: SqlTable, columns: tuple[str, ...], dialect: Dialect) -> _Way:
    compiled = _update(target, columns).compile(dialect=dialect)
    places = [columns[0] if name == _KEY else name for name in compiled.positiontup or ()]
    return _Way.of(compiled.string, target, places, dialect)


@cache
def _copying(target: SqlTable, columns: tuple[str, ...], dialect: Dialect) -> _Way:
    quote = dialect.identifier_preparer.quote
    statement = f"COPY {quote(target.name)} ({', '.join(map(quote, columns))}) FROM STDIN"
    return _Way.of(statement, target, columns, dialect)
