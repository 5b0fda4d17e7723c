"""The log as others read it: checkpoint, policy, and the keys behind the statements. Open to every origin."""

import gzip
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import JSONResponse, PlainTextResponse, Response

from shangeng_trace.clock import rfc3339
from shangeng_trace.entry import load_entry
from shangeng_trace.errors import NotFoundError
from shangeng_trace.head_clock import dated_note
from shangeng_trace.ids import read_id
from shangeng_trace.keyring import known_key
from shangeng_trace.log_keys import notices
from shangeng_trace.log_objects import read_object
from shangeng_trace.log_tables import LedgerEntry
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.tiles import parse_path
from shangeng_trace.witnessing import published_checkpoint
from shangeng_web.compression import takes_gzip
from shangeng_web.deps import PlatformDep, ReadDep
from shangeng_web.public.shelf import etag, revalidated

router = APIRouter(tags=["log"])

_OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
_UNCHANGING = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}
_TEXT = "text/plain; charset=utf-8"
_OCTETS = "application/octet-stream"
DID_CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]


class NoCheckpoint(NotFoundError):
    """Nothing has been logged yet, or its checkpoint is being signed."""

    code = "web.no_checkpoint"
    zh = "日志还没有检查点，请稍后再试。"
    en = "The log has no checkpoint yet. Please try again shortly."


@router.get("/log/checkpoint", response_class=PlainTextResponse)
async def checkpoint(request: Request, platform: PlatformDep, session: ReadDep) -> Response:
    """The newest tree head that the log publishes (C2SP tlog-checkpoint): where it has witnesses, by a quorum of them."""
    if not platform.witnessed:
        return _note(request, await session.run_sync(_newest))
    found = await session.run_sync(partial(published_checkpoint, witnessed=True))
    return _note(request, None if found is None else found.note)


@router.get("/log/checkpoint.unwitnessed", response_class=PlainTextResponse)
async def newest_checkpoint(request: Request, session: ReadDep) -> Response:
    """The newest tree head that the log has signed, whoever else has, with the time its clock says."""
    return _note(request, await session.run_sync(_newest))


def _newest(session: Session) -> str | None:
    found = latest_checkpoint(session)
    return None if found is None else dated_note(session, found)


def _note(request: Request, note: str | None) -> Response:
    """Answer with a note, or that the reader has it already: monitors ask every few minutes."""
    if note is None:
        raise NoCheckpoint
    body = note.encode()
    return revalidated(request.headers, body, _OPEN | {"Content-Type": _TEXT, "ETag": etag(body)})


@router.get("/log/tile/{path:path}", response_class=Response)
async def tile(path: str, request: Request, session: ReadDep) -> Response:
    """A tile or an entry bundle, full or partial (C2SP tlog-tiles); what was published once never changes."""
    wanted = parse_path(f"tile/{path}")
    data = await session.run_sync(read_object, wanted)
    if wanted.level is None and takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(
            gzip.compress(data, mtime=0), headers=_UNCHANGING | {"Content-Encoding": "gzip"}, media_type=_OCTETS
        )
    return Response(data, headers=_UNCHANGING, media_type=_OCTETS)


@router.get("/log/policy", response_class=PlainTextResponse)
async def policy(platform: PlatformDep, session: ReadDep) -> PlainTextResponse:
    """A trust policy for this log (C2SP tlog-policy). Who wants to check the operator brings their own."""
    return PlainTextResponse(await session.run_sync(platform.policy), headers=_OPEN)


@router.get("/log/notices", response_class=JSONResponse)
async def log_notices(session: ReadDep) -> JSONResponse:
    """What the operator says of the log itself, as it was signed: new keys, keys retired, the log's end."""
    found = await session.run_sync(notices)
    return JSONResponse([{"index": index, "statement": statement} for index, statement in found], headers=_OPEN)


@router.get("/keys/{key_id}/did.json", response_class=JSONResponse)
async def did_document(key_id: str, platform: PlatformDep, session: ReadDep) -> JSONResponse:
    """A signing key as a did:web document (W3C DID Core), with its public half as a Multikey."""
    document = await session.run_sync(did, platform.settings.hostname, read_id(key_id) or "")
    return JSONResponse(document, headers=_OPEN, media_type="application/did+json")


def did(session: Session, host: str, key_id: str) -> dict[str, Any]:
    """Return the document of a key; raises `KeyUnknown`.

    A key that ended stays in its purpose, or what it signed before could not be checked; when it ended is said in
    `revoked` and `expires` (W3C Controlled Identifiers 1.0, 2.2). `revoked` is the time of the first entry for which
    the key no longer counts; what decides is the index in the log.
    """
    key = known_key(session, key_id)
    subject = f"did:web:{host.replace(':', '%3A')}:keys:{key.id}"
    method = {
        "id": f"{subject}#{key.id}",
        "type": "Multikey",
        "controller": subject,
        "publicKeyMultibase": key.public,
    }
    if key.expires_at is not None:
        method["expires"] = rfc3339(key.expires_at)
    if key.last_valid_index is not None:
        first = session.get_one(LedgerEntry, key.last_valid_index + 1)
        method["revoked"] = rfc3339(load_entry(first.body).time)
    return {
        "@context": DID_CONTEXT,
        "id": subject,
        "verificationMethod": [method],
        "assertionMethod": [method["id"]],
    }
