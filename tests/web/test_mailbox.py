"""Events that arrive together go to the writer together, and everyone hears of his own alone."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from shangeng_trace.entry import Receipt
from shangeng_trace.errors import RejectedError
from shangeng_trace.recording import Recording
from shangeng_trace.writer import GROUP_LIMIT, Writer, WriterBusy, WriterStopped
from shangeng_web.mailbox import Mailbox

pytestmark = pytest.mark.anyio


class Scribe:
    """Stands in for the writer: keeps what it is given, and answers when told to."""

    def __init__(self) -> None:
        self.given: list[tuple[Sequence[Any], Future[list[Any]]]] = []
        self.refuses: Exception | None = None

    def submit_all(self, commands: Sequence[Any]) -> "Future[list[Any]]":
        if self.refuses is not None:
            raise self.refuses
        future: Future[list[Any]] = Future()
        self.given.append((commands, future))
        return future


def receipt(command: object) -> Receipt:
    return Receipt(str(command), 0, datetime.now(UTC), ())


def mail(scribe: Scribe) -> Mailbox:
    return Mailbox(cast("Writer", scribe))


def post(mailbox: Mailbox, name: object) -> "asyncio.Task[Receipt | Exception]":
    return asyncio.ensure_future(mailbox.record(cast("Recording", name)))


async def turns() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


async def test_what_comes_at_once_goes_in_one_piece_and_in_order() -> None:
    scribe = Scribe()
    mailbox = mail(scribe)
    first = [post(mailbox, n) for n in range(3)]
    await turns()
    later = post(mailbox, 3)
    await turns()
    assert [commands for commands, _ in scribe.given] == [[0, 1, 2], [3]]
    refused = RejectedError()
    scribe.given[0][1].set_result([receipt(0), refused, receipt(2)])
    assert [each.digest if isinstance(each, Receipt) else each for each in await asyncio.gather(*first)] == [
        "0",
        refused,
        "2",
    ]
    assert not later.done()
    scribe.given[1][1].set_result([receipt(3)])
    assert cast("Receipt", await later).digest == "3"


async def test_more_than_a_group_goes_in_several_pieces() -> None:
    scribe = Scribe()
    mailbox = mail(scribe)
    posted = [post(mailbox, n) for n in range(GROUP_LIMIT + 1)]
    await turns()
    assert [len(commands) for commands, _ in scribe.given] == [GROUP_LIMIT, 1]
    for commands, future in scribe.given:
        future.set_result([receipt(command) for command in commands])
    assert [cast("Receipt", each).digest for each in await asyncio.gather(*posted)] == [
        str(n) for n in range(GROUP_LIMIT + 1)
    ]


async def test_a_full_queue_and_a_lost_group_are_told_to_all() -> None:
    scribe = Scribe()
    mailbox = mail(scribe)
    scribe.refuses = WriterBusy()
    assert [type(each) for each in await asyncio.gather(post(mailbox, 1), post(mailbox, 2))] == [WriterBusy] * 2
    scribe.refuses = None
    posted = [post(mailbox, n) for n in range(2)]
    await turns()
    scribe.given[0][1].set_exception(WriterStopped())
    assert [type(each) for each in await asyncio.gather(*posted)] == [WriterStopped] * 2


async def test_whoever_goes_away_disturbs_nobody() -> None:
    scribe = Scribe()
    mailbox = mail(scribe)
    gone, stays = post(mailbox, 0), post(mailbox, 1)
    await turns()
    gone.cancel()
    await turns()
    scribe.given[0][1].set_result([receipt(0), receipt(1)])
    assert cast("Receipt", await stays).digest == "1"
    assert gone.cancelled()
