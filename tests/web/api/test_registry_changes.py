"""Changing and retiring what is registered over the API."""

import pytest
from fastapi import FastAPI

from tests.story import Story
from tests.web.api.operations import Operation
from tests.web.api.programs import API, program
from tests.web.api.test_refusals import refusal

pytestmark = pytest.mark.anyio


async def test_a_product_is_changed_retired_and_brought_back(
    story: Story, app: FastAPI, api: dict[str, Operation], names: dict[str, str]
) -> None:
    where = f"{API}/products/{story.product.id}"
    async with program(story.platform, story.people.producer, app=app) as producer:
        [before] = (await producer.get(f"{API}/products")).json()["items"]
        changed = await producer.patch(where, json={"name": "惠明白茶", "gtin": None, "version": before["version"]})
        assert changed.status_code == 200
        assert changed.json() == before | {"name": "惠明白茶", "version": changed.json()["version"]}
        late = await producer.patch(where, json={"name": "惠明黄茶", "version": before["version"]})
        assert refusal(late) == (409, "trace.changed_meanwhile")
        fixed = await producer.patch(where, json={"gtin": "6901234567892"})
        assert [each["code"] for each in fixed.json()["errors"]] == ["trace.fixed_by_use"]
        assert (await producer.patch(where, json={"retired": True})).json()["retired"] is True
        assert refusal(await api["open_batch"].call(producer, names, lot="NEW-1", at=None, event_id=None)) == (
            409,
            "trace.retired",
        )
        back = (await producer.patch(where, json={"retired": False})).json()
        assert back == changed.json()


async def test_a_null_takes_away_what_may_be_empty(story: Story, app: FastAPI, names: dict[str, str]) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        [mark] = (await producer.get(f"{API}/marks")).json()["items"]
        changed = await producer.patch(f"{API}/marks/{mark['id']}", json={"product_id": None, "number": None})
        assert changed.json() == mark | {"product_id": None, "version": changed.json()["version"]}
        base = (await producer.post(f"{API}/bases", json={"name": "新", "county": "331127", "township": "大均"})).json()
        plot = {"base_id": base["id"], "name": "1", "area_mu": "1", "altitude_m": 600, "latitude": 27.98}
        made = (await producer.post(f"{API}/plots", json=plot | {"longitude": 119.63})).json()
        empty = await producer.patch(f"{API}/plots/{made['id']}", json={"latitude": None, "longitude": None})
        assert empty.status_code == 200
        assert empty.json()["version"] != made["version"]
        assert names
