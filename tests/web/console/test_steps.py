"""Logging a step, from its tile to the ledger."""

import re
from decimal import Decimal
from io import BytesIO

import pytest
from PIL import Image
from sqlmodel import func, select

from shangeng_trace.batch_tables import Batch, EventRecord
from shangeng_trace.batches import get_batch
from shangeng_trace.private_tables import EventAttachment
from shangeng_web.platform import Platform
from tests.people import People
from tests.visiting import Guest
from tests.web.console.pages import follow, forms, open_form
from tests.web.console.story import Story

pytestmark = pytest.mark.anyio


def events(platform: Platform) -> int:
    with platform.database.session() as session:
        return session.exec(select(func.count()).select_from(EventRecord)).one()


def batch_of(platform: Platform, batch_id: str) -> Batch:
    with platform.database.session() as session:
        return get_batch(session, batch_id)


def drawing(colour: str = "green") -> bytes:
    out = BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "PNG")
    return out.getvalue()


async def test_three_taps_from_the_start_page_to_a_recorded_step(manager: Guest, story: Story) -> None:
    leaf = story.harvest()
    start = await manager.get("/console/")
    tile = re.search(r'href="(/console/steps/spread)"', start.text)  # first tap
    assert tile is not None
    chosen = await manager.get(tile[1])
    assert chosen.headers["location"] == f"/console/batches/{leaf}/steps/spread"  # one batch fits: it is not asked for
    form = await open_form(manager, chosen.headers["location"])
    saved = await form.send(manager, hours="5", quantity="30.8")  # second: the button
    page = await follow(manager, saved)
    assert "已保存并签名：摊青，41 kg → 30.8 kg。日志第" in page.text
    assert batch_of(story.platform, leaf).bulk == Decimal("30.8")


async def test_the_last_values_are_offered_again(manager: Guest, story: Story) -> None:
    story.dry(story.harvest())
    second = story.harvest("HM20260413", hours=24)
    form = await open_form(manager, f"/console/batches/{second}/steps/spread")
    assert (form.values["hours"], form.values["temp_c"]) == ("5", "21")
    assert form.values["quantity"] == ""


async def test_private_values_are_offered_again_to_their_owner_alone(
    manager: Guest, story: Story, people: People
) -> None:
    leaf = story.harvest()
    form = await open_form(manager, f"/console/batches/{leaf}/steps/fertilise")
    dose = {"kind": form.offered["kind"][1], "method": form.offered["method"][1], "dose": "300"}
    await form.send(manager, input_name="菜籽饼", input_source="红星农资店", **dose)
    again = await open_form(manager, f"/console/batches/{leaf}/steps/fertilise")
    assert again.values["input_source"] == "红星农资店"
    assert (again.values["dose"], again.values["dose_unit"]) == ("300", form.values["dose_unit"])
    assert "红星农资店" in (await manager.get(f"/console/batches/{leaf}")).text
    await manager.log_in(people.analyst)
    assert "红星农资店" not in (await manager.get(f"/console/batches/{leaf}")).text
    await manager.log_in(people.supervisor)
    assert "红星农资店" in (await manager.get(f"/console/batches/{leaf}")).text


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(manager: Guest, story: Story) -> None:
    leaf, before = story.harvest(), events(story.platform)
    form = await open_form(manager, f"/console/batches/{leaf}/steps/fix")
    answer = await form.send(manager, temp_c="滚烫", minutes="4", quantity="一瓶盖", note="<b>趁热</b>")
    assert answer.status_code == 422
    assert "还有 2 处要改" in answer.text
    for name in ("temp_c", "quantity"):
        assert f'<a href="#{name}">' in answer.text
        assert f'id="{name}-why"' in answer.text
    assert '<a href="#temp_c">温度请写数字，例如 30。</a>' in answer.text  # its name is said once
    (shown,) = forms(answer.text)
    assert shown.values["temp_c"] == "滚烫"
    assert shown.values["minutes"] == "4"
    assert shown.values["event_id"] == form.values["event_id"]
    assert "<b>趁热" not in answer.text
    assert events(story.platform) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantity": "60", "hours": ""}, "请填写时长"),
        ({"quantity": "-3"}, "数量要大于 0"),
        ({"quantity": "30", "at": "2031-01-01T08:00"}, "还没有到"),
        ({"quantity": "30", "at": "2026-02-30T08:00"}, "日期"),
        ({"quantity": "30", "claimed_by": "0000000000000000"}, "请从列表中选择"),
        ({"quantity": "30", "quantity_unit": "egg"}, "不能相加或比较"),
    ],
)
async def test_impossible_values_are_refused(manager: Guest, story: Story, change: dict[str, str], words: str) -> None:
    leaf = story.harvest()
    form = await open_form(manager, f"/console/batches/{leaf}/steps/spread")
    answer = await form.send(manager, **{"hours": "5", **change})
    assert answer.status_code == 422
    assert words in answer.text
    assert batch_of(story.platform, leaf).bulk == 41


async def test_a_rule_of_the_ledger_is_shown_on_the_form(manager: Guest, story: Story) -> None:
    leaf = story.harvest()
    form = await open_form(manager, f"/console/batches/{leaf}/steps/loss")
    answer = await form.send(manager, quantity="60", cause="spoiled")
    assert answer.status_code == 422
    assert "现有 41 kg，不够 60 kg" in answer.text
    assert '<a href="#quantity">数量' in answer.text


async def test_pressed_twice_it_is_one_event(manager: Guest, story: Story) -> None:
    leaf, before = story.harvest(), events(story.platform)
    form = await open_form(manager, f"/console/batches/{leaf}/steps/spread")
    first = await form.send(manager, hours="5", quantity="30.8")
    second = await form.send(manager, hours="5", quantity="30.8")
    assert first.status_code == second.status_code == 303
    assert "没有重复记" in (await follow(manager, second)).text
    assert events(story.platform) == before + 1


async def test_amounts_in_jin_are_kept_in_the_batchs_unit(manager: Guest, story: Story) -> None:
    leaf = story.harvest()
    form = await open_form(manager, f"/console/batches/{leaf}/steps/spread")
    await form.send(manager, hours="5", quantity="61", quantity_unit="jin")
    assert batch_of(story.platform, leaf).bulk == 30.5


async def test_photos_are_kept_when_the_form_is_refused(manager: Guest, story: Story, people: People) -> None:
    leaf = story.harvest()
    form = await open_form(manager, f"/console/batches/{leaf}/steps/spread")
    photo = ("photo", ("a.png", drawing(), "image/png"))
    refused = await manager.post(form.action, data={**form.values, "hours": ""}, files=[photo])
    assert refused.status_code == 422
    (shown,) = forms(refused.text)
    kept, _, _ = shown.values["kept"].partition(".")
    assert "已收到 1 张照片" in refused.text
    page = await follow(manager, await shown.send(manager, hours="5", quantity="30"))
    assert f"/console/photos/{kept}" in page.text
    picture = await manager.get(f"/console/photos/{kept}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    with story.platform.database.session() as session:
        assert session.exec(select(EventAttachment.sha256)).all() == [kept]
    await manager.log_in(people.rival)
    assert (await manager.get(f"/console/photos/{kept}")).status_code == 404


async def test_a_file_that_is_no_picture_is_refused(manager: Guest, story: Story) -> None:
    leaf = story.harvest()
    form = await open_form(manager, f"/console/batches/{leaf}/steps/spread")
    answer = await manager.post(
        form.action,
        data={**form.values, "hours": "5", "quantity": "30"},
        files=[("photo", ("a.jpg", b"%PDF-1.7 not a picture", "image/jpeg"))],
    )
    assert answer.status_code == 422
    assert "这个文件不是照片" in answer.text
    assert batch_of(story.platform, leaf).bulk == 41


async def test_a_strangers_photo_cannot_be_adopted(manager: Guest, story: Story, people: People) -> None:
    leaf = story.harvest()
    form = await open_form(manager, f"/console/batches/{leaf}/steps/spread")
    photo = ("photo", ("a.png", drawing("red"), "image/png"))
    await manager.post(form.action, data={**form.values, "hours": "5", "quantity": "30"}, files=[photo])
    with story.platform.database.session() as session:
        stolen = session.exec(select(EventAttachment.sha256)).one()
    again = await open_form(manager, f"/console/batches/{leaf}/steps/fix")
    refused = await manager.post(again.action, data={**again.values, "temp_c": "x"}, files=[photo])
    (shown,) = forms(refused.text)
    await manager.log_in(people.analyst)
    theirs = await open_form(manager, f"/console/batches/{leaf}/steps/test")
    report = {
        "test_kind": "own",
        "lab": "检测中心",
        "report_no": "1",
        "verdict": "pass",
        "results-0-parameter": "铅",
        "results-0-verdict": "pass",
    }
    for name in (stolen, shown.values["kept"]):
        answer = await manager.post(theirs.action, data={**theirs.values, **report, "kept": name})
        assert answer.status_code == 422
        assert "有一张照片没有留住" in answer.text
    own = await manager.post(theirs.action, data={**theirs.values, **report}, files=[photo])
    assert own.status_code == 303, "who has the very same picture may hand it in"


async def test_a_lab_records_results_and_adds_rows_without_script(client: Guest, story: Story, people: People) -> None:
    tea = story.harvest()
    await client.log_in(people.analyst)
    found = await client.get("/console/batches?q=hm2026")
    assert f'href="/console/batches/{tea}/steps/test"' in found.text
    form = await open_form(client, f"/console/batches/{tea}/steps/test")
    given = {"test_kind": "own", "lab": "检测中心", "report_no": "OJ-1", "verdict": "pass"}
    first = {"results-0-parameter": "联苯菊酯", "results-0-value": "少", "results-0-verdict": "pass"}
    more = await form.send(client, **given, **first, more="results")
    assert more.status_code == 200
    (grown,) = forms(more.text)
    assert grown.values["results-0-parameter"] == "联苯菊酯"
    assert "results-3-parameter" in grown.values
    assert "results-3-parameter" not in form.values
    refused = await grown.send(client)
    assert '<a href="#results-0-value">' in refused.text
    page = await follow(client, await grown.send(client, **{"results-0-value": "0.02"}))
    assert "联苯菊酯" in page.text
    assert "第三方核验" in page.text


async def test_a_clerk_writes_for_a_farmer_who_then_answers(client: Guest, story: Story, people: People) -> None:
    leaf = story.harvest()
    await client.log_in(people.clerk)
    form = await open_form(client, f"/console/batches/{leaf}/steps/spread")
    assert people.farmer.person_id in form.offered["claimed_by"]
    page = await follow(client, await form.send(client, hours="5", quantity="30", claimed_by=people.farmer.person_id))
    assert f"{people.clerk.name} 代 {people.farmer.name} 录入" in page.text
    assert "待本人确认" in page.text
    await client.log_in(people.farmer)
    start = await client.get("/console/")
    assert "别人替您记了一笔，是您做的吗？" in start.text
    yes, no = forms(start.text)
    assert (yes.values["answer"], no.values["answer"]) == ("yes", "no")
    assert (await no.send(client)).status_code == 303
    assert "别人替您记了一笔" not in (await client.get("/console/")).text
    assert "本人说不是他做的" in (await client.get(f"/console/batches/{leaf}")).text
    await client.log_in(people.clerk)
    assert f"{people.farmer.name} 说这一笔不是他做的" in (await client.get("/console/")).text


async def test_nobody_answers_for_somebody_else(client: Guest, story: Story, people: People) -> None:
    leaf = story.harvest()
    about = story.clerks_entry(leaf)
    before = events(story.platform)
    await client.log_in(people.clerk)
    assert (await client.submit("/console/confirm", about=about, answer="yes")).status_code == 403
    await client.log_in(people.rival)
    assert (await client.submit("/console/confirm", about=about, answer="yes")).status_code == 404
    assert events(story.platform) == before


async def test_a_correction_names_its_record_and_stays_visible(manager: Guest, story: Story) -> None:
    leaf = story.harvest()
    story.step(leaf, "spread", {"hours": "5"}, 4, "30.8")
    page = await manager.get(f"/console/batches/{leaf}")
    links = re.findall(rf'href="(/console/batches/{leaf}/steps/correct\?event=[^"]+)"', page.text)
    assert len(links) == 2
    form = await open_form(manager, links[0])
    assert form.values["event"] == links[0].partition("=")[2]
    done = await follow(manager, await form.send(manager, error="incorrect_data", reason="误含茶袋"))
    assert "<del>41 kg → 30.8 kg</del>" in done.text
    assert "误含茶袋" in done.text


async def test_a_correction_sets_the_amount_right(manager: Guest, story: Story) -> None:
    leaf = story.harvest()
    story.step(leaf, "spread", {"hours": "5"}, 4, "30.8")
    page = await manager.get(f"/console/batches/{leaf}")
    links = re.findall(rf'href="(/console/batches/{leaf}/steps/correct\?event=[^"]+)"', page.text)
    form = await open_form(manager, links[0])
    wrong = await form.send(manager, error="incorrect_data", reason="多写了一个零", quantity="41.5")
    assert wrong.status_code == 422
    assert "不会越做越多" in wrong.text
    right = {"error": "incorrect_data", "reason": "看错了秤", "quantity": "8.2", "used": "20.5"}
    done = await follow(manager, await form.send(manager, **right))
    assert '<del>41 kg → 30.8 kg</del> <b><span class="nb">20.5 kg → 8.2 kg</span></b>' in done.text
    assert "30.8 kg → 8.2 kg" in done.text
    assert '<td class="num">40%</td>' in done.text
    form = await open_form(manager, links[0])
    done = await follow(manager, await form.send(manager, error="did_not_occur", reason="记到别的批次上了"))
    assert "<del>41 kg → 30.8 kg</del></p>" in done.text
    assert links[0] not in done.text
    assert "现有 41 kg" in (await manager.get(f"/console/batches/{leaf}/steps/spread")).text


async def test_a_tile_without_a_fitting_batch_says_so(manager: Guest, story: Story) -> None:
    assert story
    answer = await manager.get("/console/steps/dry")
    assert "现在没有能记这个环节的批次" in answer.text
    assert (await manager.get("/console/steps/dance")).status_code == 422


async def test_several_batches_are_offered_to_choose_from(manager: Guest, story: Story) -> None:
    one, two = story.harvest(), story.harvest("HM20260413")
    answer = await manager.get("/console/steps/spread")
    for batch in (one, two):
        assert f"/console/batches/{batch}/steps/spread" in answer.text
