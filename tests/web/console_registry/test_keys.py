"""The page of an organisation's signing keys: a manager replaces and revokes, nobody else comes in."""

import pytest
from sqlmodel import Session, select

from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.enrolment import enrol_key, revoke_key
from shangeng_trace.keys import SigningKey
from shangeng_trace.revocation import Reason
from shangeng_web.platform import Platform
from tests.people import People, Somebody
from tests.visiting import Guest
from tests.web.console_registry.forms import save

pytestmark = pytest.mark.anyio

KEYS = "/console/keys"


def keys_of(platform: Platform, somebody: Somebody) -> dict[str, str | None]:
    """Return an organisation's keys in the order of the log, each with why it ended."""
    with platform.database.session() as session:
        wanted = select(LedgerKey).where(LedgerKey.controller == somebody.organisation.id)
        rows = sorted(session.exec(wanted), key=lambda row: row.registered_index)
        return {row.id: row.revoked_reason for row in rows}


async def test_a_manager_replaces_the_key_kept_here(client: Guest, people: People, platform: Platform) -> None:
    (old,) = keys_of(platform, people.producer)
    await client.log_in(people.producer)
    assert f"{KEYS}/{old}/rotate" in (await client.get(KEYS)).text
    page = (await client.get(await save(client, f"{KEYS}/{old}/rotate"))).text
    assert "已写入账本，当即生效。" in page
    assert list(keys_of(platform, people.producer).values()) == ["rotated", None]
    assert "作数到第" in page
    assert f"{KEYS}/{old}/rotate" not in page
    again = await client.submit(f"{KEYS}/{old}/rotate")
    assert again.status_code == 403


async def test_a_manager_revokes_a_lost_phone(client: Guest, people: People, platform: Platform) -> None:
    owner, farmer, public = people.producer.actor, people.farmer.person_id, SigningKey.generate().public

    def enrol(session: Session) -> str:
        key = enrol_key(session, platform.office, owner, public=public, person_id=farmer, device="大棚的手机")
        return key.id

    phone = platform.writer.run(enrol)
    await client.log_in(people.producer)
    shown = (await client.get(KEYS)).text
    assert "大棚的手机、" in shown
    assert people.farmer.name in shown
    for reason in ("", "left", "because"):
        assert (await client.submit(f"{KEYS}/{phone}/revoke", reason=reason)).status_code == 422
    assert keys_of(platform, people.producer)[phone] is None
    await save(client, f"{KEYS}/{phone}/revoke", reason="lost")
    assert keys_of(platform, people.producer)[phone] == "lost"
    assert "遗失" in (await client.get(KEYS)).text


async def test_who_has_no_key_makes_one(client: Guest, people: People, platform: Platform) -> None:
    owner, office = people.producer.actor, platform.office
    await client.log_in(people.producer)
    assert (await client.submit(KEYS)).status_code == 409
    (old,) = keys_of(platform, people.producer)
    platform.writer.run(lambda s: revoke_key(s, office, owner, key_id=old, reason=Reason.COMPROMISED))
    assert "不能记录" in (await client.get(KEYS)).text
    await save(client, KEYS)
    assert list(keys_of(platform, people.producer).values()) == ["compromised", None]
    assert "不能记录" not in (await client.get(KEYS)).text


async def test_others_do_not_come_in(client: Guest, people: People, platform: Platform) -> None:
    (key,) = keys_of(platform, people.producer)
    for somebody in (people.clerk, people.farmer):
        await client.log_in(somebody)
        assert (await client.get(KEYS)).status_code == 403
        assert (await client.submit(f"{KEYS}/{key}/rotate")).status_code == 403
    for somebody in (people.rival, people.decider, people.supervisor, people.operator):
        await client.log_in(somebody)
        assert key not in (await client.get(KEYS)).text
        for action, form in (("rotate", {}), ("revoke", {"reason": "lost"})):
            assert (await client.submit(f"{KEYS}/{key}/{action}", **form)).status_code == 403
    assert (await client.submit(f"{KEYS}/x/rotate")).status_code == 404
    assert keys_of(platform, people.producer) == {key: None}
