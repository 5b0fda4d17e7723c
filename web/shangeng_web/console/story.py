"""Query: what has been told of a batch, in the order it happened, with everything a member's own page may show."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from shangeng_trace.amendments import in_effect
from shangeng_trace.batch_tables import Batch, EventBatch, EventRecord, LedgerKey
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.correcting import DID_NOT_OCCUR
from shangeng_trace.device_sequence import Place, places
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import Event, Portion
from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.private_tables import Attachment, EventAttachment, PrivateValue
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Person
from shangeng_trace.steps import Effect, Field, Step


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a batch, with its step as the batch's category knows it, and who stands behind it.

    `answer` is what the person it was entered for said of it (`yes`, `no`), None while nothing was said;
    `corrected` is the event that declares it wrong, `standing` the event with the amounts that corrections have left.
    `place` is how it joins its device's own sequence, None where the event names none.
    """

    row: EventRecord
    event: Event
    step: Step
    key: LedgerKey
    author: Organisation
    entered_by: str
    claimed_by: str
    private: dict[str, Any]
    photos: tuple[Attachment, ...]
    answer: str | None
    corrected: Event | None
    standing: Event
    place: Place | None

    @property
    def tier(self) -> str:
        """Who says so, as the badges name it: `gov`, `third`, `clerk`, `phone` or `staff`."""
        if self.author.kind is OrganisationKind.SUPERVISOR:
            return "gov"
        if self.author.kind is not OrganisationKind.MEMBER:
            return "third"
        if self.row.claimed_by and self.row.claimed_by != self.row.entered_by:
            return "clerk"
        return "staff" if self.key.custody == "server" else "phone"

    @property
    def counts(self) -> bool:
        """Whether the signature still counts: a revocation that reaches back can undo it later."""
        return self.key.counts(self.row.index, self.row.logged_at)

    @property
    def undone(self) -> bool:
        """Whether it never happened, as its author said later."""
        return self.corrected is not None and self.corrected.record.get("error") == DID_NOT_OCCUR

    @property
    def failed(self) -> bool:
        """Whether this is where something went wrong: a void signature, a failed test, a hold, a recall, a bad finding."""
        if not self.counts or self.step.effect in (Effect.HOLD, Effect.RECALL):
            return True
        return "fail" in (self.event.record.get("verdict"), self.event.record.get("finding"))

    def said(self) -> Iterable[tuple[Field, Any, bool]]:
        """Yield the fields that were filled in, with their values, and whether the public sees them."""
        for known in self.step.fields:
            record = self.event.record if known.public else self.private
            if known.key in record and known.refers is None:
                yield known, record[known.key], known.public

    def portions(self, batch_id: str, *, standing: bool = False) -> tuple[Portion | None, Portion | None]:
        """Return what went into the step and what came out of it, as far as it concerns one batch.

        As it was recorded, or as corrections have left it. Of a correction: what stood and what is right.
        """
        event = self.standing if standing else self.event
        for each in event.amends:
            if each.batch == batch_id and each.amount:
                return Portion(batch_id, each.was, each.packs), Portion(batch_id, each.amount, each.packs)
        before = next((one for one in event.inputs if one.batch == batch_id and one.amount is not None), None)
        after = next((one for one in event.outputs if one.batch == batch_id and one.amount is not None), None)
        subject = next((one for one in event.subjects if one.batch == batch_id and one.amount is not None), None)
        return (before, subject or after) if event.action == "ADD" else (before or subject, after)


def read_story(session: Session, catalogue: Catalogue, batch: Batch, *, private: bool) -> list[Told]:
    """Return the events of a batch; private values are read only where the reader may see them."""
    found = session.exec(
        select(EventRecord, LedgerKey, LedgerStatement.body)
        .join(LedgerKey, col(LedgerKey.id) == col(EventRecord.key_id))
        .join(LedgerStatement, col(LedgerStatement.index) == col(EventRecord.index))
        .where(
            col(EventRecord.index).in_(select(EventBatch.index).where(EventBatch.batch_id == batch.id)),
            col(LedgerStatement.body).is_not(None),
        )
        .order_by(col(EventRecord.happened_at), col(EventRecord.index))
    ).all()
    events = [(row, key, read_event(json.loads(body))) for row, key, body in found if body is not None]
    ids = [row.event_id for row, _, _ in events]
    names = person_names(session, {who for row, _, _ in events for who in (row.entered_by, row.claimed_by) if who})
    wanted = {row.author for row, _, _ in events}
    authors = {row.id: row for row in session.exec(select(Organisation).where(col(Organisation.id).in_(wanted)))}
    values = _private_values(session, ids) if private else {}
    photos = _photos(session, ids)
    joined = places(session, [row.index for row, _, _ in events])
    said = [event for _, _, event in events]
    stands = in_effect(said)
    return [
        Told(
            row=row,
            event=event,
            step=catalogue.step(event.step, batch.category),
            key=key,
            author=authors[row.author],
            entered_by=names.get(row.entered_by or "", ""),
            claimed_by=names.get(row.claimed_by or "", ""),
            private=values.get(event.event_id, {}),
            photos=photos.get(event.event_id, ()),
            answer=_answer(said, event.event_id),
            corrected=_correction(said, event.event_id),
            standing=stands[event.event_id],
            place=joined[row.index][1] if row.index in joined else None,
        )
        for row, key, event in events
    ]


def person_names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Return the names of people by their ids; whoever was erased is left out."""
    if not ids:
        return {}
    return {row.id: row.name for row in session.exec(select(Person).where(col(Person.id).in_(ids)))}


def _private_values(session: Session, ids: list[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in session.exec(select(PrivateValue).where(col(PrivateValue.event_id).in_(ids))):
        found.setdefault(row.event_id, {})[row.name] = json.loads(row.value)
    return found


def _photos(session: Session, ids: list[str]) -> dict[str, tuple[Attachment, ...]]:
    found: dict[str, tuple[Attachment, ...]] = {}
    for event_id, picture in session.exec(
        select(EventAttachment.event_id, Attachment)
        .join(Attachment, col(Attachment.sha256) == col(EventAttachment.sha256))
        .where(col(EventAttachment.event_id).in_(ids), col(Attachment.erased_at).is_(None))
        .order_by(col(EventAttachment.event_id), col(EventAttachment.name))
    ):
        found[event_id] = (*found.get(event_id, ()), picture)
    return found


def _answer(events: Iterable[Event], event_id: str) -> str | None:
    """Return the latest answer to an event."""
    answers = [
        event.record.get("answer")
        for event in events
        if event.step == "confirm" and event.record.get("event") == event_id
    ]
    return str(answers[-1]) if answers else None


def _correction(events: Iterable[Event], event_id: str) -> Event | None:
    found = [event for event in events if event.step == "correct" and event.record.get("event") == event_id]
    return found[-1] if found else None
