"""Records a clerk enters for a farmer: the farmer says whether they are theirs, the clerk corrects what is not."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor, Office
from shangeng_trace.batch_tables import Batch, EventBatch, EventRecord
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import Event
from shangeng_trace.ids import new_event_id
from shangeng_trace.log_tables import LedgerStatement
from shangeng_web.console.story import person_names
from shangeng_web.formats import at as written_at
from shangeng_web.i18n import Language, translator

_ANSWERED_WITHIN = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Question:
    """A record that somebody entered for this person, who has not said yet whether it is theirs.

    `event_id` is that of the answer, made when the page is shown.
    """

    about: str
    reason: str
    batch_path: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Denied:
    """A record that the one it was entered for says is not theirs; `path` leads to its correction."""

    line: str
    about: str
    path: str


def denied(session: Session, office: Office, actor: Actor, language: Language) -> list[Denied]:
    """Return records that the farmer says are not theirs, for whoever entered them, until they are corrected."""
    _ = translator(language)
    answers = _answers(session, actor, office.clock() - _ANSWERED_WITHIN)
    refused = {about for about, answer in answers.items() if answer == "no"}
    rows = session.exec(
        select(EventRecord, Batch)
        .join(EventBatch, col(EventBatch.index) == col(EventRecord.index))
        .join(Batch, col(Batch.id) == col(EventBatch.batch_id))
        .where(
            col(EventRecord.event_id).in_(refused - _corrected(session, actor, refused)),
            EventRecord.entered_by == actor.person_id,
        )
        .order_by(col(EventRecord.index))
    ).all()
    names = person_names(session, {row.claimed_by for row, _ in rows if row.claimed_by})
    return [
        Denied(
            _("%(who)s 说这一笔不是他做的", who=names.get(row.claimed_by or "", _("本人"))),
            _described(office, row, batch, language),
            f"/console/batches/{batch.id}/steps/correct?event={row.event_id}",
        )
        for row, batch in {row.event_id: (row, batch) for row, batch in rows}.values()
    ]


def questions_for(session: Session, office: Office, actor: Actor, language: Language) -> list[Question]:
    """Return what was entered for this person and waits for an answer, oldest first."""
    since = office.clock() - _ANSWERED_WITHIN
    answered = _answers(session, actor, since)
    rows = session.exec(
        select(EventRecord, Batch)
        .join(EventBatch, col(EventBatch.index) == col(EventRecord.index))
        .join(Batch, col(Batch.id) == col(EventBatch.batch_id))
        .where(
            EventRecord.author == actor.organisation_id,
            EventRecord.claimed_by == actor.person_id,
            col(EventRecord.entered_by) != actor.person_id,
            col(EventRecord.logged_at) > since,
        )
        .order_by(col(EventRecord.index))
    ).all()
    waiting = {row.event_id: (row, batch) for row, batch in rows if row.event_id not in answered}
    names = person_names(session, {row.entered_by for row, _ in waiting.values() if row.entered_by})
    _ = translator(language)
    return [
        Question(
            row.event_id,
            _(
                "%(what)s。%(who)s 录入",
                what=_described(office, row, batch, language),
                who=names.get(row.entered_by or "", ""),
            ),
            f"/console/batches/{batch.id}",
            new_event_id(),
        )
        for row, batch in waiting.values()
    ]


def _described(office: Office, row: EventRecord, batch: Batch, language: Language) -> str:
    step = office.catalogue.step(row.step, batch.category).name(language)
    _ = translator(language)
    return _("%(step)s，%(at)s，批次 %(lot)s", step=step, at=written_at(row.happened_at, language), lot=batch.lot)


def _answers(session: Session, actor: Actor, since: datetime) -> dict[str, str]:
    """Return event → its latest answer."""
    return {
        str(event.record["event"]): str(event.record["answer"]) for event in _told(session, actor, "confirm", since)
    }


def _corrected(session: Session, actor: Actor, events: set[str]) -> set[str]:
    if not events:
        return set()
    return {str(event.record["event"]) for event in _told(session, actor, "correct", None)} & events


def _told(session: Session, actor: Actor, step: str, since: datetime | None) -> list[Event]:
    query = (
        select(LedgerStatement.body)
        .join(EventRecord, col(EventRecord.index) == col(LedgerStatement.index))
        .where(EventRecord.author == actor.organisation_id, EventRecord.step == step)
        .order_by(col(EventRecord.index))
    )
    if since is not None:
        query = query.where(col(EventRecord.logged_at) > since)
    return [read_event(json.loads(body)) for body in session.exec(query) if body is not None]
