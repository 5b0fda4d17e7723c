"""Many events in one request: opened beside the server where it has openers, and never more than it takes."""

import asyncio
import copy
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from shangeng_trace.ids import new_event_id, new_id
from shangeng_web.api.routes import Straight
from shangeng_web.cores import Cores
from shangeng_web.openers import Openers
from tests.story import Story
from tests.visiting import Guest
from tests.web.api.programs import API, program, register

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]


async def test_a_bulk_is_answered_alike_with_and_without_them(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer, openers = await register(producer), Openers(Cores(), 2)

        async def beside(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": {"platform": story.platform, "openers": openers}}, receive, send)

        good = [signer.store(story.leaf) for _ in range(4)]
        bad = [copy.deepcopy(good[0]) | {"eventID": new_event_id()}, "no event", {}, signer.store(new_id()), *good]
        here = await producer.post(f"{API}/events/bulk", json={"events": [*good, *bad]})
        transport = httpx.ASGITransport(beside)
        async with Guest(transport=transport, base_url=producer.base_url, headers=producer.headers) as other:
            there = await other.post(f"{API}/events/bulk", json={"events": [*good, *bad]})
        assert openers.processes, "they were asked"
        await openers.close()
    told = [each["problem"] and each["problem"] | {"instance": ""} for each in here.json()["answers"]]
    assert [each["problem"] and each["problem"] | {"instance": ""} for each in there.json()["answers"]] == told
    assert [each["receipt"]["index"] for each in here.json()["answers"][:4]] == [
        each["receipt"]["index"] for each in there.json()["answers"][:4]
    ]


async def test_a_crowd_of_single_events_is_answered_alike_with_and_without_them(story: Story, app: FastAPI) -> None:
    openers = Openers(Cores(), 1)

    async def beside(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"platform": story.platform, "openers": openers}}, receive, send)

    def at(client: Guest) -> Guest:
        return Guest(transport=httpx.ASGITransport(beside), base_url=client.base_url, headers=client.headers)

    async with (
        program(story.platform, story.people.producer, app=app) as producer,
        program(story.platform, story.people.rival, app=app) as rival,
        at(producer) as crowd,
        at(rival) as stranger,
    ):
        signer, own = await register(producer), await register(rival)
        for client, key in ((producer, signer), (rival, own)):  # so that both keys have been met
            await client.post(f"{API}/events", json=key.store(story.leaf))
        changed = copy.deepcopy(signer.store(story.leaf)) | {"eventID": new_event_id()}
        sent: list[tuple[Guest, Guest, Any]] = [
            (crowd, producer, signer.store(story.leaf)),
            (stranger, rival, signer.store(story.leaf)),
            (stranger, rival, own.store(story.leaf)),
            (crowd, producer, own.store(story.leaf)),
            (crowd, producer, changed),
            (crowd, producer, []),
            (crowd, producer, signer.store(story.leaf)),
        ]
        there = await asyncio.gather(*(client.post(f"{API}/events", json=event) for client, _, event in sent))
        here = [await client.post(f"{API}/events", json=event) for _, client, event in sent]
        assert openers.processes, "they were asked"
        await openers.close()
    assert [each.status_code for each in there] == [201, 403, 403, 403, 422, 400, 201]
    for one, other in zip(here, there, strict=True):
        said = one.json() | {"repeated": False} if one.status_code == 201 else one.json() | {"instance": ""}
        assert other.json() | ({} if one.status_code == 201 else {"instance": ""}) == said


@pytest.mark.parametrize(
    ("event", "status", "en"),
    [({}, 422, "There must be 1 to 1000 of them."), ({"note": "x" * 300}, 413, "2 MB")],
)
async def test_ten_thousand_events_are_too_many(
    story: Story, app: FastAPI, event: dict[str, Any], status: int, en: str
) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        answer = await producer.post(f"{API}/events/bulk", content=json.dumps({"events": [event] * 10_000}))
    assert answer.status_code == status
    assert en in answer.text, answer.text


async def test_the_busiest_addresses_are_found_without_a_search(app: FastAPI) -> None:
    scope: Scope = {"type": "http", "method": "POST", "root_path": "", "headers": []}
    for path in (f"{API}/events", f"{API}/events/bulk"):
        tried = iter(app.router.routes)
        found = next(route for route in tried if route.matches({**scope, "path": path})[0] is Match.FULL)
        assert isinstance(found, Straight)
        assert len(list(tried)) > 10, "before all routers"
