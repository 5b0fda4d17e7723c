"""What the demonstration holds, once it is made."""

import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, col, select

from shangeng_certs.gate import may_label
from shangeng_certs.standing import batch_mark
from shangeng_labels.lookup import find_code
from shangeng_labels.statement import LabelState
from shangeng_trace.attachments import read_attachment
from shangeng_trace.batch_tables import Batch, EventRecord, Shipment
from shangeng_trace.bundle import build_bundle
from shangeng_trace.canonical import canonical
from shangeng_trace.clock import now
from shangeng_trace.lineage import descendants
from shangeng_trace.numbers import is_example_gtin
from shangeng_trace.policy import parse_policy
from shangeng_trace.private_tables import Attachment, EventAttachment
from shangeng_trace.registry_tables import Organisation, OrganisationKind, OtherMark, Product, Role
from shangeng_trace.verifying import verify_bundle
from shangeng_web.auditing import audit
from shangeng_web.demo import DemoBatch, DemoReport, make_demo
from shangeng_web.platform import Platform
from tests.visiting import guest


def of_lot(report: DemoReport, beginning: str) -> DemoBatch:
    return next(batch for batch in report["batches"] if batch["lot"].startswith(beginning))


def test_it_is_as_wide_as_it_should_be(demo: Platform, report: DemoReport) -> None:
    with demo.database.session() as session:
        members = session.exec(select(Organisation).where(Organisation.kind == OrganisationKind.MEMBER)).all()
        categories = set(session.exec(select(Batch.category)))
    assert len(members) >= 6
    assert len({member.county for member in members}) >= 5
    assert [member.is_household for member in members].count(True) == 1
    assert {"91", "92", "93"} <= {member.number[:2] for member in members}
    assert len(report["batches"]) >= 8
    assert len(categories) >= 4


def test_every_state_a_shopper_can_meet_is_there(report: DemoReport) -> None:
    states = Counter(batch["state"] for batch in report["batches"])
    assert states.keys() >= {"good", "uncertified", "unpacked", "expired_since", "held", "recalled", "suspended"}
    assert states["good"] >= 4
    certificates = Counter(certificate["state"] for certificate in report["certificates"])
    assert certificates["expired"] == certificates["suspended"] == 1


def test_the_report_is_ready_to_be_printed(demo: Platform, report: DemoReport) -> None:
    assert json.loads(json.dumps(report)) == report
    assert list(report) == ["batches", "certificates", "logins", "policy"]
    assert parse_policy(report["policy"]) == demo.trust


def test_every_bundle_verifies_with_the_policy(demo: Platform, report: DemoReport) -> None:
    policy = parse_policy(report["policy"])
    for batch in report["batches"]:
        with demo.database.session() as session:
            mark = batch_mark(session, batch_id=batch["id"], at=now()).now
            chains = [f"{one.kind.value}:{one.number}" for one in (mark.licence, mark.certificate) if one.number]
            bundle = canonical(build_bundle(session, batch["id"], chains=chains))
        verified = verify_bundle(bundle, policy)
        assert verified.is_good, (batch["lot"], verified.problems)
        assert verified.trusted, batch["lot"]


def test_the_audit_is_silent(demo: Platform) -> None:
    with demo.database.session() as session:
        assert audit(session, demo.settings, demo.office.keyring) == []


def test_gtins_and_numbers_of_marks_say_that_they_are_examples(demo: Platform) -> None:
    with demo.database.session() as session:
        gtins = [gtin for gtin in session.exec(select(Product.gtin)) if gtin]
        marks = session.exec(select(OtherMark.number)).all()
    assert len(gtins) >= 8
    assert all(map(is_example_gtin, gtins))
    assert marks
    assert all(number.startswith("EXAMPLE-") for number in marks)


def test_nothing_was_logged_long_after_it_happened(demo: Platform) -> None:
    with demo.database.session() as session:
        events = session.exec(select(EventRecord).order_by(col(EventRecord.index))).all()
    assert len(events) > 100
    for event in events:
        assert timedelta() <= event.logged_at - event.happened_at <= timedelta(hours=4), event.step
    assert [event.logged_at for event in events] == sorted(event.logged_at for event in events)
    assert events[0].logged_at < now() - timedelta(days=60)


def test_the_main_story_holds_its_figures(demo: Platform, report: DemoReport) -> None:
    tea = of_lot(report, "HM20")
    assert (tea["state"], tea["product"], len(tea["codes"])) == ("good", "景宁惠明茶", 164)
    with demo.database.session() as session:
        batch = session.get_one(Batch, tea["id"])
        assert (batch.packed, batch.units, batch.bulk) == (164, 104, Decimal(0))
        assert all(finding.ok for finding in may_label(session, batch_id=tea["id"], at=now()))
        states = Counter(find_code(session, code).state for code in tea["codes"])
    assert states == {LabelState.ACTIVE: 163, LabelState.VOID: 1}


def test_a_recall_reaches_what_the_shop_has_on_its_shelf(demo: Platform, report: DemoReport) -> None:
    recalled = [batch for batch in report["batches"] if batch["state"] == "recalled"]
    source, on_shelf = recalled
    with demo.database.session() as session:
        assert descendants(session, source["id"]) == [on_shelf["id"]]
        shop = session.get_one(Organisation, session.get_one(Batch, on_shelf["id"]).owner)
        assert session.get_one(Batch, source["id"]).owner != shop.id
    assert source["codes"]


def test_goods_wait_to_be_labelled_and_labels_wait_to_be_applied(demo: Platform, report: DemoReport) -> None:
    lingzhi, pears = of_lot(report, "LZ"), of_lot(report, "XL")
    with demo.database.session() as session:
        assert all(finding.ok for finding in may_label(session, batch_id=lingzhi["id"], at=now()))
        states = {find_code(session, code).state for code in pears["codes"]}
    assert lingzhi["codes"] == []
    assert len(pears["codes"]) == 120
    assert states == {LabelState.ISSUED}


def test_a_farmer_answered_one_entry_and_owes_an_answer_to_another(demo: Platform) -> None:
    with demo.database.session() as session:
        claimed = session.exec(select(EventRecord).where(col(EventRecord.claimed_by).is_not(None))).all()
        confirmed = session.exec(select(EventRecord).where(EventRecord.step == "confirm")).all()
    assert len(claimed) == 2
    assert len(confirmed) == 1
    assert confirmed[0].entered_by == claimed[0].claimed_by != claimed[0].entered_by


def test_photos_can_be_read_and_belong_to_steps_of_many_batches(demo: Platform) -> None:
    with demo.database.session() as session:
        photos = session.exec(select(Attachment)).all()
        shown = session.exec(select(EventAttachment.event_id).distinct()).all()
        steps = set(session.exec(select(EventRecord.step).where(col(EventRecord.event_id).in_(shown))))
    assert len(photos) >= 20
    assert len(steps) >= 8
    for photo in photos:
        assert (photo.width, photo.height) == (1200, 800)
        assert read_attachment(demo.settings.media_dir, photo.sha256).startswith(b"\xff\xd8")


def test_no_shipment_is_lost(demo: Platform) -> None:
    with demo.database.session() as session:
        shipments = session.exec(select(Shipment)).all()
    assert len(shipments) >= 5
    assert all(shipment.received_by for shipment in shipments)


@pytest.mark.anyio
async def test_every_login_works_and_every_role_has_one(demo: Platform, report: DemoReport) -> None:
    assert {login["role"] for login in report["logins"]} == {role.value for role in Role}
    async with guest(demo) as visitor:
        for login in report["logins"]:
            visitor.cookies.clear()
            form = {"username": login["username"], "password": login["password"]}
            answer = await visitor.post("/console/login", data=form)
            assert answer.status_code == 303, login["username"]
    await demo.database.dispose_readers()


def test_making_it_again_changes_nothing(demo: Platform, report: DemoReport) -> None:
    def rows(session: Session) -> tuple[int, int]:
        return len(session.exec(select(EventRecord.digest)).all()), len(session.exec(select(Organisation.id)).all())

    with demo.database.session() as session:
        before = rows(session)
    assert make_demo(demo) == report
    with demo.database.session() as session:
        assert rows(session) == before
