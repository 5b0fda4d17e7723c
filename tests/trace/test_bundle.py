"""Proof bundles: a good one is good, any alteration is found and named, and a second verifier agrees."""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, update

from shangeng_trace.batches import Part, Take, process, receive, ship, split
from shangeng_trace.bundle import NotYetSigned, build_bundle
from shangeng_trace.canonical import canonical, digest, load
from shangeng_trace.ids import new_event_id, new_id
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.note import SignatureType, Vkey
from shangeng_trace.policy import Log, Policy
from shangeng_trace.verifying import BundleUnusable, Report, problems_by_step, verify_bundle
from tests.second_verifier import problems
from tests.trace.altering import Place, found, places, replaced, without
from tests.trace.desk import ORIGIN, SENDING, TESTING, Desk

OTHERS: list[object] = [None, True, -1, 0.5, 2**53, "", "x", [], [[]], {}, {"id": 1}, [None]]


@dataclass
class Case:
    """A bundle of goods that went through four batches and two members, and whom to trust."""

    bundle: dict[str, Any]
    policy: Policy
    vkey: str

    def verify(self, bundle: Any) -> Report:
        return verify_bundle(canonical(bundle), self.policy)

    def second(self, bundle: Any) -> list[str]:
        return problems(canonical(bundle), self.vkey)

    def must_fail(self, bundle: Any) -> set[str]:
        """Let both verifiers fail a bundle; return where the first one sees trouble."""
        assert self.second(bundle)
        report = self.verify(bundle)
        assert not report.is_good
        for problem in report.problems:
            assert "{" not in problem.error.sentence("zh") + problem.error.sentence("en")
        assert sum(len(found) for _, found in problems_by_step(report)) == len(report.problems)
        return {problem.where for problem in report.problems}


@pytest.fixture(scope="module")
def case(desk: Desk) -> Case:
    leaf, other = desk.leaf("38"), desk.leaf("5")
    (half,), _ = desk.do(split, "tea", batch_id=leaf, parts=[Part(desk.lot(), Take("30"))], telling=desk.at(1))
    (fixed,), _ = desk.do(
        process,
        "tea",
        step="fix",
        inputs={half: Take("20"), other: Take("5")},
        product_id=desk.product,
        parts=[Part(desk.lot(), Take("8.2"))],
        values={"temp_c": "281.5"},
        telling=desk.at(2),
    )
    desk.step("lab", fixed, "test", TESTING, telling=desk.at(3))
    shipment = new_event_id()
    desk.do(
        ship,
        "tea",
        batch_id=fixed,
        recipient_id=desk.actors["shop"].organisation_id,
        take=Take("8.2"),
        values=SENDING,
        telling=desk.at(4, event_id=shipment),
    )
    arrived, _ = desk.do(
        receive, "shop", shipment_id=shipment, lot="IN-7", values={"condition": "good"}, telling=desk.at(5)
    )
    desk.step("shop", arrived, "store", {"store_place": "货架"}, telling=desk.at(6))
    return Case(desk.bundle(arrived), Policy((Log(desk.policy_key, None),)), str(desk.policy_key))


def test_a_good_bundle(case: Case) -> None:
    report = case.verify(case.bundle)
    assert report.problems == []
    assert report.trusted
    assert not case.second(case.bundle)
    assert report.entries == report.statements == len(case.bundle["entries"])
    assert {"景宁惠明茶合作社", "莲都山耕店", "瓯江源检测", "山耕溯源平台"} == set(report.authors.values())
    alone = verify_bundle(canonical(case.bundle))
    assert alone.is_good
    assert not alone.trusted
    assert not problems(canonical(case.bundle))


def test_another_log_is_not_trusted(case: Case) -> None:
    stranger = SigningKey.generate(Algorithm.ED25519).public.raw
    wrong = Vkey(ORIGIN, SignatureType.ED25519, stranger)
    report = verify_bundle(canonical(case.bundle), Policy((Log(wrong, None),)))
    assert not report.trusted
    assert [problem.where for problem in report.problems] == ["checkpoint"]
    assert problems(canonical(case.bundle), str(wrong))


def altered(data: st.DataObject, value: Any) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + data.draw(st.sampled_from([1, -1, 1000]))
    if value is None:
        return ""
    assert isinstance(value, str)
    if not value:
        return "x"
    at = data.draw(st.integers(0, len(value) - 1))
    letter = data.draw(st.sampled_from("A1/z+= \n").filter(lambda letter: letter != value[at]))
    return value[:at] + letter + value[at + 1 :]


def links(entry: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = load(b64decode(entry["bytes"]))["chains"]
    return found


def scalars(bundle: dict[str, Any], member: str) -> list[Place]:
    return [
        place
        for place in places(bundle)
        if place and place[0] == member and not isinstance(found(bundle, place), list | dict)
    ]


@pytest.mark.parametrize("member", ["statements", "entries", "checkpoint", "origin", "subject"])
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_altered_value_is_found_and_named(case: Case, member: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(scalars(case.bundle, member)))
    bundle = replaced(case.bundle, place, altered(data, found(case.bundle, place)))
    where = case.must_fail(bundle)
    if member == "statements":
        before = digest(case.bundle["statements"][place[1]])
        index = next(
            entry["index"]
            for entry, statement in zip(case.bundle["entries"], case.bundle["statements"], strict=True)
            if digest(statement) == before
        )
        assert f"entry {index}" in where
    elif member == "entries":
        index = bundle["entries"][place[1]]["index"]
        assert where & {f"entry {index}", f"entry #{place[1]}"}
    elif member == "checkpoint":
        assert "checkpoint" in where


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_altered_byte_of_an_entry_is_found(case: Case, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(case.bundle["entries"]) - 1))
    raw = bytearray(b64decode(case.bundle["entries"][number]["bytes"]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    bundle = replaced(case.bundle, ("entries", number, "bytes"), b64encode(raw).decode())
    where = case.must_fail(bundle)
    assert where & {f"entry {case.bundle['entries'][number]['index']}", f"entry #{number}"}


def test_what_is_taken_out_is_missed(case: Case) -> None:
    ends = {link["id"]: number for number, entry in enumerate(case.bundle["entries"]) for link in links(entry)}
    for number, entry in enumerate(case.bundle["entries"]):
        assert f"entry {entry['index']}" in case.must_fail(without(case.bundle, ("statements", number)))
        stray = digest(case.bundle["statements"][number])
        assert f"statement {stray}" in case.must_fail(without(case.bundle, ("entries", number)))
        both = without(without(case.bundle, ("entries", number)), ("statements", number))
        if all(ends[link["id"]] == number for link in links(entry)):
            continue  # the end of every chain it stands in: a log proves presence, not absence
        assert any(where.startswith(("chain ", "entry ")) for where in case.must_fail(both))


def test_order_and_repetition(case: Case) -> None:
    entries = case.bundle["entries"]
    for number in range(len(entries) - 1):
        swapped = [*entries[:number], entries[number + 1], entries[number], *entries[number + 2 :]]
        assert f"entry {entries[number]['index']}" in case.must_fail({**case.bundle, "entries": swapped})
    assert case.must_fail({**case.bundle, "entries": [*entries, entries[-1]]})
    assert case.must_fail({**case.bundle, "withheld": ["0" * 64]})
    assert case.must_fail({**case.bundle, "subject": f"batch:{new_id()}"})
    assert case.must_fail({**case.bundle, "entries": [], "statements": []})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"PK\x03\x04",
        b'{"format": "shangeng-bundle/2"}',
        b'{"format": "shangeng-bundle/1"}',
        b'{"format": "shangeng-bundle/1", "format": "shangeng-bundle/1"}',
        b"[" * 100_000,
    ],
)
def test_garbage_is_no_bundle(data: bytes) -> None:
    with pytest.raises(BundleUnusable):
        verify_bundle(data)
    with pytest.raises(ValueError, match="unusable"):
        problems(data)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_other_value_anywhere_gives_a_report(case: Case, data: st.DataObject) -> None:
    """Whatever stands in a bundle, the answer is a report or `BundleUnusable`, never another exception."""
    place = data.draw(st.sampled_from([place for place in places(case.bundle) if place]))
    other = data.draw(st.sampled_from(OTHERS))
    try:
        verify_bundle(canonical(replaced(case.bundle, place, other)), case.policy)
    except BundleUnusable:
        assert len(place) == 1


def test_a_withheld_statement_is_said_to_be(own_desk: Desk) -> None:
    batch = own_desk.leaf()
    receipt = own_desk.step("tea", batch, "fix", {"temp_c": "280"}, telling=own_desk.at(1))
    with own_desk.database.session() as session:
        rows = session.exec(
            update(LedgerStatement).where(col(LedgerStatement.digest) == receipt.digest).values(body=None)
        )
        assert rows.rowcount == 1
        session.commit()
    bundle = own_desk.bundle(batch)
    assert bundle["withheld"] == [receipt.digest]
    report = verify_bundle(canonical(bundle))
    assert report.is_good
    assert report.withheld == 1
    assert not problems(canonical(bundle))


def test_nothing_to_prove_yet(own_desk: Desk) -> None:
    with pytest.raises(NotYetSigned):
        own_desk.bundle(new_id())
    own_desk.bundle(own_desk.leaf())
    own_desk.writer.stop()
    with own_desk.database.session() as session, pytest.raises(NotYetSigned):
        build_bundle(session, new_id())
