"""Shipments over the API: goods on their way from one member to another."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from sqlmodel import Session, col, select

from shangeng_trace import batches as verbs
from shangeng_trace.acting import Actor
from shangeng_trace.batch_tables import Shipment
from shangeng_web.api.answers import READING, WRITING
from shangeng_web.api.batch_wire import MadeOut, ReceiveIn, ShipIn, ShipmentOut
from shangeng_web.api.batches import BatchPath
from shangeng_web.api.once import OnceDep
from shangeng_web.api.paging import Page, Slice, SliceDep, page
from shangeng_web.api.pictures import named_pictures
from shangeng_web.api.wire import EVENT_ID_PATTERN, SHIPMENT, ReceiptOut
from shangeng_web.deps import ApiActor, ReadDep

router = APIRouter(tags=["shipments"])

ShipmentPath = Annotated[
    str, Path(pattern=EVENT_ID_PATTERN, description="The `event_id` of the shipment.", examples=[SHIPMENT])
]


@router.post("/batches/{batch_id}/ship", status_code=201, summary="发货 · Ship to a member", responses=WRITING)
async def ship(batch_id: BatchPath, body: ShipIn, once: OnceDep) -> ReceiptOut:
    """Send some of a batch to another member, who receives it as a batch of their own."""
    telling = body.telling(await named_pictures(once.platform, once.actor, body.pictures))

    def command(session: Session) -> ReceiptOut:
        receipt = verbs.ship(
            session,
            once.platform.office,
            once.actor,
            batch_id=batch_id,
            recipient_id=body.recipient_id,
            take=body.quantity.take(),
            values=body.values,
            telling=telling,
        )
        return ReceiptOut.of(receipt)

    return await once.run(command, ReceiptOut, body)


@router.get("/shipments", summary="待接收的货 · Shipments waiting for you", responses=READING)
async def list_shipments(actor: ApiActor, session: ReadDep, part: SliceDep) -> Page[ShipmentOut]:
    """Goods that other members have sent you and you have not received yet, the oldest first."""
    rows = await session.run_sync(_waiting, actor, part)
    return page(rows, part, lambda row: row.event_id, ShipmentOut.of)


def _waiting(session: Session, actor: Actor, part: Slice) -> Sequence[Shipment]:
    return session.exec(
        select(Shipment)
        .where(
            Shipment.recipient == actor.organisation_id,
            col(Shipment.received_by).is_(None),
            Shipment.event_id > part.place,
        )
        .order_by(Shipment.event_id)
        .limit(part.limit + 1)
    ).all()


@router.post("/shipments/{shipment_id}/receive", status_code=201, summary="收货 · Receive", responses=WRITING)
async def receive(shipment_id: ShipmentPath, body: ReceiveIn, once: OnceDep) -> MadeOut:
    """Take in what another member sent, as a batch of your own that descends from it."""
    telling = body.telling(await named_pictures(once.platform, once.actor, body.pictures))

    def command(session: Session) -> MadeOut:
        batch_id, receipt = verbs.receive(
            session,
            once.platform.office,
            once.actor,
            shipment_id=shipment_id,
            lot=body.lot,
            values=body.values,
            take=body.quantity.take() if body.quantity else None,
            telling=telling,
        )
        return MadeOut(batches=[batch_id], receipt=ReceiptOut.of(receipt))

    return await once.run(command, MadeOut, body)
