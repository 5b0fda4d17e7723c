"""A receipt asked for again: signed, logged, witnessed."""

import asyncio
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import encode

from shangeng_trace.entry import Link, Receipt
from shangeng_web.api.wire import ReceiptOut
from tests.story import Story
from tests.waiting import until_signed
from tests.web.api.programs import API, program, register

pytestmark = pytest.mark.anyio

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)


async def test_a_receipt_tells_how_far_the_statement_has_come(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer = await register(producer)
        told = (await producer.post(f"{API}/events", json=signer.store(story.leaf))).json()
        await asyncio.to_thread(until_signed, story.platform.database)
        answer = await producer.get(f"{API}/receipts/{told['digest']}")
        listed = (await producer.get(f"{API}/batches/{story.leaf}/events")).json()["items"]
    found = answer.json()
    standing = found.pop("standing")
    assert found == told | {"repeated": True}
    assert {event["standing"] for event in listed} == {"logged"}
    assert standing["signed_size"] > told["index"]
    assert (standing["state"], standing["witnessed_size"], standing["witnesses"]) == ("logged", None, [])


async def test_what_is_not_in_the_log_has_no_receipt(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        assert (await producer.get(f"{API}/receipts/{'0' * 64}")).status_code == 404
        for malformed in ("0" * 63, "G" * 64, "A" * 64):
            assert (await producer.get(f"{API}/receipts/{malformed}")).status_code == 422


@given(
    st.builds(
        Receipt,
        digest=DIGESTS,
        index=st.integers(0, 2**53),
        time=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis adds the zone
            lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        ),
        links=st.lists(st.builds(Link, chain=st.text(), seq=st.integers(0, 2**53), prev=DIGESTS)).map(tuple),
        repeated=st.booleans(),
    )
)
def test_a_receipt_is_written_as_it_is_described(receipt: Receipt) -> None:
    assert encode(receipt).decode() == ReceiptOut.of(receipt).model_dump_json()
