"""One witness and the thread that asks it: what it cosigned last, and what it says of the next head."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from shangeng_trace.clock import Clock
from shangeng_trace.errors import ShangengError, VerificationError
from shangeng_trace.policy import Witness
from shangeng_trace.witnessing import Cosigned, FromFuture, Target, read_cosignature, read_size, write_request
from shangeng_web.outside import ask

Prover = Callable[[int, int], list[bytes]]
"""Proves that the tree of the second size continues that of the first."""

_PAUSES = (0.0, 0.01, 0.1)
"""Before each try of one submission."""
_CONFLICT = 409
_GOOD = 200

_log = logging.getLogger(__name__)


class WitnessRefused(VerificationError):
    """A witness answered, but with no cosignature."""

    code = "web.witness_refused"
    zh = "见证方拒绝签名（{status}）。"
    en = "The witness refuses to cosign ({status})."


@dataclass(slots=True)
class _Known:
    """What the log knows of one witness."""

    size: int = 0
    """The tree it last cosigned, as far as is known."""
    at: float | None = None
    """When it last answered with a good cosignature (monotonic)."""
    problem: ShangengError | None = None


class Contact:
    """One witness, asked in a thread of its own, one head at a time."""

    def __init__(
        self,
        witness: Witness,
        prover: Prover,
        found: Callable[[Cosigned], object],
        apart: Callable[[Witness, float], object],
        refused: Callable[[Witness], object],
        *,
        clock: Clock,
        size: int = 0,
    ) -> None:
        assert witness.url is not None
        self.witness = witness
        self.known = _Known(size)
        self._url = f"{witness.url.rstrip('/')}/add-checkpoint"
        self._prover = prover
        self._found = found
        self._apart = apart
        self._refused = refused
        self._clock = clock
        self._mailbox: queue.Queue[Target | None] = queue.Queue(1)
        self._thread = threading.Thread(target=self._work, name=f"shangeng-{witness.name}", daemon=True)
        self._thread.start()

    def offer(self, target: Target | None) -> None:
        """Hand over the newest head in place of one not begun yet; None ends the thread. For one caller only."""
        with suppress(queue.Empty):
            self._mailbox.get_nowait()
        self._mailbox.put_nowait(target)

    def join(self, seconds: float) -> None:
        """Wait so long for the thread, which was told to end; one that waits for an answer ends with its process."""
        self._thread.join(seconds)

    def _work(self) -> None:
        while (target := self._mailbox.get()) is not None:
            try:
                try:
                    cosigned = self._submit(target)
                except WitnessRefused:
                    self._refused(self.witness)
                    raise
            except ShangengError as error:
                if isinstance(error, FromFuture):
                    self._apart(self.witness, -error.seconds)
                if type(error) is not type(self.known.problem):
                    _log.warning("witness %s: %s", self.witness.name, error)
                self.known.problem = error
            except Exception:  # noqa: BLE001 - whatever a stranger's answer did to us, the next head is another chance
                _log.exception("witness %s", self.witness.name)
            else:
                self.known = _Known(target.size, time.monotonic())
                self._apart(self.witness, self._clock().timestamp() - cosigned.time)
                self._found(cosigned)

    def _submit(self, target: Target) -> Cosigned:
        old = min(self.known.size, target.size)
        for pause in _PAUSES:
            time.sleep(pause)
            answer = ask(self._url, body=write_request(target, old, self._prover(old, target.size)))
            if answer.status == _GOOD:
                return read_cosignature(target, answer.body, self.witness, now=int(self._clock().timestamp()))
            if answer.status != _CONFLICT or (size := read_size(answer.body)) > target.size:
                raise WitnessRefused(status=answer.status)
            if size < self.known.size:
                _log.error("witness %s has forgotten %d entries", self.witness.name, self.known.size - size)
            old = self.known.size = size
        raise WitnessRefused(status=_CONFLICT)
