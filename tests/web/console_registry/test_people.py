"""An organisation's people and tokens, and oneself."""

import re

import pytest
from sqlmodel import select

from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.enrolment import enrol_key
from shangeng_trace.keys import SigningKey
from shangeng_trace.registry_tables import Membership, Role
from shangeng_web.account_tables import Account, ApiToken
from shangeng_web.platform import Platform
from tests.people import PASSWORD, People
from tests.visiting import Guest
from tests.web.console_registry.forms import count, refuse, save

pytestmark = pytest.mark.anyio

NEW = "/console/people/new"
PERSON = {"name": "蓝小茶", "phone": "13900000000", "roles": ["clerk", "farmer"], "username": "xiaocha"}
SECRET = re.compile(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}")


def secret(page: str) -> str:
    """Return the password that a page shows."""
    found = SECRET.search(page)
    assert found is not None
    return found[0]


async def test_a_manager_adds_somebody_who_can_sign_in(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    shown = await client.submit(NEW, **PERSON)
    assert shown.status_code == 200
    password = secret(shown.text)
    listed = (await client.get("/console/people")).text
    for words in ("蓝小茶", "文书、农户", "xiaocha", "最近没有登录"):
        assert words in listed
    assert password not in listed
    client.cookies.clear()
    answer = await client.post("/console/login", data={"username": "xiaocha", "password": password})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [
        ({"name": ""}, "name", 422),
        ({"roles": []}, "roles", 422),
        ({"roles": ["decider"]}, "roles", 422),
        ({"phone": "1"}, "phone", 422),
        ({"username": ""}, "username", 422),
        ({"username": "rival"}, "username", 409),
    ],
)
async def test_a_wrong_person_is_refused_at_its_field(
    client: Guest, people: People, platform: Platform, wrong: tuple[dict[str, object], str, int]
) -> None:
    await client.log_in(people.producer)
    change, field, status = wrong
    before = count(platform, Membership)
    page = await refuse(client, NEW, field, status=status, form={**PERSON, **change})
    assert SECRET.search(page) is None
    assert count(platform, Membership) == before


async def test_a_stopped_account_is_out_at_once_and_may_come_back(client: Guest, people: People) -> None:
    clerk = people.clerk
    await client.log_in(clerk)
    kept = dict(client.cookies)
    await client.log_in(people.producer)
    page = await client.get(await save(client, f"/console/people/{clerk.person_id}/stop"))
    assert "已停用" in page.text
    manager = dict(client.cookies)
    client.cookies.clear()
    client.cookies.update(kept)
    assert (await client.get("/console/me")).status_code == 303
    answer = await client.post("/console/login", data={"username": "clerk", "password": PASSWORD})
    assert answer.status_code == 422
    client.cookies.clear()
    client.cookies.update(manager)
    await save(client, f"/console/people/{clerk.person_id}/resume")
    await client.log_in(clerk)


async def test_who_is_stopped_loses_every_key(client: Guest, people: People, platform: Platform) -> None:
    owner, clerk, office = people.producer.actor, people.clerk.person_id, platform.office
    public = SigningKey.generate().public
    held = platform.writer.run(lambda s: enrol_key(s, office, owner, public=public, person_id=clerk)).id
    await client.log_in(people.producer)
    await save(client, f"/console/people/{clerk}/stop")
    with platform.database.session() as session:
        reasons = {key.id: key.revoked_reason for key in session.exec(select(LedgerKey)) if key.revoked_reason}
    assert reasons == {held: "left"}


async def test_a_new_password_replaces_the_old(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    shown = await client.submit(f"/console/people/{people.farmer.person_id}/password")
    assert shown.status_code == 200
    password = secret(shown.text)
    client.cookies.clear()
    old = await client.post("/console/login", data={"username": "farmer", "password": PASSWORD})
    assert old.status_code == 422
    new = await client.post("/console/login", data={"username": "farmer", "password": password})
    assert new.status_code == 303


@pytest.mark.parametrize("action", ["stop", "resume", "password"])
async def test_nobody_touches_another_organisations_people(
    client: Guest, people: People, platform: Platform, action: str
) -> None:
    await client.log_in(people.rival)
    for person in (people.clerk.person_id, "0123456789ABCDEF", "x"):
        assert (await client.submit(f"/console/people/{person}/{action}")).status_code == 404
    await client.log_in(people.clerk)
    assert (await client.submit(f"/console/people/{people.farmer.person_id}/{action}")).status_code == 403
    with platform.database.session() as session:
        assert not any(each.disabled for each in session.exec(select(Account)))


async def test_somebody_of_two_organisations_belongs_to_neither_manager(
    client: Guest, people: People, platform: Platform
) -> None:
    shared = Membership(person_id=people.clerk.person_id, organisation_id=people.rival.organisation.id, role=Role.CLERK)
    platform.writer.run(lambda session: session.add(shared))
    await client.log_in(people.rival)
    assert (await client.submit(f"/console/people/{people.clerk.person_id}/password")).status_code == 403


async def test_nobody_locks_themselves_out(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    for action in ("stop", "password"):
        answer = await client.submit(f"/console/people/{people.producer.person_id}/{action}")
        assert answer.status_code == 409
        assert "不能停用自己的账号" in answer.text
    assert (await client.get("/console/people")).status_code == 200


async def test_a_token_is_shown_once_works_and_is_revoked(client: Guest, people: People, platform: Platform) -> None:
    await client.log_in(people.producer)
    form = {"name": "车间电子秤", "roles": ["manager"], "form_id": "0123456789ABCDEF"}
    shown = await client.submit("/console/tokens", **form)
    assert shown.status_code == 200
    found = re.search(r"shg_[\w-]{43}", shown.text)
    assert found is not None
    assert (await client.submit("/console/tokens", **form)).status_code == 303
    assert count(platform, ApiToken) == 1
    listed = (await client.get("/console/tokens")).text
    assert "车间电子秤" in listed
    assert found[0] not in listed
    with platform.database.session() as session:
        token = session.exec(select(ApiToken)).one()
    await client.log_in(people.rival)
    assert (await client.submit(f"/console/tokens/{token.id}/revoke")).status_code == 404
    await client.log_in(people.producer)
    page = await client.get(await save(client, f"/console/tokens/{token.id}/revoke"))
    assert "已收回" in page.text


async def test_a_token_needs_a_name_and_a_role_that_one_has(client: Guest, people: People, platform: Platform) -> None:
    await client.log_in(people.producer)
    await refuse(client, "/console/tokens", "name", form={"name": "", "roles": ["manager"]})
    await refuse(client, "/console/tokens", "roles", form={"name": "秤", "roles": ["operator"]})
    assert count(platform, ApiToken) == 0


async def test_oneself_language_size_and_organisations(client: Guest, people: People, platform: Platform) -> None:
    other = people.rival.organisation
    platform.writer.run(
        lambda session: session.add(
            Membership(person_id=people.clerk.person_id, organisation_id=other.id, role=Role.CLERK)
        )
    )
    await client.log_in(people.clerk)
    page = (await client.get("/console/me")).text
    for words in ("雷小芳", "文书", "换一个单位", other.name, "退出登录"):
        assert words in page
    assert "/console/people" not in page
    await client.get("/console/me?lang=en")
    large = (await client.get("/console/me?text=large")).text
    assert '<html lang="en" class="elder">' in large
    assert "Sign out" in large
    await save(client, "/console/switch", organisation=other.id)
    assert other.name in (await client.get("/console/organisation")).text
