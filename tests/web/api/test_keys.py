"""Keys over the API: a manager looks after them, others are refused, and what is done is done at once."""

from base64 import b64encode
from typing import Any

import pytest
from fastapi import FastAPI

from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.registry_tables import Role
from tests.story import Story
from tests.visiting import Guest
from tests.web.api.programs import API, Signer, program, register, registration

pytestmark = pytest.mark.anyio
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def told(client: Guest, path: str, body: dict[str, Any] | None = None, status: int = 201) -> Any:
    answer = await client.post(f"{API}{path}", json=body or {})
    assert answer.status_code == status, answer.text
    return answer.json()


async def code(client: Guest, path: str, body: dict[str, Any] | None, status: int) -> str:
    return str((await told(client, path, body, status))["code"])


async def test_a_phone_from_enrolment_to_its_loss(story: Story, app: FastAPI) -> None:
    me, farmer = story.people.producer.organisation.id, story.people.farmer.person_id
    async with program(story.platform, story.people.producer, app=app) as producer:
        key = SigningKey.generate(Algorithm.P256)
        named = {"device": "大棚的手机", "person_id": farmer, "expires_at": "2090-01-01T00:00:00+08:00"}
        made = await told(producer, "/keys", registration(key, me) | named)
        assert made["expires_at"] == "2089-12-31T16:00:00Z"
        assert (made["holder"]["type"], made["holder"]["name"]) == ("device", "大棚的手机")
        assert made["holder"]["id"] != farmer
        phone = Signer(key, made["verification_method"])
        assert (await producer.post(f"{API}/events", json=phone.store(story.leaf))).status_code == 201
        following = SigningKey.generate()
        successor = await told(producer, f"/keys/{made['id']}/rotate", registration(following, me))
        assert (successor["replaces"], successor["holder"]["id"]) == (made["id"], made["holder"]["id"])
        assert await code(producer, "/events", phone.store(story.leaf), 403) == "trace.key_revoked"
        next_phone = Signer(following, successor["verification_method"])
        assert (await producer.post(f"{API}/events", json=next_phone.store(story.leaf))).status_code == 201
        lost = await told(producer, f"/keys/{successor['id']}/revoke", {"reason": "lost"}, 200)
        assert (lost["revoked"], lost["reason"]) == (True, "lost")
        assert await code(producer, f"/keys/{successor['id']}/revoke", {"reason": "lost"}, 409) == "trace.key_ended"
        assert await code(producer, "/events", next_phone.store(story.leaf), 403) == "trace.key_revoked"
        listed = (await producer.get(f"{API}/keys")).json()["items"]
    assert [each["reason"] for each in listed] == [None, "rotated", "lost"]
    assert [each["holder"] and each["holder"]["name"] for each in listed] == [None, "大棚的手机", "大棚的手机"]


@on_sqlite
async def test_possession_is_proven_for_every_key(story: Story, app: FastAPI) -> None:
    me, rivals = story.people.producer.organisation.id, story.people.rival.organisation.id
    async with program(story.platform, story.people.producer, app=app) as producer:
        body = registration(SigningKey.generate(), me)
        stolen = registration(SigningKey.generate(), rivals)
        own = await register(producer)
        path = f"/keys/{own.method.rpartition('#')[2]}/rotate"
        for wrong in (
            {"public_key": body["public_key"]},
            body | {"signature": stolen["signature"]},
            body | {"signature": b64encode(bytes(64)).decode()},
            stolen,
        ):
            assert await code(producer, "/keys", wrong, 422) == "web.key_not_proven"
            assert await code(producer, path, wrong, 422) == "web.key_not_proven"
        assert await code(producer, path, {}, 422) == "trace.public_key_missing"
        assert await code(producer, "/keys", {}, 422) == "trace.public_key_missing"
        assert await code(producer, "/keys", body | {"custody": "server"}, 422) == "web.key_not_wanted"
        assert (await told(producer, "/keys", {"custody": "server"}))["custody"] == "server"
        past = body | {"expires_at": "2020-01-01T00:00:00Z"}
        assert await code(producer, "/keys", past, 422) == "trace.expiry_past"


@on_sqlite
async def test_who_may_revoke(story: Story, app: FastAPI) -> None:
    people, platform = story.people, story.platform
    async with program(platform, people.producer, app=app) as producer:
        phone = await register(producer)
        path = f"/keys/{phone.method.rpartition('#')[2]}/revoke"
        index = (await told(producer, "/events", phone.store(story.leaf)))["index"]
        back = {"reason": "compromised", "last_valid_index": index - 1}
        assert await code(producer, path, back, 403) == "trace.reaches_back"
    for somebody, expected in (
        (people.rival, "trace.not_yours"),
        (people.analyst, "trace.not_yours"),
        (people.officer, "trace.not_yours"),
        (people.clerk, "trace.role_missing"),
        (people.inspector, "trace.role_missing"),
    ):
        async with program(platform, somebody, app=app) as client:
            assert await code(client, path, back, 403) == expected
    async with program(platform, people.supervisor, app=app) as supervisor:
        assert await code(supervisor, path, back, 403) == "trace.reaches_back"
        assert (await told(supervisor, path, {"reason": "compromised"}, 200))["revoked"]
    async with program(platform, people.decider, app=app) as body:
        undone = await told(body, path, back, 200)
        assert undone["last_valid_index"] == index - 1


@on_sqlite
async def test_a_body_reaches_back_with_a_key_of_its_own(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        phone = await register(producer)
        index = (await told(producer, "/events", phone.store(story.leaf)))["index"]
    undoing: dict[str, Any] = {
        "@context": ["https://www.w3.org/ns/credentials/v2", {"shangeng": "urn:shangeng:vocab:"}],
        "type": "shangeng:KeyRevocation",
        "shangeng:key": {"id": phone.method.rpartition("#")[2]},
        "shangeng:reason": "compromised",
        "shangeng:lastValidIndex": index - 1,
    }
    async with program(story.platform, story.people.rival, app=app) as rival:
        own = await register(rival)
        assert await code(rival, "/keys/revocations", own.sign(undoing), 403) == "trace.reaches_back"
    async with program(story.platform, story.people.decider, [Role.MANAGER, Role.DECIDER], app=app) as body:
        own = await register(body)
        signed = own.sign(undoing)
        receipt = await told(body, "/keys/revocations", signed)
        assert receipt["links"][0]["chain"] == f"key:{undoing['shangeng:key']['id']}"
        again = await told(body, "/keys/revocations", signed)
        assert (again["index"], again["repeated"]) == (receipt["index"], True)
        forged = signed | {"shangeng:lastValidIndex": 0}
        assert await code(body, "/keys/revocations", forged, 422) == "trace.signature_invalid"
        assert (
            await code(body, "/keys/revocations", own.sign(undoing | {"note": "x"}), 400)
            == "trace.key_revocation_malformed"
        )
