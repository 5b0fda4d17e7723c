"""Statements handed to SQLite's driver itself: what is asked and written with every group of the writer's.

What SQLAlchemy does around a statement costs ten times what SQLite does for it, and everybody who waits for the writer
waits for that too. On PostgreSQL a round trip costs more than either, and SQLAlchemy does it all. Values are what the
types of columns make of them, and the database's errors are told as SQLAlchemy tells them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias, cast

from sqlalchemy import Connection, Dialect, Select, Update
from sqlalchemy.exc import DBAPIError

Process: TypeAlias = Callable[[Any], Any]
"""What turns a value into the driver's, or the driver's into ours."""

Question: TypeAlias = Select[*tuple[Any, ...]]

_LENGTHS = 1024
"""Of so many different lengths of lists a question is remembered."""


def ask(connection: Connection, question: Question, ids: Sequence[str] | None = None) -> Sequence[Sequence[Any]]:
    """Return the rows that a question finds; `ids` is its one parameter, which expands."""
    if connection.dialect.name != "sqlite":
        return connection.execute(question, {} if ids is None else {"ids": ids}).all()
    statement, inward, outward = _asking(question, None if ids is None else len(ids), connection.dialect)
    given = ids or () if inward is None else [inward(each) for each in ids or ()]
    _, rows = drive(connection, statement, given)
    for place, process in outward:
        rows = [[*row[:place], process(row[place]), *row[place + 1 :]] for row in rows]
    return rows


def change(connection: Connection, statement: Update, values: Mapping[str, Any]) -> int:
    """Run an UPDATE with these parameters; return how many rows it met."""
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, values).rowcount
    written, parameters = _changing(statement, tuple(values), connection.dialect)
    given = [values[name] if process is None else process(values[name]) for name, process in parameters]
    met, _ = drive(connection, written, given)
    return met


def drive(
    connection: Connection, statement: str, values: Sequence[Any], *, many: bool = False
) -> tuple[int, Sequence[Sequence[Any]]]:
    """Have the driver run a statement with these values, or with each of many; return how many rows it met, and found."""
    dialect = connection.dialect
    dbapi = cast("Any", dialect.loaded_dbapi)
    try:
        cursor = cast("Any", connection.connection.cursor())
        (dialect.do_executemany if many else dialect.do_execute)(cursor, statement, cast("Any", values))
        return cursor.rowcount, cursor.fetchall()  # SQLite reads on only now, and what it meets may be garbled
    except dbapi.Error as error:
        raise DBAPIError.instance(statement, None, error, dbapi.Error, dialect=dialect) from error


@lru_cache(_LENGTHS)
def _asking(
    question: Question, count: int | None, dialect: Dialect
) -> tuple[str, Process | None, Sequence[tuple[int, Process]]]:
    """Return the driver's statement, and what turns the ids inward and columns, by their place, outward."""
    inward = None
    if count is not None:
        ids = question.compile(dialect=dialect).binds["ids"]
        inward = ids.type.dialect_impl(dialect).bind_processor(dialect)
        question = question.params(ids=[None] * count)
    compiled = question.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    found = (
        (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
        for place, column in enumerate(question.selected_columns)
    )
    return compiled.string, inward, [(place, process) for place, process in found if process is not None]


@lru_cache
def _changing(
    statement: Update, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, Sequence[tuple[str, Process | None]]]:
    compiled = statement.compile(dialect=dialect, column_keys=names)
    types = {name: bind.type.dialect_impl(dialect) for name, bind in compiled.binds.items()}
    places = compiled.positiontup or ()
    return compiled.string, [(name, types[name].bind_processor(dialect)) for name in places]
