"""What a member enters about itself: products, bases, plots, marks."""

import pytest
from sqlmodel import select

from shangeng_trace.registry_tables import Base, OtherMark, Plot, Product
from shangeng_web.platform import Platform
from tests.people import People
from tests.visiting import Guest
from tests.web.console_registry.forms import BASE, MARK, MARKUP, PLOT, PRODUCT, count, grow, refuse, save

pytestmark = pytest.mark.anyio


async def test_a_product_is_registered_and_shown(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    assert "还没有产品" in (await client.get("/console/products")).text
    where = await save(client, "/console/products/new", **PRODUCT)
    page = await client.get(where)
    assert page.status_code == 200
    for words in ("产品已登记。", "景宁惠明茶", "50 g/罐", "9521234543213", "不能用标志", "18 个月"):
        assert words in page.text
    assert "景宁惠明茶" in (await client.get("/console/products")).text
    english = await client.get(f"{where}&lang=en")
    assert "Jingning Huiming tea" in english.text
    assert "50 g per tin" in english.text


@pytest.mark.parametrize(
    "wrong",
    [
        ({"name": " "}, "name", "这一项要填"),
        ({"name": "茶" * 61}, "name", "最多 60 个字"),
        ({"category": "gold"}, "category", "从列表中选择"),
        ({"net_amount": "-5"}, "net_amount", "大于 0"),
        ({"net_amount": "1e99"}, "net_amount", "数量"),
        ({"pack_unit": "ship"}, "pack_unit", "从列表中选择"),
        ({"gtin": "9521234543214"}, "gtin", "校验位不对"),
        ({"gtin": "123"}, "gtin", "8、12、13 或 14 位"),
        ({"shelf_life": "\u202e18"}, "shelf_life", "控制字符"),
    ],
)
async def test_a_wrong_product_is_refused_at_its_field(
    client: Guest, people: People, platform: Platform, wrong: tuple[dict[str, str], str, str]
) -> None:
    change, field, sentence = wrong
    await client.log_in(people.producer)
    page = await refuse(client, "/console/products/new", field, form={**PRODUCT, **change})
    assert sentence in page
    assert count(platform, Product) == 0


async def test_everything_wrong_is_said_at_once(client: Guest, people: People, platform: Platform) -> None:
    await client.log_in(people.producer)
    wrong = {"name": "", "category": "", "gtin": "7", "net_amount": "", "net_amount_unit": "g"}
    await refuse(
        client, "/console/products/new", "name", "category", "gtin", "net_amount", "unit", "pack_unit", form=wrong
    )
    assert count(platform, Product) == 0


async def test_markup_in_a_name_is_text(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    where = await save(client, "/console/products/new", **{**PRODUCT, "name": MARKUP, "gtin": ""})
    for url in (where, "/console/products", "/console/marks/new"):
        page = (await client.get(url)).text
        assert MARKUP not in page
        assert "&lt;script&gt;" in page
    again = await refuse(client, "/console/products/new", "gtin", form={**PRODUCT, "name": MARKUP, "gtin": "1"})
    assert MARKUP not in again


async def test_a_gtin_belongs_to_one_product(client: Guest, people: People, platform: Platform) -> None:
    await client.log_in(people.producer)
    await save(client, "/console/products/new", **PRODUCT)
    await refuse(client, "/console/products/new", "gtin", status=409, form={**PRODUCT, "name": "另一种"})
    assert count(platform, Product) == 1


async def test_a_form_sent_twice_counts_once(client: Guest, people: People, platform: Platform) -> None:
    await client.log_in(people.producer)
    once = {**PRODUCT, "gtin": "", "form_id": "0123456789ABCDEF"}
    first = await save(client, "/console/products/new", **once)
    assert await save(client, "/console/products/new", **once) == first
    assert count(platform, Product) == 1
    changed = await save(client, "/console/products/new", **{**once, "name": "白茶"})
    assert changed != first
    await save(client, "/console/products/new", **{**once, "form_id": "0123456789ABCDEG"})
    assert count(platform, Product) == 3


async def test_a_base_leads_to_its_first_plot(client: Guest, people: People, platform: Platform) -> None:
    await client.log_in(people.producer)
    assert "还没有基地" in (await client.get("/console/bases")).text
    where = await save(client, "/console/bases/new", **BASE)
    page = await client.get(where)
    assert "基地已登记" in page.text
    assert "不公开" in page.text
    plot = await client.get(await save(client, where.partition("?")[0], **PLOT))
    for words in ("12.5\xa0亩", "680\xa0m", "27.98", "119.63", "不公开", "景宁畲族自治县红星街道惠明寺村"):
        assert words in plot.text or words.replace("\xa0", " ") in plot.text
    listed = (await client.get("/console/bases")).text
    assert "3 号地块" in listed
    assert "27.98" not in listed
    assert (count(platform, Base), count(platform, Plot)) == (1, 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"area_mu": "0"}, "area_mu"),
        ({"area_mu": "很大"}, "area_mu"),
        ({"altitude_m": "8848"}, "altitude_m"),
        ({"latitude": "39.9"}, "latitude"),
        ({"longitude": ""}, "longitude"),
    ],
)
async def test_a_wrong_plot_is_refused_at_its_field(
    client: Guest, people: People, platform: Platform, change: dict[str, str], field: str
) -> None:
    await client.log_in(people.producer)
    where = (await save(client, "/console/bases/new", **BASE)).partition("?")[0]
    await refuse(client, where, field, form={**PLOT, **change})
    assert count(platform, Plot) == 0


@pytest.mark.parametrize(("change", "field"), [({"county": "110000"}, "county"), ({"township": ""}, "township")])
async def test_a_wrong_base_is_refused_at_its_field(
    client: Guest, people: People, platform: Platform, change: dict[str, str], field: str
) -> None:
    await client.log_in(people.producer)
    form = {**BASE, **change}
    answer = await client.submit("/console/bases/new", **form)
    assert answer.status_code == 422
    assert f'id="{field}-why"' in answer.text
    assert count(platform, Base) == 0


async def test_a_mark_is_kept_and_an_unusual_number_is_pointed_out(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    page = await client.get(await save(client, "/console/marks/new", **MARK))
    assert "LB-44-2601112345A" in page.text
    assert "所有产品" in page.text
    assert "编号和常见格式不一样" not in page.text
    await refuse(client, "/console/marks/new", "number", status=409, form=MARK)
    strange = await client.get(await save(client, "/console/marks/new", **{**MARK, "number": "ABC-1"}))
    assert "编号和常见格式不一样" in strange.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "编号"}, "number"),
        ({"valid_from": "2026-02-30"}, "valid_from"),
        ({"valid_until": ""}, "valid_until"),
        ({"valid_until": "2025-12-31"}, "valid_until"),
        ({"kind": "royal"}, "kind"),
    ],
)
async def test_a_wrong_mark_is_refused_at_its_field(
    client: Guest, people: People, platform: Platform, change: dict[str, str], field: str
) -> None:
    await client.log_in(people.producer)
    answer = await client.submit("/console/marks/new", **{**MARK, **change})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert count(platform, OtherMark) == 0


async def test_a_rival_sees_and_changes_nothing(client: Guest, people: People, platform: Platform) -> None:
    product, plot = await grow(client, people)
    base = _base_id(platform)
    await client.log_in(people.rival)
    for url in (f"/console/products/{product}", f"/console/plots/{plot}", f"/console/bases/{base}/plots/new"):
        assert (await client.get(url)).status_code == 403
    assert (await client.submit(f"/console/bases/{base}/plots/new", **PLOT)).status_code == 403
    answer = await client.submit("/console/marks/new", **{**MARK, "product_id": product})
    assert answer.status_code == 403
    assert (count(platform, Plot), count(platform, OtherMark)) == (1, 0)
    assert "景宁惠明茶" not in (await client.get("/console/products")).text


async def test_what_does_not_exist_is_not_found(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    for url in (
        "/console/products/0123456789ABCDEF",
        "/console/products/x",
        "/console/plots/x",
        "/console/bases/x/plots/new",
    ):
        assert (await client.get(url)).status_code == 404


def _base_id(platform: Platform) -> str:
    with platform.database.session() as session:
        return session.exec(select(Base.id)).one()
