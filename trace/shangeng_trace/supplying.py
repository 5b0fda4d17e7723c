"""Handing in what stands behind the commitments of an event that was signed elsewhere: private values and pictures.

The statement is in the log already and holds a salted digest of each. What is handed in must fit it, and must be what
its step asks for; it goes into erasable rows, as if the event had been told here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor, Office
from shangeng_trace.attachments import Picture, attach
from shangeng_trace.batch_tables import Batch, EventRecord
from shangeng_trace.canonical import canonical, load
from shangeng_trace.errors import InvalidError, NotFoundError, RejectedError
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import PICTURE, Event
from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.private_tables import EventAttachment, PrivateValue
from shangeng_trace.recording import SALT_BYTES, commitment
from shangeng_trace.records import check_private
from shangeng_trace.registry_tables import Role
from shangeng_trace.steps import Step

MOST_SHOWN = 40
"""Characters of a name that nobody knows, or of a value."""
TELLERS = (Role.MANAGER, Role.CLERK, Role.FARMER, Role.ANALYST, Role.INSPECTOR, Role.SUPERVISOR)
"""Who records what happens, and so hands this in too."""


class EventUnknown(NotFoundError):
    """No such event is in the log."""

    code = "trace.event_unknown"
    zh = "没有这条记录。"
    en = "There is no such event."


class NotCommitted(RejectedError):
    """The statement says nothing of this name."""

    code = "trace.not_committed"
    zh = "声明里没有为“{name}”留下承诺值，不能补交。"
    en = "The statement holds no commitment for “{name}”, so nothing can be handed in for it."


class CommitmentDiffers(RejectedError):
    """What is handed in is not what was signed for."""

    code = "trace.commitment_differs"
    zh = "“{name}”与签名时留下的承诺值不符。"
    en = "“{name}” is not what the statement committed to."


class ValueRespelled(RejectedError):
    """A value that is right, and not written as records hold it."""

    code = "trace.value_respelled"
    zh = "“{name}”的写法与记录里的不同，应为 {form}。"
    en = "“{name}” is not written as records hold it: {form}."


class SaltTooShort(RejectedError):
    """A salt that would let the value be guessed."""

    code = "trace.salt_too_short"
    zh = "“{name}”的盐值太短，至少要 16 字节。"
    en = "The salt of “{name}” is too short: at least 16 bytes."


@dataclass(frozen=True, slots=True)
class Supplied:
    """Which of the names that an event commits to are there, and which are not, in alphabetical order."""

    there: tuple[str, ...]
    missing: tuple[str, ...]


def own_event(session: Session, actor: Actor, event_id: str) -> Event:
    """Return an event that the actor's organisation signed; raises `RoleMissing`, `EventUnknown` or `NotYours`."""
    actor.must_have(*TELLERS)
    found = session.exec(
        select(EventRecord.author, LedgerStatement.body)
        .join(LedgerStatement, col(LedgerStatement.index) == col(EventRecord.index))
        .where(EventRecord.event_id == event_id)
    ).one_or_none()
    if found is None or found[1] is None:
        raise EventUnknown
    actor.must_own(found[0])
    return read_event(load(found[1]))


def supply(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    event_id: str,
    values: Mapping[str, tuple[bytes, object]],
    pictures: Mapping[str, tuple[bytes, Picture]],
) -> Supplied:
    """Keep private values and pictures of an event of the actor's own, each with its salt; all of it or nothing.

    Handing in again what is there changes nothing. Raises `EventUnknown`, `NotYours`, or `InvalidError` with each
    `NotCommitted`, `CommitmentDiffers`, `SaltTooShort`, or what the step has against a value, at its name.
    """
    event = own_event(session, actor, event_id)
    step = office.catalogue.step(event.step, session.get_one(Batch, event.batches[0]).category)
    problems: list[RejectedError] = []
    for name, (salt, value) in values.items():
        if _fits(name, event.commitments, salt, canonical(value), problems):
            problems += _against(step, name, value, office.clock())
    for name, (salt, picture) in pictures.items():
        known = event.commitments if name.startswith(PICTURE) else {}
        if not _fits(name, known, salt, bytes.fromhex(picture.sha256), problems):
            problems[-1].field = f"photos.{name}"
    if problems:
        raise InvalidError(problems)
    for name, (salt, value) in values.items():
        session.merge(PrivateValue(event_id=event_id, name=name, salt=salt, value=canonical(value)))
    for _, picture in pictures.values():
        attach(session, picture, office.clock())
    session.flush()  # an attachment stands before what refers to it
    for name, (salt, picture) in pictures.items():
        session.merge(EventAttachment(event_id=event_id, name=name, sha256=picture.sha256, salt=salt))
    session.flush()
    kept = {
        *session.exec(select(PrivateValue.name).where(PrivateValue.event_id == event_id)),
        *session.exec(select(EventAttachment.name).where(EventAttachment.event_id == event_id)),
    }
    return Supplied(tuple(sorted(kept)), tuple(sorted(event.commitments.keys() - kept)))


def _fits(
    name: str, commitments: Mapping[str, str], salt: bytes, content: bytes, problems: list[RejectedError]
) -> bool:
    problem: RejectedError | None = None
    if name not in commitments:
        problem = NotCommitted(field=name, name=name[:MOST_SHOWN])
    elif len(salt) < SALT_BYTES:
        problem = SaltTooShort(field=name, name=name)
    elif commitment(salt, content) != commitments[name]:
        problem = CommitmentDiffers(field=name, name=name)
    if problem is not None:
        problems.append(problem)
    return problem is None


def _against(step: Step, name: str, value: object, moment: datetime) -> Sequence[RejectedError]:
    """Return what the step has against a private value."""
    try:
        checked = check_private(step, name, value, now=moment)
    except InvalidError as error:
        return error.problems
    if canonical(checked) != canonical(value):
        return [ValueRespelled(field=name, name=name, form=canonical(checked).decode()[:MOST_SHOWN])]
    return ()
