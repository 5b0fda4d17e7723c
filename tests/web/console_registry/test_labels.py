"""Labels: the gate, issuing, printing, applying, making void."""

import re
from html import unescape

import pytest
from sqlmodel import select

from shangeng_labels.lookup import codes_of
from shangeng_labels.tables import LabelRun
from shangeng_web.console.tables import PrinterOffset
from shangeng_web.platform import Platform
from tests.people import People
from tests.story import Story, tell_story
from tests.visiting import Guest
from tests.web.console_registry.forms import count, refuse, save

pytestmark = pytest.mark.anyio


@pytest.fixture
def story(platform: Platform, people: People) -> Story:
    """The whole story: two labels of it are void and may be replaced."""
    return tell_story(platform, people)


def run_of(place: str) -> str:
    """Return the id of the run that a page is about."""
    found = re.search(r"/console/runs/([0-9A-Z]{16})", place)
    assert found is not None
    return found[1]


async def test_labels_are_issued_printed_applied_and_voided(
    client: Guest, people: People, story: Story, platform: Platform
) -> None:
    await client.log_in(people.producer)
    url = f"/console/batches/{story.leaf}/labels"
    assert url in (await client.get("/console/labels")).text
    page = (await client.get(url)).text
    assert "可放行" in page
    assert "还可领" in page
    form = {"count": "2", "template": "a4-38x21", "start_cell": "5", "right": "-1.5", "down": "0.5", "waiting": "yes"}
    where = await save(client, url, **form)
    run = run_of(where)
    shown = (await client.get(where)).text
    for words in ("标签已领取", "尚未启用", "向右移", "-1.5"):
        assert words in shown
    assert 'name="start" value="5"' in shown
    sheet = f"/console/runs/{run}/sheet.pdf"
    first = await client.get(sheet, params={"start": "5", "right": "-1.5", "down": "0.5"})
    assert first.headers["content-type"] == "application/pdf"
    assert first.content.startswith(b"%PDF")
    assert (await client.get(sheet, params={"start": "5", "right": "-1.5", "down": "0.5"})).content == first.content
    assert (await client.get(sheet, params={"start": "6"})).content != first.content
    for wrong in ({"start": "66"}, {"start": "x"}, {"right": "6"}, {"down": "NaN"}):
        assert (await client.get(sheet, params=wrong)).status_code == 422
    assert "标签已启用" in (await client.get(await save(client, f"/console/runs/{run}/activate"))).text
    assert (await client.submit(f"/console/runs/{run}/activate")).status_code == 409
    await void_by_number_and_code(client, platform, run)


async def void_by_number_and_code(client: Guest, platform: Platform, run: str) -> None:
    url = f"/console/runs/{run}/void"
    await refuse(client, url, "reason", form={"numbers": "1", "reason": ""})
    for numbers in ("0", "9-7", "1-999999", "drei", "3"):
        await refuse(client, url, "numbers", form={"numbers": numbers, "reason": "damaged"})
    await refuse(client, url, "codes", form={"codes": "0000-0000-0000-0000", "reason": "damaged"})
    with platform.database.session() as session:
        second = codes_of(session, run)[2]
    await save(client, url, numbers=" 1 ", reason="damaged")
    await refuse(client, url, "numbers", status=409, form={"numbers": "1", "reason": "lost"})
    final = await client.get(await save(client, url, codes=second.lower(), reason="left_over"))
    assert "已经全部作废" in final.text
    assert (await client.get(f"/console/runs/{run}/sheet.pdf")).status_code == 422


async def test_a_run_asked_for_twice_is_issued_once_and_the_printer_is_remembered(
    client: Guest, people: People, story: Story, platform: Platform
) -> None:
    await client.log_in(people.producer)
    url, before = f"/console/batches/{story.leaf}/labels", count(platform, LabelRun)
    form = {"count": "1", "template": "roll-40x30", "start_cell": "1", "right": "1", "down": "", "form_id": "0" * 16}
    assert await save(client, url, **form) == await save(client, url, **form)
    assert count(platform, LabelRun) == before + 1
    assert count(platform, PrinterOffset) == 1
    assert 'name="right" value="1"' in (await client.get(url)).text


@pytest.mark.parametrize(
    "wrong",
    [
        ({"count": "0"}, "count"),
        ({"count": "165"}, "count"),
        ({"count": "many"}, "count"),
        ({"template": "papyrus"}, "template"),
        ({"start_cell": "22"}, "start_cell"),
        ({"start_cell": ""}, "start_cell"),
        ({"right": "9"}, "right"),
        ({"down": "up"}, "down"),
    ],
)
async def test_what_cannot_be_issued_is_refused_at_its_field(
    client: Guest, people: People, story: Story, platform: Platform, wrong: tuple[dict[str, str], str]
) -> None:
    await client.log_in(people.producer)
    change, field = wrong
    before = count(platform, LabelRun)
    form = {"count": "1", "template": "a4-63x38", "start_cell": "1", "right": "0", "down": "0", **change}
    await refuse(client, f"/console/batches/{story.leaf}/labels", field, form=form)
    assert count(platform, LabelRun) == before
    assert count(platform, PrinterOffset) == 0


async def test_a_closed_gate_says_why_and_issues_nothing(
    client: Guest, people: People, story: Story, platform: Platform
) -> None:
    await client.log_in(people.producer)
    url, before = f"/console/batches/{story.recalled}/labels", count(platform, LabelRun)
    page = unescape((await client.get(url)).text)
    for words in ("不能放行", "已被召回", "还没有包装", 'aria-disabled="true"', 'aria-describedby="why-not"'):
        assert words in page
    assert '<form class="form"' not in page
    answer = await client.submit(url, count="1", template="a4-63x38", start_cell="1")
    assert answer.status_code == 422
    assert "现在不能贴标签" in answer.text
    assert count(platform, LabelRun) == before


async def test_a_farmer_looks_and_others_do_not(
    client: Guest, people: People, story: Story, platform: Platform
) -> None:
    url, before = f"/console/batches/{story.leaf}/labels", count(platform, LabelRun)
    with platform.database.session() as session:
        run = session.exec(select(LabelRun.id)).first()
    assert run is not None
    form = {"count": "1", "template": "a4-63x38", "start_cell": "1"}
    await client.log_in(people.farmer)
    assert "只有管理员和文书可以领标签" in (await client.get(url)).text
    assert (await client.submit(url, **form)).status_code == 403
    assert (await client.submit(f"/console/runs/{run}/void", numbers="1", reason="lost")).status_code == 403
    for somebody in (people.rival, people.officer, people.decider):
        await client.log_in(somebody)
        for page in (url, f"/console/runs/{run}", f"/console/runs/{run}/sheet.pdf"):
            assert (await client.get(page)).status_code == 403
        assert (await client.submit(url, **form)).status_code == 403
        for action in ("activate", "void"):
            assert (await client.submit(f"/console/runs/{run}/{action}", numbers="1", reason="lost")).status_code == 403
    assert count(platform, LabelRun) == before


async def test_a_calibration_page_is_a_pdf(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    answer = await client.get("/console/labels/calibration.pdf?template=a4-63x38&right=1")
    assert answer.content.startswith(b"%PDF")
    assert (await client.get("/console/labels/calibration.pdf?template=papyrus")).status_code == 422
    assert (await client.get("/console/runs/x")).status_code == 404
    assert (await client.get("/console/batches/x/labels")).status_code == 404
