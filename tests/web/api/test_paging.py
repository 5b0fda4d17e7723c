"""Lists come in pages whose cursors hold while things are added."""

from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from shangeng_trace.registry import add_base
from shangeng_web.api.paging import CursorMalformed, Slice, page, read_cursor, write_cursor
from shangeng_web.platform import Platform
from tests.people import People
from tests.story import Story
from tests.visiting import Guest
from tests.web.api.programs import API, program


@given(st.text(alphabet=[chr(code) for code in range(0x21, 0x7F)], min_size=1, max_size=80))
def test_a_cursor_comes_back(place: str) -> None:
    assert read_cursor(write_cursor(place)) == place


@given(st.text(max_size=60))
def test_anything_else_is_refused(text: str) -> None:
    try:
        place = read_cursor(text)
    except CursorMalformed:
        return
    assert place == "" or write_cursor(place) == text


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=40), st.integers(1, 10))
def test_pages_hold_every_item_once(numbers: list[int], limit: int) -> None:
    rows, seen, place = sorted(numbers), list[int](), ""
    while True:
        part = Slice(limit, place)
        behind = [row for row in rows if row > part.index][: limit + 1]
        found = page(behind, part, lambda row: row, lambda row: row)
        seen += found.items
        if found.next is None:
            break
        place = read_cursor(found.next)
    assert seen == rows


@pytest.mark.anyio
async def test_what_is_added_meanwhile_neither_repeats_nor_hides(platform: Platform, people: People) -> None:
    owner = people.producer.actor

    def add(number: int) -> str:
        def command(session: Session) -> str:
            name = f"基地 {number}"
            return add_base(session, platform.office, owner, name=name, county="331127", township="红星街道").id

        return platform.writer.run(command)

    before = {add(number) for number in range(25)}
    seen: list[str] = []
    async with program(platform, people.producer) as producer:
        cursor: str | None = ""
        while cursor is not None:
            body = (await producer.get(f"{API}/bases?limit=4{cursor}")).json()
            seen += [each["id"] for each in body["items"]]
            add(100 + len(seen))
            cursor = None if body["next"] is None else f"&cursor={body['next']}"
    assert len(seen) == len(set(seen))
    assert before <= set(seen)
    await platform.close()


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_lists_by_log_order_page_too(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        events = await every(producer, f"{API}/batches/{story.leaf}/events")
        indices = [each["index"] for each in events]
        assert indices == sorted(set(indices))
        assert len(indices) >= 8
        run = (await producer.get(f"{API}/batches/{story.leaf}/runs")).json()["items"][0]["id"]
        codes = await every(producer, f"{API}/runs/{run}/codes", limit=50)
        assert [each["number"] for each in codes] == [n for n in range(1, 165) if n not in (3, 4)]


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("cursor", ["!", "AA", "AA==", "YQ", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA", "x" * 300, "%00"])
async def test_a_cursor_that_no_page_gave(platform: Platform, people: People, cursor: str) -> None:
    async with program(platform, people.producer) as producer:
        answer = await producer.get(f"{API}/keys?cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"
    await platform.close()


async def every(client: Guest, url: str, limit: int = 3) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        body = (await client.get(f"{url}?limit={limit}{cursor}")).json()
        assert 0 < len(body["items"]) <= limit
        items += body["items"]
        cursor = None if body["next"] is None else f"&cursor={body['next']}"
    return items
