"""Lists by page: which one the address asks for, and which ones stand beside it."""

from dataclasses import dataclass

from shangeng_web.console.desk import Desk

_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Paging:
    """The number of a page counted from 1, of those beside it, and how many lines there are in all."""

    number: int
    earlier: int | None
    later: int | None
    total: int


def asked_page(desk: Desk) -> int:
    """Return the page that the address asks for, the first where it asks for none that can be."""
    text = desk.visitor.request.query_params.get("page", "")
    return max(1, int(text)) if text.isdecimal() and len(text) <= _DIGITS else 1


def paging(number: int, size: int, total: int) -> Paging:
    """Return where page `number` of a list stands."""
    return Paging(number, number - 1 if number > 1 else None, number + 1 if number * size < total else None, total)
