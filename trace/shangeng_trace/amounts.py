"""The quantities of an event against what its batches hold: nothing goes below zero, nothing appears from nowhere."""

from decimal import Decimal
from functools import reduce

from sqlmodel import Session

from shangeng_trace.batch_tables import Batch, Shipment
from shangeng_trace.case import Case
from shangeng_trace.columns import plain
from shangeng_trace.events import Portion
from shangeng_trace.projection import LEAVING
from shangeng_trace.quantities import Quantity
from shangeng_trace.refusals import (
    EventInconsistent,
    MoreThanThere,
    PackedTooMany,
    QuantityMissing,
    RecipientUnknown,
    SentToSelf,
    ShipmentNotOpen,
    SumsDiffer,
    YieldTooHigh,
)
from shangeng_trace.registry_tables import Organisation, OrganisationKind
from shangeng_trace.steps import Effect

_MOVING = (Effect.SPLIT, Effect.MERGE, Effect.PACK, Effect.SHIP, Effect.ADJUST)


def check_amounts(session: Session, case: Case) -> None:
    """Raise what the quantities forbid."""
    event, effect = case.event, case.step.effect
    if effect is Effect.RECEIVE:
        _check_receipt(session, case)
        return
    amounts = [portion.amount for portion in case.portions()]
    moves = effect in _MOVING
    if None in amounts and (case.step.weigh == "must" or moves or any(amounts)):
        raise QuantityMissing(field="quantity")
    if case.step.weigh == "no" and not moves and any(amount is not None for amount in amounts):
        raise EventInconsistent(what="quantity")
    leaving = event.subjects if effect in LEAVING else event.inputs
    for portion in leaving:
        if portion.batch not in case.batches:
            raise EventInconsistent(what="a batch cannot be used before it began")
        _check_there(case.batches[portion.batch], portion)
    if not all(amount is None or amount > 0 for amount in amounts):
        raise QuantityMissing(field="quantity")
    check_sense(case)
    if effect is Effect.SHIP:
        _check_recipient(session, case)


def check_sense(case: Case) -> None:
    """Raise what the amounts of one event forbid among themselves, whatever its batches hold."""
    match case.step.effect:
        case Effect.SPLIT | Effect.MERGE:
            _check_sums(case)
        case Effect.TRANSFORM:
            _check_yield(case)
        case Effect.PACK:
            _check_packs(case)
        case _:
            pass  # it names one amount


def _check_there(batch: Batch, portion: Portion) -> None:
    have = Decimal(batch.units) if portion.packs else batch.bulk
    if portion.amount is not None and portion.amount > have:
        unit = "" if portion.packs else f" {batch.unit}"
        raise MoreThanThere(field="quantity", lot=batch.lot, have=plain(have) + unit, need=plain(portion.amount) + unit)


def _check_sums(case: Case) -> None:
    event = case.event
    if len({(case.unit(portion.batch), portion.packs) for portion in case.portions()}) > 1:
        raise EventInconsistent(what="unit")
    products = {row.product_id for row in case.batches.values()} | {item.product for item in event.opened}
    if event.inputs[0].packs and len(products) > 1:
        raise EventInconsistent(what="product")
    whole = sum((portion.amount or Decimal(0) for portion in event.inputs), Decimal(0))
    parts = sum((portion.amount or Decimal(0) for portion in event.outputs), Decimal(0))
    if whole != parts:
        raise SumsDiffer(field="quantity", whole=plain(whole), parts=plain(parts))


def _check_yield(case: Case) -> None:
    """Nothing comes out heavier than it went in, unless its step says so; what is measured otherwise is not compared."""
    used = [_measured(case, portion) for portion in case.event.inputs]
    made = [_measured(case, portion) for portion in case.event.outputs]
    alike = [one for one in made if all(one.is_comparable(each) for each in used)]
    if case.step.gains or not alike:
        return
    whole, parts = reduce(Quantity.__add__, used), reduce(Quantity.__add__, alike)
    if parts > whole:
        raise YieldTooHigh(
            field="quantity",
            zh_step=case.step.zh,
            en_step=case.step.en,
            zh_used=whole.words("zh"),
            en_used=whole.words("en"),
            zh_made=parts.words("zh"),
            en_made=parts.words("en"),
        )


def _measured(case: Case, portion: Portion) -> Quantity:
    return Quantity(portion.amount or Decimal(0), case.unit(portion.batch))


def _check_packs(case: Case) -> None:
    """Packs cannot hold more than was packed: 8.2 kg fill 164 tins of 50 g, never 165."""
    source, made = case.event.inputs[0], case.event.outputs[0]
    each = Quantity.from_json(case.event.record.get("pack_size"))
    have = Quantity(source.amount or Decimal(0), case.unit(source.batch))
    packs = made.amount or Decimal(0)
    need = Quantity(each.amount * packs, each.unit)
    if not need.is_comparable(have):
        raise EventInconsistent(what="pack size")
    if need > have:
        raise PackedTooMany(
            field="packs",
            packs=plain(packs),
            zh_each=each.words("zh"),
            en_each=each.words("en"),
            zh_need=need.to(have.unit).words("zh"),
            en_need=need.to(have.unit).words("en"),
            zh_have=have.words("zh"),
            en_have=have.words("en"),
            most=int(have.to(each.unit).amount // each.amount),
        )


def _check_recipient(session: Session, case: Case) -> None:
    event = case.event
    recipient = session.get(Organisation, event.recipient) if event.recipient else None
    if event.sender != case.author.controller:
        raise EventInconsistent(what="sourceList")
    if event.recipient == event.sender:
        raise SentToSelf(field="recipient")
    if recipient is None or recipient.kind is not OrganisationKind.MEMBER:
        raise RecipientUnknown(field="recipient")


def _check_receipt(session: Session, case: Case) -> None:
    event = case.event
    shipment = session.get(Shipment, event.shipment) if event.shipment else None
    taken, made = event.inputs[0], event.outputs[0]
    if (
        shipment is None
        or shipment.recipient != case.author.controller
        or shipment.received_by is not None
        or (shipment.batch_id, shipment.packs) != (taken.batch, taken.packs)
    ):
        raise ShipmentNotOpen
    if (event.sender, event.recipient) != (shipment.sender, shipment.recipient):
        raise EventInconsistent(what="sourceList or destinationList")
    if taken.packs != made.packs or taken.amount != made.amount or not made.amount or made.amount <= 0:
        raise EventInconsistent(what="quantity")
    if made.amount > shipment.amount:
        raise MoreThanThere(
            field="quantity",
            lot=case.batches[taken.batch].lot,
            have=plain(shipment.amount),
            need=plain(made.amount),
        )
