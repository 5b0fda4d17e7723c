"""Processes beside the server that open events: they agree with the server, and only ever save time."""

import asyncio
import copy
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shangeng_trace.ids import new_event_id, new_id
from shangeng_trace.keys import SigningKey
from shangeng_trace.opener import Asked, read_answer
from shangeng_trace.proofs import verification_method
from shangeng_trace.signed_events import SignedEvent, open_event
from shangeng_web import openers as module
from shangeng_web.cores import Cores
from shangeng_web.openers import Openers
from tests.web.api.programs import Signer

pytestmark = pytest.mark.anyio

KEY = SigningKey.generate()
KEY_ID = new_id()
SIGNER = Signer(KEY, verification_method("127.0.0.1", KEY_ID))


def asked(events: list[Any], **changes: Any) -> Asked:
    said: dict[str, Any] = {
        "body": json.dumps({"events": events}).encode(),
        "limit": 2_000_000,
        "most": 1000,
        "keys": {KEY_ID: KEY.public.multikey},
        "host": "127.0.0.1",
    }
    return Asked(**said | changes)


@asynccontextmanager
async def opening(count: int = 1) -> AsyncGenerator[Openers]:
    openers = Openers(Cores(), count)
    try:
        yield openers
    finally:
        await openers.close()


async def test_what_a_process_opens_is_what_the_server_would_open() -> None:
    good = [SIGNER.store(new_id()) for _ in range(3)]
    changed = copy.deepcopy(good[0]) | {"eventID": new_event_id()}
    no_event = SIGNER.sign({"a": 1})
    stray = Signer(KEY, verification_method("127.0.0.1", new_id())).store(new_id())
    elsewhere = Signer(KEY, verification_method("other.example", KEY_ID)).store(new_id())
    async with opening() as openers:
        opened = await openers.open(asked([good[0], changed, good[1], no_event, stray, elsewhere, 7, good[2]]))
    assert opened is not None
    assert [isinstance(each, SignedEvent) for each in opened] == [True, False, True, False, False, False, False, True]
    here = [open_event(each, lambda _: KEY.public, host="127.0.0.1", is_strict=True) for each in good]
    assert [each for each in opened if each is not None] == here


@pytest.mark.parametrize(
    "changes",
    [
        {"body": b"{"},
        {"body": b'{"events": {}}'},
        {"body": b'{"events": []}'},
        {"body": b'{"events": [{}], "more": 1}'},
        {"body": b'{"events": [0.12345678901234567]}'},
        {"most": 1},
        {"limit": 10},
    ],
)
async def test_a_body_that_is_not_what_it_should_be_is_left_to_the_server(changes: dict[str, Any]) -> None:
    async with opening() as openers:
        assert await openers.open(asked([{}, {}], **changes)) is None
        assert await openers.open(asked([{}])) == [None], "and the process lives on"


async def test_a_process_that_ended_is_replaced() -> None:
    event = SIGNER.store(new_id())
    async with opening() as openers:
        first = await openers.open(asked([event]))
        assert first is not None
        for process in openers.processes:
            process.kill()
            await process.wait()
        assert await openers.open(asked([event])) is None
        assert await openers.open(asked([event])) == first


async def test_a_process_that_hangs_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    event = SIGNER.store(new_id())
    async with opening() as openers:
        assert await openers.open(asked([event])) is not None
        (process,) = openers.processes
        process.send_signal(19)  # SIGSTOP
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
        assert await openers.open(asked([event])) is None
        monkeypatch.undo()
        assert await openers.open(asked([event])) is not None


async def test_whoever_gives_up_leaves_no_answer_for_the_next() -> None:
    one, two = SIGNER.store(new_id()), SIGNER.store(new_id())
    async with opening() as openers:
        assert await openers.open(asked([one])) is not None
        (process,) = openers.processes
        process.send_signal(19)
        waiting = asyncio.ensure_future(openers.open(asked([one])))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        opened = await openers.open(asked([two]))
    assert opened is not None
    assert [each and each.event.event_id for each in opened] == [two["eventID"]]


async def test_questions_asked_at_once_are_each_answered_by_one_process() -> None:
    events = [SIGNER.store(new_id()) for _ in range(7)]
    async with opening() as openers:
        answers = await asyncio.gather(*(openers.open(asked([event])) for event in events))
        assert len(openers.processes) == 1
    assert [[each and each.event.event_id for each in answer or []] for answer in answers] == [
        [event["eventID"]] for event in events
    ]


async def test_whoever_stands_behind_one_who_gives_up_opens_it_himself() -> None:
    event = SIGNER.store(new_id())
    async with opening() as openers:
        assert await openers.open(asked([event])) is not None
        (process,) = openers.processes
        process.send_signal(19)
        first, second = (asyncio.ensure_future(openers.open(asked([event]))) for _ in range(2))
        await asyncio.sleep(0.01)
        first.cancel()
        assert await second is None
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await openers.open(asked([event])) is not None


async def test_without_processes_the_server_opens_events_itself() -> None:
    async with opening(0) as openers:
        assert await openers.open(asked([{}])) is None


async def test_a_crowd_is_opened_together_and_one_alone_is_left_to_the_server() -> None:
    events = [SIGNER.store(new_id()) for _ in range(70)]
    bodies = [json.dumps(event).encode() for event in events]
    bodies[3], keys = b"{", {KEY_ID: KEY.public.multikey}

    async with opening() as openers:

        async def one(body: bytes) -> SignedEvent | None:
            return await openers.open_one(body, keys, host="127.0.0.1", limit=10_000)

        assert await one(bodies[0]) is None
        assert not openers.processes
        opened = await asyncio.gather(*map(one, bodies))
        for process in openers.processes:
            process.kill()
            await process.wait()
        assert await asyncio.gather(*map(one, bodies[:2])) == [None, None], "and nobody waits for ever"
        assert None not in await asyncio.gather(*map(one, bodies[:2]))
    assert [each and each.event.event_id for each in opened] == [
        None if place == 3 else event["eventID"] for place, event in enumerate(events)
    ]


async def test_an_answer_that_cannot_be_read_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [json.dumps(SIGNER.store(new_id())).encode() for _ in range(40)]
    keys = {KEY_ID: KEY.public.multikey}

    def garbled(_answer: bytes) -> None:
        read_answer(b"\xc1")

    async with opening() as openers:
        with monkeypatch.context() as patch:
            patch.setattr(module, "read_answer", garbled)
            waiting = [openers.open_one(each, keys, host="127.0.0.1", limit=2_000_000) for each in events]
            assert await asyncio.wait_for(asyncio.gather(*waiting), 60) == [None] * 40
        waiting = [openers.open_one(each, keys, host="127.0.0.1", limit=2_000_000) for each in events]
        opened = await asyncio.wait_for(asyncio.gather(*waiting), 60)
    assert all(isinstance(each, SignedEvent) for each in opened)
