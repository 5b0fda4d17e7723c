"""Batches on the wire."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from shangeng_trace.attachments import Picture
from shangeng_trace.batch_tables import Batch, Shipment
from shangeng_trace.batches import Part, Take
from shangeng_trace.columns import plain
from shangeng_trace.errors import RejectedError
from shangeng_trace.numbers import check_lot
from shangeng_trace.recording import Telling
from shangeng_trace.steps import BatchState
from shangeng_web.api.wire import (
    BATCH,
    EVENT,
    OTHER_BATCH,
    PICTURE,
    SHIPMENT,
    SHOP,
    BatchId,
    Digest,
    EventId,
    In,
    Moment,
    Number,
    OrganisationId,
    PersonId,
    PlotId,
    ProductId,
    ReceiptOut,
    Whole,
)

MOST_PICTURES = 8

Values = Annotated[
    dict[str, Any],
    Field(max_length=100, description="The step's fields by their keys, as `GET /api/v1/steps` lists them."),
]
Step = Annotated[str, Field(max_length=40, description="A step's key.")]
Lot = Annotated[str, Field(max_length=40, description="Your own number for the batch.", examples=["HM20260412"])]


class Amount(In):
    """A quantity: in a unit of mass, volume or count, or `packs` of packed units."""

    amount: Number = Field(examples=["38"])
    unit: str = Field(default="", max_length=20, description="The batch's own where absent.", examples=["kg"])
    packs: bool = Field(default=False, description="Whether packed units are meant; then without a unit.")

    def take(self) -> Take:
        """Return it as the verbs take it."""
        return Take(self.amount, self.unit, self.packs)


class Told(In):
    """How an event is told."""

    values: Values = Field(default_factory=dict)
    event_id: EventId | None = Field(
        default=None, description="Your own identifier (UUID version 7); the same event twice is one."
    )
    at: Moment | None = Field(
        default=None, description="When it happened; now where absent.", examples=["2026-04-12T06:40:00+08:00"]
    )
    claimed_by: PersonId | None = Field(default=None, description="The person of yours for whom this is written.")
    pictures: list[Digest] = Field(
        default_factory=list,
        max_length=MOST_PICTURES,
        description="SHA-256 of pictures that `POST /api/v1/pictures` took before.",
    )

    def telling(self, pictures: list[Picture]) -> Telling:
        """Return it as the verbs take it."""
        return Telling(at=self.at, claimed_by=self.claimed_by, event_id=self.event_id, pictures=pictures)


class StepIn(Told):
    """A step on one batch; `quantity` where the step is weighed, and in a correction the right amount of its event."""

    step: Step = Field(examples=["fix"])
    values: Values = Field(default_factory=dict, examples=[{"temp_c": 280, "minutes": 2}])
    quantity: Amount | None = None
    used: Amount | None = Field(
        default=None, description="In a correction of processing in place: the right amount of what went in."
    )
    pictures: list[Digest] = Field(
        default_factory=list,
        max_length=MOST_PICTURES,
        description="SHA-256 of pictures that `POST /api/v1/pictures` took before.",
        examples=[[PICTURE]],
    )


class BatchIn(Told):
    """A batch with its first step."""

    product_id: ProductId
    lot: Lot
    step: Step = Field(examples=["harvest"])
    values: Values = Field(
        default_factory=dict, examples=[{"harvest_date": "2026-04-12", "pick_standard": "bud_leaf_1"}]
    )
    plot_id: PlotId | None = Field(default=None, examples=["6RDHY1KT9ZAP4CM2"])
    quantity: Amount | None = Field(default=None, examples=[{"amount": "76", "unit": "斤"}])
    event_id: EventId | None = Field(
        default=None, description="Your own identifier; the same event twice is one.", examples=[EVENT]
    )


class PartIn(In):
    """A batch to be made."""

    lot: Lot
    quantity: Amount


class SplitIn(Told):
    """Some of a batch divided into new ones."""

    parts: list[PartIn] = Field(
        min_length=1,
        max_length=50,
        examples=[
            [
                {"lot": "HM20260412-A", "quantity": {"amount": "10", "unit": "kg"}},
                {"lot": "HM20260412-B", "quantity": {"amount": "8", "unit": "kg"}},
            ]
        ],
    )


class SourceIn(In):
    """A batch that goes in, and how much of it."""

    batch_id: BatchId
    quantity: Amount


class ProcessIn(Told):
    """Several batches in, one or more out: processing, pooling, merging."""

    step: Step = Field(examples=["fix"])
    product_id: ProductId
    inputs: list[SourceIn] = Field(
        min_length=1,
        max_length=200,
        examples=[
            [
                {"batch_id": BATCH, "quantity": {"amount": "10", "unit": "kg"}},
                {"batch_id": OTHER_BATCH, "quantity": {"amount": "10", "unit": "kg"}},
            ]
        ],
    )
    parts: list[PartIn] = Field(
        min_length=1,
        max_length=50,
        examples=[[{"lot": "HM20260413-F", "quantity": {"amount": "16.5", "unit": "kg"}}]],
    )
    values: Values = Field(default_factory=dict, examples=[{"temp_c": 260}])


class PackIn(Told):
    """Bulk packed into units; all of it where `quantity` is absent."""

    packs: Whole = Field(ge=1, le=10**9, examples=[164])
    quantity: Amount | None = Field(default=None, examples=[{"amount": "8.2", "unit": "kg"}])
    values: Values = Field(
        default_factory=dict,
        examples=[
            {
                "pack_size": {"amount": 50, "unit": "g"},
                "prod_date": "2026-04-14",
                "best_before": "2027-10-13",
                "std_code": "GB/T 14456.2",
            }
        ],
    )


class ShipIn(Told):
    """Goods sent to another member."""

    recipient_id: OrganisationId = Field(examples=[SHOP])
    quantity: Amount = Field(examples=[{"amount": "100", "packs": True}])
    values: Values = Field(default_factory=dict, examples=[{"transport": "ambient", "vehicle": "浙K12345"}])
    event_id: EventId | None = Field(
        default=None, description="Your own identifier, and the shipment's.", examples=[SHIPMENT]
    )


class ReceiveIn(Told):
    """Goods taken in under a lot of one's own; all that was sent where `quantity` is absent."""

    lot: Lot = Field(examples=["IN-001"])
    quantity: Amount | None = None
    values: Values = Field(default_factory=dict, examples=[{"condition": "good"}])


class MadeOut(BaseModel):
    """New batches and the receipt of the event that made them."""

    batches: list[BatchId]
    receipt: ReceiptOut


class BatchOut(BaseModel):
    """A batch as it stands."""

    id: BatchId
    lot: str = Field(examples=["HM20260412"])
    owner: OrganisationId
    product_id: ProductId
    category: str = Field(examples=["tea"])
    unit: str = Field(examples=["kg"])
    plot_id: PlotId | None
    bulk: str = Field(description="On hand in bulk, in `unit`.", examples=["8.2"])
    packs: int = Field(description="Packed units on hand.", examples=[64])
    packed: int = Field(description="Units ever packed.", examples=[164])
    state: BatchState
    opened_at: datetime
    changed_at: datetime
    last_step: str = Field(examples=["ship"])

    @classmethod
    def of(cls, batch: Batch, state: BatchState) -> "BatchOut":
        """Return a batch as the API gives it."""
        return cls(
            id=batch.id,
            lot=batch.lot,
            owner=batch.owner,
            product_id=batch.product_id,
            category=batch.category,
            unit=batch.unit,
            plot_id=batch.plot_id,
            bulk=plain(batch.bulk),
            packs=batch.units,
            packed=batch.packed,
            state=state,
            opened_at=batch.opened_at,
            changed_at=batch.changed_at,
            last_step=batch.last_step,
        )


class ShipmentOut(BaseModel):
    """Goods on the way to you."""

    id: EventId = Field(examples=[SHIPMENT])
    batch_id: BatchId
    sender: OrganisationId
    packs: bool = Field(examples=[True])
    amount: str = Field(description="Packed units, or bulk in the batch's unit.", examples=["100"])

    @classmethod
    def of(cls, row: Shipment) -> "ShipmentOut":
        """Return a shipment as the API gives it."""
        return cls(id=row.event_id, batch_id=row.batch_id, sender=row.sender, packs=row.packs, amount=plain(row.amount))


def parts_of(parts: list[PartIn]) -> list[Part]:
    """Return the batches to be made as the verbs take them; raises what is wrong with a lot at its own member."""
    for number, part in enumerate(parts):
        try:
            check_lot(part.lot)
        except RejectedError as error:
            error.field = f"parts.{number}.lot"
            raise
    return [Part(part.lot, part.quantity.take()) for part in parts]
