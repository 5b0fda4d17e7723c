"""What happens to batches: one verb for every thing the domain has a word for.

Each verb builds one event, signs it with the organisation's key in custody and records it. Amounts are what a person
typed, in any unit of the batch's dimension; the event holds them in the batch's own unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor, Office
from shangeng_trace.batch_tables import Batch, Restriction, Shipment
from shangeng_trace.correcting import right_amounts
from shangeng_trace.entry import Receipt
from shangeng_trace.events import UOM, Amendment, Event, Opened, Portion
from shangeng_trace.ids import new_event_id, new_id
from shangeng_trace.numbers import check_lot
from shangeng_trace.quantities import quantity
from shangeng_trace.recording import Private, Telling, tell
from shangeng_trace.records import Record, check_record
from shangeng_trace.refusals import AnotherForm, BatchNotFound, NoSuchAmount, QuantityMissing, ShipmentNotOpen
from shangeng_trace.registry import get_plot, get_product, must_be_in_use
from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_trace.rules import facts
from shangeng_trace.steps import Effect, Step

Values = Mapping[str, object]

_OTHER_FORMS = (Effect.SPLIT, Effect.MERGE, Effect.PACK, Effect.SHIP, Effect.RECEIVE)
"""What `record_step` does not do: these name other batches, counts or members, and have verbs of their own."""


@dataclass(frozen=True, slots=True)
class Take:
    """An amount as somebody stated it; `unit` empty means the batch's own, `packs` counts packed units."""

    amount: str | Decimal
    unit: str = ""
    packs: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A batch to be made: its lot and how much goes into it."""

    lot: str
    take: Take


def open_batch(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    product_id: str,
    lot: str,
    step: str,
    values: Values,
    plot_id: str | None = None,
    take: Take | None = None,
    telling: Telling | None = None,
) -> tuple[str, Receipt]:
    """Begin a batch of a product with its first step (planting, harvest, buying in); return its id and the receipt."""
    _must_log(actor)
    product = get_product(session, product_id)
    actor.must_own(product.organisation_id)
    must_be_in_use(product, "product_id")
    if plot_id:
        plot = get_plot(session, plot_id)
        actor.must_own(plot.organisation_id)
        must_be_in_use(plot, "plot_id")
    opened = facts(session, product, batch=new_id(), lot=check_lot(lot), plot_id=plot_id or None)
    known = office.catalogue.check_possible(step, opened.category, set())
    subject = _portion(opened.batch, opened.unit, take)
    receipt = _record(
        session, office, actor, known, values, telling=telling, subjects=(subject,), opened=(opened,), plot=opened.plot
    )
    return made_by(receipt)[0], receipt


def record_step(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    batch_id: str,
    step: str,
    values: Values,
    take: Take | None = None,
    used: Take | None = None,
    telling: Telling | None = None,
) -> Receipt:
    """Record a step on one batch: an observation, input use, harvest into it, processing in place, sale, loss, test.

    For processing in place, `take` is what the batch weighs afterwards; all there was before went in. For a correction
    it is the right amount of what the named event did to this batch, and `used` that of what went into processing in place.
    """
    _must_log(actor)
    batch = get_batch(session, batch_id)
    known = office.catalogue.step(step, batch.category)
    if known.effect in _OTHER_FORMS:
        raise AnotherForm(field="step", zh_step=known.zh, en_step=known.en)
    if known.effect is Effect.TRANSFORM:
        before = Portion(batch_id, batch.bulk if take else None, uom=UOM.get(batch.unit) if take else None)
        return _record(
            session,
            office,
            actor,
            known,
            values,
            telling=telling,
            inputs=(before,),
            outputs=(_portion(batch_id, batch.unit, take),),
        )
    portion = _portion(batch_id, batch.unit, take)
    if known.effect is Effect.CORRECT:
        went_in = _portion(batch_id, batch.unit, used)
        return _correct(session, office, actor, known, values, telling=telling, right=portion, used=went_in)
    if used is not None:
        raise NoSuchAmount(field="used")
    lifts = _liftable(session, actor, batch_id) if known.effect is Effect.RELEASE else ()
    return _record(
        session, office, actor, known, values, telling=telling, subjects=(portion,), plot=batch.plot_id, lifts=lifts
    )


def process(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    step: str,
    inputs: Mapping[str, Take],
    product_id: str,
    parts: Sequence[Part],
    values: Values,
    telling: Telling | None = None,
) -> tuple[tuple[str, ...], Receipt]:
    """Make new batches of a product out of several batches; return their ids and the receipt.

    One verb for processing, pooling and merging: the step's effect decides whether sums must agree.
    """
    _must_log(actor)
    product = get_product(session, product_id)
    made = tuple(facts(session, product, batch=new_id(), lot=check_lot(part.lot), plot_id=None) for part in parts)
    sources = {batch_id: get_batch(session, batch_id) for batch_id in inputs}
    if not (sources and made):
        raise QuantityMissing(field="quantity")
    known = office.catalogue.step(step, next(iter(sources.values())).category)
    if known.effect not in (Effect.TRANSFORM, Effect.MERGE):
        raise AnotherForm(field="step", zh_step=known.zh, en_step=known.en)
    if known.effect is Effect.TRANSFORM:  # what is there of a retired product may still be put together
        must_be_in_use(product, "product_id")
    receipt = _record(
        session,
        office,
        actor,
        known,
        values,
        telling=telling,
        inputs=tuple(_portion(batch_id, sources[batch_id].unit, take) for batch_id, take in inputs.items()),
        outputs=tuple(_portion(opened.batch, opened.unit, part.take) for opened, part in zip(made, parts, strict=True)),
        opened=made,
    )
    return made_by(receipt), receipt


def split(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    batch_id: str,
    parts: Sequence[Part],
    values: Values | None = None,
    telling: Telling | None = None,
) -> tuple[tuple[str, ...], Receipt]:
    """Divide some of a batch into new batches of the same product; what goes out equals what comes in."""
    _must_log(actor)
    batch = get_batch(session, batch_id)
    product = get_product(session, batch.product_id)
    made = tuple(
        facts(session, product, batch=new_id(), lot=check_lot(part.lot), plot_id=batch.plot_id) for part in parts
    )
    if not made:
        raise QuantityMissing(field="quantity")
    outputs = tuple(_portion(opened.batch, batch.unit, part.take) for opened, part in zip(made, parts, strict=True))
    whole = sum((portion.amount or Decimal(0) for portion in outputs), Decimal(0))
    packs = any(portion.packs for portion in outputs)
    source = Portion(batch_id, whole, packs, None if packs else UOM.get(batch.unit))
    known = office.catalogue.step("split", batch.category)
    receipt = _record(
        session, office, actor, known, values or {}, telling=telling, inputs=(source,), outputs=outputs, opened=made
    )
    return made_by(receipt), receipt


def pack(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    batch_id: str,
    packs: str | int,
    values: Values,
    take: Take | None = None,
    telling: Telling | None = None,
) -> Receipt:
    """Pack bulk into units; `take` is what was packed, all there is where it is None."""
    _must_log(actor)
    batch = get_batch(session, batch_id)
    known = office.catalogue.step("pack", batch.category)
    count = quantity(str(packs), "piece").amount
    everything = Portion(batch_id, batch.bulk, uom=UOM.get(batch.unit))
    source = everything if take is None else _portion(batch_id, batch.unit, take)
    made = Portion(batch_id, count, packs=True)
    return _record(session, office, actor, known, values, telling=telling, inputs=(source,), outputs=(made,))


def ship(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    batch_id: str,
    recipient_id: str,
    take: Take,
    values: Values,
    telling: Telling | None = None,
) -> Receipt:
    """Send some of a batch to another member, who must receive it."""
    _must_log(actor)
    batch = get_batch(session, batch_id)
    return _record(
        session,
        office,
        actor,
        office.catalogue.step("ship", batch.category),
        values,
        telling=telling,
        subjects=(_portion(batch_id, batch.unit, take),),
        sender=actor.organisation_id,
        recipient=recipient_id,
    )


def receive(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    shipment_id: str,
    lot: str,
    values: Values,
    take: Take | None = None,
    telling: Telling | None = None,
) -> tuple[str, Receipt]:
    """Take in what another member sent, as a batch of one's own that descends from it; return its id and the receipt."""
    _must_log(actor)
    shipment = session.get(Shipment, shipment_id)
    if shipment is None or shipment.recipient != actor.organisation_id:
        raise ShipmentNotOpen
    batch = get_batch(session, shipment.batch_id)
    if take is None:
        portion = Portion(batch.id, shipment.amount, shipment.packs, None if shipment.packs else UOM.get(batch.unit))
    else:
        portion = _portion(batch.id, batch.unit, Take(take.amount, take.unit, shipment.packs))
    product = get_product(session, batch.product_id)
    made = facts(session, product, batch=new_id(), lot=check_lot(lot), plot_id=None)
    receipt = _record(
        session,
        office,
        actor,
        office.catalogue.step("receive", batch.category),
        values,
        telling=telling,
        inputs=(portion,),
        outputs=(Portion(made.batch, portion.amount, portion.packs, portion.uom),),
        opened=(made,),
        sender=shipment.sender,
        recipient=actor.organisation_id,
        shipment=shipment_id,
    )
    return made_by(receipt)[0], receipt


def made_by(receipt: Receipt) -> tuple[str, ...]:
    """Return the batches that an event made: those whose chain it begins, in the order the event names them."""
    return tuple(link.chain.removeprefix("batch:") for link in receipt.links if link.seq == 0)


def get_batch(session: Session, batch_id: str) -> Batch:
    """Return a batch; raises `BatchNotFound`."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise BatchNotFound
    return batch


def _must_log(actor: Actor) -> None:
    actor.must_have(Role.MANAGER, Role.CLERK, Role.FARMER, Role.ANALYST, Role.INSPECTOR, Role.SUPERVISOR)


def _portion(batch_id: str, unit: str, take: Take | None) -> Portion:
    """Return what was stated, in the batch's own unit."""
    if take is None:
        return Portion(batch_id)
    if not str(take.amount).strip():
        raise QuantityMissing(field="quantity")
    if take.packs:
        return Portion(batch_id, quantity(take.amount, "piece").amount, packs=True)
    stated = quantity(take.amount, take.unit or unit).to(unit)
    return Portion(batch_id, stated.amount, uom=UOM.get(unit))


def _liftable(session: Session, actor: Actor, batch_id: str) -> tuple[str, ...]:
    """Return the standing restrictions that this actor may lift: a supervisor all, an owner its own holds."""
    rows = session.exec(
        select(Restriction)
        .where(Restriction.batch_id == batch_id, col(Restriction.lifted_by).is_(None))
        .order_by(Restriction.event_id)
    ).all()
    if actor.kind is not OrganisationKind.SUPERVISOR:
        rows = [row for row in rows if row.author == actor.organisation_id and row.kind == "hold"]
    return tuple(row.event_id for row in rows)


def _correct(
    session: Session,
    office: Office,
    actor: Actor,
    step: Step,
    values: Values,
    *,
    telling: Telling | None,
    right: Portion,
    used: Portion,
) -> Receipt:
    """Declare an event wrong and set its amounts right, in the chain of every batch that this changes."""
    said = check_record(step, values, now=office.clock()).public
    amends = right_amounts(session, office, actor, said["event"], error=said["error"], right=right, used=used)
    # The batch one stands at comes first: there the event is looked for.
    batches = dict.fromkeys((right.batch, *(each.batch for each in amends)))
    subjects = tuple(Portion(batch) for batch in batches)
    return _record(session, office, actor, step, values, telling=telling, subjects=subjects, amends=amends)


def _record(
    session: Session,
    office: Office,
    actor: Actor,
    step: Step,
    values: Values,
    *,
    telling: Telling | None,
    subjects: tuple[Portion, ...] = (),
    inputs: tuple[Portion, ...] = (),
    outputs: tuple[Portion, ...] = (),
    opened: tuple[Opened, ...] = (),
    plot: str | None = None,
    sender: str | None = None,
    recipient: str | None = None,
    shipment: str | None = None,
    lifts: tuple[str, ...] = (),
    amends: tuple[Amendment, ...] = (),
) -> Receipt:
    telling = telling or Telling()
    record: Record = check_record(step, values, now=office.clock())
    private = Private.of(record.private, telling.pictures)
    event = Event(
        event_id=telling.event_id or new_event_id(),
        type=step.epcis,
        step=step.key,
        action=step.action,
        biz_step=step.biz_step,
        disposition=step.disposition,
        happened_at=telling.at or office.clock(),
        subjects=subjects,
        inputs=inputs,
        outputs=outputs,
        opened=opened,
        record=record.public,
        plot=plot,
        sender=sender,
        recipient=recipient,
        shipment=shipment,
        lifts=lifts,
        amends=amends,
        entered_by=actor.person_id,
        claimed_by=telling.claimed_by,
        commitments=private.commitments(),
    )
    return tell(session, office, actor, event, private)
