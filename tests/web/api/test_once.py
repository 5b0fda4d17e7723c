"""A call under an idempotency key happens once: repeated, at the same time, after a restart."""

import asyncio

import pytest
from fastapi import FastAPI
from sqlmodel import select

from shangeng_trace.registry_tables import Base
from shangeng_web.platform import Platform
from tests.people import People
from tests.web.api.operations import Operation
from tests.web.api.programs import API, program

pytestmark = pytest.mark.anyio

BASE = {"name": "惠明寺基地", "county": "331127", "township": "红星街道"}
KEY = {"Idempotency-Key": "base-1"}


async def test_a_repeat_is_answered_as_before_and_done_once(platform: Platform, people: People) -> None:
    async with program(platform, people.producer) as producer:
        first = await producer.post(f"{API}/bases", json=BASE, headers=KEY)
        again = await producer.post(f"{API}/bases", json=BASE, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert bases(platform) == [first.json()["id"]]
    await platform.close()


async def test_it_holds_after_a_restart(platform: Platform, people: People) -> None:
    async with program(platform, people.producer) as producer:
        first = await producer.post(f"{API}/bases", json=BASE, headers=KEY)
    await platform.close()
    reopened = Platform.open(platform.settings)
    async with program(reopened, people.producer) as producer:
        again = await producer.post(f"{API}/bases", json=BASE, headers=KEY)
    assert again.json() == first.json()
    assert len(bases(reopened)) == 1
    await reopened.close()


async def test_another_body_under_the_same_key_is_refused(platform: Platform, people: People) -> None:
    async with program(platform, people.producer) as producer:
        await producer.post(f"{API}/bases", json=BASE, headers=KEY)
        other = await producer.post(f"{API}/bases", json=BASE | {"name": "另一个"}, headers=KEY)
        elsewhere = await producer.post(f"{API}/people", json={"name": "雷", "roles": ["farmer"]}, headers=KEY)
    for answer in (other, elsewhere):
        assert answer.status_code == 409
        assert answer.json()["code"] == "web.idempotency_key_reused"
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert len(bases(platform)) == 1
    await platform.close()


async def test_twenty_at_the_same_time_are_one(platform: Platform, people: People, app: FastAPI) -> None:
    async with program(platform, people.producer, app=app) as producer:
        calls = [producer.post(f"{API}/bases", json=BASE, headers=KEY) for _ in range(20)]
        answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(bases(platform)) == 1
    await platform.close()


async def test_keys_of_two_organisations_do_not_meet(platform: Platform, people: People) -> None:
    for somebody in (people.producer, people.rival):
        async with program(platform, somebody) as client:
            assert (await client.post(f"{API}/bases", json=BASE, headers=KEY)).status_code == 201
    assert len(bases(platform)) == 2
    await platform.close()


async def test_what_was_refused_may_be_tried_again_under_its_key(platform: Platform, people: People) -> None:
    async with program(platform, people.producer) as producer:
        refused = await producer.post(f"{API}/bases", json=BASE | {"county": "999999"}, headers=KEY)
        assert refused.status_code == 422
        assert (await producer.post(f"{API}/bases", json=BASE, headers=KEY)).status_code == 201
    await platform.close()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("key", ["", " ", "x" * 65, "钥匙"])
async def test_a_key_must_be_a_name(platform: Platform, people: People, key: str) -> None:
    async with program(platform, people.producer) as producer:
        headers = {b"Idempotency-Key": key.encode()}
        assert (await producer.post(f"{API}/bases", json=BASE, headers=headers)).status_code == 422
    await platform.close()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_every_writing_operation_but_those_that_repeat_by_nature_takes_a_key(api: dict[str, Operation]) -> None:
    without = {
        each.id
        for each in api.values()
        if each.method == "POST"
        and "idempotency-key" not in {parameter["name"].lower() for parameter in each.spec.get("parameters", [])}
    }
    assert without == {"upload_picture", "post_event", "post_events", "post_revocation"}, "what they say names these"


def bases(platform: Platform) -> list[str]:
    with platform.database.session() as session:
        return list(session.exec(select(Base.id)).all())
