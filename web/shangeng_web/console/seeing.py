"""Who may open which batch in the console, and which steps they may log on it."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor, NotYours, Office
from shangeng_trace.batch_tables import Batch
from shangeng_trace.batches import get_batch
from shangeng_trace.ids import read_id
from shangeng_trace.refusals import BatchNotFound
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Product
from shangeng_trace.rules import state_of, steps_done
from shangeng_trace.steps import BatchState, Effect, Step

_BY_LINK = (Effect.CORRECT, Effect.CONFIRM, Effect.RECEIVE)
"""Steps that begin at a record or a shipment, not from a list of steps."""
_LATEST = 60
"""Of so many batches, those changed last, a tile offers the ones its step fits."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch that somebody may open, with what every page about it names."""

    batch: Batch
    product: Product
    owner: Organisation
    state: BatchState
    steps: tuple[Step, ...]

    def is_of(self, actor: Actor) -> bool:
        """Whether the batch belongs to the actor's organisation."""
        return self.batch.owner == actor.organisation_id


def see_batch(session: Session, office: Office, actor: Actor, batch_id: str) -> Seen:
    """Return a batch and the steps this actor may log on it now.

    Members see their own batches, offices all. Raises `BatchNotFound` or `NotYours`.
    """
    known = read_id(batch_id)
    if known is None:
        raise BatchNotFound
    batch = get_batch(session, known)
    if actor.kind is OrganisationKind.MEMBER:
        actor.must_own(batch.owner)
    state = state_of(session, batch)
    return Seen(
        batch=batch,
        product=session.get_one(Product, batch.product_id),
        owner=session.get_one(Organisation, batch.owner),
        state=state,
        steps=tuple(_steps(session, office, actor, batch, state)),
    )


def _steps(session: Session, office: Office, actor: Actor, batch: Batch, state: BatchState) -> list[Step]:
    catalogue, done = office.catalogue, steps_done(session, batch.id)
    usual = catalogue.next_steps(batch.category, done, state)
    manage = [step for step in catalogue.manage_steps() if state in step.states]
    possible = [
        step
        for step in (*usual, *manage)
        if step.effect not in _BY_LINK and (not step.after or not done.isdisjoint(step.after))
    ]
    return [step for step in possible if may_log(actor, batch, step)]


def may_log(actor: Actor, batch: Batch, step: Step) -> bool:
    """Whether the step is one for this actor's organisation to log on this batch."""
    return batch.owner == actor.organisation_id or actor.kind.value in step.others


def must_log(actor: Actor, batch: Batch, step: Step) -> None:
    """Raise `NotYours` where the step is not for this actor's organisation to log on this batch."""
    if not may_log(actor, batch, step):
        raise NotYours


def is_from_several(step: Step) -> bool:
    """Whether a step takes several batches, and so has a form of its own."""
    return step.effect is Effect.MERGE


def fitting(session: Session, office: Office, actor: Actor, step: Step) -> list[Batch]:
    """Return the actor's own batches on which a step may be logged now, those in work first, last changed first."""
    rows = session.exec(
        select(Batch)
        .where(Batch.owner == actor.organisation_id)
        .order_by(col(Batch.closed), col(Batch.changed_at).desc())
        .limit(_LATEST)
    ).all()
    return [row for row in rows if step.key in {one.key for one in see_batch(session, office, actor, row.id).steps}]
