"""Collecting cosignatures: every witness in a thread of its own, and one thread that hands out and gathers.

    signed ──announce──▶ collector ──offer──▶ contact ──HTTP──▶ witness
                             ◀──────Cosigned──────┘

All witnesses get the same tree head, else a growing log would never have two signatures under one size. The next
head is handed out once the last one met the quorum, or when its time is over. A contact has room for one head: a
newer one takes the older one's place, so a witness that is slow or dead costs a thread that waits, and nothing else.
Nobody here holds the writer up: it is asked for proofs and given cosignatures through its queue like everybody.
"""

import logging
import math
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlmodel import Session

from shangeng_trace.clock import Clock, now
from shangeng_trace.errors import ShangengError, UnavailableError
from shangeng_trace.log_keys import every_vkey
from shangeng_trace.log_tables import LedgerCheckpoint
from shangeng_trace.policy import Policy, Witness
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.watch import ClockDiffers
from shangeng_trace.witnessing import (
    Cosigned,
    RolledBack,
    clock_apart,
    clock_is_shared,
    keep,
    largest_cosigned,
    prove,
    refuse_rollback,
    target_of,
    witnessed_checkpoint,
)
from shangeng_trace.writer import Writer
from shangeng_web.contact import Contact
from shangeng_web.outside import SECONDS
from shangeng_web.rollback import held_by

SPACING_SECONDS = 0.25
"""The least time between two heads: under load one head then stands for many appends."""
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.5, 30.0
WRITER_SECONDS = 15.0
PARTING_SECONDS = 0.5
"""An honest witness answers in a tenth of it; nobody who stops a server or runs a command waits for one that hangs."""
_PROOFS_KEPT = 16

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Collector:
    """Keeps the published head witnessed. Make it, hand `announce` to the publisher, `start` it with the writer."""

    def __init__(self, policy: Policy, *, clock: Clock = now, story: bool = False) -> None:
        self.policy = policy
        self._story = story
        self.contacts: tuple[Contact, ...] = ()
        self._clock = clock
        self._writer: Writer | None = None
        self._newest: LedgerCheckpoint | None = None
        self._again = False
        self._found: queue.SimpleQueue[Cosigned] = queue.SimpleQueue()
        self._woken = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="shangeng-witnesses", daemon=True)
        self._proofs: dict[tuple[int, int], list[bytes]] = {}
        self._proving = threading.Lock()
        self._offered: int = 0
        self._offered_at = -math.inf
        self._met = 0
        self._retry = FIRST_RETRY_SECONDS
        self._ahead: dict[str, float] = {}

    def announce(self, signed: LedgerCheckpoint) -> None:
        """Hear of the newest head, or of the same again: it is to be cosigned anew. Returns at once."""
        self._newest, self._again = signed, True
        self._woken.set()

    def start(self, writer: Writer) -> None:
        """Begin with what is stored: the newest head and what each witness has cosigned."""
        self._writer = writer
        with_url = [witness for witness in self.policy.witnesses if witness.url is not None]

        def look(session: Session) -> tuple[LedgerCheckpoint | None, int, list[int]]:
            met = witnessed_checkpoint(session)
            sizes = [largest_cosigned(session, witness) for witness in with_url]
            return latest_checkpoint(session), met.size if met else 0, sizes

        newest, self._met, sizes = writer.run(look)
        self._newest, self._again = self._newest or newest, True
        self.contacts = tuple(
            Contact(witness, self._prove, self._take, self._keep_time, self._compare, clock=self._clock, size=size)
            for witness, size in zip(with_url, sizes, strict=True)
        )
        self._thread.start()

    def stop(self) -> None:
        """End the threads; a head not yet witnessed is witnessed after the next start."""
        self._stopping = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
            for contact in self.contacts:
                contact.offer(None)
            until = time.monotonic() + PARTING_SECONDS
            for contact in self.contacts:
                contact.join(max(until - time.monotonic(), 0))

    def _take(self, cosigned: Cosigned) -> None:
        self._found.put(cosigned)
        self._woken.set()

    def _keep_time(self, witness: Witness, ahead: float) -> None:
        """Remember by how many seconds this machine's clock is ahead of a witness's; stop where most of them differ."""
        assert self._writer is not None
        if self._story:
            return
        self._ahead = self._ahead | {witness.name: ahead}
        if (cause := clock_apart(self.policy, self._ahead)) is not None:
            self._writer.standstill.stop(cause)
        elif clock_is_shared(self._ahead):  # the first answers after a start do not lift what the start found
            self._writer.standstill.resume(ClockDiffers)

    def _compare(self, witness: Witness) -> None:
        """A witness refused: where it holds more of this log than the database, the database was set back. Stop."""
        held = held_by(witness, self._run(every_vkey))
        if held is None:
            return
        try:
            self._run(lambda session: refuse_rollback(session, {witness.name: held}))
        except RolledBack as cause:
            assert self._writer is not None
            self._writer.standstill.stop(cause)

    def _work(self) -> None:
        assert self._writer is not None
        while not self._stopping:
            if self._writer.standstill.of_everything is not None:
                self._woken.wait(SECONDS)
                self._woken.clear()
                continue
            try:
                self._gather()
                self._hand_out()
            except ShangengError as error:
                _log.warning("cosignatures wait: %s", error)
                time.sleep(SPACING_SECONDS)
            except Exception:  # noqa: BLE001 - a thread that ended would leave the log unwitnessed until a restart
                _log.exception("cosignatures wait")
                time.sleep(SECONDS)
            self._woken.wait(min(max(self._due() - time.monotonic(), 0), LONGEST_RETRY_SECONDS))
            self._woken.clear()

    def _gather(self) -> None:
        """Keep what has come in, all in one command."""
        found: list[Cosigned] = []
        with suppress(queue.Empty):
            while True:
                found.append(self._found.get_nowait())
        if not found:
            return
        met = self._run(lambda session: keep(session, self.policy, found))
        if met is not None and met >= self._offered:
            self._met, self._retry = met, FIRST_RETRY_SECONDS

    def _hand_out(self) -> None:
        if time.monotonic() < self._due():
            return
        newest, self._again = self._newest, False
        assert newest is not None, "nothing is due before the first"
        if newest.size == self._offered and self._met < self._offered:
            self._retry = min(2 * self._retry, LONGEST_RETRY_SECONDS)
        target = self._run(lambda session: target_of(session, newest))
        self._offered, self._offered_at = newest.size, time.monotonic()
        for contact in self.contacts:
            contact.offer(target)

    def _due(self) -> float:
        """Return when the newest head is to be handed out, as things stand (monotonic)."""
        if self._newest is None:
            return math.inf
        is_met = self._met >= self._offered
        if self._again or self._newest.size > self._offered:
            return self._offered_at + (SPACING_SECONDS if is_met else SECONDS)
        if self._ahead and self._differs():
            return self._offered_at + LONGEST_RETRY_SECONDS
        return math.inf if is_met else self._offered_at + self._retry

    def _differs(self) -> bool:
        assert self._writer is not None
        return self._writer.standstill.has(ClockDiffers)

    def _prove(self, old: int, size: int) -> list[bytes]:
        """Return a proof, computed once for all witnesses."""
        with self._proving:
            if (old, size) not in self._proofs:
                if len(self._proofs) >= _PROOFS_KEPT:
                    self._proofs.clear()
                self._proofs[old, size] = self._run(lambda session: prove(session, old, size))
            return self._proofs[old, size]

    def _run(self, command: Callable[[Session], T]) -> T:
        """Run a command in the writer; raises `UnavailableError` where it does not come to its turn in time."""
        assert self._writer is not None
        future = self._writer.submit(command)
        try:
            return future.result(WRITER_SECONDS)
        except TimeoutError as error:
            future.cancel()
            raise UnavailableError from error
