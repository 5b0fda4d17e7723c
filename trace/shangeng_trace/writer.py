"""The single writer: a thread that runs commands in groups, each group one transaction (design 4.3).

A command is a function over a `Session`. Commands wait in a bounded queue; a group is what waited while the last
group was committed, so there is no timer and no idle delay. A refused command leaves no trace and does not disturb
its neighbours (`shangeng_trace.commands`). A result is handed over only after the commit.

The thread outlives whatever a command, the storage or the publisher raises: a future that never resolves would hang
the person who waits for it.
"""

import logging
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlmodel import Session

from shangeng_trace.commands import Command, Outcome, RunSpoiledError, run_commands
from shangeng_trace.db import Database
from shangeng_trace.errors import ShangengError, UnavailableError
from shangeng_trace.kept_session import KeptSession
from shangeng_trace.ledger import Group, Ledger
from shangeng_trace.log_tables import LedgerEntry
from shangeng_trace.publishing import INTERVAL_SECONDS, Publisher
from shangeng_trace.standstill import Standstill
from shangeng_trace.storage import cause_of, go_on, is_passing

T = TypeVar("T")

GROUP_LIMIT = 256
"""Commands in one transaction: beyond this the fixed cost of a commit no longer shows (0.8 ms for 256 rows)."""

LULL_SECONDS = 0.02
"""When nothing came for so long, the head is signed; sooner would take the time of those about to write."""

QUEUE_LIMIT = 4096
"""Commands that may wait; a full queue refuses, so that waiting stays bounded."""

_log = logging.getLogger(__name__)


class WriterBusy(UnavailableError):
    """The queue is full."""

    code = "trace.writer_busy"


class WriterStopped(UnavailableError):
    """The writer is shutting down or could not store the group."""

    code = "trace.not_stored"
    zh = "存储出了问题，没有保存。请稍后再试。"
    en = "Storage failed and nothing was saved. Please try again later."


@dataclass(slots=True)
class _Job:
    """Commands that came together, and who waits for what becomes of them: of a single one, or of each of many."""

    commands: Sequence[Command[Any]]
    future: "Future[Any]"
    single: bool

    def hand_over(self, outcomes: list[Outcome]) -> None:
        if not self.single:
            self.future.set_result([result if error is None else error for result, error in outcomes])
            return
        [(result, error)] = outcomes
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class Writer:
    """Owns the writing thread of one process; `start` it once, `submit` from any thread, `stop` it at the end."""

    def __init__(self, database: Database, ledger: Ledger, publisher: Publisher) -> None:
        self._database = database
        self._ledger = ledger
        self._publisher = publisher
        self._kept = KeptSession(database)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._thread = threading.Thread(target=self._work, name="shangeng-writer", daemon=True)
        self._door = threading.Lock()
        self._stopping = False
        self._last_group = False
        self._unpublished = False
        """Whether entries may wait for a checkpoint."""
        self._refused = False
        """Whether the last checkpoint could not be signed."""

    @property
    def standstill(self) -> Standstill:
        """Why nothing is written, if nothing is; say it here to stop the writing."""
        return self._ledger.standstill

    @property
    def thread_id(self) -> int:
        """The writing thread's native id, once it is started."""
        return self._thread.native_id or 0

    def start(self) -> None:
        """Begin working; a checkpoint left unsigned by a crash is signed first."""
        self._publish()
        self._thread.start()

    def stop(self) -> None:
        """Finish what waits, sign the last checkpoint and end the thread; what comes later is refused."""
        with self._door:
            was_stopping, self._stopping = self._stopping, True
        if self._thread.is_alive():
            if not was_stopping:
                self._jobs.put(None)
            self._thread.join()

    def submit(self, command: Command[T]) -> "Future[T]":
        """Queue a command; the future resolves after the commit, or carries the error that refused it.

        A future cancelled before its turn is never run. Raises `WriterBusy` at once when too many wait,
        `WriterStopped` after `stop`, and the cause of a `Standstill` of everything.
        """
        future: Future[T] = Future()
        self._queue(_Job([command], future, single=True))
        return future

    def submit_all(self, commands: Sequence[Command[T]]) -> "Future[list[T | Exception]]":
        """Queue commands that stay together, in one group; the future gives what each returned or raised.

        As `submit` otherwise; they should not be many more than `GROUP_LIMIT`.
        """
        future: Future[list[T | Exception]] = Future()
        self._queue(_Job(commands, future, single=False))
        return future

    def _queue(self, job: _Job) -> None:
        self.standstill.must_write()
        with self._door:  # so that nothing can queue behind the end
            if self._stopping:
                raise WriterStopped
            if self._waiting + len(job.commands) > QUEUE_LIMIT:
                raise WriterBusy
            self._waiting += len(job.commands)
            self._jobs.put(job)

    def run(self, command: Command[T]) -> T:
        """Run a command and wait for its commit; for command lines and tests."""
        return self.submit(command).result()

    def _work(self) -> None:
        while not self._last_group:
            if jobs := self._next_group():
                self._run_group(jobs)
                self._unpublished = True
            elif is_passing(self.standstill):
                go_on(self._database, self.standstill)
            if self._publisher.due() or not jobs or self._last_group:
                self._publish()
        self._kept.close()

    def _next_group(self) -> list[_Job]:
        """Wait for work, then take all that waits, without what was cancelled meanwhile."""
        jobs: list[_Job] = []
        taken = 0
        try:
            job = self._jobs.get(timeout=self._patience())
            while job is not None:
                with self._door:
                    self._waiting -= len(job.commands)
                if job.future.set_running_or_notify_cancel():
                    jobs.append(job)
                    taken += len(job.commands)
                if taken >= GROUP_LIMIT:
                    return jobs
                job = self._jobs.get_nowait()
        except queue.Empty:
            return jobs
        self._last_group = True
        return jobs

    def _patience(self) -> float | None:
        """Return how long an idle writer waits before it looks again: where nothing is left to do, until a heartbeat."""
        if self._refused or is_passing(self.standstill):
            return INTERVAL_SECONDS
        if self.standstill.of_everything is not None:
            return None
        return LULL_SECONDS if self._unpublished else self._publisher.rest()

    def _run_group(self, jobs: list[_Job]) -> None:
        """Run one group in one transaction and hand out results after the commit."""
        outcomes: list[Outcome] = []
        group: Group | None = None
        commands = [command for job in jobs for command in job.commands]
        try:
            self.standstill.must_write()
            session, group = self._begin()
            try:
                outcomes = run_commands(session, group, commands)
            except RunSpoiledError:
                self._kept.close()
                session, group = self._begin()
                outcomes = run_commands(session, group, commands, together=False)
            self._ledger.flush(group)
            session.commit()
            self._kept.let_go()
        except Exception as exc:  # noqa: BLE001 - whatever it is, the thread must go on and every future resolve
            # The outcome of a failed commit is unknown: ask the tables. Only what is really there is acknowledged.
            self._ledger.forget()
            self._kept.close()
            cause = cause_of(exc)
            if cause is not None:
                self.standstill.stop(cause)
            if group is None or not self._is_stored(group):
                _log.exception("group not stored", extra={"commands": sum(len(job.commands) for job in jobs)})
                failure = cause or (exc if isinstance(exc, ShangengError) else WriterStopped())
                for job in jobs:
                    job.future.set_exception(failure)
                return
        for job in jobs:
            own, outcomes = outcomes[: len(job.commands)], outcomes[len(job.commands) :]
            job.hand_over(own)

    def _begin(self) -> tuple[Session, Group]:
        session = self._kept.open()
        group = self._ledger.begin(session)
        self._kept.carry_over(group)
        return session, group

    def _is_stored(self, group: Group) -> bool:
        """Whether a group whose commit reported an error is in the tables after all: its last entry tells of all."""
        if not group.entries:
            return False
        last = group.entries[-1]
        try:
            with self._database.session() as session:
                stored = session.get(LedgerEntry, last["index"])
                return stored is not None and stored.body == last["body"]
        except Exception:  # noqa: BLE001 - as above; the log has the traceback
            _log.exception("cannot tell whether the group was stored")
            return False

    def _publish(self) -> None:
        if self.standstill.of_everything is not None:
            return
        try:
            self._publisher.publish(self._database, self._ledger)
            self._unpublished = self._refused = False
        except Exception as exc:  # noqa: BLE001 - as above
            if (cause := cause_of(exc)) is not None:
                self.standstill.stop(cause)
            # Appends stay acknowledged; the checkpoint follows with the next group, or soon when none comes.
            self._refused = True
            _log.exception("checkpoint not signed")
