"""Whether every stored value is one that its column holds: nothing that is read beside one that is not can be relied on.

SQLite keeps whatever it is given: a date that is none, a text where bytes belong, a truth of 2. PostgreSQL holds most
columns to their kind, but a choice is text there as well.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    and_,
    cast,
    func,
    not_,
    or_,
    type_coerce,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy import select as select_rows
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine
from sqlmodel import Session

from shangeng_trace.flaws import Flaw
from shangeng_trace.merging import ROWS

_SECONDS = "%Y-%m-%d %H:%M:%S"
_NO_STEP = "+0 days"
"""Has SQLite reckon, and so turn the 30th of February into March; else it hands back any day up to the 31st."""
_FRACTION = ".[0-9][0-9][0-9][0-9][0-9][0-9]"
_WHOLE_SECONDS, _LENGTH = len("2026-04-12 06:40:00"), len("2026-04-12 06:40:00.000000")
_NO_YEAR = "0000"
_BEYOND_ASCII = f"*[\x80-{chr(0x10FFFF)}]*"
_STORED: Sequence[tuple[type[TypeEngine[Any]], str]] = (
    (Integer, "integer"),
    (LargeBinary, "blob"),
    (String, "text"),
)
"""What SQLite calls the values of each kind."""


def misfits(session: Session, tables: Iterable[SqlTable]) -> Iterator[Flaw]:
    """Yield a flaw for each value of these tables that the product would not have written into its column."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    for target in tables:
        fits = [(each, fit) for each in target.columns if (fit := _fits(each, is_sqlite=is_sqlite)) is not None]
        if fits:
            yield from _unfit(session, target, fits)
        if is_sqlite:
            yield from _garbled(session, target)


def _unfit(
    session: Session, target: SqlTable, fits: Sequence[tuple[Column[Any], ColumnElement[bool]]]
) -> Iterator[Flaw]:
    wrong = [and_(column.is_not(None), not_(fit)) for column, fit in fits]
    key = _key(session, target)
    for row in _rows(session, select_rows(*key, *wrong).where(or_(*wrong))):
        for (column, _), is_wrong in zip(fits, row[len(key) :], strict=True):
            if is_wrong:
                yield Flaw(target.name, _name(row[: len(key)]), column.name, "not a value that this column holds")


def _garbled(session: Session, target: SqlTable) -> Iterator[Flaw]:
    """Decode what is more than ASCII: SQLite takes octets for text that are none."""
    for column in target.columns:
        if not isinstance(_kind(column), String):
            continue
        found = select_rows(_octets(column), *_key(session, target)).where(_raw(column).op("GLOB")(_BEYOND_ASCII))
        for row in _rows(session, found):
            try:
                row[0].decode()
            except UnicodeDecodeError:
                yield Flaw(target.name, _name(row[1:]), column.name, "not text")


def _fits(column: Column[Any], *, is_sqlite: bool) -> ColumnElement[bool] | None:
    """Say in SQL whether a stored value is as the product writes it; None where the database sees to that."""
    kind, raw = _kind(column), _raw(column)
    if isinstance(kind, Enum):
        return type_coerce(column, String).in_(kind.enums)
    if not is_sqlite:
        return None
    if isinstance(kind, DateTime):
        seconds = func.substr(raw, 1, _WHOLE_SECONDS)
        return and_(
            func.typeof(raw) == "text",
            func.substr(raw, 1, 4) != _NO_YEAR,
            func.ifnull(func.strftime(_SECONDS, seconds, _NO_STEP) == seconds, 0),
            func.substr(raw, _WHOLE_SECONDS + 1).op("GLOB")(_FRACTION),
            func.length(_octets(column)) == _LENGTH,  # a text may go on behind a NUL
        )
    if isinstance(kind, Date):
        return and_(
            func.typeof(raw) == "text",
            func.substr(raw, 1, 4) != _NO_YEAR,
            func.ifnull(func.date(raw, _NO_STEP) == raw, 0),
        )
    if isinstance(kind, Boolean):
        return and_(func.typeof(raw) == "integer", raw.in_((0, 1)))
    stored = next((stored for each, stored in _STORED if isinstance(kind, each)), None)
    return None if stored is None else func.typeof(raw) == stored


def _kind(column: Column[Any]) -> TypeEngine[Any]:
    kind: TypeEngine[Any] = column.type
    while isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    return kind


def _raw(column: Column[Any]) -> ColumnElement[Any]:
    """Return a column whose values are handed out as they are stored."""
    return type_coerce(column, NullType())


def _octets(column: Column[Any]) -> ColumnElement[Any]:
    return cast(_raw(column), LargeBinary)


def _key(session: Session, target: SqlTable) -> list[ColumnElement[Any]]:
    """Select the key in a form that can be read whatever it holds."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return [_octets(each) if is_sqlite else cast(each, String) for each in target.primary_key]


def _name(key: Sequence[bytes | str]) -> str:
    return " ".join(each if isinstance(each, str) else each.decode(errors="backslashreplace") for each in key)


def _rows(session: Session, wanted: Select[Any]) -> Iterator[Row[Any]]:
    return iter(session.connection().execute(wanted, execution_options={"yield_per": ROWS}))
