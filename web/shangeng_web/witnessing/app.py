"""The witness over HTTP (C2SP tlog-witness v1.0.0): submissions, the newest cosigned checkpoints, a page.

There is no login: the log's signature is what counts.
"""

import asyncio
import logging
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from shangeng_trace.errors import (
    ConflictError,
    ForbiddenError,
    MalformedError,
    NotFoundError,
    RejectedError,
    ShangengError,
    UnavailableError,
)
from shangeng_trace.witness.rules import SizeDiffers
from shangeng_trace.witness.witness import Witness
from shangeng_web.witnessing.page import write_page

LARGEST_REQUEST = 1 << 18
"""Octets: 63 lines of proof and a note with 100 signatures, large ones among them, fit."""
BODY_SECONDS = 10.0
SIZE_TYPE = "text/x.tlog.size"

_FRESH = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
_PAGE = _FRESH | {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_STATUSES: Mapping[type[ShangengError], int] = {
    MalformedError: 400,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    RejectedError: 422,
    UnavailableError: 503,
}

_log = logging.getLogger(__name__)


def create_witness_app(witness: Witness) -> Starlette:
    """Return the application over a witness, which stays the caller's to close."""

    async def add_checkpoint(request: Request) -> Response:
        body = await _read_body(request)
        if body is None:
            return PlainTextResponse("too large, or too slow\n", 413, _FRESH)
        try:
            line = await run_in_threadpool(witness.add_checkpoint, body)
        except ShangengError as error:
            return _refusal(error)
        return PlainTextResponse(line, headers=_FRESH)

    async def checkpoint(request: Request) -> Response:
        try:
            note = await run_in_threadpool(witness.checkpoint, request.path_params["digest"])
        except ShangengError as error:
            return _refusal(error)
        if note is None:
            return PlainTextResponse("nothing cosigned\n", 404, _FRESH)
        return PlainTextResponse(note, headers=_FRESH)

    async def page(_request: Request) -> Response:
        try:
            return HTMLResponse(await run_in_threadpool(write_page, witness), headers=_PAGE)
        except ShangengError as error:
            return _refusal(error)

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/{digest:str}/checkpoint", checkpoint),
            Route("/", page),
        ]
    )


async def _read_body(request: Request) -> bytes | None:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_REQUEST:
                    return None
    except TimeoutError:
        return None
    return bytes(body)


def _refusal(error: ShangengError) -> Response:
    if isinstance(error, SizeDiffers):
        return Response(f"{error.size}\n", 409, _FRESH | {"Content-Type": SIZE_TYPE})
    status = next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 500)
    if status >= 500:  # noqa: PLR2004 - the server's own fault
        _log.error("%s", error)
    return PlainTextResponse(f"{error.sentence('en')}\n", status, _FRESH)
