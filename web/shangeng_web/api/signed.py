"""Events that organisations sign with keys of their own: read strictly, checked beside the server, handed to the writer.

A signature is checked before the writer is asked. A bulk costs one message to a process that opens it, at most one
look for keys and one wake-up of the event loop, however many events it holds; an event that comes alone is opened at
once, since a thread would cost more than it saves.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor, NotYours
from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.canonical import Document, load, load_statement
from shangeng_trace.entry import Receipt
from shangeng_trace.errors import InvalidError, MalformedError, ShangengError
from shangeng_trace.keyring import KeyUnknown
from shangeng_trace.keys import VerifyKey
from shangeng_trace.opener import Asked
from shangeng_trace.proofs import key_id_of
from shangeng_trace.recording import Recording
from shangeng_trace.signed_events import SignedEvent, open_event
from shangeng_trace.writer import GROUP_LIMIT, Writer
from shangeng_web.api.event_wire import MOST
from shangeng_web.api.places import place_in_event
from shangeng_web.mailbox import Mailbox
from shangeng_web.openers import Openers
from shangeng_web.platform import Platform
from shangeng_web.problems import ValueWrong

Keys: TypeAlias = dict[str, tuple[str, str]]
"""Key id → whose the key is, and its public half as Multikey text."""

Opened: TypeAlias = SignedEvent | ShangengError
Outcome: TypeAlias = Receipt | ShangengError

MOST_MET = 4096
_met: Keys = {}
"""Keys that this process has looked up, with whose they are: neither ever changes, and no id comes twice."""
_met_of: dict[str, dict[str, str]] = {}
"""The same by whose they are: key id → public half."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a program's signed events are opened and recorded."""

    platform: Platform
    actor: Actor
    openers: Openers | None
    mailbox: Mailbox

    async def open_one(self, raw: bytes) -> Opened:
        """Open the event that is the whole of a body."""
        if self.openers is not None and (mine := self._own_keys()):
            office, limit = self.platform.office, self.platform.settings.body_limit
            signed = await self.openers.open_one(raw, mine, host=office.keyring.host, limit=limit)
            if signed is not None and signed.key_id in mine:  # a key of somebody else's may have come along
                return signed
        document, is_strict = read_body(raw, self.platform.settings.body_limit)
        keys = await self._keys([document])
        return _opened(document, keys, self.actor, host=self.platform.office.keyring.host, is_strict=is_strict)

    async def open_many(self, raw: bytes) -> list[Opened]:
        """Open the events of a bulk, beside this process where there are openers; raises `InvalidError`."""
        opened = None if self.openers is None else await self.openers.open(self._asked(raw))
        if opened is None:
            return await self._open_here(raw, None)
        if None not in opened:
            return list(cast("Sequence[SignedEvent]", opened))
        again = iter(await self._open_here(raw, [place for place, each in enumerate(opened) if each is None]))
        return [next(again) if each is None else each for each in opened]

    def _asked(self, raw: bytes) -> Asked:
        limit, host = self.platform.settings.body_limit, self.platform.office.keyring.host
        return Asked(raw, limit, MOST, self._own_keys(), host)

    def _own_keys(self) -> Mapping[str, str]:
        """Return the keys of the actor's that this process has met."""
        return _met_of.get(self.actor.organisation_id, {})

    async def _open_here(self, raw: bytes, places: Sequence[int] | None) -> list[Opened]:
        """Open the events at these places of a bulk, or all of them, in a thread: checking lets others run."""
        body, is_strict = read_body(raw, self.platform.settings.body_limit)
        events = _events_in(body)
        events = events if places is None else [events[place] for place in places]
        keys, host = await self._keys(events), self.platform.office.keyring.host

        def work() -> list[Opened]:
            return [_opened(event, keys, self.actor, host=host, is_strict=is_strict) for event in events]

        return await asyncio.to_thread(work)

    async def _keys(self, events: Sequence[Any]) -> Keys:
        named = named_keys(events, self.platform.office.keyring.host)
        keys = {key_id: _met[key_id] for key_id in named if key_id in _met}
        if unmet := named - keys.keys():
            async with self.platform.read() as session:
                keys |= await session.run_sync(find_keys, unmet)
        return keys

    async def record_one(self, opened: Opened) -> Receipt:
        """Record what was opened; raises what refused it."""
        if isinstance(opened, SignedEvent):
            outcome = _outcome(await self.mailbox.record(Recording(self.platform.office, opened)), opened)
        else:
            outcome = opened
        if isinstance(outcome, ShangengError):
            raise outcome
        return outcome

    async def record(self, opened: Sequence[Opened]) -> list[Outcome]:
        """Record what was opened, in order; each event gets its receipt or what refused it."""
        office, writer = self.platform.office, self.platform.writer
        commands = [Recording(office, each) for each in opened if isinstance(each, SignedEvent)]
        parts = [commands[start : start + GROUP_LIMIT] for start in range(0, len(commands), GROUP_LIMIT)]
        waiting = [_submit(writer, part) for part in parts]
        done = iter([each for part, future in zip(parts, waiting, strict=True) for each in await _done(part, future)])
        return [each if isinstance(each, ShangengError) else _outcome(next(done), each) for each in opened]


def read_body(raw: bytes, limit: int) -> tuple[Any, bool]:
    """Return the JSON value of a body, and whether every number in it is fit for a statement.

    A body that holds one number too long is read all the same, so that the others in it can be taken. Raises
    `MalformedError` for what is no strict JSON.
    """
    try:
        return load_statement(raw, limit=limit), True
    except MalformedError:
        return load(raw, limit=limit), False


def find_keys(session: Session, ids: Collection[str]) -> Keys:
    """Look up keys and remember them; whether one is still valid the writer decides."""
    rows = session.exec(
        select(LedgerKey.id, LedgerKey.controller, LedgerKey.public).where(col(LedgerKey.id).in_(ids))
    ).all()
    found = {key_id: (controller, public) for key_id, controller, public in rows}
    if len(_met) + len(found) > MOST_MET:
        _met.clear()
        _met_of.clear()
    _met.update(found)
    for key_id, (controller, public) in found.items():
        _met_of.setdefault(controller, {})[key_id] = public
    return found


def named_keys(documents: Sequence[Any], host: str) -> set[str]:
    """Return the ids of the keys that documents say they are signed with, as far as they can be read."""
    methods = {
        method
        for document in documents
        if isinstance(document, dict)
        and isinstance(proof := cast("Document", document).get("proof"), dict)
        and isinstance(method := cast("Document", proof).get("verificationMethod"), str)
    }
    found: set[str] = set()
    for method in methods:
        try:
            found.add(key_id_of(method, host))
        except MalformedError:
            continue  # the opening of that document says what is wrong with it
    return found


def _events_in(body: object) -> list[object]:
    members = cast("dict[str, object]", body) if isinstance(body, dict) else {}
    found = members.get("events")
    if not isinstance(found, list) or len(members) > 1:
        raise InvalidError([ValueWrong(field="events", sentence_zh="应是列表。", sentence_en="This must be a list.")])
    events = cast("list[object]", found)
    if not 1 <= len(events) <= MOST:
        zh, en = f"应有 1 到 {MOST} 项。", f"There must be 1 to {MOST} of them."
        raise InvalidError([ValueWrong(field="events", sentence_zh=zh, sentence_en=en)])
    return events


def _opened(document: Any, keys: Keys, actor: Actor, *, host: str, is_strict: bool) -> Opened:
    """Open a document, or return what is wrong with it; the key must be the actor's own."""

    def key_of(key_id: str) -> VerifyKey:
        if key_id not in keys:
            raise KeyUnknown(field="proof.verificationMethod", key=key_id)
        controller, public = keys[key_id]
        if controller != actor.organisation_id:
            raise NotYours(field="proof.verificationMethod")
        return VerifyKey.from_multikey(public)

    try:
        return open_event(document, key_of, host=host, is_strict=is_strict)
    except ShangengError as error:
        return error


def _submit(writer: Writer, part: Sequence[Recording]) -> "Future[list[Receipt | Exception]]":
    try:
        return writer.submit_all(part)
    except ShangengError as error:
        refused: Future[list[Receipt | Exception]] = Future()
        refused.set_exception(error)
        return refused


async def _done(
    part: Sequence[Recording], future: "Future[list[Receipt | Exception]]"
) -> Sequence[Receipt | Exception]:
    try:
        return await asyncio.wrap_future(future)
    except ShangengError as error:  # the group as a whole was not stored
        return [error] * len(part)


def _outcome(done: Receipt | Exception, signed: SignedEvent) -> Outcome:
    if isinstance(done, Receipt):
        return done
    if not isinstance(done, ShangengError):
        raise done
    place_in_event(done, load(signed.body))
    return done
