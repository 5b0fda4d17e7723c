"""The costly part of an audit: whether a stored statement is canonical, bears the signature of its key, and is an event.

Pure. Where there are many statements they are examined in other processes, as many as there are cores, while this one reads
on; what they say is the same.
"""

import json
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from shangeng_trace.canonical import Document, canonical, load_canonical, load_statement
from shangeng_trace.errors import MalformedError, ShangengError
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import Event
from shangeng_trace.garbage import spare_the_collector
from shangeng_trace.keys import VerifyKey
from shangeng_trace.known_keys import key_named
from shangeng_trace.proofs import key_id_of, verify_statement


class Claim(Struct, frozen=True, array_like=True):
    """A statement's stored bytes and the key (Multikey text) that the log knew for it, or why there is none.

    They are strict JSON; or, unread so far, those of an event that seems to name a key: `named`, see `key_in`.
    """

    body: bytes
    key: str | None
    problem: str = ""
    named: str | None = None


class Verdict(Struct, frozen=True, array_like=True):
    """Whether a statement is signed as it claims, and all that is wrong with it, in words; what an unread event says."""

    is_signed: bool
    flaws: tuple[str, ...] = ()
    event: Event | None = None
    unreadable: str = ""
    """Why a signed statement is no event."""


def key_in(body: bytes) -> str | None:
    """Return the id of the key that a canonical statement names, without reading it; None where that cannot be seen.

    In canonical form this spelling ends a member's name and stands nowhere else; whether it is the proof's, where it
    stands once, is seen when the statement is examined.
    """
    _, found, rest = body.partition(_METHOD)
    if not found or _METHOD in rest:
        return None
    try:
        return key_id_of(rest.partition(b'"')[0].decode())
    except (ShangengError, UnicodeDecodeError):
        return None


_METHOD = b'"verificationMethod":"'


def examine(claim: Claim) -> Verdict:
    """Compute everything about one statement again."""
    flaws: tuple[str, ...] = ()
    try:
        document, whole = _read(claim)
        if whole != claim.body:
            flaws = ("not in canonical form",)
        if claim.named is not None and key_named(document) != claim.named:
            raise MalformedError(what="proof")
        if claim.key is None:
            return Verdict(is_signed=False, flaws=(*flaws, claim.problem))
        key = VerifyKey.from_multikey(claim.key)
        verify_statement(document, lambda _method: key, whole=whole)
    except ShangengError as error:
        return Verdict(is_signed=False, flaws=(*flaws, error.sentence("en")))
    if claim.named is None:
        return Verdict(is_signed=True, flaws=flaws)
    try:
        return Verdict(is_signed=True, flaws=flaws, event=read_event(document))
    except (ShangengError, KeyError) as error:
        what = error.sentence("en") if isinstance(error, ShangengError) else repr(error)
        return Verdict(is_signed=True, flaws=flaws, unreadable=what)


def _read(claim: Claim) -> tuple[Document, bytes]:
    """Return the document and its canonical form."""
    if (document := load_canonical(claim.body)) is not None:
        return document, claim.body
    document = load_statement(claim.body) if claim.named is not None else json.loads(claim.body)
    return document, canonical(document)


def examine_all(claims: Sequence[Claim]) -> list[Verdict]:
    """Examine one after the other."""
    return [examine(claim) for claim in claims]


class Examiners:
    """Examine statements in other processes, or with no `workers` right here. Close them in the end."""

    def __init__(self, workers: int = 0) -> None:
        # A fresh interpreter for each: a fork would copy the locks of other threads in whatever state they are.
        self._pool = (
            ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_settle_down) if workers else None
        )
        self.ahead = workers + 1 if workers else 0
        """How many lists of claims to hand in before asking for the first verdicts."""

    @classmethod
    def for_so_many(cls, statements: int) -> "Examiners":
        """Start as many as pay for a ledger of this size."""
        return cls(_cores() if statements >= MANY else 0)

    def hand_in(self, claims: Sequence[Claim]) -> Callable[[], list[Verdict]]:
        """Have statements examined; call what is returned for the verdicts, in order."""
        if self._pool is None:
            return partial(examine_all, claims)
        answer = self._pool.submit(_examine_written, _encode(claims))
        return lambda: _read_verdicts(answer.result())

    def close(self) -> None:
        """Send them home."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def _examine_written(claims: bytes) -> bytes:
    return _encode(examine_all(_read_claims(claims)))


# As MessagePack: pickled, a verdict costs three times as much to hand over.
_encode = Encoder().encode
_read_claims = Decoder(list[Claim]).decode
_read_verdicts = Decoder(list[Verdict]).decode

MANY = 10_000
"""Statements from which on other processes are worth their start, a fraction of a second."""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _settle_down() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the parent
    spare_the_collector()
