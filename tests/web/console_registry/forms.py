"""Forms as the browser would send them, and what comes back."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from html import unescape
from typing import Any

from sqlmodel import SQLModel, func, select

from shangeng_trace.clock import SHANGHAI
from shangeng_web.platform import Platform
from tests.people import People
from tests.visiting import Guest

PRODUCT = {
    "name": "景宁惠明茶",
    "name_en": "Jingning Huiming tea",
    "category": "tea",
    "unit": "kg",
    "net_amount": "50",
    "net_amount_unit": "g",
    "pack_unit": "tin",
    "gtin": "9521234543213",
    "shelf_life": "18 个月",
}
BASE = {"name": "惠明寺基地", "county": "331127", "township": "红星街道", "village": "惠明寺村"}
PLOT = {"name": "3 号地块", "area_mu": "12.5", "altitude_m": "680", "latitude": "27.98", "longitude": "119.63"}
MARK = {"kind": "green_food", "number": "lb-44-2601112345a", "valid_from": "2026-01-01", "valid_until": "2028-12-31"}
MEMBER = {
    "sort": "cooperative",
    "name": "云和梯田稻米合作社",
    "number": "93331127MA2E00077X",
    "county": "331125",
    "township": "崇头镇",
    "person_name": "叶梯田",
    "person_phone": "13800000000",
    "username": "yetitian",
}
MARKUP = "<script>alert(1)</script>"


def count(platform: Platform, table: type[SQLModel]) -> int:
    """Return how many rows a table has."""
    with platform.database.session() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def today(platform: Platform) -> date:
    """Return the day it is in Lishui."""
    return platform.office.clock().astimezone(SHANGHAI).date()


def in_days(platform: Platform, days: int) -> str:
    """Return a day as a date field sends it."""
    return (today(platform) + timedelta(days=days)).isoformat()


async def save(client: Guest, url: str, **form: Any) -> str:
    """Send a form that must be carried out; return where it leads."""
    answer = await client.submit(url, **form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def refuse(client: Guest, url: str, *fields: str, form: Mapping[str, Any], status: int = 422) -> str:
    """Send a form that must be refused at these fields, and no others, with its values kept; return the page."""
    answer = await client.submit(url, **form)
    assert answer.status_code == status, answer.text
    page = answer.text
    assert set(re.findall(r'<a href="#([a-z_]+)">', page.partition('class="errors"')[2].partition("</div>")[0])) == set(
        fields
    )
    for field in fields:
        assert f'id="{field}-why"' in page or f'id="{field}"' in page
    unoffered = fields if "从列表中选择" in page else ()
    for name, value in form.items():
        assert not value or name in unoffered or not isinstance(value, str) or value in unescape(page)
    return page


async def grow(client: Guest, people: People) -> tuple[str, str]:
    """Sign the producer in, register product, base and plot; return the ids of product and plot."""
    await client.log_in(people.producer)
    product = await save(client, "/console/products/new", **PRODUCT)
    base = await save(client, "/console/bases/new", **BASE)
    plot = await save(client, base.partition("?")[0], **PLOT)
    return _id(product), _id(plot)


def _id(place: str) -> str:
    return place.partition("?")[0].rpartition("/")[2]
