"""What the writer has seen of the tables, so that a hundred events ask once and not a hundred times.

It is read under the writers' lock, and only entries change it, so it holds as long as the log is where this process
left it. What a transaction changes itself, `shangeng_trace.projection` says here; and when a command is undone, all
that was seen is forgotten, since some of it may have been the command's own doing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from shangeng_trace.batch_tables import Batch, EventBatch, EventRecord, LedgerKey, Restriction
from shangeng_trace.driving import ask
from shangeng_trace.lineage import Standing, families, standing_on
from shangeng_trace.pending import settle

_SIGHT = "sight"

_MOST_EVENTS = 20_000
"""Identifiers of events that are remembered, a few hundred bytes each; batches are as many as their session keeps."""

_EVENTS = select(EventRecord.event_id, EventRecord.digest).where(
    col(EventRecord.event_id).in_(bindparam("ids", expanding=True))
)
_KEYS = select(LedgerKey).where(col(LedgerKey.id).in_(bindparam("ids", expanding=True)))
_BATCHES = select(Batch).where(col(Batch.id).in_(bindparam("ids", expanding=True)))
_DONE = select(
    Batch.id,
    select(EventRecord.step)
    .join(EventBatch, col(EventBatch.index) == col(EventRecord.index))
    .where(col(EventBatch.batch_id) == col(Batch.id), col(EventRecord.step).in_(bindparam("steps", expanding=True)))
    .correlate(Batch)
    .limit(1)
    .scalar_subquery(),
).where(col(Batch.id).in_(bindparam("ids", expanding=True)))


@dataclass(slots=True)
class Sight:
    """Facts by the id of what they are about; every method asks the tables for what it has not seen yet."""

    _session: Session
    _events: dict[str, str | None] = field(default_factory=dict[str, str | None])
    _keys: dict[str, LedgerKey] = field(default_factory=dict[str, LedgerKey])
    _batches: dict[str, Batch] = field(default_factory=dict[str, Batch])
    _families: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    _against: dict[str, list[Restriction]] = field(default_factory=dict[str, list[Restriction]])
    _done: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict[tuple[str, tuple[str, ...]], str])

    def look_at(self, *, events: Collection[str], keys: Collection[str], batches: Collection[str]) -> None:
        """See what events will ask for that name these identifiers, in as few questions as there are tables."""
        if len(self._events) > _MOST_EVENTS:
            self._events.clear()
        self._see_events(events)
        if unseen := sorted(set(keys) - self._keys.keys()):
            self._keys |= {row.id: row for row in self._session.exec(_KEYS, params={"ids": unseen})}
        if unseen := sorted(set(batches) - self._batches.keys()):
            self._batches |= {row.id: row for row in self._session.exec(_BATCHES, params={"ids": unseen})}
        self._see_families(batches)
        self._see_against({one for batch in batches for one in self._families[batch]})

    def key(self, key_id: str) -> LedgerKey | None:
        """Return a key the log knows, or None where it knows none of this identifier."""
        found = self._keys.get(key_id)
        if found is None and (found := self._session.get(LedgerKey, key_id)) is not None:
            self._keys[key_id] = found
        return found

    def batch(self, batch_id: str) -> Batch | None:
        """Return a batch, or None where there is none."""
        found = self._batches.get(batch_id)
        if found is None and (found := self._session.get(Batch, batch_id)) is not None:
            self._batches[batch_id] = found
        return found

    def digest(self, event_id: str) -> str | None:
        """Return the digest of the event with this identifier, or None where there is none."""
        self._see_events([event_id])
        return self._events[event_id]

    def family(self, batch: str) -> list[str]:
        """Return a batch and all it was made from, itself first."""
        self._see_families([batch])
        return self._families[batch]

    def standing(self, batch: str) -> Standing:
        """Return what stands against a batch."""
        family = self.family(batch)
        self._see_against(family)
        return Standing(tuple(row for one in family for row in self._against[one]))

    def done(self, batch: str, steps: tuple[str, ...]) -> set[str]:
        """Return one of these steps that was done to a batch or to what it was made from, if any was."""
        if (batch, steps) not in self._done:
            found = self._session.exec(_DONE, params={"ids": self.family(batch), "steps": steps})
            for step in filter(None, (step for _, step in found)):
                self._done[batch, steps] = step  # what has been done stays done
        return {self._done[batch, steps]} if (batch, steps) in self._done else set()

    def take_in(self, event_id: str, digest: str, *, relates: bool) -> None:
        """Learn that an event was recorded; `relates` where it changed what batches are made of or what holds them."""
        self._events[event_id] = digest
        if relates:
            self._families.clear()
            self._against.clear()

    def _see_events(self, ids: Iterable[str]) -> None:
        if unseen := [each for each in ids if each not in self._events]:
            settle(self._session)
            found = ask(self._session.connection(), _EVENTS, unseen)
            self._events |= dict.fromkeys(unseen)  # not before: a question that fails has answered nothing
            for event_id, digest in found:
                self._events[event_id] = digest

    def _see_families(self, batches: Iterable[str]) -> None:
        if unseen := [each for each in batches if each not in self._families]:
            self._families |= families(self._session, unseen)

    def _see_against(self, batches: Iterable[str]) -> None:
        if unseen := [each for each in batches if each not in self._against]:
            standing = standing_on(self._session, unseen).restrictions
            self._against |= {each: [] for each in unseen}
            for row in standing:
                self._against[row.batch_id].append(row)


def sight_of(session: Session) -> Sight:
    """Return what `session` has seen, which is nothing at first."""
    if _SIGHT not in session.info:
        session.info[_SIGHT] = Sight(session)
    seen: Sight = session.info[_SIGHT]
    return seen


def batch_in_sight(session: Session, batch_id: str) -> Batch:
    """Return a batch that is there; raises `NoResultFound` where it is not."""
    return sight_of(session).batch(batch_id) or session.get_one(Batch, batch_id)


def took_in(session: Session, event_id: str, digest: str, *, relates: bool) -> None:
    """Tell the sight, where there is one, of a recorded event; see `Sight.take_in`."""
    seen: Sight | None = session.info.get(_SIGHT)
    if seen is not None:
        seen.take_in(event_id, digest, relates=relates)


def forget_sight(session: Session) -> None:
    """Forget it: something seen may have been undone."""
    session.info.pop(_SIGHT, None)
