"""An event: the EPCIS 2.0 document that says a step happened to batches (design 4.2). Pure.

    ObjectEvent          quantityList               the batch a step is about: ADD brings quantity in, DELETE takes
                                                    it out, OBSERVE leaves it
    TransformationEvent  input-, outputQuantityList batches consumed and made; one batch may stand on both sides,
                                                    as when leaf is dried, or tea is packed into tins

A batch in bulk is `urn:shangeng:batch:<id>`, its packed units `urn:shangeng:packs:<id>`. Bulk is written in KGM, LTR
or a bare count; packs are always a bare count.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct, field
from msgspec.structs import force_setattr

from shangeng_trace.clock import SHANGHAI

EPCIS_CONTEXT: list[Any] = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"shangeng": "urn:shangeng:vocab:"},
]
UOM = {"kg": "KGM", "L": "LTR"}
"""Units of bulk that EPCIS writes (UN/ECE Recommendation 20); every other unit is a count and has none."""

PICTURE = "photo_"
"""What the names of the commitments to an event's pictures begin with."""


class Portion(Struct, frozen=True, array_like=True):
    """Some of a batch: bulk in the batch's unit (`uom` for mass and volume), or a count of packs.

    `amount` None says the batch as such.
    """

    batch: str
    amount: Decimal | None = None
    packs: bool = False
    uom: str | None = None


class Flow(StrEnum):
    """Which way an amount went: into a batch, out of it, or into its packs when they were made."""

    IN = "in"
    OUT = "out"
    PACKED = "packed"


class Amendment(Struct, frozen=True, array_like=True):
    """An amount of an earlier event set right: what stood, and what is true, of a batch in bulk or in packs."""

    batch: str
    flow: Flow
    was: Decimal
    amount: Decimal
    packs: bool = False
    uom: str | None = None

    @property
    def change(self) -> Decimal:
        """What the batch holds more than before; below zero what it holds less."""
        more = self.amount - self.was
        return -more if self.flow is Flow.OUT else more

    def document(self) -> dict[str, Any]:
        """Return it as a quantity element that also says `flow` and `was`."""
        right = _quantity(Portion(self.batch, self.amount, self.packs, self.uom))
        return right | {"flow": self.flow.value, "was": _number(self.was)}


class Device(Struct, frozen=True, array_like=True):
    """Where a statement stands in the sequence of the device that signed it: `prev` is the digest of the one before."""

    counter: int
    prev: str


class Opened(Struct, frozen=True, array_like=True):
    """What an event says of a batch it makes: enough to show and check it without any table."""

    batch: str
    lot: str
    product: str
    name: str
    name_en: str
    category: str
    unit: str
    county: str
    gtin: str | None = None
    plot: str | None = None

    def document(self) -> dict[str, str]:
        """Return the facts as JSON members; absent ones are left out."""
        pairs = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in pairs.items() if value is not None}


class Event(Struct, frozen=True, array_like=True):
    """An event in the ledger's terms. `subjects` for object events, `inputs` and `outputs` for transformations.

    It and its parts are msgspec's structs: they are made, and handed from process to process, in a third of the time.
    """

    event_id: str
    type: str
    step: str
    action: str | None
    biz_step: str
    disposition: str | None
    happened_at: datetime
    subjects: tuple[Portion, ...] = ()
    inputs: tuple[Portion, ...] = ()
    outputs: tuple[Portion, ...] = ()
    opened: tuple[Opened, ...] = ()
    record: dict[str, Any] = field(default_factory=dict[str, Any])
    plot: str | None = None
    sender: str | None = None
    recipient: str | None = None
    shipment: str | None = None
    lifts: tuple[str, ...] = ()
    amends: tuple[Amendment, ...] = ()
    basis: dict[str, str] | None = None
    device: Device | None = None
    entered_by: str | None = None
    claimed_by: str | None = None
    commitments: dict[str, str] = field(default_factory=dict[str, str])
    batches: tuple[str, ...] = ()
    """Every batch whose chain this event stands in: what it reads from first, what it makes last. Follows from the rest."""

    def __post_init__(self) -> None:
        portions = (*self.subjects, *self.inputs, *self.outputs)
        force_setattr(self, "batches", tuple(dict.fromkeys([portion.batch for portion in portions])))

    def document(self) -> dict[str, Any]:
        """Return the EPCIS document."""
        local = self.happened_at.astimezone(SHANGHAI)
        out: dict[str, Any] = {
            "@context": EPCIS_CONTEXT,
            "type": self.type,
            "eventID": self.event_id,
            "eventTime": local.isoformat(timespec="milliseconds"),
            "eventTimeZoneOffset": "+08:00",
            "bizStep": self.biz_step,
        }
        if self.action is not None:
            out["action"] = self.action
        if self.disposition is not None:
            out["disposition"] = self.disposition
        out |= self._what() | self._where()
        if self.opened:
            out["ilmd"] = {"shangeng:batches": [opened.document() for opened in self.opened]}
        out["shangeng:step"] = self.step
        out["shangeng:record"] = self.record
        extra = {
            "shangeng:lifts": list(self.lifts) or None,
            "shangeng:amends": [each.document() for each in self.amends] or None,
            "shangeng:basis": self.basis,
            "shangeng:device": self.device and {"counter": self.device.counter, "prev": self.device.prev},
            "shangeng:enteredBy": self.entered_by,
            "shangeng:claimedBy": self.claimed_by,
            "shangeng:commitments": self.commitments or None,
        }
        return out | {name: value for name, value in extra.items() if value is not None}

    def _what(self) -> dict[str, Any]:
        if self.type == "ObjectEvent":
            return {"quantityList": [_quantity(portion) for portion in self.subjects]}
        return {
            "inputQuantityList": [_quantity(portion) for portion in self.inputs],
            "outputQuantityList": [_quantity(portion) for portion in self.outputs],
        }

    def _where(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        if self.plot is not None:
            out["readPoint"] = {"id": f"urn:shangeng:plot:{self.plot}"}
        if self.sender is not None:
            out["sourceList"] = [{"type": "owning_party", "source": f"urn:shangeng:organisation:{self.sender}"}]
        if self.recipient is not None:
            out["destinationList"] = [
                {"type": "owning_party", "destination": f"urn:shangeng:organisation:{self.recipient}"}
            ]
        if self.shipment is not None:
            out["bizTransactionList"] = [{"type": "desadv", "bizTransaction": self.shipment}]
        return out


def _quantity(portion: Portion) -> dict[str, Any]:
    element: dict[str, Any] = {"epcClass": f"urn:shangeng:{'packs' if portion.packs else 'batch'}:{portion.batch}"}
    if portion.amount is not None:
        element["quantity"] = _number(portion.amount)
        if portion.uom is not None:
            element["uom"] = portion.uom
    return element


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)
