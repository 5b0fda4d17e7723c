"""Private values and pictures behind the commitments of events signed elsewhere."""

from typing import Any

import pytest
from fastapi import FastAPI

from shangeng_trace.canonical import canonical
from shangeng_trace.recording import commitment
from shangeng_web.auditing import audit
from tests.pictures import photo
from tests.story import Story
from tests.visiting import Guest
from tests.web.api.programs import API, Signer, program, register

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

SALT = bytes(range(16))
DOSE = {"amount": 50, "unit": "kg_per_mu"}


def fertilised(story: Story, signer: Signer, **commitments: str) -> dict[str, Any]:
    """Sign that the plot was fertilised; where the input came from is private."""
    step = story.platform.office.catalogue.step("fertilise", "tea")
    kind, method = step.field("kind"), step.field("method")
    assert kind is not None
    assert method is not None
    document = signer.store(story.leaf)
    del document["proof"]
    day = document["eventTime"][:10]
    record = {
        "kind": kind.choices[0].key,
        "input_name": "菜籽饼",
        "method": method.choices[0].key,
        "dose": DOSE,
        "use_start": day,
        "use_stop": day,
    }
    said = {"bizStep": step.biz_step, "shangeng:step": "fertilise", "shangeng:record": record}
    return signer.sign(document | said | {"disposition": step.disposition, "shangeng:commitments": commitments})


def value(content: object) -> dict[str, object]:
    return {"salt": SALT.hex(), "value": content}


async def hand_in(client: Guest, event: dict[str, Any], body: dict[str, Any]) -> Any:
    return await client.post(f"{API}/events/{event['eventID']}/private", json=body)


async def refused(client: Guest, event: dict[str, Any], body: dict[str, Any]) -> list[tuple[str, str]]:
    answer = await hand_in(client, event, body)
    assert answer.status_code == 422, answer.text
    return [(each["field"], each["code"]) for each in answer.json()["errors"]]


async def uploaded(client: Guest) -> str:
    answer = await client.post(f"{API}/pictures", files={"photo": ("bag.jpg", photo(), "image/jpeg")})
    return str(answer.json()["sha256"])


async def test_what_was_committed_to_is_handed_in_later(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer, picture = await register(producer), await uploaded(producer)
        source, shown = canonical("景宁农资店"), bytes.fromhex(picture)
        event = fertilised(story, signer, input_source=commitment(SALT, source), photo_1=commitment(SALT, shown))
        answer = await producer.post(f"{API}/events", json=event)
        assert answer.status_code == 201, answer.text
        first = await hand_in(producer, event, {"values": {"input_source": value("景宁农资店")}})
        assert first.json() == {"there": ["input_source"], "missing": ["photo_1"]}
        rest = {"photos": {"photo_1": {"salt": SALT.hex(), "sha256": picture}}}
        assert (await hand_in(producer, event, rest)).json() == {"there": ["input_source", "photo_1"], "missing": []}
        assert (await hand_in(producer, event, rest)).json()["missing"] == []
    async with program(story.platform, story.people.rival, app=app) as rival:
        assert (await hand_in(rival, event, {})).json()["code"] == "trace.not_yours"
    with story.platform.database.session() as session:
        found = audit(session, story.platform.settings, story.platform.office.keyring)
    assert [flaw for flaw in found if flaw.table in {"private_value", "event_attachment", "attachment"}] == []


async def test_what_differs_is_refused_by_name_and_nothing_is_kept(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        signer, picture = await register(producer), await uploaded(producer)
        spaced = canonical("  景宁农资店 ")
        event = fertilised(story, signer, input_source=commitment(SALT, spaced), photo_1=commitment(SALT, bytes(32)))
        assert (await producer.post(f"{API}/events", json=event)).status_code == 201
        at = "values.input_source"
        other = {"input_source": value("别的店")}
        assert await refused(producer, event, {"values": other}) == [(at, "trace.commitment_differs")]
        assert await refused(producer, event, {"values": {"input_source": value("  景宁农资店 ")}}) == [
            (at, "trace.value_respelled")
        ]
        assert await refused(producer, event, {"values": {"note": value("x"), **other}}) == [
            ("values.note", "trace.not_committed"),
            (at, "trace.commitment_differs"),
        ]
        shown = {"salt": SALT.hex(), "sha256": picture}
        for photos, code in (
            ({"photo_1": shown}, "trace.commitment_differs"),
            ({"input_source": shown}, "trace.not_committed"),
            ({"photo_1": shown | {"sha256": "0" * 64}}, "web.picture_not_uploaded"),
        ):
            assert await refused(producer, event, {"photos": photos}) == [(f"photos.{min(photos)}", code)]
        nothing = await hand_in(producer, event, {})
        assert nothing.json() == {"there": [], "missing": ["input_source", "photo_1"]}
        unknown = {"eventID": event["eventID"][:-4] + "0000"}
        assert (await hand_in(producer, unknown, {})).status_code == 404
