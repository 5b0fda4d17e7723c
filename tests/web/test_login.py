"""Coming in, staying in, going out."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from shangeng_trace.registry_tables import Membership, Role
from shangeng_web.account_tables import Account, LoginSession
from shangeng_web.accounts import FREE_FAILURES, IDLE, LONGEST, find_signed_in, open_session
from shangeng_web.console.login import local_path
from shangeng_web.platform import Platform
from tests.people import PASSWORD, People, Somebody
from tests.visiting import Guest

pytestmark = pytest.mark.anyio

PAGE = "/console/password"


async def test_a_page_of_the_console_leads_to_the_login_and_back(client: Guest, people: People) -> None:
    refused = await client.get(f"{PAGE}?lang=en")
    assert refused.status_code == 303
    assert refused.headers["location"] == "/console/login?next=/console/password%3Flang%3Den"
    form = {"username": "producer", "password": PASSWORD, "next": f"{PAGE}?lang=en"}
    answer = await client.post("/console/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?lang=en")
    assert people.producer.name in (await client.get(PAGE)).text


async def test_a_wrong_password_and_an_unknown_name_are_refused_alike(client: Guest, people: People) -> None:
    wrong = await client.post("/console/login", data={"username": "producer", "password": "not this"})
    unknown = await client.post("/console/login", data={"username": "nobody", "password": "not this"})
    assert wrong.status_code == unknown.status_code == 422
    assert "用户名或密码不对" in wrong.text
    assert wrong.text.replace('"producer"', "") == unknown.text.replace('"nobody"', "")
    assert "set-cookie" not in wrong.headers
    assert people.producer.username == "producer"


async def test_a_username_may_be_typed_in_capitals_with_blanks(client: Guest, people: People) -> None:
    assert people.producer
    answer = await client.post("/console/login", data={"username": " Producer ", "password": PASSWORD})
    assert answer.status_code == 303


async def test_the_cookie_is_opaque_and_kept_from_scripts(client: Guest, people: People, platform: Platform) -> None:
    assert people.producer
    answer = await client.post("/console/login", data={"username": "producer", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    token = client.cookies["shangeng"]
    with platform.database.session() as session:
        assert token not in {each.id for each in session.exec(select(LoginSession))}


async def test_guessing_is_slowed_down_for_a_name_and_not_for_its_neighbour(client: Guest, people: People) -> None:
    for _ in range(FREE_FAILURES + 1):
        await client.post("/console/login", data={"username": "producer", "password": "guess"})
    paused = await client.post("/console/login", data={"username": "producer", "password": PASSWORD})
    assert paused.status_code == 503
    assert "试错太多次了" in paused.text
    await client.log_in(people.clerk)


async def test_signing_out_ends_the_session_everywhere(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    token = client.cookies["shangeng"]
    answer = await client.submit("/console/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/login")
    client.cookies.set("shangeng", token)
    assert (await client.get(PAGE)).status_code == 303


async def test_a_form_without_the_sessions_token_changes_nothing(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    for form in ({}, {"csrf": "guess"}):
        answer = await client.post("/console/logout", data=form)
        assert answer.status_code == 403
    assert (await client.get(PAGE)).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
async def test_a_form_from_another_site_is_refused(client: Guest, people: People, headers: dict[str, str]) -> None:
    await client.log_in(people.producer)
    answer = await client.post("/console/logout", data={"csrf": client.csrf}, headers=headers)
    assert answer.status_code == 403
    login = {"username": "producer", "password": PASSWORD}
    assert (await client.post("/console/login", data=login, headers=headers)).status_code == 403


async def test_a_form_of_our_own_page_is_taken(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"}
    answer = await client.post("/console/logout", data={"csrf": client.csrf}, headers=headers)
    assert answer.status_code == 303


async def test_switching_changes_the_organisation_and_the_token(
    client: Guest, people: People, platform: Platform
) -> None:
    other = people.rival.organisation
    platform.writer.run(
        lambda session: session.add(
            Membership(person_id=people.producer.person_id, organisation_id=other.id, role=Role.CLERK)
        )
    )
    await client.log_in(people.producer)
    before = client.cookies["shangeng"]
    assert (await client.submit("/console/switch", organisation=other.id)).status_code == 303
    assert client.cookies["shangeng"] != before
    assert other.name in (await client.get(PAGE)).text
    client.cookies.set("shangeng", before)
    assert (await client.get(PAGE)).status_code == 303


async def test_nobody_switches_to_an_organisation_they_do_not_belong_to(client: Guest, people: People) -> None:
    await client.log_in(people.rival)
    answer = await client.submit("/console/switch", organisation=people.producer.organisation.id)
    assert answer.status_code == 403
    assert people.rival.organisation.name in (await client.get(PAGE)).text


async def test_a_new_password_ends_every_other_session(client: Guest, people: People, platform: Platform) -> None:
    other = _sign_in(platform, people.producer)
    await client.log_in(people.producer)
    wrong = await client.submit(PAGE, old="not this", password="a much longer one")
    assert wrong.status_code == 422
    weak = await client.submit(PAGE, old=PASSWORD, password="producer")
    assert weak.status_code == 422
    assert (await client.submit(PAGE, old=PASSWORD, password="a much longer one")).status_code == 303
    assert (await client.get(PAGE)).status_code == 200
    client.cookies.set("shangeng", other)
    assert (await client.get(PAGE)).status_code == 303
    client.cookies.clear()
    answer = await client.post("/console/login", data={"username": "producer", "password": "a much longer one"})
    assert answer.status_code == 303


async def test_a_language_chosen_in_the_console_is_kept(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    assert 'lang="zh-CN"' in (await client.get(PAGE)).text
    await client.get(f"{PAGE}?lang=en")
    assert '<html lang="en"' in (await client.get(PAGE)).text


def _sign_in(platform: Platform, somebody: Somebody) -> str:
    moment = platform.office.clock()
    return platform.writer.run(lambda session: open_session(session, username=somebody.username, moment=moment))


def _still_in(platform: Platform, token: str, after: timedelta) -> bool:
    with platform.database.session() as session:
        return find_signed_in(session, token, moment=platform.office.clock() + after) is not None


def test_a_session_ends_when_nobody_uses_it(platform: Platform, people: People) -> None:
    token = _sign_in(platform, people.producer)
    assert _still_in(platform, token, IDLE - timedelta(minutes=1))
    assert not _still_in(platform, token, IDLE + timedelta(minutes=1))


def test_a_session_ends_however_much_it_is_used(platform: Platform, people: People) -> None:
    token = _sign_in(platform, people.producer)

    def use(session: Session) -> None:
        for each in session.exec(select(LoginSession)):
            each.seen_at = platform.office.clock() + LONGEST
            session.add(each)

    platform.writer.run(use)
    assert _still_in(platform, token, LONGEST - timedelta(minutes=1))
    assert not _still_in(platform, token, LONGEST + timedelta(minutes=1))


@pytest.mark.parametrize("loss", ["membership", "account"])
def test_who_is_removed_is_out_at_once(platform: Platform, people: People, loss: str) -> None:
    token = _sign_in(platform, people.producer)

    def remove(session: Session) -> None:
        if loss == "membership":
            row = session.get(Membership, (people.producer.person_id, people.producer.organisation.id, Role.MANAGER))
            session.delete(row)
        else:
            account = session.get(Account, "producer")
            assert account is not None
            account.disabled = True

    platform.writer.run(remove)
    assert not _still_in(platform, token, timedelta())


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/console/batches?q=1", "/console/batches?q=1"),
        (None, "/console/"),
        ("https://evil.example", "/console/"),
        ("//evil.example", "/console/"),
        ("/console\\evil", "/console/"),
        ("/console/\nx", "/console/"),
        ("/consolevil", "/console/"),
        ("/console/login", "/console/"),
    ],
)
def test_after_the_login_nobody_is_sent_away(path: str | None, safe: str) -> None:
    assert local_path(path) == safe
