"""For operators: is the process alive, can it serve, and how it is doing. Nothing here is about a person."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
from starlette.responses import JSONResponse, PlainTextResponse

from shangeng_trace.errors import NotFoundError, ShangengError
from shangeng_trace.head_clock import last_dated
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.witnessing import read_heads
from shangeng_web.deps import PlatformDep
from shangeng_web.middleware import Counts
from shangeng_web.migrations import current_revision
from shangeng_web.platform import Platform
from shangeng_web.settings import is_loopback

router = APIRouter(include_in_schema=False)

CHECKPOINT_DELAY = timedelta(seconds=10)
"""A checkpoint follows within a second; ten times that is a fault."""

WRITER_SECONDS = 5.0
_FRESH = {"Cache-Control": "no-store"}


@router.get("/healthz")
async def healthz() -> PlainTextResponse:
    """Say that the process answers."""
    return PlainTextResponse("ok\n", headers=_FRESH)


@router.get("/readyz")
async def readyz(platform: PlatformDep) -> JSONResponse:
    """Say what of the parts that serving needs is in order, and why nothing is written; 503 where one is not."""
    cause = platform.standstill.cause
    stopped = {"stopped": cause and {"code": cause.code, "zh": cause.sentence("zh"), "en": cause.sentence("en")}}
    checks = {"database": False, "schema": False, "checkpoint": False, "writer": await _writes(platform)}
    try:
        async with platform.read() as session:
            schema, unsigned_since = await session.run_sync(_look)
    except (OSError, SQLAlchemyError):
        return JSONResponse(checks | stopped, 503, _FRESH)
    checks["database"] = True
    checks["schema"] = schema == platform.schema
    checks["checkpoint"] = unsigned_since is None or platform.office.clock() - unsigned_since < CHECKPOINT_DELAY
    return JSONResponse(checks | stopped, 200 if all(checks.values()) else 503, _FRESH)


@router.get("/metrics")
async def metrics(request: Request, platform: PlatformDep) -> PlainTextResponse:
    """Tell counts and sizes in Prometheus' text format, to the token of the settings or, without one, to this machine."""
    token = platform.settings.metrics_token
    if token:
        allowed = secrets.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
    else:
        allowed = request.client is not None and is_loopback(request.client.host)
    if not allowed:
        raise NotFoundError
    async with platform.read() as session:
        size, signed, witnessed = await session.run_sync(_sizes)
        dated = await session.run_sync(last_dated)
    counts: Counts = request.app.state.counts
    lines = [
        *_metric("shangeng_log_entries", "gauge", "Entries in the log.", {"": size}),
        *_metric("shangeng_log_signed_entries", "gauge", "Entries under the newest checkpoint.", {"": signed}),
        *_metric("shangeng_log_dated_seconds", "gauge", "When the newest head was last dated (POSIX).", {"": dated}),
        *_metric(
            "shangeng_log_stopped", "gauge", "1 while nothing is recorded.", {"": int(bool(platform.standstill.cause))}
        ),
        *_witness_metrics(platform, witnessed),
        *_metric("shangeng_writer_waiting", "gauge", "Commands waiting for the writer.", {"": len(platform.waiting)}),
        *_metric(
            "shangeng_requests_total",
            "counter",
            "Answers of this process.",
            {
                f'{{method="{method}",status="{status}"}}': count
                for (method, status), count in sorted(counts.answers.items())
            },
        ),
        *_metric("shangeng_request_seconds_total", "counter", "Time spent on answers.", {"": round(counts.seconds, 3)}),
    ]
    return PlainTextResponse("\n".join(lines) + "\n", headers=_FRESH, media_type="text/plain; version=0.0.4")


async def _writes(platform: Platform) -> bool:
    """Whether the writer still takes its turn: a command that changes nothing comes back in time."""
    try:
        async with asyncio.timeout(WRITER_SECONDS):
            await platform.write(lambda _session: None)
    except (TimeoutError, ShangengError):
        return False
    return True


def _look(session: Session) -> tuple[str, datetime | None]:
    """Return the schema's revision, and since when entries stand under no checkpoint (None: all do)."""
    state, newest = session.exec(select(LedgerState)).one(), latest_checkpoint(session)
    signed = newest.size if newest else 0
    return current_revision(session.connection()), state.time if state.size > signed else None


def _sizes(session: Session) -> tuple[int, int, int]:
    heads = read_heads(session)
    signed, witnessed = (head.size if head else 0 for head in (heads.signed, heads.witnessed))
    return session.exec(select(col(LedgerState.size))).one(), signed, witnessed


def _witness_metrics(platform: Platform, witnessed: int) -> list[str]:
    """Tell how far each witness has come, where there are any."""
    if platform.collector is None:
        return []
    sizes = {f'{{witness="{each.witness.name}"}}': each.known.size for each in platform.collector.contacts}
    return [
        *_metric("shangeng_log_witnessed_entries", "gauge", "Entries under the published checkpoint.", {"": witnessed}),
        *_metric("shangeng_witness_entries", "gauge", "Entries that a witness has cosigned.", sizes),
    ]


def _metric(name: str, kind: str, words: str, samples: Mapping[str, float]) -> list[str]:
    return [
        f"# HELP {name} {words}",
        f"# TYPE {name} {kind}",
        *(f"{name}{labels} {value}" for labels, value in samples.items()),
    ]
