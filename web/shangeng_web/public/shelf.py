"""Pages that are kept: handed out before a route is sought or a session opened, and only while they are true.

A page is good for one version: while neither the log nor its signed and witnessed heads have grown, and the minute it
tells has not passed. A hold or a recall is an entry in the log, so it shows with the next request, also where another
process wrote it: a page is handed out only after the database was asked for the version, later than the request came.
What stands outside the log (a name corrected in the registry) shows within the minute.
"""

import gzip
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TypeAlias

from sqlmodel import Session
from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shangeng_trace.errors import UnavailableError
from shangeng_web.compression import takes_gzip
from shangeng_web.i18n import Language, as_language, negotiate
from shangeng_web.platform import Platform

MOST_BYTES = 32_000_000
"""What the pages kept by one process may weigh together: a thousand and more."""
LONGEST_QUERY = 120
"""Longer queries are answered, not kept: nobody we link to has them."""

Key: TypeAlias = tuple[str, str, Language, bool]
"""Path, query, language, large type."""
Version: TypeAlias = tuple[int, datetime]
"""How far the log has grown, and the minute."""
GROWTH = """
SELECT (SELECT size FROM ledger_state)
     + (SELECT coalesce(max(size), 0) FROM ledger_checkpoint)
     + (SELECT coalesce(max(size), 0) FROM witnessed_checkpoint)
"""
"""None of the three ever shrinks, so whenever one of them changes, their sum does."""

_OK = 200


@dataclass(frozen=True)
class Kept:
    """A page as it was sent; `route` is what the log line calls it."""

    version: Version
    body: bytes
    headers: Mapping[str, str]
    route: object = None

    @cached_property
    def zipped(self) -> bytes:
        """The body for browsers that take gzip; made when the first of them comes."""
        return gzip.compress(self.body, 6, mtime=0)

    @cached_property
    def etag(self) -> str:
        """The validator of the body as it is."""
        return etag(self.body)

    def answer(self, asked: Headers, status: int = _OK) -> Response:
        """Send it, or say that the reader has it."""
        if not takes_gzip(asked.get("accept-encoding", "")):
            return revalidated(asked, self.body, {**self.headers, "ETag": self.etag}, status=status)
        # A strong validator names one sequence of bytes, so the two encodings have two.
        headers = {**self.headers, "ETag": f'{self.etag[:-1]}-gzip"', "Content-Encoding": "gzip"}
        return revalidated(asked, self.zipped, headers, status=status)


class Shelf:
    """The pages that one process keeps, the least used falling off."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._most = most
        self._weight = 0

    def find(self, key: Key) -> Kept | None:
        """Return a page, which may be true no more."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: Key, kept: Kept) -> None:
        """Keep a page; those longest unused make room."""
        replaced = self._kept.pop(key, None)
        self._kept[key] = kept
        self._weight += len(kept.body) - (len(replaced.body) if replaced else 0)
        while self._weight > self._most:
            _, fallen = self._kept.popitem(last=False)
            self._weight -= len(fallen.body)


class FromShelf:
    """Answers a request for a page that is kept and still true; every other goes on to its route."""

    def __init__(self, app: ASGIApp, *, shelf: Shelf) -> None:
        self._app = app
        self._shelf = shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            headers = Headers(scope=scope)
            kept = self._shelf.find(key_of(scope))
            if kept is not None and await self._is_true(kept, scope["state"]["platform"]):
                scope["route"] = kept.route
                await kept.answer(headers)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _is_true(self, kept: Kept, platform: Platform) -> bool:
        growth, minute = kept.version
        try:
            return minute == minute_of(platform.office.clock()) and growth == await platform.database.glance(GROWTH)
        except UnavailableError:
            return False  # the route will meet the same trouble, and knows what to say of it


def key_of(scope: Scope) -> Key:
    """Return what the page that a request asks for is kept under."""
    query = scope["query_string"].decode("latin-1")
    return scope["path"], query, *_read(query, Headers(scope=scope).get("accept-language", ""))


@lru_cache(4096)
def _read(query: str, accepted: str) -> tuple[Language, bool]:
    """Return language and text size as `templating.reading` does for a visitor of public pages."""
    asked = QueryParams(query)
    return negotiate(asked=as_language(asked.get("lang")), accept=accepted), asked.get("text") == "large"


def minute_of(moment: datetime) -> datetime:
    """Return the minute that a page says it is as of."""
    return moment.replace(second=0, microsecond=0)


def version_at(session: Session, moment: datetime) -> Version:
    """Return the version of what a transaction sees."""
    return int(session.connection().exec_driver_sql(GROWTH).scalar_one()), minute_of(moment)


def etag(body: bytes) -> str:
    """Return a strong validator of these bytes (RFC 9110 8.8.3)."""
    return f'"{sha256(body).hexdigest()[:24]}"'


def revalidated(asked: Headers, body: bytes, headers: Mapping[str, str], *, status: int = _OK) -> Response:
    """Send a body, or 304 where the reader has it already (RFC 9110 13.1.2); `headers` hold the ETag."""
    known = {tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(",")}
    if status == _OK and known & {headers["ETag"], "*"}:
        return Response(status_code=304, headers={name: headers[name] for name in headers if name != "Content-Type"})
    return Response(body, status, headers)
