"""Events that come one by one, on their way to the writer: those that come at the same time go in one piece.

The event loop and the writer share one Python; each time that one wakes the other, both lose time.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future

from shangeng_trace.entry import Receipt
from shangeng_trace.errors import ShangengError
from shangeng_trace.recording import Recording
from shangeng_trace.writer import GROUP_LIMIT, Writer

Outcome = Receipt | Exception
Waiting = Sequence[tuple[Recording, "asyncio.Future[Outcome]"]]


class Mailbox:
    """Takes events within one event loop; belongs to one writer."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: list[tuple[Recording, asyncio.Future[Outcome]]] = []

    async def record(self, recording: Recording) -> Outcome:
        """Return the event's receipt, or what refused it, once the writer has committed."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((recording, outcome))
        if len(self._waiting) == 1:
            loop.call_soon(self._send, loop)  # after everybody whose event is here by now
        return await outcome

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), GROUP_LIMIT):
            part = waiting[start : start + GROUP_LIMIT]
            try:
                done = self._writer.submit_all([recording for recording, _ in part])
            except ShangengError as error:
                _hand_over(part, [error] * len(part))
            else:
                done.add_done_callback(lambda done, part=part: loop.call_soon_threadsafe(_deliver, part, done))  # type: ignore[misc]  # bound early


def _deliver(part: Waiting, done: "Future[list[Outcome]]") -> None:
    try:
        outcomes: Sequence[Outcome] = done.result()
    except Exception as error:  # noqa: BLE001 - the group as a whole was not stored: whoever waits is told why
        outcomes = [error] * len(part)
    _hand_over(part, outcomes)


def _hand_over(part: Waiting, outcomes: Sequence[Outcome]) -> None:
    for (_, waits), outcome in zip(part, outcomes, strict=True):
        if not waits.done():  # whoever asked may have gone
            waits.set_result(outcome)
