"""Taking an event into the ledger: the one way in for every verb, and for events signed elsewhere."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Self

from sqlmodel import Session, select

from shangeng_trace.acting import Actor, Office
from shangeng_trace.attachments import Picture, attach
from shangeng_trace.batch_tables import EventRecord
from shangeng_trace.canonical import canonical, load
from shangeng_trace.entry import Kind, Receipt
from shangeng_trace.errors import ConflictError
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import PICTURE, Event
from shangeng_trace.keyring import valid_key
from shangeng_trace.ledger import append, find_receipt, find_statement, group_of
from shangeng_trace.private_tables import EventAttachment, PrivateValue
from shangeng_trace.projection import project
from shangeng_trace.rules import check_event
from shangeng_trace.sight import sight_of
from shangeng_trace.signed_events import SignedEvent
from shangeng_trace.statements import Sealed, seal

SALT_BYTES = 16


class EventIdTaken(ConflictError):
    """Another event has this identifier."""

    code = "trace.event_id_taken"
    zh = "这个事件编号已经用在另一条内容不同的记录上。"
    en = "This event identifier already belongs to another event with different content."


@dataclass(frozen=True, slots=True)
class Telling:
    """How an event is told: when it happened, for whom a clerk writes, with which pictures.

    `event_id` comes from a form or a program that may send the same thing twice.
    """

    at: datetime | None = None
    claimed_by: str | None = None
    pictures: Sequence[Picture] = ()
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Private:
    """What goes beside the ledger: private values and pictures, each under its name with its salt."""

    values: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict[str, tuple[bytes, bytes]])
    pictures: Mapping[str, tuple[bytes, Picture]] = field(default_factory=dict[str, tuple[bytes, Picture]])

    @classmethod
    def of(cls, values: Mapping[str, Any], pictures: Sequence[Picture]) -> "Private":
        """Draw a salt for each private value and picture."""
        return cls(
            {name: (secrets.token_bytes(SALT_BYTES), canonical(value)) for name, value in values.items()},
            {f"{PICTURE}{n}": (secrets.token_bytes(SALT_BYTES), picture) for n, picture in enumerate(pictures, 1)},
        )

    def commitments(self) -> dict[str, str]:
        """Return what the statement holds of it: name → salted SHA-256, of a picture over its own digest."""
        values = {name: commitment(salt, value) for name, (salt, value) in self.values.items()}
        pictures = {
            name: commitment(salt, bytes.fromhex(picture.sha256)) for name, (salt, picture) in self.pictures.items()
        }
        return values | pictures


def commitment(salt: bytes, value: bytes) -> str:
    """Return SHA-256(salt ‖ value) in hex: it binds to the value and tells nothing of it."""
    return sha256(salt + value).hexdigest()


def tell(session: Session, office: Office, actor: Actor, event: Event, private: Private) -> Receipt:
    """Sign an event with the actor's key in custody and record it with what is private beside it.

    An identifier told before gives the receipt it has, as after a form sent twice; where something else was told
    under it, raises `EventIdTaken`.
    """
    if (known := _find(session, event.event_id)) is not None:
        author = session.exec(select(EventRecord.author).where(EventRecord.index == known.index)).one()
        body = find_statement(session, known.digest)
        if author != actor.organisation_id or body is None or _gist(read_event(load(body))) != _gist(event):
            raise EventIdTaken(field="event_id")
        return known
    sealed = seal(event.document(), office.keyring.signer(session, actor.organisation_id), created=office.clock())
    receipt = _take_in(session, office, SignedEvent.read(sealed))
    for name, (salt, value) in private.values.items():
        session.add(PrivateValue(event_id=event.event_id, name=name, salt=salt, value=value))
    for _, picture in private.pictures.values():
        attach(session, picture, office.clock())
    session.flush()  # an attachment stands before what refers to it
    for name, (salt, picture) in private.pictures.items():
        session.add(EventAttachment(event_id=event.event_id, name=name, sha256=picture.sha256, salt=salt))
    return receipt


def _gist(event: Event) -> object:
    """Return what a person told, without what was drawn or read from a clock or a balance while telling."""
    made = {item.batch for item in event.opened}
    return (
        event.step,
        event.record,
        [batch for batch in event.batches if batch not in made],
        [item.lot for item in event.opened],
        [(portion.amount, portion.packs) for portion in (*event.subjects, *event.outputs)],
        [each.amount for each in event.amends],
        (event.recipient, event.shipment, event.claimed_by),
    )


@dataclass(frozen=True, slots=True)
class Recording:
    """Records a signed event: checks it against the rules, appends it, projects it. A `Joint` command.

    The same event again gives the receipt it already has; another under its identifier raises `EventIdTaken`. The
    signature was verified, and the document read, when the event was opened.
    """

    office: Office
    signed: SignedEvent

    @classmethod
    def look_ahead(cls, session: Session, commands: Sequence[Self]) -> None:
        """See what all of these will ask for."""
        signed = [command.signed for command in commands]
        batches, sight = {batch for each in signed for batch in each.event.batches}, sight_of(session)
        sight.look_at(
            events={each.event.event_id for each in signed}, keys={each.key_id for each in signed}, batches=batches
        )
        # A statement that is there has its identifier there: those with a new one need not be looked for.
        is_new = [(each.digest, sight.digest(each.event.event_id) is None) for each in signed]
        group = group_of(session)
        group.know_new(digest for digest, new in is_new if new)
        group.look_at(
            chains=[_chain(batch) for batch in batches],
            digests=dict.fromkeys(digest for digest, new in is_new if not new),
        )

    def __call__(self, session: Session) -> Receipt:
        """Record it."""
        signed = self.signed
        if (known := _find(session, signed.event.event_id)) is not None:
            if known.digest != signed.digest:
                raise EventIdTaken(field="eventID")
            return known
        return _take_in(session, self.office, signed)


def record_event(session: Session, office: Office, sealed: Sealed) -> Receipt:
    """Record a signed event, as `Recording` does."""
    return Recording(office, SignedEvent.read(sealed))(session)


def _take_in(session: Session, office: Office, signed: SignedEvent) -> Receipt:
    event = signed.event
    key = valid_key(session, signed.key_id, sight_of(session).key(signed.key_id))
    step = check_event(session, office, event, key, office.clock())
    for object_to in office.objections:
        object_to(session, event)
    chains = [_chain(batch) for batch in event.batches]
    receipt = append(session, kind=Kind.EVENT, digest=signed.digest, body=signed.body, chains=chains)
    project(session, event, step.effect, receipt, key_id=signed.key_id, author=key.controller)
    return receipt


def _chain(batch: str) -> str:
    return f"batch:{batch}"


def _find(session: Session, event_id: str) -> Receipt | None:
    digest = sight_of(session).digest(event_id)
    return None if digest is None else find_receipt(session, digest)
