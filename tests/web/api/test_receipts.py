"""A receipt asked for again: signed, logged, witnessed."""

import asyncio

import pytest
from fastapi import FastAPI

from tests.story import Story
from tests.waiting import until_signed
from tests.web.api.programs import API, program, register

pytestmark = pytest.mark.anyio


async def test_a_receipt_tells_how_far_the_statement_has_come(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer = await register(producer)
        given = (await producer.post(f"{API}/events", json=signer.store(story.leaf))).json()
        await asyncio.to_thread(until_signed, story.platform.database)
        answer = await producer.get(f"{API}/receipts/{given['digest']}")
        listed = (await producer.get(f"{API}/batches/{story.leaf}/events")).json()["items"]
    found = answer.json()
    standing = found.pop("standing")
    assert found == given | {"repeated": True}
    assert {event["standing"] for event in listed} == {"logged"}
    assert standing["signed_size"] > given["index"]
    assert (standing["state"], standing["witnessed_size"], standing["witnesses"]) == ("logged", None, [])


async def test_what_is_not_in_the_log_has_no_receipt(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        assert (await producer.get(f"{API}/receipts/{'0' * 64}")).status_code == 404
        for malformed in ("0" * 63, "G" * 64, "A" * 64):
            assert (await producer.get(f"{API}/receipts/{malformed}")).status_code == 422
