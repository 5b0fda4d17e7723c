"""Events that an organisation signs itself: its own key, one by one and in bulk, each decided by itself."""

import asyncio
import copy
import json
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from shangeng_trace.batch_tables import EventRecord
from shangeng_trace.ids import new_event_id, new_id
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_web.platform import Platform
from tests.story import Story
from tests.visiting import Guest
from tests.web.api.programs import API, Signer, program, register, registration

pytestmark = pytest.mark.anyio
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.mark.parametrize("algorithm", Algorithm)
async def test_an_event_under_ones_own_key_is_taken(story: Story, app: FastAPI, algorithm: Algorithm) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer = await register(producer, algorithm)
        event = signer.store(story.leaf)
        first = await producer.post(f"{API}/events", json=event)
        again = await producer.post(f"{API}/events", json=event)
        assert first.status_code == again.status_code == 201, first.text
        assert first.json() | {"repeated": True} == again.json()
        assert [link["chain"] for link in first.json()["links"]] == [f"batch:{story.leaf}"]
        found = await producer.get(f"{API}/events/{event['eventID']}")
        assert found.json()["statement"] == event, "what is stored is what was signed"
        assert found.json()["digest"] == first.json()["digest"]


async def test_each_event_of_a_bulk_is_decided_by_itself(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer = await register(producer)
        good, other = signer.store(story.leaf), signer.store(story.leaf)
        changed = copy.deepcopy(good) | {"eventID": new_event_id()}
        unknown = signer.store(new_id())
        taken = signer.store(story.leaf, place="别处", event_id=good["eventID"])
        sent: list[Any] = [good, changed, unknown, "no event", taken, good, {}, other]
        answer = await producer.post(f"{API}/events/bulk", json={"events": sent})
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 3
    assert [outcome(each) for each in answer.json()["answers"]] == [
        "taken",
        "trace.signature_invalid",
        "trace.batch_not_found",
        "trace.statement_not_object",
        "trace.event_id_taken",
        "repeated",
        "trace.proof_malformed",
        "taken",
    ]
    stored = events(story.platform, [good["eventID"], other["eventID"]])
    assert stored == [good["eventID"], other["eventID"]], "in the order sent"


@on_sqlite
async def test_a_number_too_long_refuses_its_own_event_alone(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer = await register(producer)
        body = json.dumps({"events": [signer.store(story.leaf), {"temp": 1}, signer.store(story.leaf)]})
        body = body.replace('{"temp": 1}', '{"temp": 0.12345678901234567}')
        answer = await producer.post(f"{API}/events/bulk", content=body)
    assert [outcome(each) for each in answer.json()["answers"]] == ["taken", "trace.number_not_exact", "taken"]


@on_sqlite
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "trace.not_json"),
        (b"{", 400, "trace.not_json"),
        (b'{"events": [], "events": []}', 400, "trace.duplicate_name"),
        (b'{"events": [NaN]}', 400, "trace.not_json_value"),
        (b"\xff\xfe", 400, "trace.broken_text"),
        (b"[]", 422, "invalid"),
        (b'{"events": []}', 422, "invalid"),
        (b'{"events": 1}', 422, "invalid"),
        (b'{"events": [{}], "more": 1}', 422, "invalid"),
        (b'{"events": [' + b",".join([b"1"] * 1001) + b"]}", 422, "invalid"),
        (b"[" * 100_000, 400, "trace.too_deep"),
    ],
)
async def test_a_body_that_is_no_list_of_events(
    story: Story, app: FastAPI, body: bytes, status: int, code: str
) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        answer = await producer.post(f"{API}/events/bulk", content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@on_sqlite
async def test_a_repeated_member_is_refused_even_where_the_signature_fits_one_reading(
    story: Story, app: FastAPI
) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer = await register(producer)
        text = json.dumps(signer.store(story.leaf), ensure_ascii=False)
        doubled = text.replace('"bizStep"', '"bizStep": "shipping", "bizStep"', 1)
        answer = await producer.post(f"{API}/events", content=doubled.encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "trace.duplicate_name")


async def test_a_thousand_in_one_request(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer = await register(producer)
        sent = [signer.store(story.leaf) for _ in range(1000)]
        answer = await producer.post(f"{API}/events/bulk", json={"events": sent}, timeout=120)
    assert answer.json()["accepted"] == 1000
    seqs = [each["receipt"]["links"][0]["seq"] for each in answer.json()["answers"]]
    assert seqs == list(range(seqs[0], seqs[0] + 1000)), "one chain, no gap, in the order sent"


async def test_forty_programs_on_one_batch_make_one_chain(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer = await register(producer)
        answers = await asyncio.gather(
            *(producer.post(f"{API}/events", json=signer.store(story.leaf)) for _ in range(40))
        )
    links = sorted((answer.json()["links"][0] for answer in answers), key=lambda link: link["seq"])
    first = links[0]["seq"]
    assert [link["seq"] for link in links] == list(range(first, first + 40))
    assert len({link["prev"] for link in links}) == 40


@on_sqlite
async def test_another_organisations_key_is_refused(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer = await register(producer)
    async with program(story.platform, story.people.rival, app=app) as rival:
        single = await rival.post(f"{API}/events", json=signer.store(story.leaf))
        bulk = await rival.post(f"{API}/events/bulk", json={"events": [signer.store(story.leaf)]})
        own = await register(rival)
        batch = await rival.post(f"{API}/events", json=own.store(story.leaf))
    problem = bulk.json()["answers"][0]["problem"]
    assert (single.status_code, single.json()["code"]) == (403, "trace.not_yours")
    assert (problem["status"], problem["code"]) == (403, "trace.not_yours")
    assert problem["errors"][0]["field"] == "proof.verificationMethod"
    assert (batch.status_code, batch.json()["code"]) == (403, "trace.not_yours"), "its own key, another's batch"


@on_sqlite
async def test_a_key_nobody_registered_is_refused(story: Story, app: FastAPI) -> None:
    key_id = new_id()
    stray = Signer(SigningKey.generate(), f"did:web:127.0.0.1:keys:{key_id}#{key_id}")
    async with program(story.platform, story.people.producer, app=app) as producer:
        answer = await producer.post(f"{API}/events", json=stray.store(story.leaf))
    assert (answer.status_code, answer.json()["code"]) == (404, "trace.key_unknown")


@on_sqlite
async def test_a_key_is_registered_by_whoever_holds_it(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        me = story.people.producer.organisation.id
        key = SigningKey.generate()
        body = registration(key, me)
        for_rival = registration(key, story.people.rival.organisation.id)
        assert await problem_of(producer, body | {"signature": for_rival["signature"]}) == (
            "web.key_not_proven",
            "signature",
        )
        assert await problem_of(producer, body | {"signature": "***"}) == ("web.key_not_proven", "signature")
        assert await problem_of(producer, body | {"public_key": "z6Mk"}) == ("web.key_unreadable", "public_key")
        assert (await producer.post(f"{API}/keys", json=body)).status_code == 201
        assert await problem_of(producer, body, 409) == ("trace.key_known", "public_key")
        listed = (await producer.get(f"{API}/keys")).json()["items"]
    assert [each["custody"] for each in listed] == ["server", "external"]
    assert listed[1]["public_key"] == body["public_key"]


@on_sqlite
async def test_what_the_rules_refuse_names_the_member_of_the_event(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app, language="zh") as producer:
        signer = await register(producer)
        document = signer.store(story.leaf)
        del document["proof"]
        late = signer.sign(document | {"eventID": new_event_id(), "eventTime": "2099-01-01T00:00:00.000+08:00"})
        hot = signer.sign(
            document | {"eventID": new_event_id(), "shangeng:record": {"store_place": "库", "temp_c": 999}}
        )
        answers = [await producer.post(f"{API}/events", json=event) for event in (late, hot)]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert [answer.json()["errors"][0]["field"] for answer in answers] == ["eventTime", "shangeng:record.temp_c"]
    assert answers[0].headers["Content-Language"] == "zh-CN"
    assert "时间" in answers[0].json()["detail"]


@on_sqlite
async def test_no_signed_nonsense_is_a_server_error(story: Story, app: FastAPI) -> None:
    nonsense: list[Any] = [None, True, -1, 0.5, "", "x" * 3000, "\u0000", "urn:uuid:0", [], [1], [{}], {}, {"a": 1}]
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer = await register(producer)
        whole = signer.store(story.leaf)
        del whole["proof"]
        absent = [{name: whole[name] for name in whole if name != gone} for gone in whole]
        wrong = [whole | {name: value} for name in (*whole, *MORE) for value in nonsense]
        sent = [signer.sign(each if "eventID" not in each else {**each}) for each in (*absent, *wrong)]
        answer = await producer.post(f"{API}/events/bulk", json={"events": sent})
    assert answer.status_code == 200, answer.text
    answers = answer.json()["answers"]
    assert answer.json()["accepted"] == 0, [each for each in answers if each["receipt"]]
    assert {each["problem"]["status"] for each in answers} <= {400, 403, 404, 409, 422}


MORE = (
    "ilmd",
    "readPoint",
    "sourceList",
    "destinationList",
    "bizTransactionList",
    "inputQuantityList",
    "shangeng:lifts",
    "shangeng:basis",
    "shangeng:device",
    "shangeng:enteredBy",
    "shangeng:claimedBy",
    "shangeng:commitments",
    "unknown",
)
"""Members that the usual event has not."""


async def problem_of(client: Guest, body: dict[str, str], status: int = 422) -> tuple[str, str]:
    answer = await client.post(f"{API}/keys", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()["code"], answer.json()["errors"][0]["field"]


def outcome(answer: dict[str, Any]) -> str:
    if answer["receipt"] is None:
        return str(answer["problem"]["code"])
    return "repeated" if answer["receipt"]["repeated"] else "taken"


def events(platform: Platform, wanted: list[str]) -> list[str]:
    with platform.database.session() as session:
        query = select(EventRecord.event_id).where(col(EventRecord.event_id).in_(wanted))
        return list(session.exec(query.order_by(col(EventRecord.index))))
