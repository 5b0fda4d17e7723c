from datetime import date, timedelta
from pathlib import Path

import pytest

from shangeng_certs.certificates import withdraw_certificate
from shangeng_labels import print_job
from shangeng_labels.codes import unit_address
from shangeng_labels.lookup import codes_of
from shangeng_labels.print_job import PrintJob
from shangeng_labels.printing import faces, load_job, print_run
from shangeng_labels.refusals import CellNotOnSheet, FontUnusable, NothingToPrint
from shangeng_labels.run_refusals import FontReplaced, PrintErased, RunNotFound
from shangeng_labels.runs import void_codes
from shangeng_labels.tables import LabelPrint, LabelRun
from shangeng_labels.templates import load_templates
from shangeng_trace.batches import Take, pack
from shangeng_trace.ids import new_id
from tests.labels.cast import PACKING, SITE, World
from tests.labels.printed import decoded, pages, text_of


def printed(world: World, run: LabelRun) -> bytes:
    return world.ask(print_run, run.id, site=SITE)


def test_every_label_is_printed_with_its_code(world: World) -> None:
    run = world.issue(world.tins(), 24)
    codes = world.ask(codes_of, run.id)
    pictures = pages(printed(world, run), 300)
    assert [len(decoded(picture)) for picture in pictures] == [21, 3]
    found = [text for picture in pictures for text in decoded(picture)]
    assert sorted(found) == sorted(unit_address(SITE, code) for code in codes.values())


def test_a_label_says_what_was_packed_and_certified(world: World) -> None:
    batch = world.tins()
    world.clock.moment += timedelta(days=3)
    run = world.issue(batch, 2)
    first, second = world.ask(faces, run, site=SITE, demo=True)
    assert (first.product, first.lot, first.producer) == ("景宁惠明茶", "HM20260412", "景宁惠明茶合作社")
    assert first.net == "50 g", "what was packed, not the 100 g the product usually holds"
    assert first.packed == date(2026, 4, 12)
    assert first.place == "浙江景宁"
    assert (first.certificate, first.until) == ("SG-2026-00001", date(2027, 3, 31))
    assert (first.site, first.demo) == (SITE, True)
    assert [first.code, second.code] == list(world.ask(codes_of, run.id).values())


def test_a_later_packing_does_not_change_labels_issued_before(world: World) -> None:
    world.allow()
    batch = world.dried()
    world.do(pack, "tea", batch_id=batch, packs=10, values=PACKING, take=Take("0.5"))
    small = world.issue(batch, 10)
    world.clock.moment += timedelta(days=1)
    world.do(pack, "tea", batch_id=batch, packs=2, values=PACKING | {"pack_size": "250 g"}, take=Take("0.5"))
    large = world.issue(batch, 2)
    told = [world.ask(faces, run, site=SITE)[0] for run in (small, large)]
    assert [(face.net, face.packed) for face in told] == [
        ("50 g", date(2026, 4, 12)),
        ("250 g", date(2026, 4, 13)),
    ]


def test_a_reprint_gives_the_same_bytes_whatever_changed_meanwhile(world: World) -> None:
    run = world.issue(world.tins(), 5)
    first = printed(world, run)
    assert "景宁惠明茶" in text_of(first)
    world.rename("别的茶")
    world.clock.moment += timedelta(days=200)
    world.do(withdraw_certificate, "body", number="SG-2026-00001", reason="forged_records")
    assert printed(world, run) == first


def test_void_labels_are_not_printed_again(world: World) -> None:
    run = world.issue(world.tins(), 3)
    codes = world.ask(codes_of, run.id)
    world.do(void_codes, "tea", run_id=run.id, numbers=[2], reason="damaged")
    (picture,) = pages(printed(world, run), 300)
    assert sorted(decoded(picture)) == sorted(unit_address(SITE, codes[number]) for number in (1, 3))
    world.do(void_codes, "tea", run_id=run.id, numbers=[1, 3], reason="damaged")
    with pytest.raises(NothingToPrint):
        printed(world, run)


def test_a_print_may_begin_in_the_middle_of_a_sheet(world: World) -> None:
    run = world.issue(world.tins(), 2)
    assert len(pages(world.ask(print_run, run.id, site=SITE, start_cell=21), 50)) == 2
    with pytest.raises(CellNotOnSheet):
        world.ask(print_run, run.id, site=SITE, start_cell=22)


def test_another_font_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def another(_font: Path | None) -> str:
        return "00" * 32

    run = world.issue(world.tins(), 2)
    monkeypatch.setattr("shangeng_labels.printing.font_digest", another)
    with pytest.raises(FontReplaced):
        printed(world, run)
    with pytest.raises(FontUnusable):
        print_job.font_digest(tmp_path / "none.ttf")


def test_what_was_erased_or_never_issued_cannot_be_printed(world: World) -> None:
    run = world.issue(world.tins(), 2)
    with world.database.session() as session:
        session.delete(session.get_one(LabelPrint, run.id))
        session.commit()
    with pytest.raises(PrintErased):
        printed(world, run)
    with pytest.raises(RunNotFound):
        world.ask(print_run, new_id(), site=SITE)


@pytest.mark.parametrize("key", load_templates())
def test_a_print_job_is_read_as_it_was_stored(world: World, key: str) -> None:
    run = world.issue(world.tins(), 1, template=key)
    stored = world.ask(load_job, run.id)
    assert stored.template == load_templates()[key]
    assert PrintJob.from_json(stored.to_json()) == stored
