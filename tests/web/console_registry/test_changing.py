"""A member puts right and retires what it has registered."""

import re

import pytest

from shangeng_web.platform import Platform
from tests.people import People
from tests.story import tell_story
from tests.visiting import Guest
from tests.web.console_registry.forms import MARK, PLOT, PRODUCT, grow, refuse, save

pytestmark = pytest.mark.anyio


def version(page: str) -> str:
    found = re.search(r'name="version" value="([0-9a-f]{16})"', page)
    assert found is not None
    return found[1]


async def test_a_slip_in_each_is_put_right(client: Guest, people: People) -> None:
    product, plot = await grow(client, people)
    await save(client, "/console/marks/new", **MARK)
    form = (await client.get(f"/console/products/{product}/edit")).text
    for value in ("景宁惠明茶", "9521234543213", "18 个月"):
        assert f'value="{value}"' in form
    changed = await save(
        client, f"/console/products/{product}/edit", **{**PRODUCT, "name": "惠明白茶", "version": version(form)}
    )
    assert "已保存修改。" in (page := (await client.get(changed)).text)
    assert "惠明白茶" in page
    form = (await client.get(f"/console/plots/{plot}/edit")).text
    assert 'value="27.98"' in form
    changed = await save(client, f"/console/plots/{plot}/edit", **{**PLOT, "altitude_m": "690"})
    assert "690" in (await client.get(changed)).text
    listed = (await client.get("/console/marks")).text
    mark = re.search(r'href="(/console/marks/[0-9A-Z]{16}/edit)"', listed)
    assert mark is not None
    assert 'value="LB-44-2601112345A"' in (await client.get(mark[1])).text
    await save(client, mark[1], **{**MARK, "valid_until": "2029-12-31"})
    assert "2029-12-31" in (await client.get("/console/marks")).text
    bases = (await client.get("/console/bases")).text
    base = re.search(r'href="(/console/bases/[0-9A-Z]{16}/edit)"', bases)
    assert base is not None
    await save(client, base[1], name="惠明寺基地", county="331127", township="大均乡", village="")
    assert "大均乡" in (await client.get("/console/bases")).text
    english = await client.get(f"/console/products/{product}/edit?lang=en")
    assert "Change the product" in english.text
    assert "Forms will no longer offer it" in english.text


async def test_a_wrong_change_is_refused_at_its_field_and_a_late_one_at_the_top(client: Guest, people: People) -> None:
    product, _ = await grow(client, people)
    where = f"/console/products/{product}/edit"
    seen = version((await client.get(where)).text)
    assert "校验位不对" in await refuse(client, where, "gtin", form={**PRODUCT, "gtin": "9521234543214"})
    await save(client, where, **{**PRODUCT, "name": "惠明白茶", "version": seen})
    late = await client.submit(where, **{**PRODUCT, "name": "惠明黄茶", "version": seen})
    assert late.status_code == 409
    assert "刚才有人改过" in late.text
    assert "惠明白茶" in (await client.get("/console/products")).text


async def test_what_is_retired_is_not_offered_and_comes_back(client: Guest, people: People) -> None:
    product, plot = await grow(client, people)
    await save(client, f"/console/plots/{plot}/edit", use="retired")
    place = await save(client, f"/console/products/{product}/edit", use="retired")
    page = (await client.get(place)).text
    assert "已停用" in page
    assert "景宁惠明茶" in (await client.get("/console/products")).text
    assert product not in (await client.get("/console/marks/new")).text
    assert product not in (await client.get("/console/batches/new?step=harvest")).text
    assert "恢复使用" in (await client.get(f"/console/products/{product}/edit")).text
    await save(client, f"/console/products/{product}/edit", use="restored")
    assert product in (await client.get("/console/marks/new")).text
    form = (await client.get(f"/console/batches/new?step=harvest&product={product}")).text
    assert plot not in form
    await save(client, f"/console/plots/{plot}/edit", use="restored")
    assert plot in (await client.get(f"/console/batches/new?step=harvest&product={product}")).text


async def test_what_batches_rest_on_is_not_asked_and_not_taken(
    client: Guest, people: People, platform: Platform
) -> None:
    story = tell_story(platform, people)
    await client.log_in(people.producer)
    where = f"/console/products/{story.product.id}/edit"
    form = (await client.get(where)).text
    assert "不能再改" in form
    assert 'name="gtin"' not in form
    changed = await save(client, where, name="惠明白茶", name_en="", shelf_life="24 个月", version=version(form))
    assert "惠明白茶" in (await client.get(changed)).text
    assert "不能再改" in await refuse(client, where, "category", form={"name": "惠明白茶", "category": "herb"})
    plot = f"/console/plots/{story.plot.id}/edit"
    assert 'name="altitude_m"' not in (await client.get(plot)).text
    await save(client, plot, name="4 号地块")
    assert "惠明白茶" in (await client.get(f"/b/{story.leaf}")).text
