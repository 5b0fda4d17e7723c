"""Query: the steps that fit what an organisation has, last used first."""

from collections.abc import Iterable

from sqlmodel import Session, col, func, select

from shangeng_trace.acting import Actor, Office
from shangeng_trace.batch_tables import Batch, EventRecord
from shangeng_trace.registry_tables import Product
from shangeng_trace.rules import steps_done
from shangeng_trace.steps import BatchState, Effect, Step
from shangeng_web.console.states import restricted
from shangeng_web.i18n import Language

_BATCHES = 30
Tile = tuple[str, str, str]


def tiles_for(session: Session, office: Office, actor: Actor, language: Language) -> list[Tile]:
    """Return (address, character, words) of the steps that fit the active batches and the products."""
    used = last_used(session, actor.organisation_id)
    # Two categories may know one step under two names: it is one tile, under the first.
    steps: dict[str, Step] = {}
    for step in _fitting(session, office, actor):
        steps.setdefault(step.key, step)
    ordered = sorted(steps.values(), key=lambda step: -used.get(step.key, -1))
    return [(f"/console/steps/{step.key}", step.tile, step.name(language)) for step in ordered]


def _fitting(session: Session, office: Office, actor: Actor) -> Iterable[Step]:
    active = session.exec(
        select(Batch)
        .where(Batch.owner == actor.organisation_id, col(Batch.closed).is_(False))
        .order_by(col(Batch.changed_at).desc())
        .limit(_BATCHES)
    )
    held = restricted(session)
    # Batches of a season are mostly at the same point: each point is looked up once.
    points = dict.fromkeys(
        (batch.category, frozenset(steps_done(session, batch.id)), held.get(batch.id, BatchState.ACTIVE))
        for batch in active
    )
    for category, done, state in points:
        yield from (
            step for step in office.catalogue.next_steps(category, done, state) if step.effect is not Effect.RECEIVE
        )
    categories = session.exec(
        select(Product.category).where(Product.organisation_id == actor.organisation_id).distinct()
    )
    for category in sorted(categories):
        yield from office.catalogue.next_steps(category, set(), BatchState.ACTIVE)


def last_used(session: Session, organisation_id: str) -> dict[str, int]:
    """Return the steps an organisation has logged, each with the log index of the last one."""
    rows = session.exec(
        select(EventRecord.step, func.max(EventRecord.index))
        .where(EventRecord.author == organisation_id)
        .group_by(col(EventRecord.step))
    )
    return dict(rows.all())
