from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from shangeng_certs.certificates import reinstate_certificate, suspend_certificate, withdraw_certificate
from shangeng_certs.licences import suspend_licence
from shangeng_certs.standing import (
    batch_mark,
    certificates_of,
    holder_mark,
    last_packing,
    licences_of,
    mark_standing,
    plots_of,
    standing_of,
)
from shangeng_certs.validity import MarkStanding, Validity
from shangeng_trace.batch_tables import Batch, EventBatch, EventRecord, Lineage, Part
from tests.certs.cast import START, World, organisation, plot, product, thing

LATER = START + timedelta(days=30)


def batch(name: str, *, owner: str = "tea", plot_id: str | None = None, units: int = 0) -> Batch:
    return Batch(
        id=thing("T", name),
        lot=name.upper(),
        owner=organisation(owner),
        product_id=product("tea", "green"),
        category="tea",
        unit="kg",
        plot_id=plot_id,
        bulk=Decimal(0),
        units=units,
        packed=units,
        opened_at=START,
        changed_at=START,
        last_step="pack",
    )


def packing(name: str, index: int, at: datetime) -> list[EventRecord | EventBatch]:
    digest = f"{index:064d}"
    return [
        EventRecord(
            digest=digest,
            event_id=f"urn:uuid:{index}",
            index=1000 + index,
            step="pack",
            author=organisation("tea"),
            key_id="K",
            happened_at=at,
            logged_at=at,
        ),
        EventBatch(index=1000 + index, batch_id=thing("T", name), part=Part.OUTPUT, packs=True, amount=Decimal(10)),
    ]


def lineage(parent: str, child: str) -> Lineage:
    return Lineage(parent=thing("T", parent), child=thing("T", child), index=0)


def standing(world: World, at: datetime, *, plot_id: str | None = None, name: str = "green") -> MarkStanding:
    return world.ask(
        mark_standing, holder_id=organisation("tea"), product_id=product("tea", name), plot_id=plot_id, at=at
    )


def test_the_mark_needs_licence_and_certificate(world: World) -> None:
    assert not standing(world, LATER).shown
    certificate = world.certify()
    only = standing(world, LATER)
    assert (only.shown, only.licence.validity, only.certificate.validity) == (False, Validity.NONE, Validity.VALID)
    licence = world.license()
    both = standing(world, LATER)
    assert (both.shown, both.licence.number, both.certificate.number) == (True, licence.number, certificate.number)
    assert not standing(world, LATER, name="black").shown


def test_a_suspension_shows_at_once_and_history_stays(world: World) -> None:
    certificate = world.certify()
    world.license()
    world.clock.moment = START + timedelta(days=10)
    world.do(suspend_certificate, "body", number=certificate.number, reason="failed_test")
    assert standing(world, world.clock.moment).certificate.validity is Validity.SUSPENDED
    world.clock.moment = START + timedelta(days=20)
    world.do(reinstate_certificate, "body", number=certificate.number, reason="retest_passed")
    for day, shown in ((9, True), (10, False), (19, False), (20, True), (21, True)):
        assert standing(world, START + timedelta(days=day)).shown is shown


def test_a_suspended_licence_hides_the_mark_too(world: World) -> None:
    world.certify()
    licence = world.license()
    world.do(suspend_licence, "association", number=licence.number, reason="mark_misuse")
    mark = standing(world, LATER)
    assert (mark.shown, mark.licence.validity) == (False, Validity.SUSPENDED)
    assert "标志使用不规范" in mark.sentence("zh")


def test_a_certificate_covers_its_plots_alone(world: World) -> None:
    world.certify()
    world.license()
    assert standing(world, LATER, plot_id=plot("tea", "high")).shown
    low = standing(world, LATER, plot_id=plot("tea", "low"))
    assert (low.shown, low.certificate.validity) == (False, Validity.OUTSIDE)


def test_another_members_certificate_does_not_help(world: World) -> None:
    world.certify(holder="rival_tea")
    world.license(holder="rival_tea")
    assert not standing(world, LATER).shown
    assert not world.ask(
        mark_standing,
        holder_id=organisation("tea"),
        product_id=product("rival_tea", "green"),
        at=LATER,
    ).shown


def test_a_batch_is_covered_for_every_plot_it_comes_from(world: World) -> None:
    world.certify()
    world.license()
    world.add(
        batch("high", plot_id=plot("tea", "high")),
        batch("low", plot_id=plot("tea", "low")),
        batch("made"),
        batch("tins", units=164),
        batch("mixed"),
        batch("unknown"),
        lineage("high", "made"),
        lineage("made", "tins"),
        lineage("made", "mixed"),
        lineage("low", "mixed"),
    )
    assert world.ask(plots_of, thing("T", "mixed")) == {plot("tea", "high"), plot("tea", "low")}

    def shown(name: str) -> tuple[bool, Validity]:
        mark = world.ask(batch_mark, batch_id=thing("T", name), at=LATER)
        return mark.shown, mark.now.certificate.validity

    assert shown("tins") == (True, Validity.VALID)
    assert shown("mixed") == (False, Validity.OUTSIDE)
    assert shown("unknown") == (False, Validity.OUTSIDE)


def test_goods_keep_the_mark_in_other_hands_but_only_the_licensee_labels(world: World) -> None:
    world.certify()
    world.license()
    world.add(batch("sold", owner="rival_tea", plot_id=plot("tea", "high")))
    assert world.ask(batch_mark, batch_id=thing("T", "sold"), at=LATER).shown
    held = world.ask(holder_mark, batch_id=thing("T", "sold"), at=LATER)
    assert (held.shown, held.licence.validity, held.certificate.validity) == (False, Validity.NONE, Validity.NONE)


def test_goods_packed_while_all_was_valid_say_so_later(world: World) -> None:
    world.certify(valid_until=date(2026, 5, 31))
    world.license()
    first, last = datetime(2026, 4, 20, 3, tzinfo=UTC), datetime(2026, 5, 31, 15, 59, tzinfo=UTC)
    world.add(
        batch("tins", plot_id=plot("tea", "high"), units=20), *packing("tins", 1, last), *packing("tins", 2, first)
    )
    assert world.ask(last_packing, thing("T", "tins")) == last
    mark = world.ask(batch_mark, batch_id=thing("T", "tins"), at=datetime(2026, 6, 2, tzinfo=UTC))
    assert mark.packed is not None
    assert (mark.shown, mark.packed.shown) == (False, True)
    assert mark.packed_sentence("zh") == "这批产品于 2026-05-31 包装，当时许可和认证都有效。"


def test_a_batch_that_is_not_packed_says_nothing_of_packing(world: World) -> None:
    world.add(batch("loose", plot_id=plot("tea", "high")))
    mark = world.ask(batch_mark, batch_id=thing("T", "loose"), at=LATER)
    assert (mark.packed, mark.packed_sentence("zh")) == (None, None)


def test_a_holder_sees_its_own_newest_first(world: World) -> None:
    numbers = [world.certify(name).number for name in ("green", "black")]
    world.certify(holder="household")
    licence = world.license()
    assert [row.number for row in world.ask(certificates_of, organisation("tea"))] == numbers[::-1]
    assert [row.number for row in world.ask(licences_of, organisation("tea"))] == [licence.number]


def test_standings_of_rows_are_theirs_whatever_they_cover(world: World) -> None:
    row, other, licence = world.certify("green"), world.certify("black"), world.license()
    row = world.do(withdraw_certificate, "body", number=row.number, reason="ceased")
    standings = world.ask(standing_of, [row, other, licence], LATER)
    assert {number: found.validity.value for number, found in standings.items()} == {
        row.number: "withdrawn",
        other.number: "valid",
        licence.number: "valid",
    }
