"""Lists in pages: an opaque cursor that says behind what the next page begins.

A cursor names the last item given, not a count of items, so that what is added meanwhile neither repeats nor hides
an item that was there before.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from shangeng_trace.errors import RejectedError

Row = TypeVar("Row")
Item = TypeVar("Item")

LIMIT = 50
MOST = 200

_PLACE = re.compile(r"[!-~]{1,80}")
_INDEX = re.compile(r"[0-9]{1,18}")
"""Digits of a 64-bit integer."""


class CursorMalformed(RejectedError):
    """A cursor that no page of ours gave out."""

    code = "web.cursor_malformed"
    zh = "cursor 不是上一页给出的值。"
    en = "This cursor is not one that a page gave out."


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(
        default=None, description="Pass it as `cursor` for the next page; null on the last one.", examples=["TkIzTTdO"]
    )


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list is asked for: so many items behind a place."""

    limit: int
    place: str

    @property
    def index(self) -> int:
        """The index after which the page begins, -1 for the first; raises `CursorMalformed`."""
        if self.place and not _INDEX.fullmatch(self.place):
            raise CursorMalformed(field="cursor")
        return int(self.place) if self.place else -1


async def asked_slice(
    limit: Annotated[int, Query(ge=1, le=MOST, description="Items in a page.")] = LIMIT,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
) -> Slice:
    """Return the part of a list that a request asks for; raises `CursorMalformed`."""
    return Slice(limit, read_cursor(cursor))


SliceDep = Annotated[Slice, Depends(asked_slice)]


def write_cursor(place: str) -> str:
    """Return a place in a list as a cursor."""
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> str:
    """Return the place that a cursor names, empty for the first page; raises `CursorMalformed`."""
    if not cursor:
        return ""
    try:
        place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (Base64Error, ValueError) as exc:
        raise CursorMalformed(field="cursor") from exc
    if write_cursor(place) != cursor or not _PLACE.fullmatch(place):
        raise CursorMalformed(field="cursor")
    return place


def page(rows: Sequence[Row], part: Slice, place: Callable[[Row], object], shape: Callable[[Row], Item]) -> Page[Item]:
    """Return rows as a page; one row more than were asked for says that there is another page."""
    more = write_cursor(str(place(rows[part.limit - 1]))) if len(rows) > part.limit else None
    return Page(items=[shape(row) for row in rows[: part.limit]], next=more)
