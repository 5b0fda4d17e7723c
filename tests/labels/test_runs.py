from datetime import timedelta

import pytest
from sqlmodel import select

from shangeng_certs.certificates import suspend_certificate
from shangeng_certs.gate import may_label
from shangeng_certs.licences import withdraw_licence
from shangeng_labels.codes import commit, read_code, spell_code
from shangeng_labels.lookup import codes_of, find_code, quota, runs_of
from shangeng_labels.projection import check_codes
from shangeng_labels.refusals import GlyphMissing
from shangeng_labels.run_refusals import (
    GateClosed,
    LabelNotInRun,
    LabelVoidAlready,
    NothingToActivate,
    NothingToVoid,
    QuotaExceeded,
    RunIdTaken,
    RunNotFound,
    TemplateUnknown,
    VoidReasonUnknown,
)
from shangeng_labels.runs import MAX_COUNT, activate_run, issue_run, void_codes
from shangeng_labels.statement import LabelState, read_change, read_run
from shangeng_labels.tables import LabelCode, LabelRun, LabelStatus
from shangeng_trace.acting import NotYours, RoleMissing
from shangeng_trace.batches import Part as NewBatch
from shangeng_trace.batches import Take, pack, receive, record_step, ship, split
from shangeng_trace.bundle import build_bundle
from shangeng_trace.canonical import canonical, load_statement
from shangeng_trace.entry import Kind, load_entry
from shangeng_trace.fields import OutOfRange
from shangeng_trace.ids import new_event_id, new_id
from shangeng_trace.keyring import public_key
from shangeng_trace.log_tables import LedgerEntry, LedgerStatement
from shangeng_trace.recording import Telling
from shangeng_trace.refusals import BatchNotFound
from shangeng_trace.registry_tables import Role
from shangeng_trace.statements import open_sealed
from shangeng_trace.verifying import verify_bundle
from tests.labels.cast import FAILED_TEST, HOST, PACKING, START, TEMPLATE, World
from tests.stored import statement


def test_164_tins_get_164_labels_and_not_one_more(world: World) -> None:
    batch = world.tins()
    with pytest.raises(QuotaExceeded) as refused:
        world.issue(batch, 165)
    assert refused.value.field == "count"
    assert refused.value.sentence("zh") == "这一批包装了 164 件，已领 0 枚，还可领 164 枚。"
    run = world.issue(batch, 164)
    assert (run.batch_id, run.count, run.activated, run.voided) == (batch, 164, 164, 0)
    assert (run.owner, run.product_id, run.template) == (world.actors["tea"].organisation_id, world.product, TEMPLATE)
    with pytest.raises(QuotaExceeded, match=r"packed in this batch: 164; labels issued: 164; .*: 0"):
        world.issue(batch, 1)
    have = world.ask(quota, batch)
    assert (have.packed, have.issued, have.voided, have.left) == (164, 164, 0, 0)


def test_a_run_is_a_signed_statement_in_its_own_chain_and_the_batchs_without_a_code(world: World) -> None:
    batch = world.tins()
    run = world.issue(batch, "10")
    with world.database.session() as session:
        body = statement(session, run.digest)
        assert body is not None
        sealed = open_sealed(load_statement(body), lambda key: public_key(session, key), host=HOST)
        entry = load_entry(session.get_one(LedgerEntry, run.index).body)
        codes = codes_of(session, run.id)
        logged = b"".join(item for item in session.exec(select(LedgerStatement.body)) if item is not None)
    said = read_run(sealed.document)
    assert (sealed.digest, sealed.key_id, entry.kind) == (run.digest, run.key_id, Kind.RUN)
    assert [link.chain for link in entry.links] == [f"run:{run.id}", f"batch:{batch}"]
    assert (said.id, said.batch, said.count, said.template) == (run.id, batch, 10, TEMPLATE)
    assert (said.product, said.issued) == (world.product, world.clock())
    assert said.commitment == commit(codes.values()) == run.commitment
    assert list(codes) == list(range(1, 11))
    assert not [code for code in codes.values() if code.encode() in logged]


def test_the_bundle_of_a_batch_with_labels_is_good(world: World) -> None:
    batch = world.tins()
    world.issue(batch, 60)
    run = world.issue(batch, 40)
    world.do(void_codes, "tea", run_id=run.id, numbers=[3], reason="damaged")
    world.writer.stop()
    with world.database.session() as session:
        bundle = build_bundle(session, batch, chains=[f"run:{run.id}"])
    report = verify_bundle(canonical(bundle))
    assert report.problems == []
    kinds = [statement["type"] for statement in bundle["statements"]]
    assert kinds.count("shangeng:LabelRun") == 2
    assert kinds.count("shangeng:LabelStatus") == 2  # those of the run whose chain was asked for


@pytest.mark.parametrize("who", ["rival", "household", "body", "association", "supervisor", "platform"])
def test_nobody_but_the_owner_touches_labels(world: World, who: str) -> None:
    batch = world.tins()
    run = world.issue(batch, 10, activate=False)
    before = world.entries()
    with pytest.raises(NotYours):
        world.issue(batch, 1, by=who)
    with pytest.raises(NotYours):
        world.do(activate_run, who, run_id=run.id)
    with pytest.raises(NotYours):
        world.do(void_codes, who, run_id=run.id, numbers=[1], reason="damaged")
    assert world.entries() == before


def test_a_clerk_issues_labels_and_a_farmer_does_not(world: World) -> None:
    batch = world.tins()
    with pytest.raises(RoleMissing):
        world.do(issue_run, "tea", Role.FARMER, batch_id=batch, count=1, template=TEMPLATE)
    run = world.do(issue_run, "tea", Role.CLERK, batch_id=batch, count=1, template=TEMPLATE, activate=False)
    with pytest.raises(RoleMissing):
        world.do(activate_run, "tea", Role.FARMER, run_id=run.id)
    with pytest.raises(RoleMissing):
        world.do(void_codes, "tea", Role.FARMER, run_id=run.id, numbers=[1], reason="lost")


@pytest.mark.parametrize("count", [0, -1, MAX_COUNT + 1, "", "1.5", "1e3", "十", "9" * 40])
def test_a_count_must_be_one_a_run_can_have(world: World, count: int | str) -> None:
    batch = world.tins()
    with pytest.raises(OutOfRange) as refused:
        world.issue(batch, count)
    assert refused.value.field == "count"


def test_full_width_figures_are_figures(world: World) -> None:
    assert world.issue(world.tins(), " １２ ").count == 12


def test_bad_choices_are_refused_at_their_field(world: World) -> None:
    batch = world.tins()
    before = world.entries()
    with pytest.raises(TemplateUnknown) as refused:
        world.issue(batch, 1, template="a4-1x1")
    assert refused.value.field == "template"
    with pytest.raises(BatchNotFound):
        world.issue(new_id(), 1)
    assert world.entries() == before


def test_the_gate_names_every_rule_that_says_no_in_both_languages(world: World) -> None:
    batch = world.dried()
    with pytest.raises(GateClosed) as refused:
        world.issue(batch, 1)
    assert [finding.rule for finding in refused.value.findings] == ["licence", "certificate", "packed"]
    assert refused.value.sentence("zh").endswith(
        "这个产品没有商标使用许可。这个产品没有认证证书。还没有包装，不能领标签。"
    )
    for finding in refused.value.findings:
        assert finding.en in refused.value.sentence("en")


def closed_by(world: World, batch: str, count: int = 1) -> list[str]:
    with pytest.raises(GateClosed) as refused:
        world.issue(batch, count)
    return [finding.rule for finding in refused.value.findings]


def test_a_suspended_certificate_closes_the_gate(world: World) -> None:
    batch = world.tins()
    world.do(suspend_certificate, "body", number="SG-2026-00001", reason="failed_test")
    assert closed_by(world, batch) == ["certificate"]


def test_a_withdrawn_licence_closes_the_gate(world: World) -> None:
    batch = world.tins()
    (number,) = [
        finding.evidence[0] for finding in world.ask(may_label, batch_id=batch, at=START) if finding.rule == "licence"
    ]
    world.do(withdraw_licence, "association", number=number, reason="ceased")
    assert closed_by(world, batch) == ["licence"]


def test_an_expired_licence_closes_the_gate(world: World) -> None:
    batch = world.tins()
    world.clock.moment += timedelta(days=366)
    assert "licence" in closed_by(world, batch)


def test_a_hold_closes_the_gate_and_its_release_opens_it(world: World) -> None:
    batch = world.tins()
    world.do(record_step, "tea", batch_id=batch, step="hold", values={"reason": "自查"})
    assert closed_by(world, batch) == ["restriction"]
    world.do(record_step, "tea", batch_id=batch, step="release", values={"reason": "自查无误"})
    assert world.issue(batch, 1).count == 1


def test_a_failed_test_closes_the_gate(world: World) -> None:
    batch = world.tins()
    world.do(record_step, "tea", batch_id=batch, step="test", values=FAILED_TEST)
    assert closed_by(world, batch) == ["test"]


def test_labels_wait_for_activation_where_they_are_not_applied_at_once(world: World) -> None:
    batch = world.tins()
    run = world.issue(batch, 5, activate=False)
    code = world.ask(codes_of, run.id)[3]
    assert world.ask(find_code, code).state is LabelState.ISSUED
    world.do(void_codes, "tea", run_id=run.id, numbers=[2], reason="misprinted")
    world.clock.moment += timedelta(hours=1)
    run = world.do(activate_run, "tea", run_id=run.id)
    assert (run.activated, run.voided) == (4, 1)
    found = world.ask(find_code, code)
    assert (found.state, found.since) == (LabelState.ACTIVE, world.clock())
    with world.database.session() as session:
        stretches = session.exec(select(LabelStatus.first, LabelStatus.last).where(LabelStatus.state == "active")).all()
    assert sorted(stretches) == [(1, 1), (3, 5)]
    with pytest.raises(NothingToActivate):
        world.do(activate_run, "tea", run_id=run.id)
    with pytest.raises(RunNotFound):
        world.do(activate_run, "tea", run_id=new_id())


def test_labels_are_not_activated_behind_a_closed_gate(world: World) -> None:
    run = world.issue(world.tins(), 5, activate=False)
    world.do(suspend_certificate, "body", number="SG-2026-00001", reason="failed_test")
    with pytest.raises(GateClosed):
        world.do(activate_run, "tea", run_id=run.id)


def test_a_void_label_makes_room_for_another_and_says_why(world: World) -> None:
    batch = world.tins()
    run = world.issue(batch, 164)
    codes = world.ask(codes_of, run.id)
    typed = spell_code(codes[7]).lower()
    run = world.do(void_codes, "tea", run_id=run.id, numbers=[1, 2], codes=[typed], reason="damaged")
    assert run.voided == 3
    found = world.ask(find_code, typed)
    assert (found.state, found.number, found.reason) == (LabelState.VOID, 7, "damaged")
    assert world.ask(find_code, codes[3]).state is LabelState.ACTIVE
    assert world.ask(quota, batch).left == 3
    assert world.issue(batch, 3).count == 3
    with pytest.raises(QuotaExceeded):
        world.issue(batch, 1)


def test_the_statement_that_voids_holds_numbers_and_no_code(world: World) -> None:
    run = world.issue(world.tins(), 9)
    codes = world.ask(codes_of, run.id)
    world.do(void_codes, "tea", run_id=run.id, codes=[codes[4], codes[5]], numbers=[9], reason="lost")
    with world.database.session() as session:
        row = session.exec(select(LabelStatus).where(LabelStatus.state == "void", LabelStatus.first == 4)).one()
        body = statement(session, row.digest)
        entry = load_entry(session.get_one(LedgerEntry, row.index).body)
    assert body is not None
    change = read_change(load_statement(body))
    assert [(stretch.first, stretch.last) for stretch in change.numbers] == [(4, 5), (9, 9)]
    assert (change.state, change.reason, entry.kind) == (LabelState.VOID, "lost", Kind.STATUS)
    assert [link.chain for link in entry.links] == [f"run:{run.id}"]


def test_voiding_refuses_what_is_not_there_and_leaves_no_trace(world: World) -> None:
    batch = world.tins()
    run, other = world.issue(batch, 5), world.issue(batch, 5)
    theirs = world.ask(codes_of, other.id)[1]
    world.do(void_codes, "tea", run_id=run.id, numbers=[5], reason="lost")
    before = world.entries()
    refused: list[tuple[type[Exception], dict[str, object]]] = [
        (LabelNotInRun, {"numbers": [0]}),
        (LabelNotInRun, {"numbers": [1, 6]}),
        (LabelNotInRun, {"codes": [theirs]}),
        (LabelNotInRun, {"codes": ["nonsense"]}),
        (LabelVoidAlready, {"numbers": [4, 5]}),
        (NothingToVoid, {}),
        (VoidReasonUnknown, {"numbers": [1], "reason": "because"}),
    ]
    for error, values in refused:
        with pytest.raises(error):
            world.do(void_codes, "tea", **({"run_id": run.id, "reason": "lost"} | values))
    assert world.entries() == before


def test_two_who_ask_for_the_last_labels_at_once_do_not_both_get_them(world: World) -> None:
    batch = world.tins()
    actor = world.actors["tea"]
    futures = [
        world.writer.submit(
            lambda session: issue_run(session, world.office, actor, batch_id=batch, count=100, template=TEMPLATE)
        )
        for _ in range(2)
    ]
    outcomes = [future.exception() for future in futures]
    assert [type(outcome) for outcome in outcomes] == [type(None), QuotaExceeded]
    assert world.ask(quota, batch).issued == 100
    with world.database.session() as session:
        assert len(session.exec(select(LabelCode.code)).all()) == 100


def test_a_form_sent_twice_issues_once(world: World) -> None:
    batch, form = world.tins(), new_id()
    first = world.issue(batch, 10, run_id=form)
    before = world.entries()
    assert world.issue(batch, 10, run_id=form).digest == first.digest
    assert first.id == form
    with pytest.raises(RunIdTaken):
        world.issue(batch, 11, run_id=form)
    with pytest.raises(RunIdTaken):
        world.issue(batch, 11, run_id="../../etc/passwd")
    assert world.entries() == before
    assert [run.id for run in world.ask(runs_of, batch)] == [form]


def test_only_the_packer_labels_packs(world: World) -> None:
    batch, sent = world.tins(), new_event_id()
    (half,), _ = world.do(split, "tea", batch_id=batch, parts=[NewBatch("HM-A", Take("60", packs=True))])
    world.do(
        ship,
        "tea",
        batch_id=batch,
        recipient_id=world.actors["rival"].organisation_id,
        take=Take("100", packs=True),
        values={"transport": "ambient", "vehicle": "浙K12345"},
        telling=Telling(event_id=sent),
    )
    received, _ = world.do(receive, "rival", shipment_id=sent, lot="IN-1", values={"condition": "good"})
    with pytest.raises(GateClosed):
        world.issue(half, 1)
    with pytest.raises(GateClosed):
        world.issue(received, 1, by="rival")
    assert (world.ask(quota, half).left, world.ask(quota, received).left) == (0, 0)
    assert world.issue(batch, 164).count == 164  # whoever has the packs by now


def test_packing_more_makes_room(world: World) -> None:
    world.allow()
    batch = world.dried()
    world.do(pack, "tea", batch_id=batch, packs=10, values=PACKING, take=Take("0.5"))
    world.issue(batch, 10)
    world.do(pack, "tea", batch_id=batch, packs=4, values=PACKING, take=Take("0.2"))
    assert world.ask(quota, batch).left == 4


def test_a_character_the_font_lacks_is_refused_before_anything_is_issued(world: World) -> None:
    batch = world.tins()
    world.rename("惠明茶\U0001f375")
    before = world.entries()
    with pytest.raises(GlyphMissing) as refused:
        world.issue(batch, 1)
    assert refused.value.field == "product"
    assert world.entries() == before


def test_ten_thousand_labels_are_issued_at_once(world: World) -> None:
    world.allow()
    batch = world.dried(made="500")
    world.do(pack, "tea", batch_id=batch, packs=10_000, values=PACKING)
    run = world.issue(batch, 10_000)
    codes = world.ask(codes_of, run.id)
    assert len(codes) == len(set(codes.values())) == 10_000
    assert all(read_code(code) == code for code in codes.values())
    world.ask(check_codes, run)
    with world.database.session() as session:
        assert session.get_one(LabelRun, run.id).activated == 10_000
