from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from shangeng_certs.certificates import suspend_certificate
from shangeng_certs.credentials import Kind
from shangeng_certs.gate import BatchUnknown, may_label
from shangeng_certs.gate_rules import LabelCase, Restricted, SampleResult, evaluate
from shangeng_certs.validity import MarkStanding, Permission, Standing
from shangeng_trace.batch_tables import BatchTest, EventRecord, LedgerKey, Restriction
from tests.certs.cast import START, World, organisation, plot, thing
from tests.certs.test_standing import batch, lineage

LATER = START + timedelta(days=30)
AT = datetime(2026, 5, 1, 4, tzinfo=UTC)


def good_case(**values: object) -> LabelCase:
    year = (date(2026, 1, 1), date(2026, 12, 31))
    licence = Standing(Kind.LICENCE, Permission(Kind.LICENCE, "XK-2026-0001", *year), AT)
    certificate = Standing(Kind.CERTIFICATE, Permission(Kind.CERTIFICATE, "SG-2026-00001", *year), AT)
    facts: dict[str, object] = {
        "mark": MarkStanding(licence, certificate, AT),
        "plots": frozenset({"P1"}),
        "restrictions": (),
        "tests": (SampleResult("d1", "TINS", passed=True, on=date(2026, 4, 30)),),
        "packed": 164,
    }
    return LabelCase(**(facts | values))  # type: ignore[arg-type]  # the members above, some replaced


def blocked(case: LabelCase) -> list[str]:
    return [finding.rule for finding in evaluate(case) if not finding.ok]


def test_a_good_case_passes_every_rule_with_evidence_and_sentences() -> None:
    findings = evaluate(good_case())
    assert [finding.rule for finding in findings] == ["licence", "certificate", "restriction", "test", "packed"]
    assert all(finding.ok and finding.sentence("zh") and finding.sentence("en") for finding in findings)
    assert findings[0].evidence == ("XK-2026-0001",)
    assert findings[1].evidence == ("SG-2026-00001",)
    assert findings[3].evidence == ("d1",)


def test_each_rule_blocks_alone() -> None:
    good = good_case().mark
    without_licence = MarkStanding(Standing(Kind.LICENCE, None, AT), good.certificate, AT)
    without_certificate = MarkStanding(good.licence, Standing(Kind.CERTIFICATE, None, AT), AT)
    failed = (
        SampleResult("d1", "LEAF", passed=False, on=date(2026, 4, 1)),
        SampleResult("d2", "TINS", passed=True, on=date(2026, 4, 9)),
    )
    assert blocked(good_case(mark=without_licence)) == ["licence"]
    assert blocked(good_case(mark=without_certificate)) == ["certificate"]
    assert blocked(good_case(restrictions=(Restricted("urn:uuid:1", "LEAF", recall=False),))) == ["restriction"]
    assert blocked(good_case(tests=failed)) == ["test"]
    assert blocked(good_case(packed=0)) == ["packed"]


def test_a_batch_without_a_test_is_not_blocked_for_it() -> None:
    finding = evaluate(good_case(tests=()))[3]
    assert (finding.ok, finding.evidence, finding.zh) == (True, (), "还没有检测记录。")


def test_a_recall_is_named_before_a_hold() -> None:
    rows = (Restricted("urn:uuid:1", "LEAF", recall=False), Restricted("urn:uuid:2", "TINS", recall=True))
    finding = evaluate(good_case(restrictions=rows))[2]
    assert finding.zh == "批次 TINS 已被召回。"
    assert finding.en == "Batch TINS is recalled."
    assert finding.evidence == ("urn:uuid:1", "urn:uuid:2")


def ready(world: World) -> None:
    world.certify()
    world.license()
    world.add(
        batch("leaf", plot_id=plot("tea", "high")),
        batch("tins", units=164),
        lineage("leaf", "tins"),
    )


def findings(world: World, name: str = "tins", at: datetime = LATER) -> dict[str, bool]:
    return {finding.rule: finding.ok for finding in world.ask(may_label, batch_id=thing("T", name), at=at)}


def test_the_gate_is_green_for_a_covered_packed_batch(world: World) -> None:
    ready(world)
    assert set(findings(world).values()) == {True}


def test_the_gate_sees_the_certificate_as_of_now(world: World) -> None:
    ready(world)
    world.clock.moment = LATER
    world.do(suspend_certificate, "body", number="SG-2026-00001", reason="failed_test")
    assert findings(world)["certificate"] is False
    assert findings(world, at=LATER - timedelta(seconds=1))["certificate"] is True


def test_a_hold_upstream_closes_the_gate_until_it_is_lifted(world: World) -> None:
    ready(world)
    leaf = thing("T", "leaf")
    world.add(
        Restriction(event_id="urn:uuid:1", batch_id=leaf, kind="hold", author=organisation("tea"), since=START),
        Restriction(
            event_id="urn:uuid:2",
            batch_id=leaf,
            kind="hold",
            author=organisation("tea"),
            since=START,
            lifted_by="urn:uuid:3",
        ),
    )
    (finding,) = [found for found in world.ask(may_label, batch_id=thing("T", "tins"), at=LATER) if not found.ok]
    assert (finding.rule, finding.evidence, finding.zh) == ("restriction", ("urn:uuid:1",), "批次 LEAF 已被暂停。")
    with world.database.session() as session:
        session.get_one(Restriction, ("urn:uuid:1", leaf)).lifted_by = "urn:uuid:4"
        session.commit()
    assert findings(world)["restriction"] is True


def test_what_rests_on_a_signature_that_no_longer_counts_opens_nothing(world: World) -> None:
    """A body has revoked the key of whoever signed, reaching back before the signature."""
    ready(world)
    assert findings(world)["certificate"] is findings(world)["licence"] is True
    for who, rule in (("body", "certificate"), ("association", "licence")):
        with world.database.session() as session:
            key = session.exec(select(LedgerKey).where(LedgerKey.controller == organisation(who))).one()
            key.last_valid_index = key.registered_index
            session.commit()
        assert findings(world)[rule] is False


def test_the_latest_test_of_each_batch_counts(world: World) -> None:
    ready(world)
    with world.database.session() as session:
        key = world.office.keyring.signer(session, organisation("tea")).key_id

    def tested(serial: int, name: str, day: int, *, passed: bool) -> None:
        at, digest = START + timedelta(days=day), f"{serial:064d}"
        record = EventRecord(
            digest=digest,
            event_id=f"urn:uuid:{serial}",
            index=2000 + serial,
            step="test",
            author=organisation("tea"),
            key_id=key,
            happened_at=at,
            logged_at=at,
        )
        test = BatchTest(
            index=record.index, batch_id=thing("T", name), author=organisation("tea"), passed=passed, happened_at=at
        )
        world.add(record, test)

    tested(1, "leaf", 1, passed=False)
    tested(2, "tins", 2, passed=True)
    assert findings(world)["test"] is False
    tested(3, "leaf", 3, passed=True)
    assert findings(world)["test"] is True
    # Logged later, but taken before: the newer sample still counts.
    tested(4, "leaf", 2, passed=False)
    assert findings(world)["test"] is True
    with world.database.session() as session:
        session.get_one(LedgerKey, key).last_valid_index = 2002
        session.commit()
    assert findings(world)["test"] is False, "a good result whose signature no longer counts is none"


def test_a_batch_of_unknown_origin_is_blocked_with_its_own_sentence(world: World) -> None:
    ready(world)
    world.add(batch("loose", units=5))
    (finding,) = [found for found in world.ask(may_label, batch_id=thing("T", "loose"), at=LATER) if not found.ok]
    assert (finding.rule, finding.zh) == ("certificate", "这一批没有记录来自哪个地块，无法核对认证范围。")


def test_a_member_cannot_label_goods_of_another(world: World) -> None:
    ready(world)
    world.add(batch("bought", owner="rival_tea", plot_id=plot("tea", "high"), units=5))
    assert findings(world, "bought") == {
        "licence": False,
        "certificate": False,
        "restriction": True,
        "test": True,
        "packed": True,
    }


def test_an_unknown_batch_has_no_gate(world: World) -> None:
    with pytest.raises(BatchUnknown):
        world.ask(may_label, batch_id="0" * 16, at=LATER)
