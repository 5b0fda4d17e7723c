"""Yields above a hundred percent: refused where nothing can grow, taken where a step soaks up or adds."""

import pytest

from shangeng_trace.batches import Part, Take, open_batch, process
from shangeng_trace.refusals import YieldTooHigh
from shangeng_trace.registry import add_product
from tests.trace.desk import Desk
from tests.trace.test_batches import holdings
from tests.trace.test_refusals import refused


@pytest.mark.parametrize("too_much", [Take("10.001"), Take("20.002", "斤"), Take("10001", "g")])
def test_made_tea_is_never_heavier_than_its_leaf(desk: Desk, too_much: Take) -> None:
    leaf = desk.leaf("10")
    with refused(desk, YieldTooHigh, "quantity"):
        desk.step("tea", leaf, "spread", {"hours": "5"}, take=too_much, telling=desk.at(1))
    desk.step("tea", leaf, "spread", {"hours": "5"}, take=Take("20", "斤"), telling=desk.at(1))
    assert holdings(desk, leaf)[0] == 10


def test_all_that_went_in_counts(desk: Desk) -> None:
    one, two = desk.leaf("10"), desk.leaf("5")

    def fix(*amounts: str) -> tuple[str, ...]:
        return desk.do(
            process,
            "tea",
            step="fix",
            inputs={one: Take("10"), two: Take("5")},
            product_id=desk.product,
            parts=[Part(desk.lot(), Take(amount)) for amount in amounts],
            values={"temp_c": "280"},
            telling=desk.at(1),
        )[0]

    with refused(desk, YieldTooHigh):
        fix("9", "6.001")
    assert [holdings(desk, batch)[0] for batch in fix("9", "6")] == [9, 6]


def test_a_step_that_soaks_up_may_gain_and_other_measures_are_not_compared(desk: Desk) -> None:
    leaf = desk.leaf("10")
    desk.step("tea", leaf, "process", {"what": "浸泡"}, take=Take("14"), telling=desk.at(1))
    assert holdings(desk, leaf)[0] == 14
    ducks, kilograms = (
        desk.do(
            add_product,
            "tea",
            name="缙云麻鸭",
            category="livestock",
            unit=unit,
            net_amount="1",
            net_unit="kg",
            pack_unit="bag",
        ).id
        for unit in ("head", "kg")
    )
    values = {"variety": "麻鸭", "started": "2026-04-12", "input_source": "孵坊"}
    flock, _ = desk.do(
        open_batch,
        "tea",
        product_id=ducks,
        lot=desk.lot(),
        step="flock",
        values=values,
        take=Take("10"),
        telling=desk.at(0),
    )
    (meat,), _ = desk.do(
        process,
        "tea",
        step="slaughter",
        inputs={flock: Take("10")},
        product_id=kilograms,
        parts=[Part(desk.lot(), Take("17"))],
        values={"harvest_date": "2026-04-12", "quarantine_no": "D1", "plant": "县屠宰场"},
        telling=desk.at(2),
    )
    assert holdings(desk, meat)[0] == 17


def test_a_category_may_know_better(desk: Desk) -> None:
    catalogue = desk.office.catalogue
    assert catalogue.step("process", "processed").gains
    assert not catalogue.step("process", "camellia_oil").gains
