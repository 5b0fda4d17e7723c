"""From events to tables: the one place where an event changes what batches are.

It depends on the event, its receipt and earlier projections alone, never on the registry or a clock: `shangeng audit`
runs the same code over the ledger's statements into an empty database and compares every row.
Whether an event may happen is decided before, in `shangeng_trace.rules`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlmodel import Session, col, update

from shangeng_trace.batch_tables import (
    Batch,
    BatchTest,
    DeviceLink,
    EventBatch,
    EventRecord,
    Lineage,
    Part,
    Restriction,
    Shipment,
)
from shangeng_trace.catalogue import Effect
from shangeng_trace.entry import Receipt
from shangeng_trace.events import Amendment, Event, Flow, Opened, Portion
from shangeng_trace.ledger import table
from shangeng_trace.pending import add_rows, change_row
from shangeng_trace.sight import batch_in_sight, took_in

RESTRICTING = {Effect.HOLD: "hold", Effect.RECALL: "recall"}
LEAVING = (Effect.SHIP, Effect.ADJUST)
"""What takes goods out of a batch without making anything of them."""

# Two rows or more for every event, and a changed batch: they are written past the unit of work.
_EVENT, _PART, _BATCH = table(EventRecord), table(EventBatch), table(Batch)


def project(session: Session, event: Event, effect: Effect, receipt: Receipt, *, key_id: str, author: str) -> None:
    """Write what one accepted event changes; `author` is the organisation that controls the signing key."""
    record = {
        "index": receipt.index,
        "digest": receipt.digest,
        "event_id": event.event_id,
        "step": event.step,
        "author": author,
        "key_id": key_id,
        "happened_at": event.happened_at,
        "logged_at": receipt.time,
        "entered_by": event.entered_by,
        "claimed_by": event.claimed_by,
    }
    add_rows(session, _EVENT, [record])
    add_rows(session, _PART, _parts(event, receipt.index))
    if event.device is not None:
        device = event.device
        session.add(DeviceLink(index=receipt.index, key_id=key_id, counter=device.counter, prev=device.prev))
    opened = {item.batch: _open(event, item, author) for item in event.opened}
    session.add_all(opened.values())
    batches = {batch: opened.get(batch) or batch_in_sight(session, batch) for batch in event.batches}
    for batch in batches.values():
        happened_last = {
            "last_step": event.step,
            "changed_at": receipt.time,
            "closed": batch.closed or effect is Effect.CLOSE,
        }
        change_row(session, _BATCH, batch, batch.id, happened_last)
    _move(session, event, effect, batches)
    _relate(session, event, receipt.index)
    if effect in RESTRICTING:
        session.add_all(_restriction(event, portion, RESTRICTING[effect], author) for portion in event.subjects)
    elif effect is Effect.RELEASE:
        session.exec(
            update(Restriction).where(col(Restriction.event_id).in_(event.lifts)).values(lifted_by=event.event_id)
        )
    elif effect is Effect.TEST:
        session.add_all(_test(event, portion, receipt.index, author) for portion in event.subjects)
    relates = bool(event.opened) or effect in RESTRICTING or effect is Effect.RELEASE
    took_in(session, event.event_id, receipt.digest, relates=relates)


def _parts(event: Event, index: int) -> list[dict[str, Any]]:
    lists = ((Part.SUBJECT, event.subjects), (Part.INPUT, event.inputs), (Part.OUTPUT, event.outputs))
    return [
        {
            "index": index,
            "batch_id": portion.batch,
            "part": part,
            "packs": portion.packs,
            "amount": portion.amount,
        }
        for part, portions in lists
        for portion in portions
    ]


def _open(event: Event, opened: Opened, author: str) -> Batch:
    return Batch(
        id=opened.batch,
        lot=opened.lot,
        owner=author,
        product_id=opened.product,
        category=opened.category,
        unit=opened.unit,
        plot_id=opened.plot,
        bulk=Decimal(0),
        units=0,
        packed=0,
        closed=False,
        opened_at=event.happened_at,
        changed_at=event.happened_at,
        last_step=event.step,
    )


def _move(session: Session, event: Event, effect: Effect, batches: Mapping[str, Batch]) -> None:
    """Take inputs out of stock and put outputs in; a step that only observes moves nothing."""
    if effect is Effect.RECEIVE:
        # What arrives left the sender's stock when it was shipped.
        session.exec(
            update(Shipment).where(col(Shipment.event_id) == event.shipment).values(received_by=event.event_id)
        )
    else:
        for portion in event.inputs:
            _change(batches[portion.batch], portion, -1)
    for portion in event.outputs:
        _change(batches[portion.batch], portion, +1)
        if effect is Effect.PACK:
            batches[portion.batch].packed += int(portion.amount or 0)
    for each in event.amends:
        _set_right(session, event, each, batches[each.batch])
    for portion in event.subjects:
        if effect is Effect.OPEN:
            _change(batches[portion.batch], portion, +1)
        elif effect in LEAVING:
            _change(batches[portion.batch], portion, -1)
        if effect is Effect.SHIP:
            session.add(_shipment(event, portion))


def _change(batch: Batch, portion: Portion, sign: int) -> None:
    amount = (portion.amount or Decimal(0)) * sign
    if portion.packs:
        batch.units += int(amount)
    else:
        batch.bulk += amount


def _set_right(session: Session, event: Event, each: Amendment, batch: Batch) -> None:
    """Let a batch hold what it would, had the right amount been recorded; goods on the way follow."""
    _change(batch, Portion(each.batch, each.change, each.packs), +1)
    if each.flow is Flow.PACKED:
        batch.packed += int(each.change)
    wrong, is_undone = str(event.record["event"]), each.amount == 0
    ended = event.event_id if is_undone else None
    session.exec(update(Shipment).where(col(Shipment.event_id) == wrong).values(amount=each.amount, received_by=ended))
    if is_undone:
        session.exec(update(Shipment).where(col(Shipment.received_by) == wrong).values(received_by=None))


def _shipment(event: Event, portion: Portion) -> Shipment:
    assert event.sender is not None
    return Shipment(
        event_id=event.event_id,
        batch_id=portion.batch,
        sender=event.sender,
        recipient=event.recipient,
        packs=portion.packs,
        amount=portion.amount or Decimal(0),
    )


def _relate(session: Session, event: Event, index: int) -> None:
    sources = dict.fromkeys(portion.batch for portion in event.inputs)
    for child in dict.fromkeys(portion.batch for portion in event.outputs):
        for parent in sources:
            # What is made did not exist before, so no pair stands there already.
            if parent != child:
                session.add(Lineage(parent=parent, child=child, index=index))


def _restriction(event: Event, portion: Portion, kind: str, author: str) -> Restriction:
    return Restriction(
        event_id=event.event_id, batch_id=portion.batch, kind=kind, author=author, since=event.happened_at
    )


def _test(event: Event, portion: Portion, index: int, author: str) -> BatchTest:
    verdicts = {event.record.get("verdict"), *(row.get("verdict") for row in event.record.get("results", []))}
    return BatchTest(
        index=index,
        batch_id=portion.batch,
        author=author,
        passed=verdicts == {"pass"},
        happened_at=event.happened_at,
    )
