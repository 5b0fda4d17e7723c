"""A correction against the event it names: what stands there now, and whether it may be set right so."""

from dataclasses import dataclass
from decimal import Decimal

from msgspec.structs import replace
from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor, Office
from shangeng_trace.amendments import amended, moved, set_right, undone
from shangeng_trace.amounts import check_sense
from shangeng_trace.batch_tables import Batch, EventBatch, EventRecord, Shipment
from shangeng_trace.canonical import load
from shangeng_trace.case import Case
from shangeng_trace.columns import plain
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import Amendment, Event, Flow, Portion
from shangeng_trace.ledger import find_statement
from shangeng_trace.refusals import (
    AmountOfNothing,
    EventInconsistent,
    MoreThanThere,
    SameAmount,
    ShipmentEnded,
    UsedAlready,
)
from shangeng_trace.steps import Effect, Step

DID_NOT_OCCUR = "did_not_occur"
"""What a correction says of an event that never happened; it takes back all that the event moved."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An earlier event as corrections have left it, with its step."""

    event: Event
    step: Step
    author: str

    @property
    def amounts(self) -> tuple[Amendment, ...]:
        """What it moved."""
        return moved(self.event, self.step.effect)


def right_amounts(
    session: Session, office: Office, actor: Actor, event_id: str, *, error: str, right: Portion, used: Portion
) -> tuple[Amendment, ...]:
    """Return what a correction changes: all of it where it never happened, else the amounts given, as in `amended`.

    Raises `AmountOfNothing`, `NoSuchAmount` and `CorrectThePart`; an event that is not the actor's is left to the rules.
    """
    there = standing_event(session, office, event_id)
    if there is None or there.author != actor.organisation_id:
        return ()
    if error == DID_NOT_OCCUR:
        if (right.amount, used.amount) != (None, None):
            raise AmountOfNothing(field="quantity")
        return undone(there.event, there.step.effect)
    return amended(there.event, there.step.effect, right, used)


def standing_event(session: Session, office: Office, event_id: str) -> Standing | None:
    """Return the event with this identifier as it stands, or None where there is none to be read."""
    row = session.exec(select(EventRecord).where(EventRecord.event_id == event_id)).first()
    event = None if row is None else _read(session, row.digest)
    if row is None or event is None:
        return None
    later = session.exec(
        select(EventRecord.digest)
        .join(EventBatch, col(EventBatch.index) == col(EventRecord.index))
        .where(col(EventBatch.batch_id).in_(event.batches), EventRecord.step == "correct")
        .distinct()
    )
    corrections = [one for one in (_read(session, each) for each in later) if one and one.record["event"] == event_id]
    category = session.get_one(Batch, event.batches[0]).category
    return Standing(set_right(event, corrections), office.catalogue.step(event.step, category), row.author)


def _read(session: Session, digest: str) -> Event | None:
    body = find_statement(session, digest)
    return None if body is None else read_event(load(body))


def check_correction(session: Session, office: Office, case: Case) -> None:
    """Raise what forbids a correction: amounts that never stood so, nothing changed, or what is used up already."""
    there = standing_event(session, office, case.event.record["event"])
    amends = case.event.amends
    if there is None:
        if amends:
            raise EventInconsistent(what="shangeng:amends")
        return  # its statement is withheld: it can be called wrong, and nothing more
    known = {(each.batch, each.packs, each.flow): each for each in there.amounts}
    never = case.event.record["error"] == DID_NOT_OCCUR
    named = {(each.batch, each.packs, each.flow) for each in amends}
    if len(named) != len(amends) or not named <= known.keys() or (never and named != known.keys()):
        raise EventInconsistent(what="shangeng:amends")
    if not amends:
        return
    for each in amends:
        found = known[each.batch, each.packs, each.flow]
        if (each.was, each.uom) != (found.was, found.uom) or (each.amount == 0) is not never:
            raise EventInconsistent(what="shangeng:amends")
        if each.uom is None and each.amount != each.amount.to_integral_value():
            raise EventInconsistent(what="a count must be whole")
    if all(each.amount == each.was for each in amends):
        raise SameAmount(field="quantity")
    batches = {batch: session.get_one(Batch, batch) for batch in there.event.batches}
    check_sense(replace(case, event=set_right(there.event, [case.event]), step=there.step, batches=batches))
    _check_goods_on_the_way(session, there, amends, case)
    _check_left(case)


def _check_left(case: Case) -> None:
    """What goes back out of a batch must still be there."""
    for batch in case.batches.values():
        for packs in (False, True):
            change = sum(each.change for each in case.event.amends if (each.batch, each.packs) == (batch.id, packs))
            have = Decimal(batch.units) if packs else batch.bulk
            if have + change < 0:
                unit = "" if packs else f" {batch.unit}"
                raise UsedAlready(field="quantity", lot=batch.lot, have=f"{plain(have)}{unit}", need=f"{-change}{unit}")


def _check_goods_on_the_way(session: Session, there: Standing, amends: tuple[Amendment, ...], case: Case) -> None:
    if there.step.effect is Effect.SHIP:
        shipment = session.get_one(Shipment, there.event.event_id)
        if shipment.received_by is not None:
            raise ShipmentEnded(field="event")
    elif there.step.effect is Effect.RECEIVE:
        shipment = session.get_one(Shipment, there.event.shipment)
        if shipment.received_by != there.event.event_id:
            raise ShipmentEnded(field="event")
        for each in amends:
            if each.flow is Flow.IN and each.amount > shipment.amount:
                lot, need = case.batches[each.batch].lot, plain(each.amount)
                raise MoreThanThere(field="quantity", lot=lot, have=plain(shipment.amount), need=need)
