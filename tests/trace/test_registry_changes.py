"""Changing and retiring what is registered: slips are put right, meanings do not change, nothing is lost."""

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from sqlmodel import SQLModel

from shangeng_trace.acting import NotYours, WrongOffice
from shangeng_trace.batches import Part, Take, process
from shangeng_trace.errors import ForbiddenError, InvalidError, ShangengError
from shangeng_trace.numbers import MarkKind
from shangeng_trace.registry import (
    GtinTaken,
    MarkKnown,
    Retired,
    ThingNotFound,
    add_base,
    add_mark,
    add_plot,
    add_product,
)
from shangeng_trace.registry_changes import (
    BASE_FIXED,
    PLOT_FIXED,
    PRODUCT_FIXED,
    ChangedMeanwhile,
    FixedByUse,
    StillHasPlots,
    change_base,
    change_mark,
    change_plot,
    change_product,
    restore,
    retire,
    version_of,
)
from shangeng_trace.registry_tables import Base, OtherMark, Plot, Product
from tests.trace.desk import Desk
from tests.trace.test_ledger import entries

OTHERWISE: dict[str, Any] = {
    "category": "herb",
    "unit": "L",
    "net_amount": "100",
    "net_unit": "kg",
    "pack_unit": "box",
    "gtin": "6901234567892",
    "area_mu": "3",
    "altitude_m": "900",
    "latitude": "27.9",
    "longitude": "119.6",
    "county": "331125",
}


DAYS: dict[str, Any] = {"valid_from": date(2026, 1, 1), "valid_until": date(2028, 12, 31)}
_serial = count(10_000)


@pytest.fixture(autouse=True)
def own_things(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a product and a plot of its own."""
    told: dict[str, Any] = {"category": "tea", "unit": "kg", "net_amount": "50", "net_unit": "g", "pack_unit": "tin"}
    monkeypatch.setattr(desk, "product", desk.do(add_product, "tea", name="惠明茶", **told).id)
    base = desk.do(add_base, "tea", name="惠明寺", county="331127", township="红星街道")
    plot = desk.do(add_plot, "tea", base_id=base.id, name="3 号地块", area_mu="12.5", altitude_m="680")
    monkeypatch.setattr(desk, "plot", plot.id)


def new_number() -> str:
    return f"LB-44-26011{next(_serial)}A"


def mark(desk: Desk, number: str, who: str = "tea") -> OtherMark:
    return desk.do(add_mark, who, kind=MarkKind.GREEN_FOOD, number=number, **DAYS)


def row(desk: Desk, kind: type[SQLModel], key: str) -> Any:
    return desk.read(lambda s: s.get_one(kind, key))


def wrong(error: pytest.ExceptionInfo[InvalidError]) -> dict[str | None, type[ShangengError]]:
    return {problem.field: type(problem) for problem in error.value.problems}


def test_a_slip_is_put_right_and_the_ledger_stays(desk: Desk) -> None:
    before = entries(desk)
    changes = {"name": "惠明红茶", "name_en": "Huiming red tea", "shelf_life": "24 个月", **OTHERWISE}
    changes = {name: value for name, value in changes.items() if name in Product.model_fields}
    desk.do(change_product, "tea", desk.product, changes, cited=False)
    changed = row(desk, Product, desk.product)
    assert (changed.name, changed.category, changed.net_amount) == ("惠明红茶", "herb", Decimal(100))
    assert changed.gtin == "06901234567892"
    desk.do(change_product, "tea", desk.product, {"gtin": ""}, cited=False)
    desk.do(change_plot, "tea", desk.plot, {"name": "4 号地块", "area_mu": "3"}, cited=False)
    plot = row(desk, Plot, desk.plot)
    assert (plot.name, plot.area_mu, plot.altitude_m) == ("4 号地块", Decimal(3), 680)
    desk.do(change_base, "tea", plot.base_id, {"township": "大均乡", "county": "331125"}, cited=False)
    assert row(desk, Base, plot.base_id).township == "大均乡"
    held = mark(desk, new_number())
    desk.do(change_mark, "tea", held.id, {"number": new_number(), "product_id": desk.product})
    assert row(desk, OtherMark, held.id).product_id == desk.product
    assert entries(desk) == before


@pytest.mark.parametrize("by_batch", [True, False])
def test_what_something_rests_on_does_not_change(desk: Desk, *, by_batch: bool) -> None:
    if by_batch:
        desk.leaf()
    cited = not by_batch
    base = row(desk, Plot, desk.plot).base_id
    for name in PRODUCT_FIXED:
        with pytest.raises(InvalidError) as caught:
            desk.do(change_product, "tea", desk.product, {"name": "别的", name: OTHERWISE[name]}, cited=cited)
        assert FixedByUse in wrong(caught).values()
        assert wrong(caught)[name] is FixedByUse or name == "net_unit"
    for name in ("area_mu", "altitude_m"):
        with pytest.raises(InvalidError) as caught:
            desk.do(change_plot, "tea", desk.plot, {name: OTHERWISE[name]}, cited=cited)
        assert wrong(caught) == {name: FixedByUse}
    with pytest.raises(InvalidError) as caught:
        desk.do(change_base, "tea", base, {"county": OTHERWISE["county"]}, cited=cited)
    assert wrong(caught) == dict.fromkeys(BASE_FIXED, FixedByUse)
    assert row(desk, Product, desk.product).name == "惠明茶"
    desk.do(change_product, "tea", desk.product, {"name": "惠明白茶", "gtin": ""}, cited=cited)
    desk.do(change_plot, "tea", desk.plot, {"latitude": "27.9", "longitude": "119.6"}, cited=cited)
    with pytest.raises(InvalidError) as caught:
        desk.do(change_plot, "tea", desk.plot, {"latitude": "28", "longitude": ""}, cited=cited)
    assert wrong(caught)["latitude"] is FixedByUse
    assert set(wrong(caught)) <= set(PLOT_FIXED)


def test_a_number_belongs_to_one(desk: Desk) -> None:
    gtin = "6901234567892"
    told: dict[str, Any] = {"category": "tea", "unit": "kg", "net_amount": "50", "net_unit": "g", "pack_unit": "tin"}
    desk.do(add_product, "tea", name="白茶", gtin=gtin, **told)
    with pytest.raises(GtinTaken):
        desk.do(change_product, "tea", desk.product, {"gtin": gtin}, cited=False)
    number, another = new_number(), new_number()
    mark(desk, number)
    with pytest.raises(MarkKnown):
        mark(desk, f" {number.lower()}")
    mark(desk, number, who="rival")
    other = mark(desk, another)
    with pytest.raises(MarkKnown):
        desk.do(change_mark, "tea", other.id, {"number": number})
    desk.do(change_mark, "tea", other.id, {"number": another})


def test_who_reads_first_does_not_write_over_who_wrote_first(desk: Desk) -> None:
    seen = version_of(row(desk, Product, desk.product))
    changed = desk.do(change_product, "tea", desk.product, {"name": "惠明白茶"}, cited=False, version=seen)
    with pytest.raises(ChangedMeanwhile):
        desk.do(change_product, "tea", desk.product, {"name": "惠明黄茶"}, cited=False, version=seen)
    now = version_of(row(desk, Product, desk.product))
    assert version_of(changed) == now != seen
    desk.do(retire, "tea", Product, desk.product)
    assert version_of(row(desk, Product, desk.product)) != now


def test_what_is_retired_begins_nothing_and_stays(desk: Desk) -> None:
    leaf = desk.leaf("38")
    base = row(desk, Plot, desk.plot).base_id
    with pytest.raises(StillHasPlots):
        desk.do(retire, "tea", Base, base)
    first = desk.do(retire, "tea", Plot, desk.plot).retired_at
    assert desk.do(retire, "tea", Plot, desk.plot).retired_at == first
    with pytest.raises(Retired):
        desk.leaf()
    desk.do(retire, "tea", Base, base)
    with pytest.raises(Retired):
        desk.do(restore, "tea", Plot, desk.plot)
    with pytest.raises(Retired):
        desk.do(add_plot, "tea", base_id=base, name="5 号", area_mu="1", altitude_m="600")
    desk.do(restore, "tea", Base, base)
    desk.do(restore, "tea", Plot, desk.plot)
    desk.do(retire, "tea", Product, desk.product)
    with pytest.raises(Retired):
        desk.leaf()
    with pytest.raises(Retired):
        desk.do(
            process,
            "tea",
            step="fix",
            inputs={leaf: Take("10")},
            product_id=desk.product,
            parts=[Part(desk.lot(), Take("9"))],
            values={"temp_c": "280"},
            telling=desk.at(2),
        )
    with pytest.raises(Retired):
        desk.do(add_mark, "tea", kind=MarkKind.GI, number="AGI01234", product_id=desk.product, **DAYS)
    desk.step("tea", leaf, "spread", {"hours": "5"}, take=Take("30"), telling=desk.at(2))
    desk.do(restore, "tea", Product, desk.product)
    again = desk.leaf("1")
    assert desk.batch(again).product_id == desk.product


def test_nobody_changes_what_is_another_members(desk: Desk) -> None:
    base = row(desk, Plot, desk.plot).base_id
    held = mark(desk, new_number())
    for who, kind in (("rival", NotYours), ("shop", NotYours), ("association", WrongOffice), ("body", WrongOffice)):
        attempts: list[tuple[Any, ...]] = [
            (change_product, desk.product, {"name": "偷"}),
            (change_plot, desk.plot, {"name": "偷"}),
            (change_base, base, {"name": "偷"}),
            (change_mark, held.id, {"number": "偷"}),
            (retire, Product, desk.product),
            (restore, Plot, desk.plot),
        ]
        for verb, *words in attempts:
            cited = {"cited": False} if verb in (change_product, change_plot, change_base) else {}
            with pytest.raises(ForbiddenError) as caught:
                desk.do(verb, who, *words, **cited)
            assert type(caught.value) is kind
    with pytest.raises(ThingNotFound):
        desk.do(retire, "tea", Base, desk.product)
    with pytest.raises(NotYours):
        desk.do(change_mark, "tea", held.id, {"product_id": desk.rival_product})
