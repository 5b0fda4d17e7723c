"""Batches that become others: splitting, merging, processing together, packing, shipping and receiving."""

from decimal import Decimal

import pytest
from sqlmodel import select

from shangeng_trace.batch_tables import Batch
from shangeng_trace.batches import get_batch
from shangeng_trace.lineage import descendants
from tests.people import People
from tests.visiting import Guest
from tests.web.console.pages import follow, forms, open_form
from tests.web.console.story import Story

pytestmark = pytest.mark.anyio


def lots(story: Story) -> dict[str, Batch]:
    with story.platform.database.session() as session:
        return {batch.lot: batch for batch in session.exec(select(Batch))}


async def test_packing_says_how_many_fit_and_refuses_one_more(manager: Guest, story: Story) -> None:
    tea = story.harvest()
    story.dry(tea, "8.2")
    form = await open_form(manager, f"/console/batches/{tea}/steps/pack")
    assert (form.values["packs"], form.values["pack_size"], form.values["pack_size_unit"]) == ("164", "50", "g")
    given = {"best_before": "2031-01-01", "std_code": "GB/T 14456"}
    refused = await form.send(manager, packs="165", **given)
    assert refused.status_code == 422
    assert "最多 164 件" in refused.text
    assert '<a href="#packs">' in refused.text
    page = await follow(manager, await form.send(manager, **given))
    assert "8.2 kg → 164 罐" in page.text


async def test_a_batch_is_split_into_lots(manager: Guest, story: Story) -> None:
    tea = story.harvest()
    form = await open_form(manager, f"/console/batches/{tea}/steps/split")
    rows = {"parts-0-lot": "A1", "parts-0-amount": "20", "parts-1-lot": "A2", "parts-1-amount": "十"}
    refused = await form.send(manager, **rows)
    assert '<a href="#parts-1-amount">' in refused.text
    (shown,) = forms(refused.text)
    assert shown.values["parts-0-lot"] == "A1"
    page = await follow(manager, await shown.send(manager, **{"parts-1-amount": "10"}))
    assert "分批" in page.text
    made = lots(story)
    assert {lot: batch.bulk for lot, batch in made.items()} == {"HM20260412": 11, "A1": 20, "A2": 10}
    assert made["A1"].id in page.text
    nothing = await (await open_form(manager, f"/console/batches/{tea}/steps/split")).send(manager)
    assert "请填数量" in nothing.text


async def test_batches_are_merged_and_the_sum_follows(manager: Guest, story: Story) -> None:
    one, two = story.harvest("H1", "20"), story.harvest("H2", "21")
    tap = await manager.get("/console/steps/merge")
    assert tap.headers["location"] == "/console/make/merge"
    form = await open_form(manager, f"/console/make/merge?batch={one}")
    assert form.values[f"from_{one}"] == "20"
    assert form.values[f"from_{two}"] == ""
    page = await follow(manager, await form.send(manager, **{f"from_{two}": "42", f"from_{two}_unit": "jin"}, lot="M1"))
    assert lots(story)["M1"].bulk == 41
    assert one in page.text
    with story.platform.database.session() as session:
        assert lots(story)["M1"].id in descendants(session, one)


async def test_several_batches_are_processed_into_two_grades(manager: Guest, story: Story) -> None:
    one, two = story.harvest("H1", "20"), story.harvest("H2", "21")
    form = await open_form(manager, "/console/make/sort")
    assert (await form.send(manager)).status_code == 422
    given = {f"from_{one}": "20", f"from_{two}": "21", "grade": "特级"}
    rows = {"parts-0-lot": "D1", "parts-0-amount": "6", "parts-1-lot": "D2", "parts-1-amount": "2.5"}
    answers = [await form.send(manager, **given, **rows) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    made = lots(story)
    assert (made["D1"].bulk, made["D2"].bulk, made["H1"].bulk) == (Decimal(6), Decimal("2.5"), Decimal(0))
    too_much = await form.send(
        manager, event_id="", **{f"from_{one}": "5"}, grade="特级", **rows | {"parts-0-lot": "D3", "parts-1-lot": "D4"}
    )
    assert "不够 5 kg" in too_much.text
    assert "H1" in too_much.text


async def test_only_steps_that_make_something_have_this_form(manager: Guest, story: Story, people: People) -> None:
    assert story
    assert (await manager.get("/console/make/spray")).status_code == 422
    await manager.log_in(people.supervisor)
    assert (await manager.get("/console/make/merge")).status_code == 403


async def test_goods_are_sent_and_taken_in(client: Guest, story: Story, people: People) -> None:
    tea = story.harvest()
    story.dry(tea)
    story.pack(tea)
    await client.log_in(people.producer)
    form = await open_form(client, f"/console/batches/{tea}/steps/ship")
    assert (form.values["recipient"], form.values["quantity_unit"]) == (people.rival.organisation.id, "packs")
    own = await form.send(
        client, recipient=people.producer.organisation.id, quantity="20", transport="ambient", vehicle="浙K12345"
    )
    assert "请从列表中选择" in own.text
    sent = await follow(client, await form.send(client, quantity="20", transport="ambient", vehicle="浙K12345"))
    assert people.rival.organisation.name in sent.text
    assert "在路上，还没有接收" in sent.text
    assert "在路上" in (await client.get("/console/shipments")).text
    await client.log_in(people.rival)
    assert "发来一批货" in (await client.get("/console/")).text
    link = (await client.get("/console/shipments")).text.split('href="/console/shipments/')[1].split('"')[0]
    receiving = await open_form(client, f"/console/shipments/{link}")
    assert (receiving.values["quantity"], receiving.values["lot"]) == ("20", "HM20260412")
    refused = await receiving.send(client, quantity="21", condition="good")
    assert refused.status_code == 422
    assert '<a href="#quantity">' in refused.text
    answers = [await receiving.send(client, quantity="19", condition="short") for _ in range(2)]
    page = await follow(client, answers[0])
    assert "19 罐" in page.text
    assert f'href="/b/{tea}"' in page.text
    assert "没有重复记" in (await follow(client, answers[1])).text
    assert (await client.get(f"/console/shipments/{link}")).status_code == 409
    with story.platform.database.session() as session:
        (mine,) = descendants(session, tea)
        assert get_batch(session, mine).units == 19
    await client.log_in(people.producer)
    assert "已接收" in (await client.get(f"/console/batches/{tea}")).text
    assert (await client.get(f"/console/batches/{mine}")).status_code == 403


async def test_a_shipment_for_somebody_else_is_closed(manager: Guest, story: Story, people: People) -> None:
    tea = story.harvest()
    story.dry(tea)
    story.pack(tea)
    story.ship(tea)
    await manager.log_in(people.rival)
    link = (await manager.get("/console/shipments")).text.split('href="/console/shipments/')[1].split('"')[0]
    await manager.log_in(people.producer)
    assert (await manager.get(f"/console/shipments/{link}")).status_code == 409
    assert (await manager.submit(f"/console/shipments/{link}", lot="X")).status_code == 409
