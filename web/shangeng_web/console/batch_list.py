"""Query: a page of batches, searched and narrowed, by cursor."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor
from shangeng_trace.batch_tables import Batch, BatchTest
from shangeng_trace.clock import read_rfc3339, rfc3339
from shangeng_trace.ids import read_id
from shangeng_trace.registry_tables import OrganisationKind, Product
from shangeng_trace.steps import BatchState
from shangeng_web.console.states import restricted

SIZE = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for: words, a state, and where in the list."""

    words: str = ""
    state: str = ""
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of batches, newest first, with the cursors of the pages beside it."""

    batches: list[Batch]
    earlier: str | None
    later: str | None


def find_batches(session: Session, actor: Actor, wanted: Wanted) -> Found:
    """Return a page of batches: a member's own, for a lab those it tested or finds by name, for offices all."""
    query = select(Batch).join(Product, col(Product.id) == col(Batch.product_id))
    for condition in _conditions(session, actor, wanted):
        query = query.where(condition)
    newest = (col(Batch.opened_at).desc(), col(Batch.id).desc())
    oldest = (col(Batch.opened_at), col(Batch.id))
    before, after = _cursor(wanted.before), _cursor(wanted.after)
    backwards = before is not None
    if before is not None:
        query = query.where(_beyond(*before, newer=True))
    elif after is not None:
        query = query.where(_beyond(*after, newer=False))
    rows = list(session.exec(query.order_by(*(oldest if backwards else newest)).limit(SIZE + 1)))
    has_more = len(rows) > SIZE
    rows = rows[:SIZE][::-1] if backwards else rows[:SIZE]
    has_newer, has_older = (has_more, True) if backwards else (after is not None, has_more)
    return Found(
        rows,
        _written(rows[0]) if rows and has_newer else None,
        _written(rows[-1]) if rows and has_older else None,
    )


def _conditions(session: Session, actor: Actor, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    words = wanted.words.strip()
    if actor.kind is OrganisationKind.MEMBER:
        conditions.append(col(Batch.owner) == actor.organisation_id)
    elif actor.kind in (OrganisationKind.LAB, OrganisationKind.BODY) and not words:
        tested = select(BatchTest.batch_id).where(BatchTest.author == actor.organisation_id)
        conditions.append(col(Batch.id).in_(tested))
    if words:
        either = [
            col(Batch.lot).icontains(words, autoescape=True),
            col(Product.name).icontains(words, autoescape=True),
            col(Product.name_en).icontains(words, autoescape=True),
            col(Batch.id) == (read_id(words) or ""),
        ]
        conditions.append(or_(*either))
    if wanted.state:
        conditions.append(_in_state(session, wanted.state))
    return conditions


def _in_state(session: Session, state: str) -> ColumnElement[bool]:
    held = restricted(session)
    if state in (BatchState.HELD, BatchState.RECALLED):
        return col(Batch.id).in_([batch for batch, worst in held.items() if worst == state])
    return and_(col(Batch.closed).is_(state == BatchState.CLOSED), col(Batch.id).not_in(list(held)))


def _beyond(moment: datetime, batch_id: str, *, newer: bool) -> ColumnElement[bool]:
    at, key = col(Batch.opened_at), col(Batch.id)
    if newer:
        return or_(at > moment, and_(at == moment, key > batch_id))
    return or_(at < moment, and_(at == moment, key < batch_id))


def _written(batch: Batch) -> str:
    return f"{rfc3339(batch.opened_at)}~{batch.id}"


def _cursor(text: str) -> tuple[datetime, str] | None:
    """Read a cursor; one that is not ours is no cursor, and the list begins at its beginning."""
    moment, _, batch_id = text.partition("~")
    try:
        return read_rfc3339(moment), batch_id
    except ValueError:
        return None
