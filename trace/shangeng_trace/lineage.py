"""Where a batch came from and what became of it; and what stands against it because of that."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from shangeng_trace.batch_tables import Lineage, Restriction

# Asked for every event, so built once.
_CHILDREN = select(Lineage.child).where(col(Lineage.parent).in_(bindparam("batches", expanding=True)))
_EDGES = select(Lineage.child, Lineage.parent).where(col(Lineage.child).in_(bindparam("batches", expanding=True)))
_OPEN = (
    select(Restriction)
    .where(
        col(Restriction.batch_id).in_(bindparam("batches", expanding=True)),
        col(Restriction.lifted_by).is_(None),
    )
    .order_by(col(Restriction.since), col(Restriction.event_id))
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands against a batch: open holds and recalls on it and on everything it was made from."""

    restrictions: tuple[Restriction, ...]

    @property
    def is_held(self) -> bool:
        """Whether anything stands against the batch."""
        return bool(self.restrictions)

    @property
    def worst(self) -> Restriction | None:
        """Return the restriction that a page must speak of: a recall before a hold, the oldest first."""
        order = sorted(self.restrictions, key=lambda row: (row.kind != "recall", row.since, row.event_id))
        return order[0] if order else None


def ancestors(session: Session, batch_id: str) -> list[str]:
    """Return every batch this one was made from, nearest first, without itself."""
    return families(session, [batch_id])[batch_id][1:]


def families(session: Session, batches: Collection[str]) -> dict[str, list[str]]:
    """Return each batch with every batch it was made from, itself first, then nearest first."""
    parents: dict[str, list[str]] = {}
    asked = set(batches)
    while asked:
        parents |= {batch: [] for batch in asked}
        for child, parent in session.exec(_EDGES, params={"batches": sorted(asked)}):
            parents[child].append(parent)
        asked = {parent for batch in asked for parent in parents[batch]} - parents.keys()
    return {batch: _walk(batch, lambda them: (each for one in them for each in parents[one])) for batch in batches}


def descendants(session: Session, batch_id: str) -> list[str]:
    """Return every batch that was made from this one, nearest first, without itself."""
    return _walk(batch_id, lambda generation: session.exec(_CHILDREN, params={"batches": generation}))[1:]


def standing(session: Session, batch_id: str) -> Standing:
    """Return what stands against a batch now: a recall upstream reaches every descendant with the next request."""
    return standing_on(session, families(session, [batch_id])[batch_id])


def standing_on(session: Session, batches: Sequence[str]) -> Standing:
    """Return what stands on any of these batches themselves."""
    return Standing(tuple(session.exec(_OPEN, params={"batches": batches})))


def _walk(batch_id: str, step: Callable[[list[str]], Iterable[str]]) -> list[str]:
    """Go generation by generation, and come to an end even where a damaged table runs in a circle."""
    reached, generation = {batch_id: None}, [batch_id]
    while generation:
        generation = [batch for batch in sorted(set(step(generation))) if batch not in reached]
        reached |= dict.fromkeys(generation)
    return list(reached)
