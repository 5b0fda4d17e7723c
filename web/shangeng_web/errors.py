"""What the world sees of an error: one table from kinds to statuses, problem JSON for programs, a page for people.

Problem documents follow RFC 9457, with `code` (stable, for programs), and `errors` for what is wrong at which field.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeAlias, cast
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Match
from starlette.types import Scope

from shangeng_trace.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    MalformedError,
    NotFoundError,
    RejectedError,
    ShangengError,
    UnavailableError,
    VerificationError,
)
from shangeng_web.i18n import Language
from shangeng_web.problems import TITLES, validation_problems
from shangeng_web.templating import reading, render

OPEN_TO_ALL = ("/log/", "/keys/")
"""What programs on other sites read. They must see a 404 as one, too: it sends them from a partial tile to the full one."""

_log = logging.getLogger(__name__)

Problem: TypeAlias = dict[str, Any]


class LoginNeeded(ForbiddenError):
    """Nobody is signed in, or no longer."""

    code = "web.login_needed"
    zh = "请先登录。"
    en = "Please sign in first."


class TokenRefused(ForbiddenError):
    """A program's token is missing, unknown, out of date or revoked."""

    code = "web.token_refused"
    zh = "需要有效的接口令牌。"
    en = "A valid API token is needed."


class TooOften(UnavailableError):
    """The same thing was asked for too often."""

    code = "web.too_often"
    zh = "太频繁了，请 {seconds} 秒后再试。"
    en = "Too many requests. Please try again in {seconds} seconds."


class TooLarge(RejectedError):
    """A request's body is larger than it may be."""

    code = "web.too_large"
    zh = "内容太大了，最多 {megabytes} MB。请缩小照片或分几次提交。"
    en = "This is too large: {megabytes} MB at most. Please use smaller photos or send it in parts."


class DatabaseAway(UnavailableError):
    """The database does not answer, or broke off: it restarts, its disk is in trouble, or the network is."""

    code = "web.database_away"
    zh = "数据库暂时没有回应，请过一会儿再试。"
    en = "The database does not answer at present. Please try again in a moment."


class Unexpected(ShangengError):
    """A bug; it is logged under the request's id and nothing of it is shown."""

    code = "web.unexpected"
    zh = "我们这边出了问题，没有保存。已经记下来了，请稍后再试。"
    en = "Something went wrong on our side and nothing was saved. It has been noted; please try again later."


STATUSES: Mapping[type[ShangengError], int] = {
    LoginNeeded: 401,
    TokenRefused: 401,
    TooLarge: 413,
    TooOften: 429,
    NotFoundError: 404,
    ConflictError: 409,
    RejectedError: 422,
    ForbiddenError: 403,
    UnavailableError: 503,
    MalformedError: 400,
    VerificationError: 422,
    ShangengError: 500,
}
"""The nearest ancestor of an error that stands here decides."""

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_FOR_PROGRAMS = ("/api/", "/log/", "/keys/", "/status/", "/.well-known/", "/healthz", "/readyz", "/metrics")


def status_of(error: ShangengError) -> int:
    """Return the HTTP status of an error, by its kind."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def wants_json(request: Request) -> bool:
    """Whether the answer is for a program: by its address, or because it accepts JSON and not HTML."""
    accept = request.headers.get("accept", "")
    return request.url.path.startswith(_FOR_PROGRAMS) or ("json" in accept and "text/html" not in accept)


def request_id(request: Request) -> str:
    """Return the id under which this request stands in the log."""
    return str(request.scope.get("shangeng.request_id", ""))


def problem(request: Request, error: ShangengError, language: Language, *, status: int | None = None) -> Problem:
    """Return the RFC 9457 document of an error."""
    status = status or status_of(error)
    zh, en = TITLES.get(status) or (HTTPStatus(status).phrase,) * 2
    found: Problem = {
        "type": f"urn:shangeng:problem:{error.code}",
        "title": en if language == "en" else zh,
        "status": status,
        "detail": error.sentence(language),
        "code": error.code,
        "instance": f"urn:shangeng:request:{request_id(request)}",
    }
    parts = error.problems if isinstance(error, InvalidError) else (error,) if error.field else ()
    if parts:
        found["errors"] = [
            {"field": each.field or "", "code": each.code, "detail": each.sentence(language)} for each in parts
        ]
    return found


def answer(request: Request, error: ShangengError, *, status: int | None = None) -> Response:
    """Return the response for an error: problem JSON, a page, or the way to the login."""
    status = status or status_of(error)
    headers = _headers(error, status)
    if request.url.path.startswith(OPEN_TO_ALL):
        headers["Access-Control-Allow-Origin"] = "*"
    how = reading(request)
    if wants_json(request):
        body = problem(request, error, how["language"], status=status)
        headers["Content-Language"] = how["language"]
        return JSONResponse(body, status, headers, media_type="application/problem+json")
    if isinstance(error, LoginNeeded) and request.url.path.startswith("/console"):
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        after = f"?next={quote(back)}" if request.method in {"GET", "HEAD"} else ""
        return RedirectResponse(f"/console/login{after}", 303, headers=headers)
    own_words = type(error) not in STATUSES or isinstance(error, TooOften | TooLarge)
    page = render(
        "pages/error.html",
        **how,
        demo=request.app.state.settings.demo,
        origin=request.app.state.settings.origin,
        status=status,
        sentence=error.sentence(how["language"]) if own_words else None,
        request_id=request_id(request),
    )
    return HTMLResponse(page, status, headers)


def _headers(error: ShangengError, status: int) -> dict[str, str]:
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Language, Cookie"}
    if isinstance(error, TokenRefused):
        headers["WWW-Authenticate"] = 'Bearer realm="shangeng"'
    if status in {429, 503}:
        headers["Retry-After"] = str(error.parts.get("seconds", 5))
    return headers


class _Plain(ShangengError):
    """An error of the framework: no page here, wrong method. Its status comes with it."""

    code = "web.request"

    def __init__(self, status: int) -> None:
        self.zh, self.en = TITLES.get(status) or (HTTPStatus(status).phrase,) * 2  # type: ignore[misc]  # per status
        super().__init__()


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, ShangengError)
    if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("refused", extra={"code": error.code, "request": request_id(request)}, exc_info=error)
    return answer(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = validation_problems(error.errors())
    return answer(request, InvalidError(found))


async def _away(request: Request, error: Exception) -> Response:
    _log.error("the database does not answer", extra={"request": request_id(request)}, exc_info=error)
    return answer(request, DatabaseAway())


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = answer(
        request,
        NotFoundError() if error.status_code == HTTPStatus.NOT_FOUND else _Plain(error.status_code),
        status=error.status_code,
    )
    response.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = ", ".join(_allowed(request))
    return response


def _allowed(request: Request) -> list[str]:
    """Return every method that the address takes: each may have a route of its own, of which the framework names one."""
    routes = cast("FastAPI", request.app).routes

    def takes(method: str) -> bool:
        scope: Scope = {**request.scope, "method": method, "path_params": {}}
        return any(route.matches(scope)[0] is Match.FULL for route in routes)

    found = [method for method in _METHODS if takes(method)]
    return ["GET", "HEAD", *found[1:]] if "GET" in found else found  # HEAD is answered wherever GET is


def handle_errors(app: FastAPI) -> None:
    """Answer every error of `app`; what is unknown is left to `shangeng_web.middleware`."""
    app.add_exception_handler(ShangengError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)
    for kind in (OperationalError, InterfaceError):
        app.add_exception_handler(kind, _away)
