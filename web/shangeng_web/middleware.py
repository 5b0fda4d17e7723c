"""What happens to every request, as pure ASGI: an id, strict headers, a log line, limits, and an answer to every bug.

The log line is one JSON object and holds no personal data: no query, no address, no code and no username.
"""

import json
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shangeng_trace.errors import ShangengError
from shangeng_trace.ids import new_id
from shangeng_web.errors import TooLarge, TooOften, Unexpected, answer
from shangeng_web.limits import Allowance
from shangeng_web.settings import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
}
STRICT_TRANSPORT = "max-age=31536000"
LOOK_UPS = ("/t/", "/01/")
"""Addresses whose codes somebody may try to guess: visitors who are not signed in get an allowance per minute."""
LOGIN = "/console/login"

_access = logging.getLogger("shangeng.access")
_log = logging.getLogger(__name__)


@dataclass
class Counts:
    """What /metrics tells of this process's requests."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    seconds: float = 0.0


class Reception:
    """Receives every request: gives it an id, answers HEAD as GET, sets the headers, logs, and catches what nobody did."""

    def __init__(self, app: ASGIApp, *, settings: Settings, counts: Counts) -> None:
        self._app = app
        self._counts = counts
        self._headers = HEADERS | ({"Strict-Transport-Security": STRICT_TRANSPORT} if settings.is_secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method: str = scope["method"]
        identity = new_id()
        scope = {**scope, "shangeng.request_id": identity, "method": "GET" if method == "HEAD" else method}
        started, status = time.perf_counter(), 0

        async def respond(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = identity
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            elif method == "HEAD":
                message = {"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)}
            await send(message)

        try:
            await self._app(scope, receive, respond)
        except Exception:
            _log.exception("unexpected error", extra={"request": identity})
            if status:  # too late for another answer: the server closes the connection
                raise
            await answer(Request(scope), Unexpected())(scope, receive, respond)
        finally:
            took = time.perf_counter() - started
            self._counts.answers[method, status] += 1
            self._counts.seconds += took
            _access.info(
                "request",
                extra={
                    "request": identity,
                    "method": method,
                    "route": _route(scope),
                    "status": status,
                    "ms": round(took * 1000, 1),
                },
            )


class Limits:
    """Refuses bodies that are too large, reading no more of them than allowed, and look-ups that come too fast."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._body = settings.body_limit
        self._upload = settings.upload_limit
        self._look_ups = Allowance(settings.look_ups_per_minute)
        self._logins = Allowance(settings.logins_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_upload = headers.get("content-type", "").startswith("multipart/form-data")
        limit = self._upload if is_upload else self._body
        try:
            if scope["path"].lower().startswith(LOOK_UPS):  # printed codes are in capitals
                _check_pace(self._look_ups, scope)
            elif scope["method"] == "POST" and scope["path"] == LOGIN:  # one password tried on many names, too
                _check_pace(self._logins, scope)
            length = headers.get("content-length", "")
            if length.isascii() and length.isdigit() and int(length) > limit:
                raise _too_large(limit)
        except (TooLarge, TooOften) as error:
            await answer(Request(scope), error)(scope, receive, send)
        else:
            await _Bounded(limit, scope, receive, send).run(self._app)


class _Bounded:
    """One request whose body is counted as it arrives: without a length, or longer than it said, it stops at the limit."""

    def __init__(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        self._limit, self._scope, self._receive, self._send = limit, scope, receive, send
        self._arrived = 0

    async def run(self, app: ASGIApp) -> None:
        """Let the application answer, unless its body turns out to be too large: whatever it then says is dropped."""
        try:
            await app(self._scope, self._counted, self._respond)
        except TooLarge:
            if self._arrived <= self._limit:
                raise
        if self._arrived > self._limit:
            await answer(Request(self._scope), _too_large(self._limit))(self._scope, self._receive, self._send)

    async def _counted(self) -> Message:
        message = await self._receive()
        self._arrived += len(message.get("body", b""))
        if self._arrived > self._limit:
            raise _too_large(self._limit)
        return message

    async def _respond(self, message: Message) -> None:
        if self._arrived <= self._limit:
            await self._send(message)


def _check_pace(allowance: Allowance, scope: Scope) -> None:
    wait = allowance.take(scope["client"][0] if scope.get("client") else "")
    if wait:
        raise TooOften(seconds=wait)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(megabytes=limit // 1_000_000)


def _route(scope: Scope) -> str:
    """Return the pattern of the route, never the address itself: a code in it would be a person's purchase."""
    return str(getattr(scope.get("route"), "path", "-"))


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, logger, message and the extra members."""

    _USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in self._USUAL},
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["error"] = error.code if isinstance(error, ShangengError) else type(error).__name__
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {"alembic": {"level": "WARNING"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
}
"""How the server's processes log: JSON lines to standard error."""
