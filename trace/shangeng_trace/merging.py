"""Two tables side by side, a row at a time: whatever their size, they are compared in little memory."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, String
from sqlmodel import Session

L = TypeVar("L")
R = TypeVar("R")
Key = Any
"""Anything that sorts."""

ROWS = 1000
"""Rows fetched at a time."""


def in_step(left: Iterable[tuple[Key, L]], right: Iterable[tuple[Key, R]]) -> Iterator[tuple[Key, L | None, R | None]]:
    """Yield each key of either side once, in order, with what the sides have for it; both come sorted by key."""
    lefts, rights = iter(left), iter(right)
    one, other = next(lefts, None), next(rights, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None
            yield one[0], one[1], None
            one = next(lefts, None)
        elif one is None or other[0] < one[0]:
            yield other[0], None, other[1]
            other = next(rights, None)
        else:
            yield one[0], one[1], other[1]
            one, other = next(lefts, None), next(rights, None)


def by_octets(session: Session, column: Column[Any]) -> ColumnElement[Any]:
    """Return a column to sort by, text by its octets as Python and SQLite do, whatever the database's language."""
    is_text = isinstance(column.type, String)
    return column.collate("C") if is_text and session.get_bind().dialect.name == "postgresql" else column
