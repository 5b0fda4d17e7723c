"""The keys of a log, as its key statements make them known one after the other (design 4.3, docs/keys.md). Pure.

Key statements are judged where they stand, by what was known before them; what a revocation did is never undone.
Every other statement is judged by all that is known in the end, so that a revocation that reaches back takes effect.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shangeng_trace.entry import Entry, Kind
from shangeng_trace.errors import MalformedError, VerificationError
from shangeng_trace.keys import VerifyKey
from shangeng_trace.proofs import key_id_of
from shangeng_trace.registration import Registration
from shangeng_trace.revocation import TYPE as REVOCATION
from shangeng_trace.revocation import Revocation, counts, may_revoke


class KeyNotRegistered(VerificationError):
    """A statement is signed by a key that the log did not know at its place."""

    code = "trace.key_not_registered"
    zh = "第 {index} 条的签名钥匙 {key} 此前没有登记。"
    en = "Entry {index} is signed by key {key}, which was not registered before it."


class KeyNotValid(VerificationError):
    """A statement is signed by a key that was revoked or had expired at its place."""

    code = "trace.key_not_valid"
    zh = "第 {index} 条的签名钥匙 {key} 对这一条不作数：已作废或过期。"
    en = "Entry {index} is signed by key {key}, which does not count there: it was revoked or had expired."


class RevocationNotAllowed(VerificationError):
    """A key was revoked by a key that has no right to."""

    code = "trace.revocation_not_allowed"
    zh = "第 {index} 条要作废钥匙 {key}，但签名的一方无权这样做。"
    en = "Entry {index} revokes key {key}, which its signer has no right to do."


class EntryWrong(VerificationError):
    """An entry that cannot stand where it says it stands."""

    code = "trace.entry_wrong"
    zh = "第 {index} 条不对：{what}。"
    en = "Entry {index} is wrong: {what}."


@dataclass(slots=True)
class KnownKey:
    """A registered key: the index of its registration, and the last for which it counts once it is revoked."""

    registration: Registration
    public: VerifyKey
    index: int
    last: int | None = None

    def counts(self, index: int, time: datetime) -> bool:
        """Whether the key, registered before, is neither revoked nor expired for the entry at `index`."""
        return counts(index, time, last=self.last, expires=self.registration.expires)


@dataclass(slots=True)
class KnownKeys:
    """All keys that the key statements taken so far speak of."""

    _keys: dict[str, KnownKey] = field(default_factory=dict[str, KnownKey])

    def __iter__(self) -> Iterator[KnownKey]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def signer(self, index: int, entry: Entry, key_id: str) -> KnownKey:
        """Return the key that the statement of an entry names; raises `KeyNotRegistered` or `KeyNotValid`.

        Whether it counts for a key statement was decided when that was taken: a key may have ended itself by it.
        """
        key = self._registered(index, key_id)
        if entry.kind is not Kind.KEY:
            _must_count(key, index, entry)
        return key

    def _registered(self, index: int, key_id: str) -> KnownKey:
        key = self._keys.get(key_id)
        if key is None or (key.index >= index and index != 0):  # entry 0 is signed by the key it registers
            raise KeyNotRegistered(index=index, key=key_id)
        return key

    def take(self, index: int, entry: Entry, document: dict[str, Any]) -> None:
        """Take the next key statement in log order; raises what makes it count for nothing."""
        if document.get("type") == REVOCATION:
            self._revoke(index, entry, document)
        else:
            self._register(index, entry, document)

    def _register(self, index: int, entry: Entry, document: dict[str, Any]) -> None:
        """Only the platform, whose own key is entry 0, registers keys."""
        said, by = Registration.read(document), key_named(document)
        if said.key_id in self._keys or (index == 0 and by != said.key_id):
            raise EntryWrong(index=index, what="key registration")
        _must_stand_in(entry, index, said.key_id, said.controller)
        if index:
            registrar = self._registered(index, by)
            if registrar.registration.controller_kind != "platform":
                raise KeyNotRegistered(index=index, key=by)
            _must_count(registrar, index, entry)
        self._keys[said.key_id] = KnownKey(said, VerifyKey.from_multikey(said.public), index)

    def _revoke(self, index: int, entry: Entry, document: dict[str, Any]) -> None:
        said = Revocation.read(document)
        key = self._keys.get(said.key_id)
        if key is None:
            raise KeyNotRegistered(index=index, key=said.key_id)
        _must_stand_in(entry, index, said.key_id, key.registration.controller)
        last = said.last_valid(index)
        if not 0 <= last < index:
            raise EntryWrong(index=index, what="lastValidIndex")
        signer = self._registered(index, key_named(document))
        _must_count(signer, index, entry)
        allowed = may_revoke(
            kind=signer.registration.controller_kind,
            controller=signer.registration.controller,
            of_kind=key.registration.controller_kind,
            of_controller=key.registration.controller,
            reaches_back=last < index - 1,
        )
        if not allowed:
            raise RevocationNotAllowed(index=index, key=said.key_id)
        key.last = last if key.last is None else min(last, key.last)


def key_named(document: dict[str, Any]) -> str:
    """Return the id of the key that a statement says it is signed with."""
    match document:
        case {"proof": {"verificationMethod": str(method)}}:
            return key_id_of(method)
        case _:
            raise MalformedError(what="proof")


def _must_count(key: KnownKey, index: int, entry: Entry) -> None:
    if not key.counts(index, entry.time):
        raise KeyNotValid(index=index, key=key.registration.key_id)


def _must_stand_in(entry: Entry, index: int, key_id: str, controller: str) -> None:
    if [link.chain for link in entry.links] != [f"key:{key_id}", f"member:{controller}"]:
        raise EntryWrong(index=index, what="chains")
