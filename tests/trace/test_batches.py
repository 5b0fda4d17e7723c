"""The verbs on batches: what each does to quantities, chains and descendants."""

from decimal import Decimal

import pytest
from sqlmodel import select

from shangeng_trace.acting import NotYours
from shangeng_trace.batch_tables import BatchTest, Lineage, Shipment
from shangeng_trace.batches import Part, Take, open_batch, pack, process, receive, ship, split
from shangeng_trace.canonical import load
from shangeng_trace.ids import new_event_id
from shangeng_trace.lineage import ancestors, descendants, standing
from shangeng_trace.private_tables import PrivateValue
from shangeng_trace.recording import commitment
from shangeng_trace.rules import state_of, steps_done
from shangeng_trace.steps import BatchState
from tests.stored import statement
from tests.trace.desk import DAY, PACKING, RECALLING, SENDING, TESTING, Desk


def holdings(desk: Desk, batch: str) -> tuple[float, int, int]:
    row = desk.batch(batch)
    assert Decimal(str(float(row.bulk))) == row.bulk
    return float(row.bulk), row.units, row.packed


def state(desk: Desk, batch: str) -> BatchState:
    return desk.read(lambda s: state_of(s, desk.batch(batch)))


def test_the_story_of_a_batch(desk: Desk) -> None:
    batch, receipt = desk.do(
        open_batch,
        "tea",
        product_id=desk.product,
        lot="hm20260412",
        step="harvest",
        values={"harvest_date": DAY},
        plot_id=desk.plot,
        take=Take("76", "斤"),
        telling=desk.at(0),
    )
    row = desk.batch(batch)
    assert (row.lot, row.bulk, row.unit, row.plot_id) == ("HM20260412", Decimal(38), "kg", desk.plot)
    assert receipt.links[0].chain == f"batch:{batch}"
    desk.step("tea", batch, "fix", {"temp_c": "280"}, telling=desk.at(1))
    assert holdings(desk, batch)[0] == 38
    desk.step("tea", batch, "dry", {"moisture": "5.1"}, take=Take("8.2"), telling=desk.at(2))
    assert holdings(desk, batch) == (8.2, 0, 0)
    desk.step("lab", batch, "test", TESTING, telling=desk.at(3))
    assert desk.read(lambda s: s.exec(select(BatchTest.passed).where(BatchTest.batch_id == batch)).all()) == [True]
    desk.do(pack, "tea", batch_id=batch, packs=164, values=PACKING, telling=desk.at(4))
    assert holdings(desk, batch) == (0, 164, 164)
    assert desk.read(lambda s: steps_done(s, batch)) == {"harvest", "fix", "dry", "test", "pack"}


@pytest.mark.parametrize(
    ("verdict", "row", "passed"), [("pass", "pass", True), ("fail", "pass", False), ("pass", "fail", False)]
)
def test_a_test_passes_only_as_a_whole(desk: Desk, verdict: str, row: str, *, passed: bool) -> None:
    batch = desk.leaf()
    desk.step("lab", batch, "test", {**TESTING, "verdict": verdict, "results.0.verdict": row}, telling=desk.at(1))
    found = desk.read(lambda s: s.exec(select(BatchTest).where(BatchTest.batch_id == batch)).one())
    assert found.passed is passed
    assert found.author == desk.actors["lab"].organisation_id


def test_a_second_harvest_adds(desk: Desk) -> None:
    values = {"harvest_date": DAY}
    other, _ = desk.do(
        open_batch,
        "tea",
        product_id=desk.product,
        lot=desk.lot(),
        step="grow",
        values={"variety": "鸠坑种", "started": DAY},
        plot_id=desk.plot,
        telling=desk.at(-24),
    )
    desk.step("tea", other, "harvest", values, take=Take("10"), telling=desk.at(0))
    desk.step("tea", other, "harvest", values, take=Take("5", "斤"), telling=desk.at(1))
    assert holdings(desk, other)[0] == 12.5


def test_sale_and_loss_take_away(desk: Desk) -> None:
    batch = desk.tins(164)
    desk.step("tea", batch, "sale", {"channel": channel(desk)}, take=Take("100", packs=True), telling=desk.at(2))
    assert holdings(desk, batch) == (0, 64, 164)
    leaf = desk.leaf("10")
    desk.step("tea", leaf, "loss", {"cause": cause(desk)}, take=Take("0.5"), telling=desk.at(2))
    assert holdings(desk, leaf)[0] == 9.5


def channel(desk: Desk) -> str:
    field = desk.office.catalogue.step("sale", "tea").field("channel")
    assert field is not None
    return field.choices[0].key


def cause(desk: Desk) -> str:
    field = desk.office.catalogue.step("loss", "tea").field("cause")
    assert field is not None
    return field.choices[0].key


def test_several_batches_become_several(desk: Desk) -> None:
    one, two = desk.leaf("20"), desk.leaf("18")
    lots = desk.lot(), desk.lot()
    made, receipt = desk.do(
        process,
        "tea",
        step="fix",
        inputs={one: Take("20"), two: Take("30", "斤")},
        product_id=desk.product,
        parts=[Part(lots[0], Take("5")), Part(lots[1], Take("2.5"))],
        values={"temp_c": "280"},
        telling=desk.at(2),
    )
    assert [desk.batch(batch).lot for batch in made] == list(lots)
    assert [holdings(desk, batch)[0] for batch in (one, two, *made)] == [0, 3, 5, 2.5]
    assert [link.chain for link in receipt.links] == [f"batch:{batch}" for batch in (one, two, *made)]
    assert set(desk.read(lambda s: ancestors(s, made[0]))) == {one, two}
    assert set(desk.read(lambda s: descendants(s, two))) == set(made)


def test_split_and_merge_keep_the_sum(desk: Desk) -> None:
    leaf = desk.leaf("38")
    parts = [Part(desk.lot(), Take("10")), Part(desk.lot(), Take("8"))]
    halves, _ = desk.do(split, "tea", batch_id=leaf, parts=parts, telling=desk.at(1))
    assert [holdings(desk, batch)[0] for batch in (leaf, *halves)] == [20, 10, 8]
    assert desk.batch(halves[0]).plot_id == desk.plot
    (merged,), _ = desk.do(
        process,
        "tea",
        step="merge",
        inputs={halves[0]: Take("10"), halves[1]: Take("8")},
        product_id=desk.product,
        parts=[Part(desk.lot(), Take("18"))],
        values={},
        telling=desk.at(2),
    )
    assert [holdings(desk, batch)[0] for batch in (*halves, merged)] == [0, 0, 18]
    assert desk.read(lambda s: ancestors(s, merged)) == [*sorted(halves), leaf]
    assert desk.read(lambda s: steps_done(s, merged)) == {"harvest", "split", "merge"}


def test_packs_are_split_and_travel(desk: Desk) -> None:
    batch = desk.tins(164)
    (part,), _ = desk.do(
        split, "tea", batch_id=batch, parts=[Part(desk.lot(), Take("64", packs=True))], telling=desk.at(2)
    )
    assert holdings(desk, batch) == (0, 100, 164)
    assert holdings(desk, part) == (0, 64, 0)
    shipment = new_event_id()
    shop = desk.actors["shop"].organisation_id
    desk.do(
        ship,
        "tea",
        batch_id=batch,
        recipient_id=shop,
        take=Take("100", packs=True),
        values=SENDING,
        telling=desk.at(3, event_id=shipment),
    )
    assert holdings(desk, batch) == (0, 0, 164)
    arrived, receipt = desk.do(
        receive,
        "shop",
        shipment_id=shipment,
        lot="IN-001",
        values={"condition": "good"},
        take=Take("99", packs=True),
        telling=desk.at(4),
    )
    assert holdings(desk, arrived) == (0, 99, 0)
    assert holdings(desk, batch) == (0, 0, 164)
    assert desk.batch(arrived).owner == shop
    assert [link.chain for link in receipt.links] == [f"batch:{batch}", f"batch:{arrived}"]
    row = desk.read(lambda s: s.get_one(Shipment, shipment))
    assert row.received_by is not None


def test_a_recall_reaches_every_descendant(desk: Desk) -> None:
    leaf = desk.leaf("38")
    (half,), _ = desk.do(split, "tea", batch_id=leaf, parts=[Part(desk.lot(), Take("10"))], telling=desk.at(1))
    (dried,), _ = desk.do(
        process,
        "tea",
        step="fix",
        inputs={half: Take("10")},
        product_id=desk.product,
        parts=[Part(desk.lot(), Take("2"))],
        values={"temp_c": "280"},
        telling=desk.at(2),
    )
    other = desk.leaf("5")
    (pooled,), _ = desk.do(
        process,
        "tea",
        step="merge",
        inputs={dried: Take("2"), other: Take("5")},
        product_id=desk.product,
        parts=[Part(desk.lot(), Take("7"))],
        values={},
        telling=desk.at(3),
    )
    shipment = new_event_id()
    desk.do(
        ship,
        "tea",
        batch_id=pooled,
        recipient_id=desk.actors["shop"].organisation_id,
        take=Take("7"),
        values=SENDING,
        telling=desk.at(4, event_id=shipment),
    )
    at_shop, _ = desk.do(
        receive, "shop", shipment_id=shipment, lot=desk.lot(), values={"condition": "good"}, telling=desk.at(5)
    )
    assert desk.read(lambda s: set(descendants(s, leaf))) == {half, dried, pooled, at_shop}
    desk.step("supervisor", leaf, "recall", RECALLING, telling=desk.at(6))
    for batch in (leaf, half, dried, pooled, at_shop):
        assert state(desk, batch) is BatchState.RECALLED
    assert state(desk, other) is BatchState.ACTIVE
    assert desk.read(lambda s: standing(s, at_shop).worst) is not None


def test_a_hold_is_lifted_by_who_may(desk: Desk) -> None:
    leaf = desk.leaf("38")
    (half,), _ = desk.do(split, "tea", batch_id=leaf, parts=[Part(desk.lot(), Take("10"))], telling=desk.at(1))
    desk.step("tea", leaf, "hold", {"reason": "自查"}, telling=desk.at(2))
    assert (state(desk, leaf), state(desk, half)) == (BatchState.HELD, BatchState.HELD)
    desk.step("tea", leaf, "release", {"reason": "无误"}, telling=desk.at(3))
    assert (state(desk, leaf), state(desk, half)) == (BatchState.ACTIVE, BatchState.ACTIVE)
    desk.step("supervisor", half, "hold", {"reason": "抽检"}, telling=desk.at(4))
    assert (state(desk, leaf), state(desk, half)) == (BatchState.ACTIVE, BatchState.HELD)
    desk.step("supervisor", half, "release", {"reason": "合格"}, telling=desk.at(5))
    assert state(desk, half) is BatchState.ACTIVE


def test_a_closed_batch_is_closed(desk: Desk) -> None:
    batch = desk.leaf()
    field = desk.office.catalogue.step("close", "tea").field("why")
    assert field is not None
    desk.step("tea", batch, "close", {"why": field.choices[0].key}, telling=desk.at(1))
    assert state(desk, batch) is BatchState.CLOSED


def test_the_same_telling_twice_is_one_event(desk: Desk) -> None:
    telling = desk.at(1, event_id=new_event_id())
    lot = desk.lot()

    def tell_it() -> tuple[str, int]:
        batch, receipt = desk.do(
            open_batch,
            "tea",
            product_id=desk.product,
            lot=lot,
            step="intake",
            values={"origin": "大均乡", "supplier": "雷师傅", "received_on": DAY},
            take=Take("8.2"),
            telling=telling,
        )
        return batch, receipt.index

    assert tell_it() == tell_it()
    batch, _ = tell_it()
    packing = desk.at(2, event_id=new_event_id())
    first = desk.do(pack, "tea", batch_id=batch, packs=164, values=PACKING, telling=packing)
    again = desk.do(pack, "tea", batch_id=batch, packs=164, values=PACKING, telling=packing)
    assert (first.index, first.repeated, again.index, again.repeated) == (first.index, False, first.index, True)
    assert holdings(desk, batch) == (0, 164, 164)
    for step in ("hold", "release"):
        twice = desk.at(3, event_id=new_event_id())
        indexes = {desk.step("tea", batch, step, {"reason": "自查"}, telling=twice).index for _ in range(2)}
        assert len(indexes) == 1


def test_what_is_private_stays_out_of_the_statement(desk: Desk) -> None:
    batch = desk.leaf()
    receipt = desk.step("tea", batch, "store", {"store_place": "库房", "note": "钥匙在雷师傅处"}, telling=desk.at(1))
    body = desk.read(lambda s: statement(s, receipt.digest))
    assert body is not None
    assert "雷师傅" not in body.decode()
    document = load(body)
    row = desk.read(lambda s: s.get_one(PrivateValue, (document["eventID"], "note")))
    assert load(row.value) == "钥匙在雷师傅处"
    assert document["shangeng:commitments"] == {"note": commitment(row.salt, row.value)}


def test_lineage_holds_each_pair_once(desk: Desk) -> None:
    leaf = desk.leaf("10")
    for _ in range(2):
        desk.do(split, "tea", batch_id=leaf, parts=[Part(desk.lot(), Take("1"))], telling=desk.at(1))
    desk.step("tea", leaf, "fix", {"temp_c": "280"}, take=Take("2"), telling=desk.at(2))
    rows = desk.read(lambda s: s.exec(select(Lineage).where(Lineage.parent == leaf)).all())
    assert len({row.child for row in rows}) == len(rows) == 2


def test_received_goods_are_divided_and_put_together_but_not_made_into_ones_own(desk: Desk) -> None:
    sent = new_event_id()
    take = Take("6")
    desk.do(
        ship,
        "tea",
        batch_id=desk.made("8"),
        recipient_id=desk.actors["shop"].organisation_id,
        take=take,
        values=SENDING,
        telling=desk.at(1, event_id=sent),
    )
    values = {"condition": "good"}
    at_shop, _ = desk.do(receive, "shop", shipment_id=sent, lot="IN-1", values=values, telling=desk.at(2))
    parts = [Part("IN-1-A", Take("2")), Part("IN-1-B", Take("4"))]
    halves, _ = desk.do(split, "shop", batch_id=at_shop, parts=parts, telling=desk.at(3))
    together, _ = desk.do(
        process,
        "shop",
        step="merge",
        values={},
        telling=desk.at(4),
        inputs={halves[0]: Take("2"), halves[1]: Take("4")},
        product_id=desk.product,
        parts=[Part("IN-1-C", Take("6"))],
    )
    assert desk.batch(together[0]).bulk == 6
    with pytest.raises(NotYours):
        desk.do(
            process,
            "shop",
            step="sort",
            values={"grade": "特级"},
            telling=desk.at(5),
            inputs={together[0]: Take("6")},
            product_id=desk.product,
            parts=[Part("IN-1-D", Take("6"))],
        )
