"""Signing tree heads: a checkpoint over what is committed, within a second of every append (design 4.3)."""

import math
import time
from collections.abc import Callable, Sequence

from sqlmodel import Session, col, select

from shangeng_trace.checkpoint import Checkpoint, sign_checkpoint
from shangeng_trace.db import Database
from shangeng_trace.head_clock import HeadClock
from shangeng_trace.keys import SigningKey
from shangeng_trace.ledger import Ledger
from shangeng_trace.log_tables import LedgerCheckpoint
from shangeng_trace.standstill import LogFrozen

INTERVAL_SECONDS = 0.5
"""Under load a checkpoint is signed this often; when nothing waits, at once."""

HEARTBEAT_SECONDS = 600.0
"""A log that does not grow says this often that it is alive (C2SP asks witnesses for at most an hour)."""

GLANCE_SECONDS = 1.0
"""An idle server looks this often whether somebody beside it, a command or another server, has signed a newer head."""

KeysAt = Callable[[Session, int], Sequence[SigningKey]]
"""Which keys sign a head of so many entries; see `shangeng_trace.log_keys`."""


class Publisher:
    """Signs checkpoints with the log's own keys, which sign nothing else.

    `announce` hears of each one once it is stored, whoever signed it, and of the newest again with every heartbeat; it
    is called by the writer's thread and must return at once; None: nobody wants to hear. `clock` dates each head, and
    the newest again with every heartbeat.
    """

    def __init__(
        self,
        keys: KeysAt,
        *,
        clock: HeadClock | None = None,
        heartbeat: float = HEARTBEAT_SECONDS,
        announce: Callable[[LedgerCheckpoint], object] | None = None,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._heartbeat = heartbeat
        self._announce = announce
        self._announced = 0
        self._last = time.monotonic()
        self._beat_at = -math.inf

    def due(self) -> bool:
        """Whether the last checkpoint is so old that one must come between two groups."""
        return time.monotonic() - self._last >= INTERVAL_SECONDS

    def rest(self) -> float:
        """Return the seconds until it is to be asked again although nothing was written here."""
        glance_at = math.inf if self._announce is None else self._last + GLANCE_SECONDS
        return max(min(self._beat_at, glance_at) - time.monotonic(), 0.0)

    def publish(self, database: Database, ledger: Ledger) -> None:
        """Sign the committed head if it has grown; the lock on the log's state keeps two processes from signing apart.

        It runs after a group's commit in a transaction of its own: a signature over a state that a crash then
        loses would be a fork. Which keys sign is read in that transaction, so a new key signs from its entry on.
        """
        with database.session() as session:
            group = ledger.begin(session)
            newest = latest_checkpoint(session)
            has_grown, beats = newest is None or newest.size < group.size, time.monotonic() >= self._beat_at
            if has_grown and group.size:
                newest = sign(ledger.origin, group.size, group.root, *self._keys(session, group.size))
                session.add(newest)
            if newest is not None and (has_grown or beats):
                if self._clock is not None and isinstance(ledger.standstill.cause, LogFrozen | None):
                    self._clock.date(session, newest, ledger.watch.clock())
                session.commit()
        if newest is not None and (beats or newest.size > self._announced):
            self._tell(newest)
        if has_grown or beats:
            self._beat_at = time.monotonic() + self._heartbeat
        self._last = time.monotonic()

    def _tell(self, signed: LedgerCheckpoint) -> None:
        self._announced = signed.size
        if self._announce is not None:
            self._announce(signed)


def always(*keys: SigningKey) -> KeysAt:
    """Return keys that never change, as `Publisher` wants them."""
    return lambda _session, _size: keys


def sign(origin: str, size: int, root: bytes, *keys: SigningKey) -> LedgerCheckpoint:
    """Return the signed checkpoint of a tree head as a row."""
    note = sign_checkpoint(Checkpoint(origin, size, root), *keys)
    return LedgerCheckpoint(size=size, root=root, note=note)


def latest_checkpoint(session: Session) -> LedgerCheckpoint | None:
    """Return the newest signed tree head, or None before the first."""
    return session.exec(select(LedgerCheckpoint).order_by(col(LedgerCheckpoint.size).desc()).limit(1)).one_or_none()
