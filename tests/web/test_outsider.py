"""On every route there is: who is not signed in is turned away, and the rival gets nothing of the producer's."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import select

from shangeng_labels.tables import LabelRun
from shangeng_trace.batch_tables import EventRecord, LedgerKey, Shipment
from shangeng_trace.ids import new_event_id
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.private_tables import Attachment
from shangeng_trace.registry_tables import OtherMark, Role
from shangeng_web.app import create_app
from shangeng_web.platform import Platform
from shangeng_web.tokens import create_token
from tests.people import People
from tests.story import Story, tell_story
from tests.visiting import guest
from tests.web.routes import routes

BEHIND_LOGIN = [route for route in routes() if route[1].startswith(("/console", "/api/v1")) and "login" not in route[1]]
PUBLIC = [route for route in routes() if not route[1].startswith(("/console", "/api/v1"))]
IN_THE_REGISTER = {
    ("GET", f"{place}/{kind}/{{number}}") for place in ("/api/v1", "/console") for kind in ("certificates", "licences")
} | {("GET", "/api/v1/receipts/{digest}")}
"""Certificates and licences stand in the public register at `/c` for everybody to read, and entries in the log."""

PRIVATE_WORDS = ("钟土根", "蓝惠明", "雷小芳", "浙K12345", "27.98", "119.63", "景宁农资店")
"""Names, a number plate, coordinates and a supplier of the story: in no public answer, and in none to the rival."""


@dataclass
class Scene:
    """The story, what is the producer's by its id, and tokens for both."""

    platform: Platform
    people: People
    story: Story
    ids: dict[str, str]
    rival_token: str
    token_row: str


@pytest.fixture
def scene(platform: Platform, people: People) -> Scene:
    story = tell_story(platform, people)
    writer, moment = platform.writer, platform.office.clock()
    rival, producer = people.rival.actor, people.producer.actor
    _, rival_token = writer.run(lambda s: create_token(s, rival, name="rival", roles=[Role.MANAGER], moment=moment))
    token, _ = writer.run(lambda s: create_token(s, producer, name="own", roles=[Role.MANAGER], moment=moment))
    with platform.database.session() as session:
        run = session.exec(select(LabelRun.id)).first()
        shipment = session.exec(select(Shipment.event_id)).first()
        event, digest = session.exec(select(EventRecord.event_id, EventRecord.digest)).all()[0]
        mark = session.exec(select(OtherMark.id)).first()
        picture = session.exec(select(Attachment.sha256)).first()
        key = session.exec(select(LedgerKey.id).where(LedgerKey.controller == producer.organisation_id)).first()
    ids = {
        "batch_id": story.leaf,
        "product_id": story.product.id,
        "plot_id": story.plot.id,
        "base_id": story.plot.base_id,
        "mark_id": str(mark),
        "member_id": people.producer.organisation.id,
        "number": story.certificate,
        "person_id": people.farmer.person_id,
        "token_id": token.id,
        "run_id": str(run),
        "shipment": str(shipment),
        "shipment_id": str(shipment),
        "event_id": event,
        "digest": digest,
        "key_id": str(key),
        "sha256": str(picture),
        "key": "store",
        "state": "suspended",
    }
    return Scene(platform, people, story, ids, rival_token, token.id)


def address(path: str, ids: dict[str, str]) -> str:
    filled = re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: ids[match[1]], path)
    return filled.replace("/licences/SG-", "/licences/XK-") if "licences" in path else filled


def body(ids: dict[str, str]) -> dict[str, Any]:
    """Return every member that any route asks for, all of them the producer's."""
    quantity = {"amount": "1", "packs": True}
    part = {"lot": "RIVAL-1", "quantity": {"amount": "1"}}
    return {
        "step": "store",
        "values": {"store_place": "库"},
        "event_id": new_event_id(),
        "lot": "RIVAL-2",
        "product_id": ids["product_id"],
        "plot_id": ids["plot_id"],
        "base_id": ids["base_id"],
        "quantity": quantity,
        "packs": 1,
        "parts": [part],
        "inputs": [{"batch_id": ids["batch_id"], "quantity": {"amount": "1"}}],
        "recipient_id": ids["member_id"],
        "person_id": ids["person_id"],
        "holder_id": ids["member_id"],
        "count": 1,
        "template": "a4-63x38",
        "reason": "duties_unmet",
        "numbers": [1],
    }


def members(document: dict[str, Any], path: str, method: str, everything: dict[str, Any]) -> dict[str, Any]:
    """Return those members that the route takes: the API refuses strangers before it looks at rights."""
    operation = document["paths"][path][method.lower()]
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    known = document["components"]["schemas"].get(name, {}).get("properties", {})
    return {member: value for member, value in everything.items() if member in known}


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_nobody_comes_in_without_a_login(scene: Scene) -> None:
    async with guest(scene.platform) as visitor:
        for method, path in BEHIND_LOGIN:
            answer = await visitor.request(method, address(path, scene.ids))
            if path.startswith("/api"):
                assert answer.status_code == 401, (method, path, answer.text)
            else:
                assert answer.status_code == 303, (method, path, answer.text)
                assert answer.headers["location"].startswith("/console/login"), (method, path)


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_rival_is_refused_what_is_the_producers(scene: Scene) -> None:
    """A route that names a thing refuses it; one that lists shows nothing of it; the log does not grow."""
    before = log_size(scene.platform)
    document = create_app(scene.platform.settings).openapi()
    async with guest(scene.platform) as visitor:
        await visitor.log_in(scene.people.rival)
        visitor.headers["Authorization"] = f"Bearer {scene.rival_token}"
        for method, path in BEHIND_LOGIN:
            if path in ("/console/logout", "/console/switch", "/console/password"):
                continue  # about the rival's own session
            where = address(path, scene.ids)
            if method == "GET":
                answer = await visitor.get(where)
            elif path.startswith("/api"):
                answer = await visitor.request(method, where, json=members(document, path, method, body(scene.ids)))
            else:
                answer = await visitor.submit(where, **form(scene.ids))
            names_a_thing = re.search(r"\{(?!key\})", path) is not None
            if names_a_thing and (method, path) not in IN_THE_REGISTER:
                assert answer.status_code in {400, 403, 404, 409, 422}, (method, path, answer.status_code)
            assert answer.status_code < 500, (method, path)
            for word in (*PRIVATE_WORDS, "HM20260412", scene.token_row):
                assert word in where or word not in answer.text, (method, path, word)
    assert log_size(scene.platform) == before, "the rival wrote something"


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_public_answers_hold_nothing_private(scene: Scene) -> None:
    ids = {**scene.ids, "batch": scene.story.leaf, "code": "0" * 16, "name": scene.ids["sha256"]}
    ids |= {"key_id": "0" * 16, "path": "entries/000", "index": "0"}
    async with guest(scene.platform) as visitor:
        for method, path in PUBLIC:
            answer = await visitor.request(method, address(path, ids))
            assert answer.status_code < 500, (method, path)
            assert "set-cookie" not in answer.headers, (method, path)
            if not path.endswith((".png", ".jpg")):
                assert not [word for word in PRIVATE_WORDS if word in answer.text], (method, path)


def form(ids: dict[str, str]) -> dict[str, str]:
    return {
        "batch": ids["batch_id"],
        "batch_id": ids["batch_id"],
        "product": ids["product_id"],
        "product_id": ids["product_id"],
        "plot": ids["plot_id"],
        "plot_id": ids["plot_id"],
        "holder_id": ids["member_id"],
        "lot": "RIVAL-3",
        "step": "store",
        "store_place": "库",
        "event_id": new_event_id(),
        "count": "1",
        "template": "a4-63x38",
        "reason": "duties_unmet",
        "numbers": "1",
        "answer": "yes",
        "event": ids["event_id"],
    }


def log_size(platform: Platform) -> int:
    with platform.database.session() as session:
        return session.exec(select(LedgerState.size)).one()
