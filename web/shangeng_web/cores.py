"""Which cores a server's threads run on, where the system lets a program say so (Linux).

The event loop and the writer take turns: Python runs one thread at a time. On two cores every turn carries its lock, and
all that was just touched, from one to the other; on one core it does not, and events are recorded a tenth faster.
Whatever need not wait for a turn goes elsewhere: the processes that open events, and threads that hash or draw.
"""

import asyncio
import os
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import get_native_id


class Cores:
    """The cores this process may use, and the one for those that take turns; of less than two, all do everything."""

    def __init__(self) -> None:
        self.all: set[int] = os.sched_getaffinity(0) if sys.platform == "linux" else set()
        # Several servers on one machine should not all choose the same one.
        self.shared: set[int] = {sorted(self.all)[os.getpid() % len(self.all)]} if len(self.all) > 1 else set()

    @contextmanager
    def taking_turns(self, *threads: int) -> Generator[None]:
        """Keep these threads of ours, by their native ids, on the one core meanwhile."""
        for thread in threads:
            self._keep(thread, self.shared)
        try:
            yield
        finally:
            for thread in threads:
                self._keep(thread, self.all)

    def spread(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the threads that this loop hands work to run anywhere, and not only where it runs itself."""
        loop.set_default_executor(ThreadPoolExecutor(initializer=lambda: self._keep(get_native_id(), self.all)))

    def stay_away(self, process: int) -> None:
        """Let another process of ours run anywhere but on the one core."""
        self._keep(process, self.all - self.shared)

    def _keep(self, task: int, cores: set[int]) -> None:
        if self.shared and sys.platform == "linux":
            with suppress(OSError):  # it has ended, or the cores are no longer ours: it runs where it may
                os.sched_setaffinity(task, cores)
