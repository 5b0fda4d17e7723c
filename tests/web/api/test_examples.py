"""The examples of the reference, played in the order of a story: what it shows is what the API takes and gives."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI

from shangeng_certs.standards import standard
from shangeng_trace.ids import new_event_id
from shangeng_trace.keys import SigningKey
from shangeng_trace.recording import commitment
from shangeng_web.api import wire
from shangeng_web.api.event_wire import EVENT_EXAMPLE
from shangeng_web.api.key_wire import REVOCATION_EXAMPLE
from shangeng_web.api.private import SALT
from shangeng_web.app import create_app
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.people import People, sign_up
from tests.visiting import Guest
from tests.web.api.operations import Operation, operations, replaced
from tests.web.api.programs import Signer, program, registration

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

TODAY = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
"""The day on which the examples are told: licence and certificate begin on it."""


@pytest.fixture
async def platform(settings: Settings, anyio_backend: str) -> AsyncGenerator[Platform]:  # noqa: ARG001 - makes it asynchronous
    opened = Platform.open(settings, clock=lambda: TODAY)
    yield opened
    await opened.close()


class Player:
    """Plays examples, learning the real ids as answers give them."""

    def __init__(self, document: dict[str, Any], api: dict[str, Operation], clients: Mapping[str, Guest]) -> None:
        self.document, self.api, self.clients = document, api, clients
        self.names: dict[str, str] = {}
        self.played: set[str] = set()

    async def play(self, name: str, who: str = "producer", **change: Any) -> Any:
        """Send an example and return the answer's body, which must be what the reference says it is."""
        operation = self.api[name]
        answer = await operation.call(self.clients[who], self.names, **change)
        kind = answer.headers["Content-Type"]
        said = operation.spec["responses"].get(str(answer.status_code))
        assert answer.is_success, f"{name}: {answer.text}"
        assert said is not None, f"{name}: {answer.status_code} is not in the reference"
        assert kind in said["content"], name
        self.played.add(name)
        if kind != "application/json":
            return answer.content
        validator(self.document, said["content"][kind]["schema"]).validate(answer.json())
        return answer.json()


async def test_every_example_is_taken(platform: Platform) -> None:
    people = sign_up(platform)
    app = create_app(platform.settings)
    async with AsyncExitStack() as stack:
        clients = {
            name: await stack.enter_async_context(program(platform, getattr(people, name), app=app))
            for name in ("producer", "rival", "officer", "decider", "clerk")
        }
        player = Player(app.openapi(), operations(app), clients)
        await tell(player, people)
    assert player.played == player.api.keys(), "every operation is shown by an example that works"


async def tell(player: Player, people: People) -> None:
    play, names = player.play, player.names
    names[wire.MEMBER] = people.producer.organisation.id
    names[wire.SHOP] = people.rival.organisation.id
    await play("register_member", "officer")
    for name in ("get_me", "list_steps", "get_member", "list_people"):
        await play(name)
    await play("list_members", "officer")
    names[wire.PERSON] = (await play("add_person"))["id"]
    names[wire.BASE] = (await play("add_base"))["id"]
    names[wire.PLOT] = (await play("add_plot"))["id"]
    names[wire.PRODUCT] = (await play("add_product"))["id"]
    names[wire.MARK] = (await play("add_mark"))["id"]
    names[wire.PICTURE] = (await play("upload_picture"))["sha256"]
    await permissions(player)
    await batches(player)
    await signed(player)
    await labels(player)
    await play("ship")
    await play("list_shipments", "rival")
    await play("receive", "rival", at=None)
    for name in player.api.keys() - player.played:
        await play(name)


async def permissions(player: Player) -> None:
    play, names = player.play, player.names
    names[wire.LICENCE] = (await play("grant_licence", "officer"))["number"]
    names[wire.CERTIFICATE] = (await play("issue_certificate", "decider"))["number"]
    for kind, who in (("licence", "officer"), ("certificate", "decider")):
        await play(f"suspend_{kind}", who)
        assert (await play(f"get_{kind}"))["validity"] == "suspended"
        assert (await play(f"reinstate_{kind}", who, reason="holder_request_resume"))["validity"] == "valid"
        other = await play(f"issue_{kind}" if kind == "certificate" else f"grant_{kind}", who, **beside(kind))
        held, names[number(kind)] = names[number(kind)], other["number"]
        assert (await play(f"withdraw_{kind}", who, reason="holder_request_end"))["state"] == "withdrawn"
        names[number(kind)] = held


def number(kind: str) -> str:
    return wire.LICENCE if kind == "licence" else wire.CERTIFICATE


def beside(kind: str) -> dict[str, Any]:
    """Change an example so that it may stand beside the first: another standard, or another time."""
    if kind == "certificate":
        return {"standard": "jingning600", "edition": standard("jingning600").editions[-1].edition}
    return {"valid_from": "2027-05-01", "valid_until": "2027-06-01"}


async def batches(player: Player) -> None:
    play, names = player.play, player.names
    names[wire.BATCH] = (await play("open_batch"))["batches"][0]
    other = await play("open_batch", lot="HM20260412-X", event_id=None)
    names[wire.OTHER_BATCH] = other["batches"][0]
    await play("process")
    await play("split", at=None)
    third = await play("open_batch", lot="HM20260412-P", event_id=None)
    names[wire.BATCH] = third["batches"][0]
    await play("record_step", at=None)
    dried: dict[str, Any] = {"step": "dry", "values": {"moisture": 5.1}, "quantity": {"amount": "8.2"}, "pictures": []}
    await play("record_step", at=None, **dried)
    await play("pack", at=None)


async def signed(player: Player) -> None:
    """Play the examples of signed events: theirs is the signature of nobody, so each is signed again."""
    key = SigningKey.generate()
    registered = await player.play("add_key", **registration(key, player.names[wire.MEMBER]))
    signer = Signer(key, registered["verification_method"])
    document = replaced(EVENT_EXAMPLE, player.names) | {"eventTime": "2026-05-01T10:00:00.000+08:00"}
    del document["proof"]
    behind = commitment(bytes.fromhex(SALT), bytes.fromhex(player.names[wire.PICTURE]))
    promised = {"eventID": new_event_id(), "shangeng:commitments": {"photo_1": behind}}
    single, bulk = (signer.sign(document | more) for more in (promised, {"eventID": new_event_id()}))
    player.names[wire.DIGEST] = (await player.play("post_event", **single))["digest"]
    assert (await player.play("get_receipt"))["digest"] == player.names[wire.DIGEST]
    player.names[wire.EVENT] = single["eventID"]
    assert (await player.play("supply_private"))["missing"] == []
    await player.play("get_event")
    assert (await player.play("post_events", events=[bulk]))["accepted"] == 1
    player.names[wire.KEY] = registered["id"]
    following = SigningKey.generate()
    next_key = await player.play("rotate_key", **registration(following, player.names[wire.MEMBER]))
    assert next_key["replaces"] == registered["id"]
    end = replaced(REVOCATION_EXAMPLE, player.names | {wire.KEY: next_key["id"]})
    del end["proof"]
    await player.play("post_revocation", **Signer(following, next_key["verification_method"]).sign(end))
    player.names[wire.KEY] = (await player.play("add_key", custody="server", public_key=None, signature=None))["id"]
    assert (await player.play("revoke_key"))["reason"] == "lost"


async def labels(player: Player) -> None:
    play, names = player.play, player.names
    names[wire.RUN] = (await play("issue_run"))["id"]
    await play("void_codes")
    assert (await play("activate_run"))["activated"] == 98
    assert len((await play("list_codes"))["items"]) == 50
    assert (await play("print_run")).startswith(b"%PDF-")


async def test_every_body_has_an_example_that_fits_its_schema(app: FastAPI) -> None:
    document = app.openapi()
    bodies = [
        (f"{operation.id} {place}", media)
        for operation in operations(app).values()
        for place, holder in {"request": operation.spec.get("requestBody", {}), **operation.spec["responses"]}.items()
        for kind, media in holder.get("content", {}).items()
        if kind.endswith("json")
    ]
    assert len(bodies) > 300
    for place, media in bodies:
        errors = [str(error) for error in validator(document, media["schema"]).iter_errors(media["example"])]
        assert errors == [], place


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    return jsonschema_rs.validator_for({**schema, "components": document["components"]})
