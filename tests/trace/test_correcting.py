"""Corrections that set amounts right: stock follows, nothing falls below zero, and both records stay."""

from decimal import Decimal
from typing import Any

from sqlmodel import select

from shangeng_trace.amendments import in_effect
from shangeng_trace.batch_tables import EventBatch, EventRecord, Shipment
from shangeng_trace.batches import Part, Take, pack, process, receive, ship, split
from shangeng_trace.canonical import load
from shangeng_trace.entry import Receipt
from shangeng_trace.errors import ShangengError
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import Event
from shangeng_trace.ids import new_event_id
from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.refusals import (
    AmountOfNothing,
    CorrectThePart,
    MoreThanThere,
    NoSuchAmount,
    NotThisRecord,
    PackedTooMany,
    SameAmount,
    ShipmentEnded,
    UsedAlready,
    YieldTooHigh,
)
from tests.trace.desk import PACKING, SENDING, Desk
from tests.trace.test_batches import cause, holdings
from tests.trace.test_refusals import refused


def correct(desk: Desk, batch: str, event: str, take: Take | None, who: str = "tea", **told: Any) -> Receipt:
    values = {"event": event, "error": "incorrect_data" if take else "did_not_occur", "reason": "多写了一个零"}
    return desk.step(who, batch, "correct", values, take=take, telling=desk.at(9, **told))


def told(desk: Desk, batch: str) -> list[Event]:
    """Return the events of a batch in the order of the log."""
    bodies = desk.read(
        lambda s: s.exec(
            select(LedgerStatement.body)
            .join(EventRecord, LedgerStatement.index == EventRecord.index)  # type: ignore[arg-type]  # an expression
            .where(EventRecord.index.in_(select(EventBatch.index).where(EventBatch.batch_id == batch)))  # type: ignore[attr-defined]  # as above
            .order_by(EventRecord.index)  # type: ignore[arg-type]  # as above
        ).all()
    )
    return [read_event(load(body)) for body in bodies if body is not None]


def last(desk: Desk, batch: str) -> str:
    return told(desk, batch)[-1].event_id


def test_380_was_38(desk: Desk) -> None:
    leaf = desk.leaf("380")
    harvest = last(desk, leaf)
    correct(desk, leaf, harvest, Take("76", "斤"))
    assert holdings(desk, leaf)[0] == 38
    correct(desk, leaf, harvest, Take("39"))
    assert holdings(desk, leaf)[0] == 39
    recorded, *corrections = told(desk, leaf)
    assert recorded.subjects[0].amount == 380
    assert [(each.was, each.amount) for one in corrections for each in one.amends] == [
        (Decimal(380), Decimal(38)),
        (Decimal(38), Decimal(39)),
    ]
    assert in_effect(told(desk, leaf))[harvest].subjects[0].amount == 39
    with refused(desk, SameAmount, "quantity"):
        correct(desk, leaf, harvest, Take("39"))


def test_what_never_happened_is_taken_back(desk: Desk) -> None:
    leaf = desk.leaf("38")
    desk.step("tea", leaf, "loss", {"cause": cause(desk)}, take=Take("8"), telling=desk.at(1))
    correct(desk, leaf, last(desk, leaf), None)
    assert holdings(desk, leaf)[0] == 38
    desk.step("tea", leaf, "spread", {"hours": "5"}, take=Take("30"), telling=desk.at(2))
    correct(desk, leaf, last(desk, leaf), None)
    assert holdings(desk, leaf)[0] == 38
    made = desk.made("8.2")
    desk.do(pack, "tea", batch_id=made, packs=164, values=PACKING, telling=desk.at(1))
    correct(desk, made, last(desk, made), None)
    assert holdings(desk, made) == (8.2, 0, 0)


def test_a_correction_without_an_amount_changes_none(desk: Desk) -> None:
    leaf = desk.leaf("38")
    values = {"event": last(desk, leaf), "error": "incorrect_data", "reason": "等级写错了"}
    desk.step("tea", leaf, "correct", values, telling=desk.at(1))
    assert holdings(desk, leaf)[0] == 38
    assert told(desk, leaf)[-1].amends == ()


def test_what_never_happened_has_no_amount(desk: Desk) -> None:
    leaf = desk.leaf("38")
    values = {"event": last(desk, leaf), "error": "did_not_occur", "reason": "记重了"}
    with refused(desk, AmountOfNothing, "quantity"):
        desk.step("tea", leaf, "correct", values, take=Take("3"), telling=desk.at(1))


def test_what_is_used_up_cannot_be_taken_back(desk: Desk) -> None:
    leaf = desk.leaf("380")
    harvest = last(desk, leaf)
    desk.step("tea", leaf, "loss", {"cause": cause(desk)}, take=Take("300"), telling=desk.at(1))
    loss = last(desk, leaf)
    with refused(desk, UsedAlready, "quantity"):
        correct(desk, leaf, harvest, Take("38"))
    correct(desk, leaf, loss, Take("30"))
    correct(desk, leaf, harvest, Take("38"))
    assert holdings(desk, leaf)[0] == 8


def test_packs_and_what_they_were_filled_from(desk: Desk) -> None:
    made = desk.made("8.2")
    desk.do(pack, "tea", batch_id=made, packs=16, values=PACKING, telling=desk.at(1))
    packing = last(desk, made)
    with refused(desk, PackedTooMany, "packs"):
        correct(desk, made, packing, Take("165", packs=True))
    correct(desk, made, packing, Take("160", packs=True))
    assert holdings(desk, made) == (0, 160, 160)
    with refused(desk, PackedTooMany, "packs"):
        correct(desk, made, packing, Take("7.9"))
    correct(desk, made, packing, Take("8"))
    assert holdings(desk, made) == (0.2, 160, 160)


def test_a_corrected_yield_is_a_possible_one(desk: Desk) -> None:
    leaf = desk.leaf("38")
    desk.step("tea", leaf, "spread", {"hours": "5"}, take=Take("3.08"), telling=desk.at(1))
    spread = last(desk, leaf)
    with refused(desk, YieldTooHigh, "quantity"):
        correct(desk, leaf, spread, Take("38.1"))
    correct(desk, leaf, spread, Take("30.8"))
    assert holdings(desk, leaf)[0] == 30.8


def test_a_slip_that_was_worked_on_is_put_right_from_the_end(desk: Desk) -> None:
    leaf = desk.leaf("380")
    harvest = last(desk, leaf)
    desk.step("tea", leaf, "spread", {"hours": "5"}, take=Take("30.8"), telling=desk.at(1))
    spread = last(desk, leaf)
    with refused(desk, UsedAlready):
        correct(desk, leaf, harvest, Take("38"))
    values = {"event": spread, "error": "incorrect_data", "reason": "多写了一个零"}
    with refused(desk, YieldTooHigh):
        desk.step("tea", leaf, "correct", values, used=Take("30"), telling=desk.at(2))
    desk.step("tea", leaf, "correct", values, take=Take("30"), used=Take("76", "斤"), telling=desk.at(2))
    assert holdings(desk, leaf)[0] == 372
    correct(desk, leaf, harvest, Take("38"))
    assert holdings(desk, leaf)[0] == 30
    standing = in_effect(told(desk, leaf))[spread]
    assert (standing.inputs[0].amount, standing.outputs[0].amount) == (Decimal(38), Decimal(30))
    for wrong in ({"event": harvest}, {"event": spread, "error": "did_not_occur"}):
        with refused(desk, ShangengError):
            desk.step("tea", leaf, "correct", values | wrong, used=Take("7"), telling=desk.at(3))
    with refused(desk, NoSuchAmount, "used"):
        desk.step("tea", leaf, "store", {"store_place": "冷库"}, used=Take("7"), telling=desk.at(3))


def test_where_parts_add_up_the_other_side_follows(desk: Desk) -> None:
    leaf = desk.leaf("38")
    parts = [Part(desk.lot(), Take("10")), Part(desk.lot(), Take("8"))]
    (one, two), _ = desk.do(split, "tea", batch_id=leaf, parts=parts, telling=desk.at(1))
    event = last(desk, leaf)
    with refused(desk, CorrectThePart):
        correct(desk, leaf, event, Take("17"))
    receipt = correct(desk, one, event, Take("9"))
    assert [holdings(desk, batch)[0] for batch in (leaf, one, two)] == [21, 9, 8]
    assert {link.chain for link in receipt.links} == {f"batch:{one}", f"batch:{leaf}"}
    (merged,), _ = desk.do(
        process,
        "tea",
        step="merge",
        inputs={one: Take("9"), two: Take("8")},
        product_id=desk.product,
        parts=[Part(desk.lot(), Take("17"))],
        values={},
        telling=desk.at(2),
    )
    correct(desk, two, last(desk, merged), Take("7"))
    assert [holdings(desk, batch)[0] for batch in (one, two, merged)] == [0, 1, 16]
    correct(desk, merged, told(desk, merged)[0].event_id, None)
    assert [holdings(desk, batch)[0] for batch in (one, two, merged)] == [9, 8, 0]


def test_goods_on_the_way_follow_until_they_are_received(desk: Desk) -> None:
    tins = desk.tins(164)
    shop = desk.actors["shop"].organisation_id

    def send(packs: str) -> str:
        take = Take(packs, packs=True)
        desk.do(ship, "tea", batch_id=tins, recipient_id=shop, take=take, values=SENDING, telling=desk.at(2))
        return last(desk, tins)

    shipment = send("100")
    correct(desk, tins, shipment, Take("10", packs=True))
    assert holdings(desk, tins)[1] == 154
    assert desk.read(lambda s: s.get_one(Shipment, shipment).amount) == 10
    values = {"condition": "good"}
    received, _ = desk.do(receive, "shop", shipment_id=shipment, lot="IN-1", values=values, telling=desk.at(3))
    with refused(desk, ShipmentEnded):
        correct(desk, tins, shipment, Take("11", packs=True))
    arrival = last(desk, received)
    with refused(desk, NotThisRecord):
        correct(desk, tins, arrival, Take("9", packs=True))
    with refused(desk, MoreThanThere):
        correct(desk, received, arrival, Take("11", packs=True), "shop")
    correct(desk, received, arrival, Take("9", packs=True), "shop")
    assert holdings(desk, received)[1] == 9
    correct(desk, received, arrival, None, "shop")
    again, _ = desk.do(receive, "shop", shipment_id=shipment, lot="IN-2", values=values, telling=desk.at(4))
    assert (holdings(desk, received)[1], holdings(desk, again)[1]) == (0, 10)
    lost = send("50")
    correct(desk, tins, lost, None)
    assert holdings(desk, tins)[1] == 154
    with refused(desk, ShangengError):
        desk.do(receive, "shop", shipment_id=lost, lot="IN-3", values=values, telling=desk.at(4))


def test_an_amount_that_was_never_recorded_is_not_set_right(desk: Desk) -> None:
    leaf = desk.leaf("38")
    desk.step("tea", leaf, "store", {"store_place": "冷库"}, telling=desk.at(1))
    with refused(desk, NoSuchAmount, "quantity"):
        correct(desk, leaf, last(desk, leaf), Take("3"))
    with refused(desk, NoSuchAmount, "quantity"):
        correct(desk, leaf, told(desk, leaf)[0].event_id, Take("3", packs=True))


def test_nobody_sets_right_what_another_recorded(desk: Desk) -> None:
    ours, theirs = desk.leaf("38"), desk.leaf("38", who="rival")
    harvest = last(desk, ours)
    for batch, event in ((ours, harvest), (theirs, harvest)):
        for take in (Take("3"), None):
            with refused(desk, ShangengError):
                correct(desk, batch, event, take, "rival")
    assert holdings(desk, ours)[0] == holdings(desk, theirs)[0] == 38


def test_a_correction_told_twice_is_one(desk: Desk) -> None:
    leaf = desk.leaf("380")
    harvest, once = last(desk, leaf), new_event_id()
    first = correct(desk, leaf, harvest, Take("38"), event_id=once)
    assert correct(desk, leaf, harvest, Take("38"), event_id=once).digest == first.digest
    with refused(desk, ShangengError):
        correct(desk, leaf, harvest, Take("39"), event_id=once)
    assert holdings(desk, leaf)[0] == 38
