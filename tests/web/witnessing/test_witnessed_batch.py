"""Signed, logged, witnessed: what a shopper reads of it, and what the bundle and the command say."""

import asyncio
import json
from pathlib import Path

import pytest
from sqlmodel import col, select

from shangeng_trace.batch_tables import EventRecord
from shangeng_trace.policy import parse_policy
from shangeng_trace.verifying import verify_bundle
from shangeng_trace.witnessing import witness_times, witnessed_checkpoint
from shangeng_web import cli
from shangeng_web.platform import Platform
from tests.people import People
from tests.story import tell_story
from tests.visiting import Guest
from tests.waiting import until_signed
from tests.web.api.programs import token_for
from tests.web.witnessing.growing import ONE_ENGINE, catches_up, sizes
from tests.web.witnessing.network import Lab

pytestmark = [pytest.mark.anyio, ONE_ENGINE]

NOBODY = "No witness has cosigned yet"
LOGGED = "The newest records of this lot are waiting for the witnesses"


async def test_the_bundle_and_the_command_tell_who_and_when(
    platform: Platform,
    people: People,
    client: Guest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    story = tell_story(platform, people)
    await asyncio.to_thread(catches_up, platform)
    bundle, policy = tmp_path / "bundle.json", tmp_path / "policy.txt"
    bundle.write_bytes((await client.get(f"/b/{story.leaf}/bundle.json")).content)
    policy.write_text((await client.get("/log/policy")).text)
    report = verify_bundle(bundle.read_bytes(), parse_policy(policy.read_text()))
    assert report.is_good
    assert len(report.witnessed) >= 2
    assert report.witnessed.keys() <= {"lab0", "lab1", "lab2"}
    assert cli.main(["verify", str(bundle), "--policy", str(policy), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["witnesses"]
    assert set(told) == set(report.witnessed)
    assert cli.main(["--lang", "en", "verify", str(bundle), "--policy", str(policy)]) == 0
    (name, moment) = next(iter(told.items()))
    assert f"{name} {moment}" in capsys.readouterr().out


async def test_the_page_tells_the_three_states(
    platform: Platform, people: People, client: Guest, known: list[Lab]
) -> None:
    await asyncio.to_thread(catches_up, platform)
    before = sizes(platform)[1]
    for lab in known:
        lab.stop()
    story = tell_story(platform, people)
    page = (await client.get(f"/b/{story.leaf}?lang=en")).text
    assert LOGGED in page
    assert f"The first {before} entries are cosigned by witnesses" in page
    for lab in known:
        lab.start()
    await asyncio.to_thread(catches_up, platform)
    page = (await client.get(f"/b/{story.leaf}?lang=en&fresh=1")).text
    assert LOGGED not in page
    assert "0 records" not in page
    assert f"The first {sizes(platform)[1]} entries are cosigned by witnesses" in page
    with platform.database.session() as session:
        head = witnessed_checkpoint(session)
    verify = (await client.get(f"/b/{story.leaf}/verify?lang=en")).text
    assert all(name in verify for name in witness_times(head, platform.trust))
    assert NOBODY not in verify.split("The log now", 1)[-1]


async def test_members_and_programs_are_told_the_three_states(
    platform: Platform, people: People, client: Guest, known: list[Lab]
) -> None:
    for lab in known:
        lab.stop()
    story = tell_story(platform, people)
    await asyncio.to_thread(until_signed, platform.database)
    await client.log_in(people.producer)
    address = f"/console/batches/{story.leaf}?lang=en"
    assert "0 records" in (await client.get(address)).text
    with platform.database.session() as session:
        digest = session.exec(select(EventRecord.digest).order_by(col(EventRecord.index).desc())).first()
    token = {"Authorization": f"Bearer {token_for(platform, people.producer)}"}
    waiting = (await client.get(f"/api/v1/receipts/{digest}", headers=token)).json()["standing"]
    assert (waiting["state"], waiting["witnesses"]) == ("logged", [])
    for lab in known:
        lab.start()
    await asyncio.to_thread(catches_up, platform)
    standing = (await client.get(f"/api/v1/receipts/{digest}", headers=token)).json()["standing"]
    page = (await client.get(address)).text
    assert standing["state"] == "witnessed"
    assert len(standing["witnesses"]) >= 2
    assert all(witness["name"] in page for witness in standing["witnesses"])
    assert "0 records" not in page
