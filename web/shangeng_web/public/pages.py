"""Answers of the public pages: kept for as long as they are true, revalidated by content, never with a cookie."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from sqlmodel import Session
from starlette.responses import Response

from shangeng_trace.db import ReadSession
from shangeng_web.deps import ReadDep, Visit, Visitor
from shangeng_web.public.shelf import LONGEST_QUERY, Kept, Shelf, key_of, version_at

FRESH = "public, max-age=0, s-maxage=20, must-revalidate"
"""A browser asks every time; a cache in between may answer for 20 seconds, below the 30 that a status may be old."""

_OK = 200


@dataclass(frozen=True, slots=True)
class Page:
    """A template with what it says, or the response that takes its place."""

    template: str
    context: dict[str, Any]
    status: int = _OK


@dataclass(frozen=True, slots=True)
class Reader:
    """One request for a public page: who reads, the read transaction, and the moment it is answered as of."""

    visit: Visitor
    session: ReadSession
    at: datetime

    async def page(self, compose: Callable[[Session], Page]) -> Response:
        """Answer with a page and keep it for the next who asks; `compose` may raise what makes it an error."""
        request = self.visit.request
        version = await self.session.run_sync(version_at, self.at)
        page = await self.session.run_sync(compose)
        made = self.visit.page(page.template, status=page.status, **page.context)
        headers = {
            "Cache-Control": FRESH,
            "Vary": "Accept-Language, Accept-Encoding",
            "Content-Language": self.visit.language,
            "Content-Type": made.headers["content-type"],
        }
        kept = Kept(version, bytes(made.body), headers, request.scope.get("route"))
        if page.status == _OK and request.method == "GET" and len(request.url.query) <= LONGEST_QUERY:
            shelf: Shelf = request.app.state.shelf
            shelf.keep(key_of(request.scope), kept)
        return kept.answer(request.headers, page.status)


def reader(visit: Visit, session: ReadDep) -> Reader:
    """Return the reader of a public page."""
    return Reader(visit, session, visit.platform.office.clock())


ReaderDep = Annotated[Reader, Depends(reader)]
