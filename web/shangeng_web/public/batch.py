"""A batch's public addresses: its page, its proof, its symbol."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import Response

from shangeng_certs.standing import batch_mark
from shangeng_certs.validity import MarkStanding
from shangeng_labels.codes import batch_address
from shangeng_labels.qr import png, svg, symbol
from shangeng_trace.batch_tables import Batch
from shangeng_trace.bundle import build_bundle
from shangeng_trace.canonical import canonical
from shangeng_trace.ids import read_id
from shangeng_trace.log_tables import LedgerCheckpoint
from shangeng_trace.policy import Policy
from shangeng_trace.refusals import BatchNotFound
from shangeng_trace.witnessing import witness_times
from shangeng_web.deps import PlatformDep, ReadDep, Visitor
from shangeng_web.public.dossier import Dossier, read_dossier
from shangeng_web.public.goods import last_packing
from shangeng_web.public.linked_data import product_data
from shangeng_web.public.pages import Page, ReaderDep
from shangeng_web.public.shelf import etag, revalidated
from shangeng_web.public.story import compose

router = APIRouter(include_in_schema=False)

SYMBOL = "public, max-age=86400"
BUNDLE = "public, max-age=0, s-maxage=20, must-revalidate"


@router.get("/b/{batch}")
@router.get("/B/{batch}")
async def batch_page(batch: str, reader: ReaderDep) -> Response:
    """A batch's story."""
    return await reader.page(lambda session: story_page(session, reader.visit, read_id(batch), at=reader.at))


@router.get("/b/{batch}/bundle.json")
@router.get("/B/{batch}/bundle.json")
async def bundle(batch: str, request: Request, platform: PlatformDep, session: ReadDep) -> Response:
    """The proof bundle: everything from which the batch is verified without this server (design 4.4)."""
    moment = platform.office.clock()

    def build(session: Session) -> tuple[str, bytes]:
        row = known_batch(session, read_id(batch))
        mark = batch_mark(session, batch_id=row.id, at=moment).now
        chains = [
            f"{standing.kind.value}:{standing.number}"
            for standing in (mark.certificate, mark.licence)
            if standing.number is not None
        ]
        return row.lot, canonical(build_bundle(session, row.id, chains=chains, witnessed=platform.witnessed))

    lot, body = await session.run_sync(build)
    headers = {
        "Content-Type": "application/json",
        "Content-Disposition": f'attachment; filename="{lot}-bundle.json"',
        "Cache-Control": BUNDLE,
        "Access-Control-Allow-Origin": "*",
        "ETag": etag(body),
    }
    return revalidated(request.headers, body, headers)


@router.get("/b/{batch}/qr.svg")
@router.get("/B/{batch}/qr.svg")
async def symbol_svg(batch: str, request: Request, platform: PlatformDep, session: ReadDep) -> Response:
    """The symbol of the batch's address, for cartons and shelves."""
    row = await session.run_sync(known_batch, read_id(batch))
    address = batch_address(platform.settings.origin, row.id)
    return _symbol(request, svg(symbol(address), title=address).encode(), "image/svg+xml")


@router.get("/b/{batch}/qr.png")
@router.get("/B/{batch}/qr.png")
async def symbol_png(batch: str, request: Request, platform: PlatformDep, session: ReadDep) -> Response:
    """The same as dots, for programs that read no SVG."""
    row = await session.run_sync(known_batch, read_id(batch))
    return _symbol(request, png(symbol(batch_address(platform.settings.origin, row.id))), "image/png")


def story_page(session: Session, visit: Visitor, batch_id: str | None, *, at: datetime, **more: Any) -> Page:
    """Return the page of a batch, a unit's label on it if `more` says so; raises `BatchNotFound`."""
    dossier = read_dossier(session, visit.platform.office.catalogue, batch_id or "", at=at)
    if dossier is None:
        raise BatchNotFound
    whole = visit.request.query_params.get("steps") == "all"
    story = compose(dossier, _mark_at_packing(session, dossier), visit.language, whole=whole)
    address = batch_address(visit.platform.settings.origin, dossier.batch.id)
    context = {
        "story": story,
        "label": None,
        "linked": product_data(story, address, visit.language),
        "witnesses": witnesses_of(dossier.heads.witnessed, visit.platform.trust),
        **more,
    }
    return Page("public/batch.html", context)


def witnesses_of(head: LedgerCheckpoint | None, trust: Policy) -> list[tuple[str, datetime]]:
    """Return who has cosigned a head and when, for a page."""
    return [(name, datetime.fromtimestamp(time, UTC)) for name, time in witness_times(head, trust).items()]


def _mark_at_packing(session: Session, dossier: Dossier) -> MarkStanding | None:
    """Return how the mark stood when the goods were packed, by this owner or by the one they came from."""
    if dossier.mark.packed is not None:
        return dossier.mark.packed
    packing = last_packing(dossier)
    if packing is None:
        return None
    return batch_mark(session, batch_id=packing.event.batches[0], at=packing.event.happened_at).now


def known_batch(session: Session, batch_id: str | None) -> Batch:
    """Return a batch; raises `BatchNotFound`."""
    row = session.get(Batch, batch_id or "")
    if row is None:
        raise BatchNotFound
    return row


def _symbol(request: Request, body: bytes, media_type: str) -> Response:
    return revalidated(request.headers, body, {"Content-Type": media_type, "Cache-Control": SYMBOL, "ETag": etag(body)})
