"""A log with three witnesses and a quorum of two: whatever one of them does, appends go on and the head is witnessed."""

import asyncio
import hashlib
import threading
import time
from contextlib import closing

import pytest

from shangeng_trace.checkpoint import Checkpoint, sign_checkpoint
from shangeng_trace.keyring import LOG_KEY_ID
from shangeng_trace.keys import SigningKey
from shangeng_trace.logtext import write_base64
from shangeng_trace.note import split_note
from shangeng_trace.policy import evaluate, parse_policy
from shangeng_trace.witnessing import (
    Standing,
    prove,
    published_checkpoint,
    standing_of,
    witness_times,
    witnessed_checkpoint,
)
from shangeng_web.outside import Answer, ask
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.visiting import Guest, guest
from tests.waiting import until, until_signed
from tests.web.witnessing.growing import ONE_ENGINE, catches_up, sizes, write
from tests.web.witnessing.network import (
    Lab,
    Manner,
    bad_witness,
    drips,
    floods,
    garbles,
    hangs,
    says,
)


@pytest.mark.parametrize(
    "manner",
    [
        None,
        hangs,
        drips,
        floods,
        garbles,
        says("200 OK", b"\xe2\x80\x94 lab0.example/w AAAAAAAAAAAA\n"),
        says("409 Conflict", b"0\n"),
        says("409 Conflict", b"9223372036854775807\n"),
        says("409 Conflict", b"-1\n"),
        says("500 Oops", b""),
        says("200 OK", b""),
        says("302 Found", b""),
    ],
    ids=[
        "dead",
        "hangs",
        "drips",
        "floods",
        "garbles",
        "lies",
        "small",
        "huge",
        "negative",
        "fails",
        "empty",
        "elsewhere",
    ],
)
@ONE_ENGINE
def test_one_bad_witness_stalls_nothing(witnessed: Settings, known: list[Lab], manner: Manner | None) -> None:
    """`manner` None: nobody is there at all."""
    bad, *good = known
    bad.stop()
    with bad_witness(bad.port, manner) if manner else closing(Nobody()):
        platform = Platform.open(witnessed)
        for number in range(40):
            write(platform, f"entry {number}")
        catches_up(platform)
        assert {lab.size for lab in good} == {41}
        with platform.database.session() as session:
            head = witnessed_checkpoint(session)
        assert head is not None
        assert set(witness_times(head, platform.trust)) == {lab.known.name for lab in good}
        asyncio.run(platform.close())


@ONE_ENGINE
def test_an_append_waits_for_no_witness(witnessed: Settings, known: list[Lab], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every witness holds its answer until the last append is acknowledged: what waited for one would never end."""
    is_written = threading.Event()

    def held(url: str, *, body: bytes | None = None) -> Answer:
        assert is_written.wait(60)
        return ask(url, body=body)

    monkeypatch.setattr("shangeng_web.contact.ask", held)
    platform = Platform.open(witnessed)
    for number in range(40):
        write(platform, f"entry {number}")
    assert {lab.size for lab in known} == {0}
    is_written.set()
    catches_up(platform)
    asyncio.run(platform.close())


class Nobody:
    def close(self) -> None:
        """Nobody was there, and nobody leaves."""


@ONE_ENGINE
def test_each_in_turn_may_fail(platform: Platform, known: list[Lab]) -> None:
    """Killed, hanging, babbling, one after the other; appends never wait, and two honest ones are enough."""
    catches_up(platform)
    for bad, manner in zip(known, (None, hangs, garbles), strict=True):
        bad.stop()
        with bad_witness(bad.port, manner) if manner else closing(Nobody()):
            for number in range(10):
                write(platform, f"{bad.name} {number}")
            catches_up(platform)
        bad.start()
    write(platform, "the last")
    until(lambda: {lab.size for lab in known} == {sizes(platform)[0]})


@ONE_ENGINE
def test_without_a_quorum_the_published_head_waits_and_then_catches_up(platform: Platform, known: list[Lab]) -> None:
    catches_up(platform)
    for lab in known[:2]:
        lab.stop()
    write(platform, "alone")
    until(lambda: sizes(platform)[0] == 2)
    time.sleep(0.5)
    assert sizes(platform) == (2, 1)
    with platform.database.session() as session:
        published = published_checkpoint(session, witnessed=True)
        assert published is not None
        assert published.size == 1
        assert [standing_of(session, index) for index in range(3)] == [
            Standing.WITNESSED,
            Standing.LOGGED,
            Standing.SIGNED,
        ]
    known[0].start()
    catches_up(platform)


@pytest.mark.anyio
async def test_what_is_published_is_witnessed(platform: Platform, client: Guest, known: list[Lab]) -> None:
    for number in range(30):
        write(platform, f"entry {number}")
    await asyncio.to_thread(catches_up, platform)
    policy = parse_policy((await client.get("/log/policy")).text)
    assert policy.witnesses == tuple(each.known for each in known)
    head = await client.get("/log/checkpoint")
    verdict = evaluate(policy, head.text, origin=platform.ledger.origin)
    assert verdict.quorum_met
    assert verdict.checkpoint.size == 31
    assert set(verdict.witnessed) <= {each.known.name for each in known}
    signed = await client.get("/log/checkpoint.unwitnessed")
    assert split_note(signed.text)[0] == split_note(head.text)[0]
    names = [line.name for line in split_note(signed.text)[1]]
    assert names == [platform.ledger.origin, f"{platform.ledger.origin}/clock"]
    assert signed.headers["access-control-allow-origin"] == "*"


@ONE_ENGINE
@pytest.mark.anyio
async def test_without_witnesses_both_heads_are_one(settings: Settings, anyio_backend: str) -> None:
    assert anyio_backend
    platform = Platform.open(settings)
    await asyncio.to_thread(until_signed, platform.database)
    async with guest(platform) as visitor:
        assert (await visitor.get("/log/checkpoint")).text == (await visitor.get("/log/checkpoint.unwitnessed")).text
    await platform.close()


@ONE_ENGINE
def test_a_restart_goes_on_where_it_was(witnessed: Settings, known: list[Lab]) -> None:
    for count in (1, 2, 3):
        platform = Platform.open(witnessed)
        catches_up(platform)
        write(platform, f"entry {count}")
        catches_up(platform)
        assert sizes(platform) == (count + 1, count + 1)
        asyncio.run(platform.close())
    assert all(lab.witness is not None and not lab.witness.store.count_shown(lab.log.name)[1] for lab in known)


@ONE_ENGINE
def test_a_head_that_a_command_beside_the_server_signed_is_witnessed_too(
    settings: Settings, platform: Platform, known: list[Lab]
) -> None:
    """Long before the heartbeat: a revoked key must not wait for it, nor a restored backup find a gap there."""
    catches_up(platform)
    beside = Platform.open(settings)
    write(beside, "by a command")
    until_signed(beside.database)
    asyncio.run(beside.close())
    catches_up(platform)
    until(lambda: {lab.size for lab in known} == {2})


@ONE_ENGINE
def test_a_forked_or_truncated_log_is_refused_by_all_and_kept(platform: Platform, known: list[Lab]) -> None:
    """The operator rewrites or cuts the log, and signs it with the true key."""
    for number in range(10):
        write(platform, f"entry {number}")
    until(lambda: {lab.size for lab in known} == {11})
    origin = platform.ledger.origin
    with platform.database.session() as session:
        key: SigningKey = platform.office.keyring.private(session, LOG_KEY_ID)
        proof = prove(session, 5, 11)
    forked = sign_checkpoint(Checkpoint(origin, 12, hashlib.sha256(b"rewritten").digest()), key)
    same = sign_checkpoint(Checkpoint(origin, 11, hashlib.sha256(b"rewritten").digest()), key)
    cut = sign_checkpoint(Checkpoint(origin, 5, hashlib.sha256(b"cut").digest()), key)
    shorter = sign_checkpoint(Checkpoint(origin, 4, hashlib.sha256(b"cut").digest()), key)
    lines = "".join(f"{write_base64(each)}\n" for each in proof)
    for lab in known:
        url = f"{lab.known.url}add-checkpoint"
        assert ask(url, body=f"old 11\n{lines}\n{forked}".encode()).status == 422
        assert ask(url, body=f"old 11\n\n{same}".encode()).status == 422
        assert ask(url, body=f"old 5\n\n{cut}".encode()).status == 409
        assert ask(url, body=f"old 11\n\n{shorter}".encode()).status == 400
        assert lab.size == 11
        assert lab.witness is not None
        evidence = {each.note for each in lab.witness.store.shown(origin, never_cosigned=True)}
        assert evidence == {forked, same, cut, shorter}


@ONE_ENGINE
@pytest.mark.anyio
async def test_metrics_tell_how_far_each_witness_has_come(platform: Platform, client: Guest, known: list[Lab]) -> None:
    await asyncio.to_thread(until, lambda: {lab.size for lab in known} == {1})
    await asyncio.to_thread(catches_up, platform)
    told = (await client.get("/metrics")).text
    assert "shangeng_log_witnessed_entries 1\n" in told
    assert 'shangeng_witness_entries{witness="lab0"}' in told
