"""What the verbs refuse: each with its sentence, and each without a trace."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlmodel import select

from shangeng_trace.acting import Actor, NotYours, RoleMissing
from shangeng_trace.batch_tables import EventRecord
from shangeng_trace.batches import Part, Take, open_batch, pack, process, receive, record_step, ship, split
from shangeng_trace.catalogue import BatchBegunAlready, StepNotNow, StepOutOfOrder, StepUnknown
from shangeng_trace.errors import ForbiddenError, InvalidError, ShangengError
from shangeng_trace.ids import new_event_id, new_id
from shangeng_trace.numbers import LotInvalid
from shangeng_trace.quantities import CountNotWhole, QuantityInvalid, UnitsDiffer
from shangeng_trace.recording import EventIdTaken
from shangeng_trace.refusals import (
    AnotherForm,
    BatchNotFound,
    InTheFuture,
    LotTaken,
    MoreThanThere,
    NothingToLift,
    PackedTooMany,
    PersonNotYours,
    QuantityMissing,
    ShipmentNotOpen,
    SumsDiffer,
    TooLongAgo,
)
from shangeng_trace.registry import ThingNotFound, add_plot
from shangeng_trace.registry_tables import OrganisationKind, Role
from tests.trace.desk import DAY, PACKING, RECALLING, SENDING, TESTING, Desk
from tests.trace.test_batches import cause, channel, holdings
from tests.trace.test_ledger import entries


@contextmanager
def refused(desk: Desk, kind: type[ShangengError], field: str | None = None) -> Generator[None]:
    """Expect a refusal that has sentences in both languages and leaves the ledger as it was."""
    before = len(entries(desk)), len(desk.read(lambda s: s.exec(select(EventRecord.digest)).all()))
    with pytest.raises(kind) as caught:
        yield
    error = caught.value
    assert "{" not in error.sentence("zh") + error.sentence("en")
    if field is not None:
        assert error.field == field
    assert (len(entries(desk)), len(desk.read(lambda s: s.exec(select(EventRecord.digest)).all()))) == before


HARVEST = {"harvest_date": DAY}


def harvest(desk: Desk, who: str = "tea", **changes: Any) -> str:
    told: dict[str, Any] = {
        "product_id": desk.product,
        "lot": desk.lot(),
        "step": "harvest",
        "values": HARVEST,
        "take": Take("10"),
        "telling": desk.at(0),
    }
    return desk.do(open_batch, who, **(told | changes))[0]


def test_164_tins_and_not_165(desk: Desk) -> None:
    batch = desk.made("8.2")
    with refused(desk, PackedTooMany, "packs"):
        desk.do(pack, "tea", batch_id=batch, packs=165, values=PACKING, telling=desk.at(1))
    with pytest.raises(PackedTooMany) as caught:
        desk.do(pack, "tea", batch_id=batch, packs=165, values=PACKING, telling=desk.at(1))
    assert caught.value.sentence("zh") == "165 件每件 50 g，共需 8.25 kg，多于投入的 8.2 kg。最多 164 件。"
    desk.do(pack, "tea", batch_id=batch, packs=164, values=PACKING, telling=desk.at(1))
    with refused(desk, QuantityMissing):
        desk.do(pack, "tea", batch_id=batch, packs=1, values=PACKING, telling=desk.at(2))


@pytest.mark.parametrize(
    ("take", "kind"),
    [
        (Take("10.001"), MoreThanThere),
        (Take("20.002", "斤"), MoreThanThere),
        (Take("1", packs=True), MoreThanThere),
        (Take("0"), QuantityInvalid),
        (Take("-1"), QuantityInvalid),
        (Take("许多"), QuantityInvalid),
        (Take("NaN"), QuantityInvalid),
        (Take("1e99"), QuantityInvalid),
        (Take("1", "亩"), QuantityInvalid),
        (Take("1", "L"), UnitsDiffer),
        (Take("1.5", packs=True), CountNotWhole),
        (Take(""), QuantityMissing),
        (None, QuantityMissing),
    ],
)
def test_amounts_that_cannot_be_taken(desk: Desk, take: Take | None, kind: type[ShangengError]) -> None:
    batch = desk.leaf("10")
    with refused(desk, kind):
        desk.step("tea", batch, "loss", {"cause": cause(desk)}, take=take, telling=desk.at(1))
    assert holdings(desk, batch)[0] == 10


def test_what_competes_for_the_same_kilogram_is_decided_in_turn(desk: Desk) -> None:
    batch = desk.leaf("10")
    sales = [
        desk.writer.submit(
            lambda s: record_step(
                s,
                desk.office,
                desk.actors["tea"],
                batch_id=batch,
                step="sale",
                values={"channel": channel(desk)},
                take=Take("6"),
                telling=desk.at(1),
            )
        )
        for _ in range(2)
    ]
    assert sales[0].exception(10) is None
    assert isinstance(sales[1].exception(10), MoreThanThere)
    assert holdings(desk, batch)[0] == 4


def test_parts_add_up(desk: Desk) -> None:
    one, two = desk.leaf("10"), desk.leaf("5")
    with refused(desk, MoreThanThere):
        parts = [Part(desk.lot(), Take("6")), Part(desk.lot(), Take("6"))]
        desk.do(split, "tea", batch_id=one, parts=parts, telling=desk.at(1))
    with refused(desk, SumsDiffer):
        desk.do(
            process,
            "tea",
            step="merge",
            inputs={one: Take("10"), two: Take("5")},
            product_id=desk.product,
            parts=[Part(desk.lot(), Take("15.5"))],
            values={},
            telling=desk.at(1),
        )
    lot = desk.lot()
    with refused(desk, LotTaken):
        desk.do(split, "tea", batch_id=one, parts=[Part(lot, Take("1")), Part(lot, Take("1"))], telling=desk.at(1))
    with refused(desk, QuantityMissing):
        desk.do(split, "tea", batch_id=one, parts=[], telling=desk.at(1))


def test_steps_out_of_order(desk: Desk) -> None:
    batch = desk.leaf()
    with refused(desk, StepOutOfOrder):
        desk.do(pack, "tea", batch_id=batch, packs=1, values=PACKING, telling=desk.at(1))
    with refused(desk, StepOutOfOrder):
        desk.step("tea", batch, "dry", {"moisture": "5"}, take=Take("8"), telling=desk.at(1))
    with refused(desk, BatchBegunAlready):
        desk.step("tea", batch, "grow", {"variety": "鸠坑种", "started": DAY}, telling=desk.at(1))
    with refused(desk, StepUnknown):
        desk.step("tea", batch, "teleport", {}, telling=desk.at(1))
    with refused(desk, StepOutOfOrder):
        harvest(desk, step="fix", values={"temp_c": "280"})


def test_steps_with_forms_of_their_own(desk: Desk) -> None:
    batch = desk.made()
    for step in ("split", "merge", "purchase", "pack", "ship", "receive"):
        with refused(desk, AnotherForm, "step"):
            desk.step("tea", batch, step, {}, take=Take("1"), telling=desk.at(1))
    with refused(desk, AnotherForm, "step"):
        desk.do(
            process,
            "tea",
            step="store",
            inputs={batch: Take("1")},
            product_id=desk.product,
            parts=[Part(desk.lot(), Take("1"))],
            values={},
            telling=desk.at(1),
        )


def test_states_forbid(desk: Desk) -> None:
    held, recalled, closed = desk.made(), desk.made(), desk.made()
    desk.step("tea", held, "hold", {"reason": "自查"}, telling=desk.at(1))
    desk.step("supervisor", recalled, "recall", RECALLING, telling=desk.at(1))
    why = desk.office.catalogue.step("close", "tea").field("why")
    assert why is not None
    desk.step("tea", closed, "close", {"why": why.choices[0].key}, telling=desk.at(1))
    for batch in (held, recalled, closed):
        with refused(desk, StepNotNow):
            desk.do(pack, "tea", batch_id=batch, packs=1, values=PACKING, telling=desk.at(2))
        with refused(desk, StepNotNow):
            desk.do(split, "tea", batch_id=batch, parts=[Part(desk.lot(), Take("1"))], telling=desk.at(2))


def test_who_may_lift(desk: Desk) -> None:
    batch, free = desk.leaf(), desk.leaf()
    desk.step("supervisor", batch, "hold", {"reason": "抽检"}, telling=desk.at(1))
    with refused(desk, NothingToLift):
        desk.step("tea", batch, "release", {"reason": "算了"}, telling=desk.at(2))
    with refused(desk, ForbiddenError):
        desk.step("rival", batch, "release", {"reason": "算了"}, telling=desk.at(2))
    with refused(desk, ShangengError):
        desk.step("tea", free, "release", {"reason": "没有暂停"}, telling=desk.at(2))
    desk.step("supervisor", batch, "recall", RECALLING, telling=desk.at(3))
    with refused(desk, ShangengError):
        desk.step("tea", batch, "release", {"reason": "算了"}, telling=desk.at(4))


def test_lots(desk: Desk) -> None:
    lot = desk.lot()
    harvest(desk, lot=lot)
    with refused(desk, LotTaken, "lot"):
        harvest(desk, lot=lot.lower())
    harvest(desk, "rival", lot=lot, product_id=desk.rival_product)
    for bad in ("", "批次一", "A" * 21, "../..", "<b>"):
        with refused(desk, LotInvalid):
            harvest(desk, lot=bad)


def test_times(desk: Desk) -> None:
    batch = desk.leaf()
    with refused(desk, InTheFuture, "at"):
        desk.step("tea", batch, "fix", {"temp_c": "280"}, telling=desk.at(8 * 24 + 1))
    with refused(desk, TooLongAgo, "at"):
        desk.step("tea", batch, "fix", {"temp_c": "280"}, telling=desk.at(-25))
    with refused(desk, TooLongAgo, "at"):
        harvest(desk, telling=desk.at(-27 * 366 * 24))
    desk.step("tea", batch, "fix", {"temp_c": "280"}, telling=desk.at(8 * 24 + 0.1))


def test_records_are_checked_by_the_catalogue(desk: Desk) -> None:
    batch = desk.leaf()
    with refused(desk, InvalidError):
        desk.step("tea", batch, "fix", {"temp_c": "热", "unknown": "1"}, telling=desk.at(1))


def test_shipments_are_received_once_and_by_their_recipient(desk: Desk) -> None:
    batch = desk.tins(164)
    shipment = new_event_id()
    shop = desk.actors["shop"].organisation_id
    sending: Any = {"batch_id": batch, "values": SENDING, "telling": desk.at(2, event_id=shipment)}
    for recipient in (desk.actors["tea"].organisation_id, desk.actors["lab"].organisation_id, new_id()):
        with refused(desk, ShangengError):
            desk.do(ship, "tea", recipient_id=recipient, take=Take("1", packs=True), **sending)
    with refused(desk, MoreThanThere):
        desk.do(ship, "tea", recipient_id=shop, take=Take("165", packs=True), **sending)
    desk.do(ship, "tea", recipient_id=shop, take=Take("100", packs=True), **sending)
    taking: Any = {"shipment_id": shipment, "values": {"condition": "good"}, "telling": desk.at(3)}
    for who in ("rival", "tea", "household"):
        with refused(desk, ShipmentNotOpen):
            desk.do(receive, who, lot="IN-1", **taking)
    with refused(desk, MoreThanThere):
        desk.do(receive, "shop", lot=desk.lot(), take=Take("101", packs=True), **taking)
    desk.do(receive, "shop", lot=desk.lot(), **taking)
    with refused(desk, ShipmentNotOpen):
        desk.do(receive, "shop", lot=desk.lot(), **taking)
    with refused(desk, ShipmentNotOpen):
        desk.do(receive, "shop", lot=desk.lot(), **(taking | {"shipment_id": new_event_id()}))


def test_the_rival_is_refused_everywhere(desk: Desk) -> None:
    batch, tins = desk.made(), desk.tins(10)
    one = Take("1")
    parts = [Part(desk.lot(), one)]
    steps: dict[str, tuple[dict[str, str], Take | None]] = {
        "fix": ({"temp_c": "280"}, None),
        "store": ({"store_place": "库房"}, None),
        "test": (TESTING, None),
        "harvest": (HARVEST, one),
        "sale": ({"channel": channel(desk)}, one),
        "loss": ({"cause": cause(desk)}, one),
        "hold": ({"reason": "?"}, None),
        "recall": (RECALLING, None),
        "close": ({"why": "sold"}, None),
    }
    for who in ("rival", "household", "shop"):
        for step, (values, take) in steps.items():
            with refused(desk, ShangengError):
                desk.step(who, batch, step, values, take=take, telling=desk.at(1))
        with refused(desk, NotYours):
            desk.do(pack, who, batch_id=batch, packs=1, values=PACKING, telling=desk.at(1))
        with refused(desk, NotYours):
            desk.do(split, who, batch_id=batch, parts=parts, telling=desk.at(1))
        with refused(desk, NotYours):
            desk.do(
                ship,
                who,
                batch_id=tins,
                recipient_id=desk.actors["lab" if who == "shop" else "shop"].organisation_id,
                take=Take("1", packs=True),
                values=SENDING,
                telling=desk.at(1),
            )
        with refused(desk, NotYours):
            harvest(desk, who)
    with refused(desk, NotYours):
        harvest(desk, "rival", product_id=desk.rival_product, plot_id=desk.plot)
    own, theirs = desk.leaf(who="rival"), desk.leaf()
    with refused(desk, NotYours):
        desk.do(
            process,
            "rival",
            step="fix",
            inputs={own: one, theirs: one},
            product_id=desk.rival_product,
            parts=parts,
            values={"temp_c": "280"},
            telling=desk.at(1),
        )
    with refused(desk, NotYours):
        desk.do(
            process,
            "rival",
            step="fix",
            inputs={own: one},
            product_id=desk.product,
            parts=parts,
            values={"temp_c": "280"},
            telling=desk.at(1),
        )


def test_others_record_only_what_is_theirs(desk: Desk) -> None:
    batch = desk.made()
    for who, step, values in (
        ("lab", "fix", {"temp_c": "280"}),
        ("lab", "recall", RECALLING),
        ("lab", "hold", {"reason": "?"}),
        ("supervisor", "store", {"store_place": "库房"}),
    ):
        with refused(desk, NotYours):
            desk.step(who, batch, step, values, telling=desk.at(1))
    for who in ("association", "platform"):
        with refused(desk, RoleMissing):
            desk.step(who, batch, "test", TESTING, telling=desk.at(1))


def test_only_members_begin_batches(desk: Desk) -> None:
    lab = desk.actors["lab"]
    desk.actors["posing lab"] = Actor(lab.organisation_id, OrganisationKind.MEMBER, frozenset({Role.MANAGER}))
    with refused(desk, ForbiddenError):
        harvest(desk, "posing lab")
    member = desk.actors["tea"]
    desk.actors["nobody"] = Actor(member.organisation_id, member.kind, frozenset())
    with refused(desk, RoleMissing):
        harvest(desk, "nobody")


def test_a_clerk_writes_for_people_of_the_own_organisation(desk: Desk) -> None:
    batch = desk.leaf()
    values = {"temp_c": "280"}
    desk.step("tea", batch, "fix", values, telling=desk.at(1, claimed_by=desk.farmer))
    for person in (new_id(), desk.actors["rival"].organisation_id):
        with refused(desk, PersonNotYours, "claimed_by"):
            desk.step("tea", batch, "fix", values, telling=desk.at(1, claimed_by=person))
    with refused(desk, PersonNotYours):
        other = harvest(desk, "rival", product_id=desk.rival_product, telling=desk.at(1, claimed_by=desk.farmer))
        assert not other


def test_an_identifier_is_told_once(desk: Desk) -> None:
    batch, mine = desk.leaf(), desk.leaf(who="rival")
    event_id = new_event_id()
    desk.step("tea", batch, "fix", {"temp_c": "280"}, telling=desk.at(1, event_id=event_id))
    for who, told, step, values in (
        ("tea", batch, "fix", {"temp_c": "281"}),
        ("tea", batch, "wither", {"hours": "4"}),
        ("tea", desk.leaf(), "fix", {"temp_c": "280"}),
        ("rival", mine, "fix", {"temp_c": "280"}),
    ):
        with refused(desk, EventIdTaken):
            desk.step(who, told, step, values, telling=desk.at(1, event_id=event_id))


def test_things_that_are_not_there(desk: Desk) -> None:
    with refused(desk, BatchNotFound):
        desk.step("tea", new_id(), "fix", {"temp_c": "280"}, telling=desk.at(1))
    with refused(desk, ThingNotFound):
        harvest(desk, product_id=new_id())
    with refused(desk, ThingNotFound):
        harvest(desk, plot_id=new_id())
    with refused(desk, ThingNotFound):
        desk.do(add_plot, "tea", base_id=new_id(), name="x", area_mu="1", altitude_m="1")
