"""For operators and verifiers: health, metrics, checkpoint, policy, keys."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shangeng_trace.clock import rfc3339
from shangeng_trace.enrolment import enrol_key, revoke_key
from shangeng_trace.entry import load_entry
from shangeng_trace.keyring import LOG_KEY_ID
from shangeng_trace.keys import VerifyKey
from shangeng_trace.log_tables import LedgerEntry
from shangeng_trace.policy import parse_policy, verify
from shangeng_trace.revocation import Reason
from shangeng_web.platform import Platform
from shangeng_web.reference import type_words
from tests.people import People
from tests.visiting import Guest, guest
from tests.waiting import until_signed

pytestmark = pytest.mark.anyio


async def test_a_sound_server_is_ready(client: Guest) -> None:
    assert (await client.get("/healthz")).text == "ok\n"
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"database": True, "schema": True, "checkpoint": True, "writer": True, "stopped": None}


async def test_a_server_whose_writer_has_stopped_is_not_ready(client: Guest, platform: Platform) -> None:
    platform.writer.stop()
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["writer"] is False


async def test_metrics_tell_sizes_to_this_machine_only(platform: Platform, people: People, anyio_backend: str) -> None:
    assert people
    assert anyio_backend
    await asyncio.to_thread(until_signed, platform.database)
    async with guest(platform) as here:
        text = (await here.get("/metrics")).text
        assert "shangeng_log_entries 7" in text
        assert "# TYPE shangeng_requests_total counter" in text
        assert "shangeng_log_stopped 0\n" in text
        dated = re.search(r"^shangeng_log_dated_seconds (\d+)$", text, re.MULTILINE)
        assert dated is not None
        assert int(dated[1]) > 1_700_000_000
    async with guest(platform, address="203.0.113.9") as elsewhere:
        assert (await elsewhere.get("/metrics")).status_code == 404
    token = replace(platform, settings=replace(platform.settings, metrics_token="let-me-see"))
    async with guest(token, address="203.0.113.9") as elsewhere:
        assert (await elsewhere.get("/metrics")).status_code == 404
        answer = await elsewhere.get("/metrics", headers={"Authorization": "Bearer let-me-see"})
        assert answer.status_code == 200
    await platform.close()


async def test_the_checkpoint_verifies_under_the_policy(client: Guest, platform: Platform, people: People) -> None:
    assert people.producer
    await asyncio.to_thread(until_signed, platform.database)
    policy = await client.get("/log/policy")
    checkpoint = await client.get("/log/checkpoint")
    for answer in (policy, checkpoint):
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["access-control-allow-origin"] == "*"
    verdict = verify(parse_policy(policy.text), checkpoint.text, origin=platform.settings.log_origin)
    assert verdict.checkpoint.size > 0


async def test_every_registered_key_can_be_resolved(client: Guest, platform: Platform, people: People) -> None:
    with platform.database.session() as session:
        signer = platform.office.keyring.signer(session, people.producer.organisation.id)
    document = (await client.get(f"/keys/{signer.key_id}/did.json")).json()
    (method,) = document["verificationMethod"]
    assert method["id"] == signer.method == document["assertionMethod"][0]
    assert document["id"] == signer.method.partition("#")[0] == method["controller"]
    assert VerifyKey.from_multikey(method["publicKeyMultibase"]) == signer.key.public


async def test_a_key_that_ended_can_still_be_resolved_and_says_so(
    client: Guest, platform: Platform, people: People
) -> None:
    office, owner = platform.office, people.producer.actor
    until = datetime(2090, 1, 1, tzinfo=UTC)
    key = platform.writer.run(lambda s: enrol_key(s, office, owner, expires=until)).id
    (method,) = (await client.get(f"/keys/{key}/did.json")).json()["verificationMethod"]
    assert method["expires"] == "2090-01-01T00:00:00.000Z"
    assert "revoked" not in method
    ended = platform.writer.run(lambda s: revoke_key(s, office, owner, key_id=key, reason=Reason.LOST))
    document = (await client.get(f"/keys/{key}/did.json")).json()
    (method,) = document["verificationMethod"]
    assert document["assertionMethod"] == [method["id"]], "or what it signed could no longer be checked"
    with platform.database.session() as session:
        last = session.get_one(LedgerEntry, ended.revoked_index)
    assert method["revoked"] == rfc3339(load_entry(last.body).time)


@pytest.mark.parametrize("key", ["0000000000000000", "x", LOG_KEY_ID, "%2e%2e"])
async def test_an_unknown_key_is_not_found(client: Guest, key: str) -> None:
    answer = await client.get(f"/keys/{key}/did.json")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_reference_shows_every_operation_without_a_script(client: Guest) -> None:
    document = (await client.get("/api/openapi.json")).json()
    page = await client.get("/api/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    for path in document["paths"]:
        assert path in page.text


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "format": "date"}, "string (date)"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Quantity"}}, "array of Quantity"),
        ({"enum": ["a", "b"]}, "a | b"),
        ({}, "any"),
    ],
)
def test_a_type_is_said_in_words(schema: dict[str, object], words: str) -> None:
    assert type_words(schema) == words
