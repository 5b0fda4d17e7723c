"""Goods on their way between members, and the form that takes them in."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor
from shangeng_trace.attachments import Picture
from shangeng_trace.batch_tables import Batch, EventRecord, Shipment
from shangeng_trace.batches import Take
from shangeng_trace.recording import Telling
from shangeng_trace.registry_tables import Organisation, Product
from shangeng_trace.steps import Step
from shangeng_web.console.answers import (
    PACKS,
    chosen_of,
    clock,
    days_of,
    last_values,
    lot_of,
    moment_of,
    take_of,
    values_of,
)
from shangeng_web.console.asking import Question, Sheet, ask, circumstances, question, units, units_like
from shangeng_web.console.states import measure, unit_words
from shangeng_web.i18n import Language, translator

SHIPMENTS = "/console/shipments"
_SENT = 30


@dataclass(frozen=True, slots=True)
class Consignment:
    """A shipment with what a page says of it: goods, amount, the other member, when it left."""

    shipment: Shipment
    event: EventRecord
    batch: Batch
    product: Product
    other: Organisation
    amount: str

    @property
    def path(self) -> str:
        """The address where it is taken in."""
        return f"{SHIPMENTS}/{self.shipment.event_id.removeprefix('urn:uuid:')}"


@dataclass(slots=True)
class ReceiveForm:
    """The form that takes a shipment in as a batch of one's own."""

    goods: Consignment
    step: Step
    sheet: Sheet
    farmers: Sequence[tuple[str, str]]
    pictures: list[Picture] = field(default_factory=list[Picture])

    @property
    def unit(self) -> str:
        """What the amount is stated in: the batch's unit, or packs."""
        return PACKS if self.goods.shipment.packs else self.goods.batch.unit

    def questions(self) -> list[Question]:
        """Return everything the form asks, in order."""
        _, sheet, goods = translator(self.sheet.language), self.sheet, self.goods
        hint = _("发来 %(amount)s；少了就照实写", amount=goods.amount)
        if goods.shipment.packs:
            shown: Question = {"unit": unit_words(goods.product.pack_unit, sheet.language)}
        else:
            shown = units(units_like(goods.batch.unit), "quantity", sheet)
        asked = [
            question(sheet, "quantity", _("收到多少"), kind="number", hint=hint, **shown),
            question(sheet, "lot", _("在本单位的批次号"), mono=True, maxlength=20),
        ]
        return [*asked, *(ask(known, sheet) for known in self.step.fields), *circumstances(sheet, self.farmers)]

    def begin(self, session: Session, actor: Actor) -> None:
        """Fill a fresh form: everything arrived, under the sender's lot where that is free."""
        lot = self.goods.batch.lot
        taken = set(session.exec(select(Batch.lot).where(Batch.owner == actor.organisation_id)))
        free = next(each for n in range(1, len(taken) + 2) if (each := lot if n == 1 else f"{lot}-{n}") not in taken)
        self.sheet.given = (
            days_of(self.step, self.sheet.moment)
            | last_values(session, actor.organisation_id, self.step)
            | {
                "at": clock(self.sheet.moment),
                "lot": free,
                "quantity": f"{self.goods.shipment.amount.normalize():f}",
            }
        )

    def read(self, told: str) -> tuple[str, Take | None, dict[str, object], Telling]:
        """Return lot, amount, record and circumstances; what is wrong stands in the sheet's problems."""
        sheet = self.sheet
        if self.goods.shipment.packs:
            sheet.given["quantity_unit"] = PACKS
        take = take_of(sheet, self.goods.batch.unit, required=True)
        lot, values = lot_of(sheet), values_of(self.step, sheet)
        claimed_by = chosen_of(sheet, "claimed_by", self.farmers, required=False)
        return lot, take, values, Telling(moment_of(sheet), claimed_by or None, tuple(self.pictures), told)


def waiting_for(session: Session, actor: Actor, language: Language) -> list[Consignment]:
    """Return what other members sent to this one and nobody has taken in, oldest first."""
    rows = session.exec(
        select(Shipment, EventRecord)
        .join(EventRecord, col(EventRecord.event_id) == col(Shipment.event_id))
        .where(Shipment.recipient == actor.organisation_id, col(Shipment.received_by).is_(None))
        .order_by(col(EventRecord.index))
    ).all()
    return [consignment(session, row, event, row.sender, language) for row, event in rows]


def sent_by(session: Session, actor: Actor, language: Language) -> list[Consignment]:
    """Return what this member sent lately, newest first."""
    rows = session.exec(
        select(Shipment, EventRecord)
        .join(EventRecord, col(EventRecord.event_id) == col(Shipment.event_id))
        .where(Shipment.sender == actor.organisation_id, col(Shipment.recipient).is_not(None))
        .order_by(col(EventRecord.index).desc())
        .limit(_SENT)
    ).all()
    return [consignment(session, row, event, row.recipient or "", language) for row, event in rows]


def consignment(session: Session, row: Shipment, event: EventRecord, other: str, language: Language) -> Consignment:
    """Return a shipment with what a page says of it; `other` is the member at its other end."""
    batch = session.get_one(Batch, row.batch_id)
    product = session.get_one(Product, batch.product_id)
    amount = measure(row.amount, product.pack_unit if row.packs else batch.unit, language)
    return Consignment(row, event, batch, product, session.get_one(Organisation, other), amount)
