"""Processes beside the server that open signed events many at a time, so that it can use more than one core.

They only save time: what they do not answer, the server does itself. One that ends or hangs is replaced.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from contextlib import suppress

from msgspec import DecodeError

from shangeng_trace.opener import LENGTH, Asked, AskedEach, Opened, read_answer, written
from shangeng_trace.signed_events import SignedEvent
from shangeng_web.cores import Cores

CROWD, CROWD_FAR = 16, 64
"""Events that come alone in one question: while some are opened others are written, where a bigger crowd would come and
go as one. With the database in another process a group waits for a dozen answers, so that fewer groups are better."""
_AT_ONCE = 1 << 22
"""Bytes of an answer that are taken in without a pause."""
PATIENCE_SECONDS = 20.0
"""A body of the largest size takes a tenth of a second."""
_AHEAD = 2
"""Questions that a process may have at a time: the next is there when it has answered one, however busy we are."""


class Openers:
    """As many processes as there are cores besides our own, each started when it is first needed."""

    def __init__(self, cores: Cores, count: int | None = None, crowd: int = CROWD) -> None:
        self._crowd = crowd
        self._all = [_Opener(cores) for _ in range((os.cpu_count() or 1) - 1 if count is None else count)]
        self._free = asyncio.Semaphore(len(self._all) * _AHEAD)
        self._waiting: list[tuple[bytes, Mapping[str, str], asyncio.Future[SignedEvent | None]]] = []
        self._opening: asyncio.Task[None] | None = None

    async def open_one(self, body: bytes, keys: Mapping[str, str], *, host: str, limit: int) -> SignedEvent | None:
        """Open a body that is one event, with others that come now; None where the caller should do it himself.

        Only a crowd is worth asking another process for, and only one that is free.
        """
        opened: asyncio.Future[SignedEvent | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, keys, opened))
        if self._opening is None or self._opening.done():
            self._opening = asyncio.ensure_future(self._open_waiting(host, limit))
        return await opened

    async def _open_waiting(self, host: str, limit: int) -> None:
        await asyncio.sleep(0)  # whose request has arrived by now comes along
        while self._waiting:
            crowd, self._waiting = self._waiting[: self._crowd], self._waiting[self._crowd :]
            found: Opened | None = None
            try:
                if len(crowd) > 1 and not self._free.locked():
                    keys = {key_id: public for _, keys, _ in crowd for key_id, public in keys.items()}
                    found = await self.open(AskedEach([body for body, _, _ in crowd], limit, keys, host))
            finally:
                for (_, _, waits), each in zip(crowd, found or [None] * len(crowd), strict=True):
                    if not waits.done():
                        waits.set_result(each)
        self._opening = None

    async def open(self, asked: Asked | AskedEach) -> Opened | None:
        """Open the events of a body; None where it is not what it should be, or nobody could be asked."""
        if not self._all:
            return None
        async with self._free:
            opener = min(self._all, key=lambda each: each.asked)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await opener.ask(asked)
            except (OSError, EOFError, TimeoutError, DecodeError):
                return None

    @property
    def processes(self) -> list[asyncio.subprocess.Process]:
        """Those that have been started."""
        return [each.process for each in self._all if each.process is not None]

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*(each.close() for each in self._all))


class _Opener:
    """One process, or the place for one; it answers in the order of the questions."""

    def __init__(self, cores: Cores) -> None:
        self._cores = cores
        self.asked = 0
        """Questions without an answer so far."""
        self.process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._ended: list[asyncio.subprocess.Process] = []

    async def ask(self, asked: Asked | AskedEach) -> Opened | None:
        """Return the answer; raises `EOFError` where the process ends, for this question or for another."""
        self.asked += 1
        process = None
        try:
            process = await self._started()
            questions, answers = process.stdin, process.stdout
            assert questions is not None
            assert answers is not None
            questions.write(written(asked))  # and nothing may happen before we wait in line
            async with self._turn:
                (length,) = LENGTH.unpack(await answers.readexactly(LENGTH.size))
                return read_answer(await answers.readexactly(length))
        except BaseException:
            self._end(process)  # its answer to a question that nobody waits for any more would be taken for another's
            raise
        finally:
            self.asked -= 1

    async def _started(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self.process is None:
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "shangeng_trace.opener", stdin=PIPE, stdout=PIPE, limit=_AT_ONCE
                )
                self._cores.stay_away(self.process.pid)
            return self.process

    def _end(self, process: asyncio.subprocess.Process | None) -> None:
        """Leave this process, unless it was left before; the next question starts another."""
        if process is None or process is not self.process:
            return
        with suppress(ProcessLookupError):
            process.kill()
        self._ended.append(process)
        self.process = None

    async def close(self) -> None:
        """End the process, and wait for all there were."""
        self._end(self.process)
        for process in self._ended:
            await process.wait()
        self._ended.clear()
