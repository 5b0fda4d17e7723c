"""The log changes its key: two sign for a while, whoever trusts either is content, and old heads stay good."""

import asyncio
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlmodel import Session, select

from shangeng_trace.bundle import build_bundle
from shangeng_trace.canonical import canonical
from shangeng_trace.checkpoint import NotSignedByLog
from shangeng_trace.entry import load_entry
from shangeng_trace.keyring import CustodyKey, register_key
from shangeng_trace.log_export import export_log
from shangeng_trace.log_keys import (
    LogKeyAlone,
    LogKeyInUse,
    LogKeyPending,
    LogKeyUnknown,
    LogKeyUnseen,
    destroy_log_key,
    log_keys,
    next_log_key,
    retire_log_key,
)
from shangeng_trace.log_notice import LogNotice, Said
from shangeng_trace.log_tables import LedgerCheckpoint, LedgerEntry
from shangeng_trace.note import NoSignatureKnown, NoteSignatureInvalid, Vkey, parse_vkey, split_note
from shangeng_trace.policy import Log, Policy, evaluate, parse_policy
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.registry import platform_organisation
from shangeng_trace.verifying import verify_bundle
from shangeng_web.auditing import audit
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests import outside_log
from tests.people import People, sign_up
from tests.story import tell_story
from tests.visiting import guest
from tests.waiting import until_signed
from tests.web.test_log_tiles import grow
from tests.web.witnessing.growing import ONE_ENGINE


@pytest.fixture
def other(settings: Settings, platform: Platform) -> Iterator[Platform]:
    """Another process over the same log."""
    opened = Platform.open(settings) if platform else None
    assert opened is not None
    yield opened
    asyncio.run(opened.close())


def bring_in(platform: Platform) -> Vkey:
    """Bring in a new key, as `shangeng log key next` does."""

    def command(session: Session) -> str:
        keyring, moment = platform.office.keyring, platform.office.clock()
        operator = platform_organisation(session).id
        return next_log_key(session, keyring, operator, platform.ledger.origin, moment=moment).vkey

    return parse_vkey(platform.writer.run(command))


def let_go(platform: Platform, *, published: int | None = None) -> Vkey:
    """Retire the older key, as `shangeng log key retire` does."""
    size = head(platform).size if published is None else published

    def command(session: Session) -> str:
        keyring, moment = platform.office.keyring, platform.office.clock()
        operator, origin = platform_organisation(session).id, platform.ledger.origin
        return retire_log_key(session, keyring, operator, origin, published=size, moment=moment).vkey

    return parse_vkey(platform.writer.run(command))


def enrol(platform: Platform, people: People) -> None:
    """Let the log grow by something true: a new key for the rival."""

    def command(session: Session) -> None:
        keyring = platform.office.keyring
        registrar = keyring.signer(session, platform_organisation(session).id)
        register_key(session, keyring, people.rival.organisation, registrar=registrar, moment=platform.office.clock())

    platform.writer.run(command)
    until_signed(platform.database)


def head(platform: Platform) -> LedgerCheckpoint:
    until_signed(platform.database)
    with platform.database.session() as session:
        newest = latest_checkpoint(session)
    assert newest is not None
    return newest


def signers(platform: Platform) -> list[bytes]:
    return [line.key_id for line in split_note(head(platform).note)[1]]


def trusting(*vkeys: Vkey) -> Policy:
    return Policy(tuple(Log(vkey) for vkey in vkeys))


@pytest.mark.anyio
async def test_both_keys_sign_for_a_while_and_either_is_enough(
    platform: Platform, other: Platform, anyio_backend: str
) -> None:
    """`other` knows nothing of the change but what is in the database."""
    assert anyio_backend
    old = platform.log_key
    assert signers(platform) == [old.id]
    new = await asyncio.to_thread(bring_in, platform)
    await asyncio.to_thread(grow, other, 3)
    note = head(other).note
    assert signers(other) == [old.id, new.id]
    for policy in (trusting(old), trusting(new), trusting(new, old)):
        assert evaluate(policy, note).checkpoint.size == head(other).size
    async with guest(other) as visitor:
        stated = parse_policy((await visitor.get("/log/policy")).text)
        assert [log.vkey for log in stated.logs] == [old, new]
        assert (await visitor.get("/log/checkpoint")).text.startswith(note)
    await asyncio.to_thread(let_go, platform)
    await asyncio.to_thread(grow, other, 1, name="after")
    assert signers(other) == [new.id]
    assert evaluate(trusting(new), head(other).note)
    with pytest.raises((NoSignatureKnown, NotSignedByLog)):
        evaluate(trusting(old), head(other).note)
    async with guest(other) as visitor:
        assert [log.vkey for log in parse_policy((await visitor.get("/log/policy")).text).logs] == [new]
        told = await visitor.get("/log/notices")
    assert told.headers["access-control-allow-origin"] == "*"
    said = [LogNotice.read(each["statement"]) for each in told.json()]
    assert [(each.said, each.vkey) for each in said] == [(Said.KEY_NEXT, new), (Said.KEY_RETIRED, old)]
    with platform.database.session() as session:
        for each in told.json():
            entry = load_entry(session.get_one(LedgerEntry, each["index"]).body)
            assert sha256(canonical(each["statement"])).hexdigest() == entry.digest, (
                "it stands in the log as it is told"
            )
    await other.close()


@ONE_ENGINE
def test_a_known_key_whose_line_fails_voids_the_head(platform: Platform) -> None:
    old, new = platform.log_key, bring_in(platform)
    note = head(platform).note
    lines = note.splitlines(keepends=True)
    forged = "".join([*lines[:-1], lines[-1].replace(lines[-1][-20:-10], lines[-1][-10:-20:-1])])
    assert forged != note
    assert evaluate(trusting(old), forged), "who does not know the new key does not look at its line"
    for policy in (trusting(new), trusting(old, new)):
        with pytest.raises(NoteSignatureInvalid):
            evaluate(policy, forged)


def test_every_head_stays_good_after_two_changes(platform: Platform, people: People) -> None:
    known = [platform.log_key]
    story = tell_story(platform, people)
    for _ in range(2):
        known.append(bring_in(platform))
        enrol(platform, people)
        let_go(platform)
        enrol(platform, people)
    with platform.database.session() as session:
        destroy_log_key(session, "log")
        session.commit()
        assert session.get(CustodyKey, "log") is None
        assert [parse_vkey(row.vkey) for row in log_keys(session)] == known
        heads = session.exec(select(LedgerCheckpoint)).all()
    assert {len(split_note(each.note)[1]) for each in heads} == {1, 2}
    assert all(evaluate(trusting(*known), each.note) for each in heads)
    platform.writer.stop()
    with platform.database.session() as session:
        flaws = audit(session, platform.settings, platform.office.keyring)
        bundle = build_bundle(session, story.leaf)
    assert flaws == []
    assert verify_bundle(canonical(bundle), trusting(known[-1])).is_good
    assert not verify_bundle(canonical(bundle), trusting(known[0])).is_good


@ONE_ENGINE
def test_the_outside_reader_trusts_either_key(platform: Platform, tmp_path: Path) -> None:
    vkeys = [platform.log_key, bring_in(platform)]
    grow(platform, 5)
    with platform.database.session() as session:
        size = export_log(session, tmp_path / "out")
    for vkey in vkeys:
        assert len(outside_log.check(lambda name: (tmp_path / "out" / name).read_bytes(), str(vkey))) == size


@ONE_ENGINE
def test_what_cannot_be_done_with_log_keys(platform: Platform) -> None:
    with pytest.raises(LogKeyAlone):
        let_go(platform)
    bring_in(platform)
    with pytest.raises(LogKeyPending):
        bring_in(platform)
    with pytest.raises(LogKeyUnseen):
        let_go(platform, published=1)
    for key, refusal in (("log", LogKeyInUse), ("log-2", LogKeyInUse), ("log-3", LogKeyUnknown)):
        with platform.database.session() as session, pytest.raises(refusal):
            destroy_log_key(session, key)
    let_go(platform)
    with platform.database.session() as session:
        destroy_log_key(session, "log")
        with pytest.raises(LogKeyUnknown):
            destroy_log_key(session, "log")


@ONE_ENGINE
def test_an_operator_who_changes_the_list_of_keys_is_found(platform: Platform) -> None:
    """Another key slipped in, one taken away, a term made longer: no notice says so."""
    sign_up(platform)
    bring_in(platform)
    let_go(platform)
    grow(platform, 1)
    platform.writer.stop()
    for change in (
        "UPDATE log_key SET last_size = last_size + 1 WHERE id = 'log'",
        "UPDATE log_key SET first_size = first_size - 1 WHERE id = 'log-2'",
        "UPDATE log_key SET last_size = NULL WHERE id = 'log'",
        "UPDATE log_key SET vkey = 'x' WHERE id = 'log-2'",
        "DELETE FROM log_key WHERE id = 'log'",
        "INSERT INTO log_key SELECT 'log-3', vkey, 3, NULL FROM log_key WHERE id = 'log'",
    ):
        with platform.database.session() as session:
            session.connection().exec_driver_sql(change)
            found = audit(session, platform.settings, platform.office.keyring)
            session.rollback()
        assert "log_key" in {flaw.table for flaw in found}, change
