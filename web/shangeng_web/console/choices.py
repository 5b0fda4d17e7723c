"""Queries: what the lists of a form offer."""

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor, Office
from shangeng_trace.batch_tables import EventBatch, EventRecord, Part, Shipment
from shangeng_trace.registry_tables import Membership, Organisation, OrganisationKind, Person, Role
from shangeng_web.console.asking import Sheet
from shangeng_web.console.seeing import Seen
from shangeng_web.formats import at as written_at
from shangeng_web.i18n import Language


def last_recipient(session: Session, organisation_id: str) -> str:
    """Return whom an organisation shipped to last, or nothing."""
    row = session.exec(
        select(Shipment.recipient)
        .join(EventRecord, col(EventRecord.event_id) == col(Shipment.event_id))
        .where(Shipment.sender == organisation_id)
        .order_by(col(EventRecord.index).desc())
        .limit(1)
    ).first()
    return row or ""


def members_but(session: Session, organisation_id: str) -> list[tuple[str, str]]:
    """Return the other members, to ship to."""
    rows = session.exec(
        select(Organisation)
        .where(Organisation.kind == OrganisationKind.MEMBER, Organisation.id != organisation_id)
        .order_by(col(Organisation.name))
    )
    return [(row.id, row.name) for row in rows]


def farmers_of(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Return the farmers of an organisation but oneself, for whom its clerk or manager may write."""
    if actor.kind is not OrganisationKind.MEMBER or not actor.roles & {Role.CLERK, Role.MANAGER}:
        return []
    rows = session.exec(
        select(Person)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(Membership.organisation_id == actor.organisation_id, Membership.role == Role.FARMER)
        .order_by(col(Person.name))
    )
    return [(row.id, row.name) for row in rows if row.id != actor.person_id]


def was_worked_in_place(session: Session, batch_id: str) -> bool:
    """Whether bulk of a batch went into a step and came out of it again: dried, rolled, sorted."""
    came_out = select(EventBatch.index).where(
        EventBatch.batch_id == batch_id, EventBatch.part == Part.OUTPUT, col(EventBatch.packs).is_(False)
    )
    went_in = select(EventBatch.index).where(
        EventBatch.batch_id == batch_id, EventBatch.part == Part.INPUT, col(EventBatch.index).in_(came_out)
    )
    return session.exec(went_in.limit(1)).first() is not None


def events_of(session: Session, office: Office, seen: Seen, sheet: Sheet) -> list[tuple[str, str]]:
    """Return the records of a batch, newest first, to refer to."""
    rows = session.exec(
        select(EventRecord)
        .where(col(EventRecord.index).in_(select(EventBatch.index).where(EventBatch.batch_id == seen.batch.id)))
        .order_by(col(EventRecord.index).desc())
    )
    return [(row.event_id, _event_words(office, row, seen.batch.category, sheet.language)) for row in rows]


def _event_words(office: Office, row: EventRecord, category: str, language: Language) -> str:
    return f"{office.catalogue.step(row.step, category).name(language)} {written_at(row.happened_at, language)}"
