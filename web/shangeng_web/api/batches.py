"""Batches over the API: what begins, happens to and becomes of them, by the same verbs as in the console."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlmodel import Session, select

from shangeng_trace import batches as verbs
from shangeng_trace.acting import Actor
from shangeng_trace.batch_tables import Batch
from shangeng_trace.registry_tables import OrganisationKind
from shangeng_trace.rules import state_of
from shangeng_web.api.answers import READING, WRITING
from shangeng_web.api.batch_wire import BatchIn, BatchOut, MadeOut, PackIn, ProcessIn, SplitIn, StepIn, parts_of
from shangeng_web.api.once import OnceDep
from shangeng_web.api.paging import Page, Slice, SliceDep, page
from shangeng_web.api.pictures import named_pictures
from shangeng_web.api.wire import BATCH, ID_PATTERN, ReceiptOut
from shangeng_web.deps import ApiActor, ReadDep

router = APIRouter(tags=["batches"])

BatchPath = Annotated[str, Path(pattern=ID_PATTERN, description="A batch's id.", examples=[BATCH])]


@router.get("/batches", summary="批次列表 · List batches", responses=READING)
async def list_batches(
    actor: ApiActor,
    session: ReadDep,
    part: SliceDep,
    lot: Annotated[
        str | None, Query(pattern="^[0-9A-Za-z._-]{1,20}$", description="Only this lot.", examples=["HM20260412"])
    ] = None,
) -> Page[BatchOut]:
    """Your organisation's batches in the order of their ids; a supervisor sees every member's."""
    return await session.run_sync(_page, actor, lot, part)


def _page(session: Session, actor: Actor, lot: str | None, part: Slice) -> Page[BatchOut]:
    query = select(Batch).where(Batch.id > part.place).order_by(Batch.id).limit(part.limit + 1)
    if actor.kind is not OrganisationKind.SUPERVISOR:
        query = query.where(Batch.owner == actor.organisation_id)
    if lot is not None:
        query = query.where(Batch.lot == lot.upper())
    rows = session.exec(query).all()
    return page(rows, part, lambda row: row.id, lambda row: BatchOut.of(row, state_of(session, row)))


@router.get("/batches/{batch_id}", summary="一个批次 · One batch", responses=READING)
async def get_batch(batch_id: BatchPath, actor: ApiActor, session: ReadDep) -> BatchOut:
    """A batch as it stands; your own, or any for a supervisor."""
    return await session.run_sync(_one, actor, batch_id)


def _one(session: Session, actor: Actor, batch_id: str) -> BatchOut:
    batch = readable_batch(session, actor, batch_id)
    return BatchOut.of(batch, state_of(session, batch))


def readable_batch(session: Session, actor: Actor, batch_id: str) -> Batch:
    """Return a batch that the actor owns or supervises; raises `BatchNotFound` or `NotYours`."""
    batch = verbs.get_batch(session, batch_id)
    if actor.kind is not OrganisationKind.SUPERVISOR:
        actor.must_own(batch.owner)
    return batch


@router.post("/batches", status_code=201, summary="开一个批次 · Open a batch", responses=WRITING)
async def open_batch(body: BatchIn, once: OnceDep) -> MadeOut:
    """Begin a batch of a product with its first step: planting, harvest or buying in."""
    telling = body.telling(await named_pictures(once.platform, once.actor, body.pictures))

    def command(session: Session) -> MadeOut:
        batch_id, receipt = verbs.open_batch(
            session,
            once.platform.office,
            once.actor,
            product_id=body.product_id,
            lot=body.lot,
            step=body.step,
            values=body.values,
            plot_id=body.plot_id,
            take=body.quantity.take() if body.quantity else None,
            telling=telling,
        )
        return MadeOut(batches=[batch_id], receipt=ReceiptOut.of(receipt))

    return await once.run(command, MadeOut, body)


@router.post("/batches/{batch_id}/steps", status_code=201, summary="记一个环节 · Record a step", responses=WRITING)
async def record_step(batch_id: BatchPath, body: StepIn, once: OnceDep) -> ReceiptOut:
    """An observation, input use, harvest, processing in place, sale, loss, test, hold, release, recall or close.

    For processing in place, `quantity` is what the batch weighs afterwards. The step `correct` sets amounts right: of the
    event it names, or all of them back to nothing where `error` is `did_not_occur`.
    """
    telling = body.telling(await named_pictures(once.platform, once.actor, body.pictures))

    def command(session: Session) -> ReceiptOut:
        receipt = verbs.record_step(
            session,
            once.platform.office,
            once.actor,
            batch_id=batch_id,
            step=body.step,
            values=body.values,
            take=body.quantity.take() if body.quantity else None,
            used=body.used.take() if body.used else None,
            telling=telling,
        )
        return ReceiptOut.of(receipt)

    return await once.run(command, ReceiptOut, body)


@router.post("/batches/{batch_id}/pack", status_code=201, summary="包装 · Pack into units", responses=WRITING)
async def pack(batch_id: BatchPath, body: PackIn, once: OnceDep) -> ReceiptOut:
    """Pack bulk into units; they cannot hold more than was packed."""
    telling = body.telling(await named_pictures(once.platform, once.actor, body.pictures))

    def command(session: Session) -> ReceiptOut:
        receipt = verbs.pack(
            session,
            once.platform.office,
            once.actor,
            batch_id=batch_id,
            packs=body.packs,
            values=body.values,
            take=body.quantity.take() if body.quantity else None,
            telling=telling,
        )
        return ReceiptOut.of(receipt)

    return await once.run(command, ReceiptOut, body)


@router.post("/batches/{batch_id}/split", status_code=201, summary="分批 · Split a batch", responses=WRITING)
async def split(batch_id: BatchPath, body: SplitIn, once: OnceDep) -> MadeOut:
    """Divide some of a batch into new ones of the same product."""
    parts = parts_of(body.parts)
    telling = body.telling(await named_pictures(once.platform, once.actor, body.pictures))

    def command(session: Session) -> MadeOut:
        made, receipt = verbs.split(
            session,
            once.platform.office,
            once.actor,
            batch_id=batch_id,
            parts=parts,
            values=body.values,
            telling=telling,
        )
        return MadeOut(batches=list(made), receipt=ReceiptOut.of(receipt))

    return await once.run(command, MadeOut, body)


@router.post("/process", status_code=201, summary="多批加工或归集 · Process or pool batches", responses=WRITING)
async def process(body: ProcessIn, once: OnceDep) -> MadeOut:
    """Make new batches of a product out of several; pooling and merging must neither lose nor add anything."""
    parts = parts_of(body.parts)
    telling = body.telling(await named_pictures(once.platform, once.actor, body.pictures))

    def command(session: Session) -> MadeOut:
        made, receipt = verbs.process(
            session,
            once.platform.office,
            once.actor,
            step=body.step,
            inputs={source.batch_id: source.quantity.take() for source in body.inputs},
            product_id=body.product_id,
            parts=parts,
            values=body.values,
            telling=telling,
        )
        return MadeOut(batches=list(made), receipt=ReceiptOut.of(receipt))

    return await once.run(command, MadeOut, body)
