"""Whatever members do, in whatever order: no batch below zero, nothing out of nothing, no pack without its content."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import col, select

from shangeng_trace.batch_tables import Batch
from shangeng_trace.batches import Part, Take, pack, process, receive, ship, split
from shangeng_trace.errors import ShangengError
from shangeng_trace.ids import new_event_id
from tests.trace.desk import PACKING, SENDING, Desk
from tests.trace.test_batches import cause

PACK = Decimal("0.05")
MEMBERS = st.sampled_from(["tea", "rival"])
KILOGRAMS = st.decimals("0.001", "60", places=3)
SHARES = st.sampled_from([Decimal("0.25"), Decimal("0.5"), Decimal(1), Decimal("1.001"), Decimal(2)])
NOTHING: object = multiple()  # pyright: ignore[reportUnknownVariableType]  # hypothesis leaves it open
GIVEN = st.decimals("0.01", "1.1", places=2)


@dataclass
class Held:
    """What a batch should hold."""

    owner: str
    bulk: Decimal = Decimal(0)
    units: int = 0


@dataclass
class Sent:
    """Goods on the way."""

    recipient: str
    packs: bool
    amount: Decimal


def cut(amount: Decimal) -> Decimal:
    """Cut to grams, as people state amounts."""
    return amount.quantize(Decimal("0.001"), "ROUND_DOWN")


class Members(RuleBasedStateMachine):
    """Two members and their batches, beside a model that does the sums."""

    desk: ClassVar[Desk]
    batches = Bundle("batches")
    shipments = Bundle("shipments")

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, Held] = {}
        self.sent: dict[str, Sent] = {}
        self.begun = Decimal(0)
        self.gone = Decimal(0)

    def attempt(self, may: bool, act: Callable[[], Any]) -> Any:
        """Do it, or see it refused, as the model says."""
        if may:
            return act()
        with pytest.raises(ShangengError):
            act()
        return None

    @rule(target=batches, who=MEMBERS, amount=KILOGRAMS)
    def open(self, who: str, amount: Decimal) -> str:
        batch = self.desk.made(str(amount), who=who)
        self.held[batch] = Held(who, amount)
        self.begun += amount
        return batch

    @rule(target=batches, one=batches, two=batches, share=SHARES, given=GIVEN)
    def process(self, one: str, two: str, share: Decimal, given: Decimal) -> Any:
        inputs = {batch: cut(self.held[batch].bulk * share) for batch in {one: 0, two: 0}}
        output = cut(sum(inputs.values(), Decimal(0)) * given)
        who = self.held[one].owner
        may = 0 < output <= sum(inputs.values()) and all(
            self.held[batch].owner == who and 0 < amount <= self.held[batch].bulk for batch, amount in inputs.items()
        )
        desk = self.desk
        done = self.attempt(
            may,
            lambda: desk.do(
                process,
                who,
                step="fix",
                inputs={batch: Take(amount) for batch, amount in inputs.items()},
                product_id=desk.product if who == "tea" else desk.rival_product,
                parts=[Part(desk.lot(), Take(output))],
                values={"temp_c": "280"},
                telling=desk.at(2),
            ),
        )
        if done is None:
            return NOTHING
        for batch, amount in inputs.items():
            self.held[batch].bulk -= amount
        self.gone += sum(inputs.values(), Decimal(0)) - output
        [made] = done[0]
        self.held[made] = Held(who, output)
        return made

    @rule(target=batches, batch=batches, share=SHARES)
    def split(self, batch: str, share: Decimal) -> Any:
        held = self.held[batch]
        half = cut(held.bulk * share / 2)
        desk = self.desk
        parts = [Part(desk.lot(), Take(half)), Part(desk.lot(), Take(half))]
        done = self.attempt(
            0 < half * 2 <= held.bulk,
            lambda: desk.do(split, held.owner, batch_id=batch, parts=parts, telling=desk.at(2)),
        )
        if done is None:
            return NOTHING
        held.bulk -= half * 2
        for made in done[0]:
            self.held[made] = Held(held.owner, half)
        return multiple(*done[0])

    @rule(target=batches, one=batches, two=batches, wrong=st.sampled_from([Decimal(0), Decimal("0.001")]))
    def merge(self, one: str, two: str, wrong: Decimal) -> Any:
        inputs = {batch: cut(self.held[batch].bulk) for batch in {one: 0, two: 0}}
        who = self.held[one].owner
        may = not wrong and all(self.held[batch].owner == who and amount > 0 for batch, amount in inputs.items())
        whole = sum(inputs.values(), Decimal(0))
        desk = self.desk
        done = self.attempt(
            may,
            lambda: desk.do(
                process,
                who,
                step="merge",
                inputs={batch: Take(amount) for batch, amount in inputs.items()},
                product_id=desk.product if who == "tea" else desk.rival_product,
                parts=[Part(desk.lot(), Take(whole + wrong))],
                values={},
                telling=desk.at(2),
            ),
        )
        if done is None:
            return NOTHING
        for batch, amount in inputs.items():
            self.held[batch].bulk -= amount
        [made] = done[0]
        self.held[made] = Held(who, whole)
        return made

    @rule(batch=batches, share=SHARES, more=st.integers(-2, 1))
    def pack(self, batch: str, share: Decimal, more: int) -> None:
        held = self.held[batch]
        taken = cut(held.bulk * share)
        packs = int(taken / PACK) + more
        desk = self.desk
        may = packs > 0 and 0 < taken <= held.bulk and packs * PACK <= taken
        if self.attempt(
            may,
            lambda: desk.do(
                pack, held.owner, batch_id=batch, packs=packs, values=PACKING, take=Take(taken), telling=desk.at(2)
            ),
        ):
            held.bulk -= taken
            held.units += packs
            self.gone += taken - packs * PACK

    @rule(batch=batches, share=SHARES)
    def lose(self, batch: str, share: Decimal) -> None:
        held, desk = self.held[batch], self.desk
        lost = cut(held.bulk * share)
        values = {"cause": cause(desk)}
        if self.attempt(
            0 < lost <= held.bulk,
            lambda: desk.step(held.owner, batch, "loss", values, take=Take(lost), telling=desk.at(2)),
        ):
            held.bulk -= lost
            self.gone += lost

    @rule(target=shipments, batch=batches, share=SHARES, packs=st.booleans())
    def ship(self, batch: str, share: Decimal, packs: bool) -> Any:
        held, desk = self.held[batch], self.desk
        have = Decimal(held.units) if packs else held.bulk
        amount = Decimal(int(have * share)) if packs else cut(have * share)
        recipient = "rival" if held.owner == "tea" else "tea"
        shipment = new_event_id()
        if not self.attempt(
            0 < amount <= have,
            lambda: desk.do(
                ship,
                held.owner,
                batch_id=batch,
                recipient_id=desk.actors[recipient].organisation_id,
                take=Take(amount, packs=packs),
                values=SENDING,
                telling=desk.at(2, event_id=shipment),
            ),
        ):
            return NOTHING
        if packs:
            held.units -= int(amount)
        else:
            held.bulk -= amount
        self.sent[shipment] = Sent(recipient, packs, amount)
        return shipment

    @rule(target=batches, shipment=consumes(shipments), more=st.sampled_from([0, 0, 1]))
    def receive(self, shipment: str, more: int) -> Any:
        sent, desk = self.sent[shipment], self.desk
        amount = sent.amount + more
        done = self.attempt(
            not more,
            lambda: desk.do(
                receive,
                sent.recipient,
                shipment_id=shipment,
                lot=desk.lot(),
                values={"condition": "good"},
                take=Take(amount, packs=sent.packs),
                telling=desk.at(3),
            ),
        )
        if done is None:
            return NOTHING
        del self.sent[shipment]
        made = done[0]
        self.held[made] = Held(sent.recipient, Decimal(0) if sent.packs else amount, int(amount) if sent.packs else 0)
        return made

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        rows = self.desk.read(lambda s: s.exec(select(Batch).where(col(Batch.id).in_(self.held))).all())
        assert {row.id: (row.bulk, row.units) for row in rows} == {
            batch: (held.bulk, held.units) for batch, held in self.held.items()
        }
        assert all(row.bulk >= 0 and row.units >= 0 for row in rows)

    @invariant()
    def nothing_came_from_nowhere(self) -> None:
        on_hand = sum((held.bulk + held.units * PACK for held in self.held.values()), Decimal(0))
        travelling = sum((sent.amount * (PACK if sent.packs else 1) for sent in self.sent.values()), Decimal(0))
        assert on_hand + travelling + self.gone == self.begun


def test_quantities_are_kept(desk: Desk) -> None:
    machine = type("MembersAtTheDesk", (Members,), {"desk": desk})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
