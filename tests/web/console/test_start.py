"""The start page of every kind of organisation, and who is let in where."""

import pytest

from tests.people import People
from tests.visiting import Guest
from tests.web.console.pages import forms
from tests.web.console.story import Story

pytestmark = pytest.mark.anyio

PAGES = (
    "/console/",
    "/console/steps",
    "/console/steps/spread",
    "/console/batches",
    "/console/batches/new",
    "/console/batches/{batch}",
    "/console/batches/{batch}/steps",
    "/console/batches/{batch}/steps/spread",
    "/console/make/merge",
    "/console/shipments",
    "/console/shipments/{shipment}",
    "/console/photos/" + "0" * 64,
)
FORMS = (
    "/console/confirm",
    "/console/batches/new",
    "/console/batches/{batch}/steps/spread",
    "/console/make/merge",
    "/console/shipments/{shipment}",
)
SHIPMENT = "01900000-0000-7000-8000-000000000000"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("page", PAGES)
async def test_a_stranger_is_sent_to_the_login(client: Guest, page: str) -> None:
    answer = await client.get(page.format(batch="0" * 16, shipment=SHIPMENT))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/login")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("form", FORMS)
async def test_nothing_is_taken_without_login_or_token(manager: Guest, story: Story, form: str) -> None:
    url = form.format(batch=story.harvest(), shipment=SHIPMENT)
    answer = await manager.post(url, data={"hours": "5", "quantity": "1"})
    assert answer.status_code == 403
    manager.cookies.clear()
    answer = await manager.submit(url, hours="5", quantity="1")
    assert answer.headers["location"] == "/console/login"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["", "/steps", "/steps/spread", "/steps/hold", "/steps/recall", "/steps/test"])
async def test_a_rival_is_refused_everywhere(client: Guest, story: Story, people: People, path: str) -> None:
    batch = story.harvest()
    await client.log_in(people.rival)
    assert (await client.get(f"/console/batches/{batch}{path}")).status_code == 403
    if "/steps/" in path:
        assert (await client.submit(f"/console/batches/{batch}{path}", hours="5", quantity="1")).status_code == 403


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_offices_record_only_what_is_theirs(client: Guest, story: Story, people: People) -> None:
    batch = story.harvest()
    allowed = {"analyst": {"test"}, "supervisor": {"test", "inspect", "hold", "recall"}, "inspector": {"inspect"}}
    for name, steps in allowed.items():
        await client.log_in(getattr(people, name))
        for step in ("spread", "pack", "test", "inspect", "hold", "recall", "sale"):
            status = (await client.get(f"/console/batches/{batch}/steps/{step}")).status_code
            assert status == (200 if step in steps else 403), (name, step)
    await client.log_in(people.officer)
    assert (await client.get(f"/console/batches/{batch}/steps/hold")).status_code == 403


async def test_a_new_member_is_told_how_to_begin(client: Guest, people: People) -> None:
    await client.log_in(people.rival)
    page = (await client.get("/console/")).text
    assert "先登记产品和地块，再开一批" in page
    assert "今天没有要做的事" in page
    assert "/console/products/new" in page


async def test_today_lists_what_is_to_be_done(manager: Guest, story: Story) -> None:
    ready, failed, held = story.harvest("H1"), story.harvest("H2"), story.harvest("H3")
    story.test(ready)
    story.test(failed, passed=False)
    story.step(held, "hold", {"reason": "等复检"}, 2)
    page = (await manager.get("/console/")).text
    assert "今天要做的 3 件事" in page
    assert page.index("H3 已暂停") < page.index("H2 检测不合格") < page.index("H1 检测合格，可以包装了")
    english = (await manager.get("/console/?lang=en")).text
    assert "3 things to do today" in english


async def test_the_tiles_begin_with_the_last_step(manager: Guest, story: Story) -> None:
    leaf = story.harvest()
    story.step(leaf, "spray", SPRAY | {"use_start": story.day, "use_stop": story.day}, 2)
    page = (await manager.get("/console/")).text
    first = page.split('class="tile" href="')[1].split('"')[0]
    assert first == "/console/steps/spray"


SPRAY: dict[str, object] = {
    "input_name": "联苯菊酯",
    "active_ingredient": "联苯菊酯 10%",
    "input_source": "红星农资店",
    "target": "茶小绿叶蝉",
    "method": "spray",
    "dose": "30",
    "dose.unit": "mL_per_mu",
    "phi_days": "7",
}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("analyst", "录一份检测结果"),
        ("supervisor", "查一批货"),
        ("decider", "签发证书"),
        ("officer", "商标许可"),
        ("operator", "平台"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_every_office_has_its_own_start(client: Guest, people: People, name: str, words: str) -> None:
    await client.log_in(getattr(people, name))
    page = await client.get("/console/")
    assert page.status_code == 200
    assert words in page.text
    assert forms(page.text) == []
