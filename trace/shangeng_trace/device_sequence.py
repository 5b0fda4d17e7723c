"""Query: whether the events of a device stand in the sequence that the device itself counts (design 4.2).

A phone sends what it has when it has a signal, so events come late and out of order; that is recorded, never refused.
What is missing or contradicts itself is told to whoever reads.
"""

from collections import defaultdict
from collections.abc import Collection
from enum import StrEnum

from sqlmodel import Session, col, or_, select

from shangeng_trace.batch_tables import DeviceLink, EventRecord, LedgerKey

START = "0" * 64
"""`prev` of a device's first event."""


class Place(StrEnum):
    """How an event stands to the one before it on its device."""

    IN_ORDER = "in_order"
    GAP = "gap"
    FORKED = "forked"
    BROKEN = "broken"


def places(session: Session, indexes: Collection[int]) -> dict[int, tuple[int, Place]]:
    """Return counter and place of those of these events that say one, by index.

    A device is a key, or all keys that were registered for one device after the other.
    """
    asked = session.exec(
        select(DeviceLink, LedgerKey.holder_type, LedgerKey.holder_id)
        .join(LedgerKey, col(LedgerKey.id) == col(DeviceLink.key_id))
        .where(col(DeviceLink.index).in_(indexes))
    ).all()
    if not asked:
        return {}
    wanted = [(_device(link.key_id, kind, holder), link) for link, kind, holder in asked]
    counters = {link.counter - back for _, link in wanted for back in (0, 1)}
    known: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for link, digest, kind, holder in session.exec(
        select(DeviceLink, EventRecord.digest, LedgerKey.holder_type, LedgerKey.holder_id)
        .join(EventRecord, col(EventRecord.index) == col(DeviceLink.index))
        .join(LedgerKey, col(LedgerKey.id) == col(DeviceLink.key_id))
        .where(
            col(DeviceLink.counter).in_(counters),
            or_(
                col(DeviceLink.key_id).in_({link.key_id for _, link in wanted}),
                col(LedgerKey.holder_id).in_({device for device, _ in wanted}),
            ),
        )
    ):
        known[_device(link.key_id, kind, holder), link.counter].add(digest)
    return {
        link.index: (
            link.counter,
            _place(link, known[device, link.counter], known[device, link.counter - 1]),
        )
        for device, link in wanted
    }


def _device(key_id: str, kind: str | None, holder: str | None) -> str:
    return holder if holder is not None and kind == "device" else key_id


def _place(link: DeviceLink, same: Collection[str], before: Collection[str]) -> Place:
    if len(same) > 1:
        return Place.FORKED
    if link.counter == 0:
        return Place.IN_ORDER if link.prev == START else Place.BROKEN
    if not before:
        return Place.GAP
    return Place.IN_ORDER if link.prev in before else Place.BROKEN
