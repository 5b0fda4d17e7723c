"""Whatever a clerk writes and sets right, in whatever order: a batch holds what stands, and never less than nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from shangeng_trace.amendments import in_effect, moved
from shangeng_trace.batches import Take, open_batch, pack
from shangeng_trace.errors import ShangengError
from shangeng_trace.events import Flow
from shangeng_trace.registry import add_product
from tests.trace.desk import DAY, PACKING, Desk
from tests.trace.test_batches import cause
from tests.trace.test_correcting import correct, last, told


@dataclass
class Said:
    """One event as it stands: which way its amount goes, how much, and whether it can be counted in packs."""

    event: str
    sign: int
    amount: Decimal
    filled: Decimal = field(default=Decimal(0))


KILOGRAMS = st.decimals("0.001", "90", places=3)
PACK = Decimal("0.05")


class Clerk(RuleBasedStateMachine):
    """A clerk who writes, and sets right what was written, beside a model that adds up what stands."""

    desk: ClassVar[Desk]
    product: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        values = {"variety": "高山番茄", "started": DAY}
        self.batch, _ = self.desk.do(
            open_batch,
            "tea",
            product_id=self.product,
            lot=self.desk.lot(),
            step="grow",
            values=values,
            plot_id=self.desk.plot,
            telling=self.desk.at(-24),
        )
        self.said: list[Said] = []

    @property
    def bulk(self) -> Decimal:
        return sum((one.sign * one.amount for one in self.said), Decimal(0))

    @property
    def packs(self) -> Decimal:
        return sum((one.filled for one in self.said), Decimal(0))

    def attempt(self, may: bool, act: Callable[[], object]) -> bool:
        if may:
            act()
            return True
        with pytest.raises(ShangengError):
            act()
        return False

    @rule(amount=KILOGRAMS)
    def harvest(self, amount: Decimal) -> None:
        values, take = {"harvest_date": DAY}, Take(amount)
        self.desk.step("tea", self.batch, "harvest", values, take=take, telling=self.desk.at(0))
        self.said.append(Said(last(self.desk, self.batch), 1, amount))

    @rule(amount=KILOGRAMS)
    def lose(self, amount: Decimal) -> None:
        values, take, desk = {"cause": cause(self.desk)}, Take(amount), self.desk
        if self.attempt(
            amount <= self.bulk,
            lambda: desk.step("tea", self.batch, "loss", values, take=take, telling=desk.at(1)),
        ):
            self.said.append(Said(last(desk, self.batch), -1, amount))

    @rule(amount=KILOGRAMS, less=st.integers(0, 2))
    def pack(self, amount: Decimal, less: int) -> None:
        desk, packs = self.desk, int(amount / PACK) - less
        if self.attempt(
            packs > 0 and amount <= self.bulk,
            lambda: desk.do(
                pack, "tea", batch_id=self.batch, packs=packs, values=PACKING, take=Take(amount), telling=desk.at(1)
            ),
        ):
            self.said.append(Said(last(desk, self.batch), -1, amount, Decimal(packs)))

    @rule(which=st.integers(0, 99), right=KILOGRAMS)
    def set_right(self, which: int, right: Decimal) -> None:
        if not self.said:
            return
        one = self.said[which % len(self.said)]
        change = one.sign * (right - one.amount)
        may = change != 0 and self.bulk + change >= 0 and one.filled * PACK <= right
        if self.attempt(may, lambda: correct(self.desk, self.batch, one.event, Take(right))):
            one.amount = right

    @rule(which=st.integers(0, 99), right=st.integers(1, 2000))
    def count_again(self, which: int, right: int) -> None:
        if not self.said:
            return
        one = self.said[which % len(self.said)]
        may = one.sign < 0 and 0 < right * PACK <= one.amount and right != one.filled and bool(one.filled)
        if self.attempt(may, lambda: correct(self.desk, self.batch, one.event, Take(str(right), packs=True))):
            one.filled = Decimal(right)

    @rule(which=st.integers(0, 99))
    def take_back(self, which: int) -> None:
        if not self.said:
            return
        one = self.said[which % len(self.said)]
        may = one.amount > 0 and self.bulk - one.sign * one.amount >= 0
        if self.attempt(may, lambda: correct(self.desk, self.batch, one.event, None)):
            one.amount = one.filled = Decimal(0)

    @invariant()
    def the_batch_holds_what_stands(self) -> None:
        row = self.desk.batch(self.batch)
        assert (row.bulk, row.units, row.packed) == (self.bulk, int(self.packs), int(self.packs))
        assert row.bulk >= 0

    def teardown(self) -> None:
        """Whatever the order in which the events are read, they add up to the same."""
        events, catalogue = told(self.desk, self.batch), self.desk.office.catalogue
        for order in (events, events[::-1]):
            whole = Decimal(0)
            for event in in_effect(order).values():
                for each in moved(event, catalogue.step(event.step, "vegetable").effect):
                    if not each.packs:
                        whole += -each.amount if each.flow is Flow.OUT else each.amount
            assert whole == self.bulk


def test_a_balance_is_the_sum_of_what_stands(desk: Desk) -> None:
    product = desk.do(
        add_product,
        "tea",
        name="高山番茄",
        category="vegetable",
        unit="kg",
        net_amount="50",
        net_unit="g",
        pack_unit="bag",
    )
    machine = type("ClerkAtTheDesk", (Clerk,), {"desk": desk, "product": product.id})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
