"""The costly part of an audit: whether a stored statement is canonical and bears the signature of its key. Pure.

Where there are many statements they are examined in other processes, as many as there are cores, while this one reads
on; what they say is the same.
"""

import json
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import NamedTuple

from shangeng_trace.canonical import canonical
from shangeng_trace.errors import ShangengError
from shangeng_trace.garbage import spare_the_collector
from shangeng_trace.keys import VerifyKey
from shangeng_trace.proofs import verify_statement


class Claim(NamedTuple):
    """A statement's stored bytes, strict JSON, and the key (Multikey text) that the log knew for it, or why there is none."""

    body: bytes
    key: str | None
    problem: str = ""


class Verdict(NamedTuple):
    """Whether a statement is signed as it claims, and all that is wrong with it, in words."""

    is_signed: bool
    flaws: tuple[str, ...] = ()


def examine(claim: Claim) -> Verdict:
    """Compute everything about one statement again."""
    document = json.loads(claim.body)
    whole = canonical(document)
    flaws = () if whole == claim.body else ("not in canonical form",)
    if claim.key is None:
        return Verdict(is_signed=False, flaws=(*flaws, claim.problem))
    key = VerifyKey.from_multikey(claim.key)
    try:
        verify_statement(document, lambda _method: key, whole=whole)
    except ShangengError as error:
        return Verdict(is_signed=False, flaws=(*flaws, error.sentence("en")))
    return Verdict(is_signed=True, flaws=flaws)


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
        return self._pool.submit(examine_all, claims).result

    def close(self) -> None:
        """Send them home."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


MANY = 10_000
"""Statements from which on other processes are worth their start, a fraction of a second."""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _settle_down() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the parent
    spare_the_collector()
