"""Verifying a batch: in the reader's own browser, with that page kept as a file, or with the command."""

from base64 import b64encode
from functools import cache
from hashlib import sha256

from fastapi import APIRouter
from markupsafe import Markup
from sqlmodel import Session
from starlette.responses import Response

from shangeng_trace import checkpoint, known_keys, note, policy, proofs, strict, verifying
from shangeng_trace.base58 import NotBase58
from shangeng_trace.entry import EntryMalformed
from shangeng_trace.errors import MalformedError, ShangengError, VerificationError
from shangeng_trace.event_reading import EventMalformed
from shangeng_trace.ids import read_id
from shangeng_trace.keys import KeyMalformed, SignatureInvalid
from shangeng_trace.lineage import ancestors
from shangeng_trace.logtext import LogTextMalformed
from shangeng_trace.merkle import ConsistencyInvalid, InclusionInvalid
from shangeng_trace.proof_files import newest_entry
from shangeng_trace.registration import KeyRegistrationMalformed
from shangeng_trace.revocation import KeyRevocationMalformed
from shangeng_trace.witnessing import published_checkpoint
from shangeng_web.deps import Visitor
from shangeng_web.i18n import Language
from shangeng_web.public.batch import known_batch, witnesses_of
from shangeng_web.public.pages import Page, ReaderDep
from shangeng_web.static import assets

router = APIRouter(include_in_schema=False)

SHEET, SCRIPT = "verify.css", "verify.js"

FINDINGS: tuple[type[ShangengError], ...] = (
    MalformedError,
    VerificationError,
    strict.NotJson,
    strict.NotJsonValue,
    strict.DuplicateName,
    strict.BrokenText,
    strict.TooLarge,
    strict.TooDeep,
    strict.NumberNotExact,
    LogTextMalformed,
    NotBase58,
    KeyMalformed,
    SignatureInvalid,
    proofs.ProofMalformed,
    proofs.ContextChanged,
    proofs.KeyMismatch,
    EntryMalformed,
    EventMalformed,
    KeyRegistrationMalformed,
    KeyRevocationMalformed,
    InclusionInvalid,
    ConsistencyInvalid,
    note.NoSignatureKnown,
    note.NoteSignatureInvalid,
    checkpoint.WrongOrigin,
    checkpoint.NotSignedByLog,
    policy.LogNotKnown,
    policy.QuorumNotMet,
    verifying.BundleUnusable,
    verifying.ChainBroken,
    verifying.StatementMissing,
    verifying.StatementStray,
    known_keys.KeyNotRegistered,
    known_keys.KeyNotValid,
    known_keys.RevocationNotAllowed,
    known_keys.EntryWrong,
)
"""What the script may find, under the codes and in the words of the command."""


@router.get("/b/{batch}/verify")
@router.get("/B/{batch}/verify")
async def verify_page(batch: str, reader: ReaderDep) -> Response:
    """The check in the browser, and how anyone verifies the batch with a file and a command."""
    return await reader.page(lambda session: _verify_page(session, reader.visit, read_id(batch)))


@router.get("/b/{batch}/verify.html")
@router.get("/B/{batch}/verify.html")
async def saved_page(batch: str, reader: ReaderDep) -> Response:
    """The check as one file that works without any server."""
    visit = reader.visit
    row = await reader.session.run_sync(known_batch, read_id(batch))
    sheet, script = (assets()[name].body for name in (SHEET, SCRIPT))
    return visit.page(
        "public/verify_saved.html",
        headers={"Content-Disposition": f'attachment; filename="{row.lot}-verify.html"'},
        batch=row,
        saved=True,
        sentences=_sentences(visit.language),
        # Our own files: neither holds what would end its element, which a test asserts.
        style=Markup(sheet.decode()),  # noqa: S704  # as said above
        script=Markup(script.decode()),  # noqa: S704  # as said above
        sheet_digest=_source(sheet),
        script_digest=_source(script),
    )


@cache
def _sentences(language: Language) -> dict[str, str]:
    return {each.code: each.en if language == "en" else each.zh for each in FINDINGS}


def _source(body: bytes) -> str:
    """Name an inline element as a content policy does (CSP 3, 2.3.1)."""
    return f"sha256-{b64encode(sha256(body).digest()).decode()}"


def _verify_page(session: Session, visit: Visitor, batch_id: str | None) -> Page:
    batch = known_batch(session, batch_id)
    checkpoint = published_checkpoint(session, witnessed=visit.platform.witnessed)
    return Page(
        "public/verify.html",
        {
            "batch": batch,
            "sources": len(ancestors(session, batch.id)),
            "checkpoint": checkpoint,
            "newest": newest_entry(session, batch.id, checkpoint.size) if checkpoint else None,
            "witnesses": witnesses_of(checkpoint, visit.platform.trust),
            "policy": visit.platform.policy(session),
            "origin_of_log": visit.platform.ledger.origin,
            "sheet": SHEET,
            "sentences": _sentences(visit.language),
            "saved": False,
        },
    )
