"""Every operation refuses whom it is not for: callers without a token, without the role, and the rival."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from shangeng_trace.log_tables import LedgerEntry
from shangeng_web.platform import Platform
from shangeng_web.tokens import list_tokens, revoke_token
from tests.story import Story
from tests.visiting import Guest
from tests.web.api.operations import Operation
from tests.web.api.programs import program

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

FOR_ANY_TOKEN = {
    "get_me",
    "list_steps",
    "list_products",
    "list_bases",
    "list_plots",
    "list_marks",
    "list_batches",
    "list_shipments",
    "list_keys",
    "list_certificates",
    "get_certificate",
    "list_licences",
    "get_licence",
    "list_templates",
    "get_member",
    "get_batch",
    "get_event",
    "get_receipt",
    "list_events",
    "get_quota",
    "list_runs",
    "get_label_run",
}
"""What needs no role: reading what is one's own or public."""

EMPTY_FOR_RIVAL = {"list_products", "list_bases", "list_plots", "list_marks", "list_batches", "list_shipments"}
"""Lists of one's own things: the rival has none, and is shown none of the producer's."""

PUBLIC = {
    "get_me",
    "get_receipt",
    "list_steps",
    "list_certificates",
    "get_certificate",
    "list_licences",
    "get_licence",
    "list_templates",
}
OWN = {"list_people", "list_keys", "add_person", "add_product", "add_base", "upload_picture"}
"""What the rival may do as well, in its own house and without a trace in the producer's."""

REFUSED: dict[str, tuple[int, str]] = {
    "add_plot": (403, "trace.not_yours"),
    "add_mark": (403, "trace.not_yours"),
    **dict.fromkeys(("patch_product", "patch_base", "patch_plot", "patch_mark"), (403, "trace.not_yours")),
    "list_members": (403, "trace.wrong_office"),
    "get_member": (403, "trace.wrong_office"),
    "register_member": (403, "trace.wrong_office"),
    "get_batch": (403, "trace.not_yours"),
    "open_batch": (403, "trace.not_yours"),
    "record_step": (422, "invalid"),
    "pack": (403, "trace.not_yours"),
    "split": (403, "trace.not_yours"),
    "process": (403, "trace.not_yours"),
    "ship": (403, "trace.not_yours"),
    "receive": (409, "trace.shipment_not_open"),
    "post_event": (400, "trace.proof_malformed"),
    "list_events": (403, "trace.not_yours"),
    "get_event": (403, "trace.not_yours"),
    "supply_private": (403, "trace.not_yours"),
    "add_key": (422, "web.key_not_proven"),
    "rotate_key": (403, "trace.not_yours"),
    "revoke_key": (403, "trace.not_yours"),
    "post_revocation": (400, "trace.proof_malformed"),
    "issue_certificate": (403, "trace.wrong_office"),
    "suspend_certificate": (403, "trace.wrong_office"),
    "reinstate_certificate": (403, "trace.wrong_office"),
    "withdraw_certificate": (403, "trace.wrong_office"),
    "grant_licence": (403, "trace.wrong_office"),
    "suspend_licence": (403, "trace.wrong_office"),
    "reinstate_licence": (403, "trace.wrong_office"),
    "withdraw_licence": (403, "trace.wrong_office"),
    "get_quota": (403, "trace.not_yours"),
    "list_runs": (403, "trace.not_yours"),
    "issue_run": (403, "trace.not_yours"),
    "get_label_run": (403, "trace.not_yours"),
    "list_codes": (403, "trace.not_yours"),
    "activate_run": (403, "trace.not_yours"),
    "void_codes": (403, "trace.not_yours"),
    "print_run": (403, "trace.not_yours"),
}


@pytest.fixture
async def rival(story: Story, app: FastAPI) -> AsyncGenerator[Guest]:
    async with program(story.platform, story.people.rival, app=app) as client:
        yield client


async def test_nobody_gets_in_without_a_token(
    story: Story, app: FastAPI, api: dict[str, Operation], names: dict[str, str]
) -> None:
    async with program(story.platform, None, app=app) as stranger:
        for operation in api.values():
            answer = await operation.call(stranger, names)
            assert answer.status_code == 401, f"{operation.id}: {answer.text}"
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="shangeng"'
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["code"] == "web.token_refused"


@pytest.mark.parametrize("credentials", ["Bearer ", "Bearer x", "Basic dXNlcjpwYXNz", "Bearer shg_" + "ä" * 30])
async def test_what_is_no_token_is_refused(story: Story, app: FastAPI, credentials: str) -> None:
    async with program(story.platform, None, app=app) as stranger:
        answer = await stranger.get("/api/v1/me", headers={b"Authorization": credentials.encode()})
        assert answer.status_code == 401


async def test_a_token_without_the_role_is_refused(
    story: Story, app: FastAPI, api: dict[str, Operation], names: dict[str, str]
) -> None:
    """The producer's own organisation, but a token with no role at all: nothing is written and no code is seen."""
    before = entries(story.platform)
    async with program(story.platform, story.people.producer, [], app=app) as powerless:
        for operation in api.values():
            answer = await operation.call(powerless, names, **without_picture(operation))
            if operation.id in FOR_ANY_TOKEN:
                assert answer.status_code in {200, 422}, f"{operation.id}: {answer.text}"
            else:
                assert answer.status_code == 403, f"{operation.id}: {answer.text}"
                assert answer.json()["code"] in {"trace.role_missing", "trace.wrong_office"}, operation.id
    assert entries(story.platform) == before


async def test_a_farmer_logs_steps_and_does_not_register(
    story: Story, app: FastAPI, api: dict[str, Operation], names: dict[str, str]
) -> None:
    async with program(story.platform, story.people.farmer, app=app) as farmer:
        step: dict[str, Any] = {"step": "store", "values": {"store_place": "二号库"}, "pictures": [], "at": None}
        assert (await api["record_step"].call(farmer, names, **step)).status_code == 201
        for forbidden in (
            "add_product",
            "add_base",
            "add_plot",
            "patch_product",
            "patch_plot",
            "add_person",
            "add_key",
            "rotate_key",
            "revoke_key",
            "post_revocation",
            "issue_run",
            "list_codes",
            "list_people",
        ):
            assert refusal(await api[forbidden].call(farmer, names)) == (403, "trace.role_missing"), forbidden


async def test_the_rival_is_refused_everywhere(
    story: Story, rival: Guest, api: dict[str, Operation], names: dict[str, str]
) -> None:
    assert api.keys() == PUBLIC | OWN | EMPTY_FOR_RIVAL | REFUSED.keys() | {"post_events"}, "every operation is listed"
    for name in EMPTY_FOR_RIVAL:
        assert (await api[name].call(rival, names)).json() == {"items": [], "next": None}, name
    before = entries(story.platform)
    for name, expected in REFUSED.items():
        change = {key: None for key in ("at", "event_id") if key in (api[name].example or {})}
        answer = await api[name].call(rival, names, **change)
        assert refusal(answer) == expected, f"{name}: {answer.text}"
    assert entries(story.platform) == before, "what is refused leaves no trace"


async def test_the_rival_does_not_see_the_producers_people_or_keys(
    story: Story, rival: Guest, api: dict[str, Operation], names: dict[str, str]
) -> None:
    people = {each["id"] for each in (await api["list_people"].call(rival, names)).json()["items"]}
    assert people == {story.people.rival.person_id}
    keys = [each["id"] for each in (await api["list_keys"].call(rival, names)).json()["items"]]
    assert len(keys) == 1
    for of in ("products", "bases", "plots", "marks"):
        answer = await rival.get(f"/api/v1/{of}?organisation_id={story.people.producer.organisation.id}")
        assert refusal(answer) == (403, "trace.wrong_office")


async def test_the_rival_cannot_write_to_the_producers_batch(
    rival: Guest, api: dict[str, Operation], names: dict[str, str]
) -> None:
    steps: dict[str, dict[str, str]] = {"store": {"store_place": "别处"}, "hold": {"reason": "竞争"}}
    for step, values in steps.items():
        answer = await api["record_step"].call(rival, names, step=step, values=values, pictures=[], at=None)
        assert refusal(answer) == (403, "trace.not_yours"), step


async def test_the_rival_cannot_name_the_producers_picture(
    story: Story, rival: Guest, app: FastAPI, api: dict[str, Operation], names: dict[str, str]
) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        picture = (await api["upload_picture"].call(producer, names)).json()["sha256"]
    answer = await api["open_batch"].call(rival, names, pictures=[picture])
    assert refusal(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == "pictures.0"


async def test_the_rival_cannot_sign_with_the_producers_key(
    rival: Guest, api: dict[str, Operation], names: dict[str, str]
) -> None:
    answer = await api["post_events"].call(rival, names)
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 0
    assert answer.json()["answers"][0]["problem"]["code"] == "trace.proof_malformed", (
        "the example's key is of another host"
    )


async def test_offices_see_members_and_what_they_have(story: Story, app: FastAPI) -> None:
    owner = story.people.producer.organisation.id
    for office in (story.people.decider, story.people.officer, story.people.supervisor, story.people.operator):
        async with program(story.platform, office, app=app) as client:
            members = (await client.get("/api/v1/members")).json()["items"]
            assert owner in {each["id"] for each in members}
            assert (await client.get(f"/api/v1/members/{owner}")).json()["name"] == "景宁惠明茶合作社"
            products = (await client.get(f"/api/v1/products?organisation_id={owner}")).json()["items"]
            assert [each["id"] for each in products] == [story.product.id]


async def test_a_member_finds_another_by_its_number_alone(story: Story, rival: Guest) -> None:
    shop = story.shop_organisation
    found = (await rival.get(f"/api/v1/members?number={shop.number}")).json()["items"]
    assert [each["id"] for each in found] == [shop.id]


async def test_another_body_cannot_suspend(
    story: Story, app: FastAPI, api: dict[str, Operation], names: dict[str, str]
) -> None:
    async with program(story.platform, story.people.inspector, app=app) as inspector:
        assert refusal(await api["suspend_certificate"].call(inspector, names)) == (403, "trace.role_missing")
    async with program(story.platform, story.people.officer, app=app) as officer:
        assert refusal(await api["suspend_certificate"].call(officer, names)) == (403, "trace.wrong_office")
        assert refusal(await api["issue_certificate"].call(officer, names)) == (403, "trace.wrong_office")
    async with program(story.platform, story.people.decider, app=app) as decider:
        assert refusal(await api["suspend_licence"].call(decider, names)) == (403, "trace.wrong_office")


async def test_a_supervisor_sees_every_batch_and_no_codes(
    story: Story, app: FastAPI, api: dict[str, Operation], names: dict[str, str]
) -> None:
    async with program(story.platform, story.people.supervisor, app=app) as supervisor:
        for name in ("get_batch", "list_events", "get_event", "get_quota", "list_runs", "get_label_run"):
            assert (await api[name].call(supervisor, names)).status_code == 200, name
        assert refusal(await api["list_codes"].call(supervisor, names)) == (403, "trace.not_yours")


async def test_revoking_a_token_takes_effect_at_once(story: Story, app: FastAPI) -> None:
    actor = story.people.producer.actor
    async with program(story.platform, story.people.producer, app=app) as producer:
        assert (await producer.get("/api/v1/me")).status_code == 200
        (token,) = story.platform.writer.run(lambda s: list_tokens(s, actor.organisation_id))
        moment = story.platform.office.clock()
        await story.platform.write(lambda s: revoke_token(s, actor, token_id=token.id, moment=moment))
        assert (await producer.get("/api/v1/me")).status_code == 401


def without_picture(operation: Operation) -> dict[str, list[str]]:
    return {"pictures": []} if "pictures" in (operation.example or {}) else {}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def entries(platform: Platform) -> int:
    with platform.database.session() as session:
        return len(session.exec(select(LedgerEntry.index)).all())
