"""Registering members with their first person, finding them, looking at one."""

import re

import pytest
from sqlmodel import select

from shangeng_trace.numbers import check_household_number
from shangeng_trace.registry_tables import Organisation, Person
from shangeng_web.account_tables import Account
from shangeng_web.platform import Platform
from tests.people import People, uscc
from tests.visiting import Guest
from tests.web.console_registry.forms import MARKUP, MEMBER, count, grow, refuse

pytestmark = pytest.mark.anyio

NEW = "/console/members/new"
FORM = {**MEMBER, "number": uscc(500)}


async def test_a_cooperative_begins_with_its_manager(client: Guest, people: People) -> None:
    await client.log_in(people.officer)
    assert (await client.get(NEW)).status_code == 200
    shown = await client.submit(NEW, **FORM)
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    found = re.search(r"([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})", shown.text)
    assert found is not None
    onward = re.search(r"/console/members/([0-9A-Z]{16})\?done=member", shown.text)
    assert onward is not None
    page = await client.get(onward[0])
    for words in ("会员已登记。", FORM["name"], uscc(500), "云和县崇头镇", "1 人"):
        assert words in page.text
    assert found[1] not in page.text
    client.cookies.clear()
    answer = await client.post("/console/login", data={"username": "yetitian", "password": found[1]})
    assert answer.status_code == 303
    assert "叶梯田" in (await client.get("/console/people")).text


async def test_sent_twice_it_is_one_member_and_the_password_is_not_shown_again(
    client: Guest, people: People, platform: Platform
) -> None:
    await client.log_in(people.officer)
    once = {**FORM, "form_id": "0123456789ABCDEF"}
    assert (await client.submit(NEW, **once)).status_code == 200
    before = count(platform, Organisation), count(platform, Account)
    again = await client.submit(NEW, **once)
    assert again.status_code == 303
    assert "没有重复保存" in (await client.get(again.headers["location"])).text
    assert (count(platform, Organisation), count(platform, Account)) == before


async def test_a_household_gets_a_number_of_ours(client: Guest, people: People, platform: Platform) -> None:
    await client.log_in(people.officer)
    form = {**FORM, "sort": "household", "name": "王大山", "number": "", "username": "dashan"}
    assert (await client.submit(NEW, **form)).status_code == 200
    with platform.database.session() as session:
        row = session.exec(select(Organisation).where(Organisation.name == "王大山")).one()
    assert row.is_household
    assert check_household_number(row.number) == row.number


@pytest.mark.parametrize(
    "wrong",
    [
        ({"number": uscc(500)[:-1] + "?"}, "number", 422),
        ({"number": "9333" + uscc(500)[4:-2] + "00"}, "number", 422),
        ({"number": ""}, "number", 422),
        ({"name": ""}, "name", 422),
        ({"county": "999999"}, "county", 422),
        ({"phone": "12"}, "phone", 422),
        ({"person_name": ""}, "person_name", 422),
        ({"person_name": "甲" * 41}, "person_name", 422),
        ({"person_phone": "abc"}, "person_phone", 422),
        ({"username": "叶"}, "username", 422),
        ({"username": "producer"}, "username", 409),
        ({"number": uscc(1)}, "number", 409),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(
    client: Guest, people: People, platform: Platform, wrong: tuple[dict[str, str], str, int]
) -> None:
    await client.log_in(people.officer)
    before = count(platform, Organisation), count(platform, Person), count(platform, Account)
    change, field, status = wrong
    form = {**FORM, **change}
    answer = await client.submit(NEW, **form)
    assert answer.status_code == status
    assert f'href="#{field}"' in answer.text
    assert FORM["township"] in answer.text
    assert (count(platform, Organisation), count(platform, Person), count(platform, Account)) == before


async def test_problems_of_organisation_and_person_come_together(client: Guest, people: People) -> None:
    await client.log_in(people.officer)
    empty = {"sort": "cooperative", "township": MARKUP}
    page = await refuse(client, NEW, "name", "number", "county", "person_name", "username", form=empty)
    assert MARKUP not in page


async def test_members_are_found_by_name_and_number(client: Guest, people: People) -> None:
    await client.log_in(people.supervisor)
    everybody = (await client.get("/console/members")).text
    assert "共 2 家" in everybody
    assert "/console/members/new" not in everybody
    found = (await client.get("/console/members?q=惠明")).text
    assert people.producer.organisation.name in found
    assert people.rival.organisation.name not in found
    by_number = (await client.get(f"/console/members?q={people.rival.organisation.number}")).text
    assert people.rival.organisation.name in by_number
    nothing = (await client.get("/console/members", params={"q": f"%{MARKUP}"})).text
    assert "没有找到" in nothing
    assert MARKUP not in nothing
    for page in ("0", "-1", "x", "99999", "9" * 30):
        assert (await client.get("/console/members", params={"page": page})).status_code == 200


async def test_a_member_is_shown_with_what_it_has_but_not_where_its_plots_lie(client: Guest, people: People) -> None:
    await grow(client, people)
    await client.log_in(people.officer)
    page = (await client.get(f"/console/members/{people.producer.organisation.id}")).text
    for words in ("景宁惠明茶", "惠明寺基地", "3 号地块", "3 人"):
        assert words in page
    assert "27.98" not in page
    for wrong in (people.officer.organisation.id, "0123456789ABCDEF", "x"):
        assert (await client.get(f"/console/members/{wrong}")).status_code == 404
