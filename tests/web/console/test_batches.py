"""The list of batches, opening one, and its page."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from shangeng_trace.batch_tables import Batch
from shangeng_trace.registry import add_product
from tests.people import People
from tests.visiting import Guest
from tests.web.console.pages import follow, forms, open_form
from tests.web.console.story import Story

pytestmark = pytest.mark.anyio


async def test_a_batch_is_opened_with_its_first_harvest(manager: Guest, story: Story) -> None:
    tap = await manager.get("/console/steps/harvest")
    assert tap.headers["location"] == "/console/batches/new?step=harvest"
    form = await open_form(manager, tap.headers["location"])
    assert re.fullmatch(r"JHT20\d{6}", form.values["lot"])
    assert form.values["plot"] == story.plot.id
    page = await follow(manager, await form.send(manager, quantity="41", lot="hm20260420"))
    assert "已保存并签名：采摘，41 kg" in page.text
    assert "HM20260420" in page.text
    assert "3 号地块" in page.text
    again = await open_form(manager, tap.headers["location"])
    assert re.fullmatch(r"HM20\d{6}", again.values["lot"])


async def test_opening_twice_makes_one_batch(manager: Guest, story: Story) -> None:
    form = await open_form(manager, "/console/batches/new?step=harvest")
    first, second = [await form.send(manager, quantity="41") for _ in range(2)]
    assert second.headers["location"] == f"{first.headers['location']}&again=1"
    with story.platform.database.session() as session:
        assert len(session.exec(select(Batch)).all()) == 1


async def test_a_taken_or_impossible_lot_is_named(manager: Guest, story: Story) -> None:
    story.harvest("HM20260412")
    form = await open_form(manager, "/console/batches/new?step=harvest")
    taken = await form.send(manager, quantity="41", lot="hm20260412")
    assert taken.status_code == 422
    assert "批次号 HM20260412 已经用过" in taken.text
    (shown,) = forms(taken.text)
    assert (shown.values["quantity"], shown.values["lot"]) == ("41", "hm20260412")
    odd = await form.send(manager, quantity="", lot="惠明 1")
    assert '<a href="#lot">' in odd.text
    assert '<a href="#quantity">' in odd.text


async def test_product_and_first_step_are_asked_where_there_is_a_choice(manager: Guest, story: Story) -> None:
    page = await manager.get("/console/batches/new")
    assert "从哪一步开始" in page.text
    assert f"/console/batches/new?product={story.tea.id}&amp;step=intake" in page.text
    assert "还没有合适的产品" in (await manager.get("/console/batches/new?step=eggs")).text


async def test_products_are_told_apart_by_what_a_pack_holds(manager: Guest, story: Story) -> None:
    story.run(
        lambda session: add_product(
            session,
            story.office,
            story.coop,
            name="景宁惠明茶",
            category="tea",
            unit="kg",
            net_amount="100",
            net_unit="g",
            pack_unit="bag",
        )
    )
    page = await manager.get("/console/batches/new?step=harvest")
    assert "茶叶，50 g/罐" in page.text
    assert "茶叶，100 g/袋" in page.text


async def test_another_members_product_or_plot_is_refused(client: Guest, story: Story, people: People) -> None:
    await client.log_in(people.rival)
    answer = await client.submit("/console/batches/new", product=story.tea.id, step="harvest", lot="X1", quantity="1")
    assert answer.status_code == 403
    await client.log_in(people.analyst)
    assert (await client.get("/console/batches/new")).status_code == 403


async def test_the_list_is_searched_and_narrowed(manager: Guest, story: Story) -> None:
    one, two = story.harvest("HM20260412"), story.harvest("ZZ1")
    story.step(two, "hold", {"reason": "等复检"}, 2)
    found = await manager.get("/console/batches?q=hm2026")
    assert one in found.text
    assert two not in found.text
    held = await manager.get("/console/batches?state=held")
    assert two in held.text
    assert one not in held.text
    assert "已暂停" in held.text
    nothing = await manager.get("/console/batches?q=%25&state=closed")
    assert "没有找到这样的批次" in nothing.text


async def test_the_list_goes_on_by_cursor_and_back(manager: Guest, story: Story) -> None:
    batches = [story.harvest(f"L{n:02}", hours=n / 10) for n in range(45)]
    seen: list[str] = []
    url, page = "/console/batches", None
    for _ in range(3):
        page = await manager.get(url)
        seen += re.findall(r'class="row" href="/console/batches/(\w+)"', page.text)
        later = re.search(r'href="([^"]+)" rel="next"', page.text)
        url = later[1].replace("&amp;", "&") if later else ""
    assert (seen, url) == (batches[::-1], "")
    assert page is not None
    earlier = re.search(r'href="([^"]+)" rel="prev"', page.text)
    assert earlier is not None
    back = await manager.get(earlier[1].replace("&amp;", "&"))
    assert re.findall(r'class="row" href="/console/batches/(\w+)"', back.text) == batches[::-1][20:40]
    broken = await manager.get("/console/batches?after=nonsense")
    assert broken.status_code == 200
    assert batches[-1] in broken.text


async def test_a_page_shows_gate_quantities_and_story(manager: Guest, story: Story) -> None:
    tea = story.harvest()
    story.dry(tea)
    story.test(tea)
    story.pack(tea)
    page = (await manager.get(f"/console/batches/{tea}")).text
    for words in (
        "不能放行：2 项不符",
        "这个产品没有商标使用许可",
        "已包装 178 件",
        "178 罐",
        "21.7%",
        "37.7%",
        "一芽一叶",
    ):
        assert words in page
    for row in (("采摘", "", "41"), ("摊青", "41", "30.8"), ("干燥提香", "23.6", "8.9")):
        cells = r"</a></td>\s*<td class=\"num\">".join(row[:2]) + r"</td><td class=\"num\">" + re.escape(row[2])
        assert re.search(cells, page), row
    english = (await manager.get(f"/console/batches/{tea}?lang=en")).text
    for words in ("Jingning Huiming tea", "178 tins", "Not released: 2 not met", "one bud, one leaf"):
        assert words.lower() in english.lower()


async def test_who_may_see_a_batch(client: Guest, story: Story, people: People) -> None:
    tea = story.harvest()
    for somebody, status in (
        (people.rival, 403),
        (people.farmer, 200),
        (people.supervisor, 200),
        (people.analyst, 200),
    ):
        await client.log_in(somebody)
        assert (await client.get(f"/console/batches/{tea}")).status_code == status, somebody.name
    assert (await client.get("/console/batches/0000000000000000")).status_code == 404
    assert (await client.get("/console/batches/nonsense")).status_code == 404
    await client.log_in(people.rival)
    assert tea not in (await client.get("/console/batches?q=HM")).text


async def test_an_office_finds_batches_of_all_members(client: Guest, story: Story, people: People) -> None:
    tea = story.harvest()
    await client.log_in(people.supervisor)
    assert tea in (await client.get("/console/batches?q=惠明")).text
    await client.log_in(people.analyst)
    assert tea not in (await client.get("/console/batches")).text
    assert tea in (await client.get(f"/console/batches?q={tea.lower()}")).text


async def test_a_supervisor_recalls_after_being_asked_again(client: Guest, story: Story, people: People) -> None:
    tea = story.harvest()
    known = (story.office.clock() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    await client.log_in(people.supervisor)
    form = await open_form(client, f"/console/batches/{tea}/steps/recall")
    asked = await form.send(client, level="1", reason="农药残留", advice="停止食用，退回", known_on=known)
    assert asked.status_code == 200
    assert "确认召回" in asked.text
    assert "没有由它做成的其他批次" in asked.text
    with story.platform.database.session() as session:
        assert session.get_one(Batch, tea).last_step == "harvest"
    (sure,) = forms(asked.text)
    page = await follow(client, await sure.send(client))
    assert "已召回" in page.text
    assert "农药残留" in page.text
    await client.log_in(people.producer)
    start = await client.get("/console/")
    assert "HM20260412 已召回" in start.text


async def test_a_release_pressed_twice_is_one(manager: Guest, story: Story) -> None:
    tea = story.harvest()
    story.step(tea, "hold", {"reason": "等复检"}, 2)
    assert "恢复这一批" in (await manager.get(f"/console/batches/{tea}")).text
    form = await open_form(manager, f"/console/batches/{tea}/steps/release")
    answers = [await form.send(manager, reason="复检合格") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert "没有重复记" in (await follow(manager, answers[1])).text
