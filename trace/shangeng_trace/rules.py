"""Whether an event may happen: rights, order, state and quantities, decided inside the writer (design 4.3).

Every check reads projections as they are in this transaction, so two events that compete for the same kilogram are
decided one after the other. What a rule refuses leaves no trace.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from shangeng_trace.acting import NotYours, Office, WrongOffice
from shangeng_trace.amounts import check_amounts
from shangeng_trace.batch_tables import Batch, EventBatch, EventRecord, LedgerKey, Restriction
from shangeng_trace.case import Case
from shangeng_trace.correcting import check_correction
from shangeng_trace.events import PICTURE, UOM, Event, Opened
from shangeng_trace.lineage import Standing, ancestors, standing
from shangeng_trace.numbers import check_lot
from shangeng_trace.records import check_public
from shangeng_trace.refusals import (
    BatchNotFound,
    EventInconsistent,
    InTheFuture,
    LotTaken,
    NothingToLift,
    NotThisRecord,
    NotYoursToConfirm,
    PersonNotYours,
    TooLongAgo,
)
from shangeng_trace.registry_tables import Base, Membership, Organisation, OrganisationKind, Plot, Product
from shangeng_trace.sight import sight_of
from shangeng_trace.steps import BatchState, Effect, Step

CLOCK_TOLERANCE = timedelta(minutes=10)
"""A phone's clock may run ahead by this much."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing that can still be sold began before."""

_STEPS = (
    select(EventRecord.step)
    .join(EventBatch, col(EventBatch.index) == col(EventRecord.index))
    .where(col(EventBatch.batch_id).in_(bindparam("batches", expanding=True)))
    .distinct()
)


def check_event(session: Session, office: Office, event: Event, author: LedgerKey, moment: datetime) -> Step:
    """Return the event's step as its category knows it, or raise what forbids the event."""
    opened = {item.batch: item for item in event.opened}
    if len(opened) != len(event.opened):
        raise EventInconsistent(what="shangeng:batches")
    named, sight = event.batches, sight_of(session)
    batches = {batch: row for batch in named if (row := sight.batch(batch)) is not None}
    if missing := set(named) - batches.keys() - opened.keys():
        raise BatchNotFound(field="batch", batch=min(missing))
    if opened.keys() & batches.keys() or not opened.keys() <= set(named):
        raise EventInconsistent(what="shangeng:batches")
    first = named[0]
    category = batches[first].category if first in batches else opened[first].category
    step = office.catalogue.step(event.step, category)
    case = Case(event, step, category, author, batches, opened, moment)
    _check_shape(case)
    _check_record(case)
    _check_time(case)
    _check_rights(session, case)
    _check_people(session, case)
    _check_reference(session, office, case)
    lots = Counter(item.lot for item in event.opened)
    for item in event.opened:
        if lots[item.lot] > 1:
            raise LotTaken(field="lot", lot=item.lot)
        _check_opened(session, case, item)
    _check_order(session, office, case)
    check_amounts(session, case)
    return step


def _check_shape(case: Case) -> None:
    event, step = case.event, case.step
    said = (event.type, event.action, event.biz_step, event.disposition)
    if said != (step.epcis, step.action, step.biz_step, step.disposition):
        raise EventInconsistent(what="type, action, bizStep or disposition")
    for portions in (event.subjects, event.inputs, event.outputs):
        if len({(portion.batch, portion.packs) for portion in portions}) != len(portions):
            raise EventInconsistent(what="one batch stands twice in one list")
    for portion in case.portions():
        uom = None if portion.packs or portion.amount is None else UOM.get(case.unit(portion.batch))
        if portion.uom != uom:
            raise EventInconsistent(what="uom")
        whole = portion.amount is None or portion.amount == portion.amount.to_integral_value()
        if not whole and (portion.packs or case.unit(portion.batch) not in UOM):
            raise EventInconsistent(what="a count must be whole")
    if not _SHAPES[step.effect](case):
        raise EventInconsistent(what="batches")
    _check_rest(case)


def _check_rest(case: Case) -> None:
    """What only some steps say is not said by others."""
    event, effect = case.event, case.step.effect
    plots = {row.plot_id for row in case.batches.values()} | {item.plot for item in event.opened}
    if event.plot is not None and event.plot not in plots:
        raise EventInconsistent(what="readPoint")
    if effect is not Effect.RECEIVE and event.shipment is not None:
        raise EventInconsistent(what="bizTransactionList")
    if effect not in (Effect.SHIP, Effect.RECEIVE) and (event.sender, event.recipient) != (None, None):
        raise EventInconsistent(what="sourceList or destinationList")
    if effect is not Effect.CORRECT and event.amends:
        raise EventInconsistent(what="shangeng:amends")
    if effect is not Effect.RELEASE and event.lifts:
        raise EventInconsistent(what="shangeng:lifts")


def _one_as_such(case: Case) -> bool:
    return len(case.event.subjects) == 1 and case.event.subjects[0].amount is None and not case.opened


def _one_amount(case: Case) -> bool:
    return len(case.event.subjects) == 1 and not case.opened


def _all_that_is_amended(case: Case) -> bool:
    """A correction stands in the chain of every batch of which it sets an amount right, else of the one it is about."""
    amended = {each.batch for each in case.event.amends}
    return not case.opened and (
        {(portion.batch, portion.amount, portion.packs) for portion in case.event.subjects}
        == {(batch, None, False) for batch in amended}
        if amended
        else _one_as_such(case)
    )


def _in_place_or_new(case: Case) -> bool:
    """Processing makes new batches, or works on one batch alone; else two batches could descend from each other."""
    event = case.event
    existing = {portion.batch for portion in event.outputs} & case.batches.keys()
    is_new = not existing or existing == {portion.batch for portion in event.inputs}
    return is_new and len(existing) <= 1 and not any(portion.packs for portion in case.portions())


_SHAPES: dict[Effect, Callable[[Case], bool]] = {
    Effect.OPEN: lambda case: len(case.event.subjects) == 1 and not case.event.subjects[0].packs,
    Effect.OBSERVE: _one_as_such,
    Effect.TEST: _one_as_such,
    Effect.HOLD: _one_as_such,
    Effect.RELEASE: _one_as_such,
    Effect.RECALL: _one_as_such,
    Effect.CLOSE: _one_as_such,
    Effect.CORRECT: _all_that_is_amended,
    Effect.CONFIRM: _one_as_such,
    Effect.ADJUST: _one_amount,
    Effect.SHIP: _one_amount,
    Effect.TRANSFORM: _in_place_or_new,
    Effect.SPLIT: lambda case: len(case.event.inputs) == 1 and len(case.opened) == len(case.event.outputs),
    Effect.MERGE: lambda case: len(case.event.outputs) == len(case.opened) == 1,
    Effect.PACK: lambda case: (
        len(case.event.inputs) == len(case.event.outputs) == 1
        and not case.event.inputs[0].packs
        and case.event.outputs[0].packs
        and case.event.inputs[0].batch == case.event.outputs[0].batch
    ),
    Effect.RECEIVE: lambda case: len(case.event.inputs) == len(case.event.outputs) == len(case.opened) == 1,
}


def _check_record(case: Case) -> None:
    """The statement holds exactly the public part of a valid record, and commitments to what is private."""
    event, step = case.event, case.step
    if check_public(step, event.record, now=case.moment) != event.record:
        raise EventInconsistent(what="shangeng:record")
    private = [known for known in step.fields if not known.public]
    if missing := [known.key for known in private if known.required and known.key not in event.commitments]:
        raise EventInconsistent(what=f"shangeng:commitments: {min(missing)}")
    stray = {name for name in event.commitments if not name.startswith(PICTURE)} - {known.key for known in private}
    if stray:
        raise EventInconsistent(what=f"shangeng:commitments: {min(stray)}")


def _check_time(case: Case) -> None:
    if case.event.happened_at > case.moment + CLOCK_TOLERANCE:
        raise InTheFuture(field="at")
    if case.event.happened_at < EARLIEST:
        raise TooLongAgo(field="at", since=EARLIEST.date().isoformat())
    for batch in case.batches.values():
        if case.event.happened_at < batch.opened_at - timedelta(days=1):
            raise TooLongAgo(field="at", since=batch.opened_at.date().isoformat())


def _check_rights(session: Session, case: Case) -> None:
    """The owner writes to its batches; others only what the catalogue grants to their kind."""
    event, author = case.event, case.author
    if case.step.effect is Effect.RECEIVE:
        return  # the shipment decides, in `check_amounts`
    if event.opened and author.controller_kind != OrganisationKind.MEMBER:
        raise WrongOffice
    for batch in case.batches.values():
        if batch.owner != author.controller and author.controller_kind not in case.step.others:
            raise NotYours
    if case.step.effect is Effect.RELEASE:
        rows = session.exec(select(Restriction).where(col(Restriction.event_id).in_(event.lifts))).all()
        subject = event.subjects[0].batch
        open_here = {row.event_id for row in rows if row.batch_id == subject and row.lifted_by is None}
        if not event.lifts or open_here != set(event.lifts):
            raise NothingToLift
        if author.controller_kind != OrganisationKind.SUPERVISOR and any(
            row.author != author.controller or row.kind == "recall" for row in rows
        ):
            raise NothingToLift


def _check_people(session: Session, case: Case) -> None:
    """Whom an event names as having done it is one of the author's own people."""
    claimed = case.event.claimed_by
    if claimed is not None:
        owner = case.author.controller
        if not session.exec(
            select(Membership.role).where(Membership.person_id == claimed, Membership.organisation_id == owner)
        ).first():
            raise PersonNotYours(field="claimed_by")


def _check_reference(session: Session, office: Office, case: Case) -> None:
    """A correction speaks of an event of the author's own on this batch; a confirmation of one claimed for oneself."""
    event, effect = case.event, case.step.effect
    if effect not in (Effect.CORRECT, Effect.CONFIRM):
        return
    named = session.exec(
        select(EventRecord)
        .join(EventBatch, col(EventBatch.index) == col(EventRecord.index))
        .where(EventRecord.event_id == event.record["event"], EventBatch.batch_id == event.subjects[0].batch)
    ).first()
    if named is None or named.author != case.author.controller:
        raise NotThisRecord(field="event")
    if effect is Effect.CONFIRM and (named.claimed_by is None or named.claimed_by != event.entered_by):
        raise NotYoursToConfirm(field="event")
    if effect is Effect.CORRECT:
        check_correction(session, office, case)


def _check_opened(session: Session, case: Case, item: Opened) -> None:
    """A batch begins with facts that the registry confirms, under a lot its owner has not used."""
    owner = case.author.controller
    if check_lot(item.lot) != item.lot:
        raise EventInconsistent(what="lot")
    if case.step.effect in (Effect.RECEIVE, Effect.SPLIT):
        source = session.get_one(Batch, case.event.inputs[0].batch)
        if (item.product, item.unit, item.category) != (source.product_id, source.unit, source.category):
            raise EventInconsistent(what="product")
    product = session.get(Product, item.product)
    if product is None or (product.organisation_id != owner and not _is_the_same_goods(case, item)):
        raise NotYours(field="product")
    expected = facts(session, product, batch=item.batch, lot=item.lot, plot_id=item.plot)
    if item != expected:
        raise EventInconsistent(what="shangeng:batches")
    if item.plot is not None and session.get_one(Plot, item.plot).organisation_id != owner:
        raise NotYours(field="plot")
    if session.exec(select(Batch.id).where(Batch.owner == owner, Batch.lot == item.lot)).first():
        raise LotTaken(field="lot", lot=item.lot)


def _is_the_same_goods(case: Case, item: Opened) -> bool:
    """Goods of another member's product may be taken in, divided and put together again, but not made."""
    if case.step.effect not in (Effect.RECEIVE, Effect.SPLIT, Effect.MERGE):
        return False
    return all(case.batches[portion.batch].product_id == item.product for portion in case.event.inputs)


def facts(session: Session, product: Product, *, batch: str, lot: str, plot_id: str | None) -> Opened:
    """Return what an event must say of a batch of this product; its county is the plot's, else the owner's."""
    plot = session.get(Plot, plot_id) if plot_id else None
    if plot_id and plot is None:
        raise NotYours(field="plot")
    if plot is not None:
        county = session.get_one(Base, plot.base_id).county
    else:
        county = session.get_one(Organisation, product.organisation_id).county
    return Opened(
        batch=batch,
        lot=lot,
        product=product.id,
        name=product.name,
        name_en=product.name_en,
        category=product.category,
        unit=product.unit,
        county=county,
        gtin=product.gtin,
        plot=plot_id,
    )


def _check_order(session: Session, office: Office, case: Case) -> None:
    """The catalogue says what may follow what, and in which state of the batch."""
    if case.step.effect is Effect.RECEIVE:
        return
    step, sight = case.step, sight_of(session)
    if not case.batches:
        office.catalogue.check_possible(step.key, case.category, set())
    for batch in case.batches.values():
        done = {batch.last_step}
        if step.after and done.isdisjoint(step.after):
            done |= sight.done(batch.id, step.after)
        office.catalogue.check_possible(step.key, case.category, done, _state(batch, sight.standing(batch.id)))


def steps_done(session: Session, batch_id: str) -> set[str]:
    """Return the keys of the steps in a batch and everything it was made from."""
    return set(session.exec(_STEPS, params={"batches": [batch_id, *ancestors(session, batch_id)]}))


def state_of(session: Session, batch: Batch) -> BatchState:
    """Return the state a batch is in now."""
    return _state(batch, standing(session, batch.id))


def _state(batch: Batch, against: Standing) -> BatchState:
    if (worst := against.worst) is not None:
        return BatchState.RECALLED if worst.kind == "recall" else BatchState.HELD
    return BatchState.CLOSED if batch.closed else BatchState.ACTIVE
