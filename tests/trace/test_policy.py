import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.checkpoint import Checkpoint, WrongOrigin, format_checkpoint
from shangeng_trace.errors import MalformedError
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.merkle import InclusionInvalid, leaf_hash, root
from shangeng_trace.note import NoSignatureKnown, SignatureType, Vkey, sign, sign_as_witness, write_note
from shangeng_trace.policy import (
    Group,
    Log,
    LogNotKnown,
    Policy,
    PolicyLineWrong,
    QuorumNotMet,
    Witness,
    evaluate,
    format_policy,
    is_quorum,
    parse_policy,
    verify,
)
from shangeng_trace.tlogproof import TlogProof, format_proof, parse_proof, verify_proof_under
from tests.trace.logcases import entry, leaves

ORIGIN = "log.example/1"
NAMES = ("质检院", "农业局", "大学")
LOG, *WITNESSES = (SigningKey.from_bytes(Algorithm.ED25519, bytes([seed]) * 32) for seed in (1, 2, 3, 4))
LOG_VKEY = Vkey(ORIGIN, SignatureType.ED25519, LOG.public.raw)
WITNESS_VKEYS = [
    Vkey(f"w{number}.example", SignatureType.COSIGNATURE, key.public.raw) for number, key in enumerate(WITNESSES)
]
POLICY = Policy(
    logs=(Log(LOG_VKEY, "https://log.example/"),),
    witnesses=tuple(Witness(name, vkey) for name, vkey in zip(NAMES, WITNESS_VKEYS, strict=True)),
    groups=(Group("两家", 2, NAMES),),
    quorum="两家",
)
HEAD = Checkpoint(ORIGIN, 2, root(leaves(2)))


def note(*witnesses: int, head: Checkpoint = HEAD, log: SigningKey = LOG) -> str:
    text = format_checkpoint(head)
    cosignatures = [
        sign_as_witness(text, name=WITNESS_VKEYS[number].name, key=WITNESSES[number], time=100 + number)
        for number in witnesses
    ]
    return write_note(text, [sign(text, name=head.origin, key=log), *cosignatures])


def test_a_verdict_says_who_saw_it_when_and_whether_that_is_enough() -> None:
    one, two = evaluate(POLICY, note(1)), evaluate(POLICY, note(2, 0).encode(), origin=ORIGIN)
    assert (one.witnessed, one.quorum_met) == ({"农业局": 101}, False)
    assert (two.witnessed, two.quorum_met) == ({"大学": 102, "质检院": 100}, True)
    assert two.checkpoint.size == 2


def test_too_few_witnesses_are_an_error_where_a_quorum_is_demanded() -> None:
    assert verify(POLICY, note(0, 1)).quorum_met
    with pytest.raises(QuorumNotMet) as caught:
        verify(POLICY, note(0))
    assert "1" in caught.value.sentence("zh")


def test_one_witness_twice_is_one() -> None:
    assert not evaluate(POLICY, note(0, 0, 0)).quorum_met


def test_a_policy_that_asks_for_none_needs_none() -> None:
    assert evaluate(Policy((Log(LOG_VKEY),)), note()).quorum_met


def test_a_log_outside_the_policy_is_not_trusted() -> None:
    other = Checkpoint("other.example", 2, HEAD.root)
    with pytest.raises(LogNotKnown):
        evaluate(POLICY, note(0, 1, head=other))
    with pytest.raises(WrongOrigin):
        evaluate(POLICY, note(0, 1), origin="other.example")
    with pytest.raises(NoSignatureKnown):
        evaluate(POLICY, note(log=WITNESSES[0]))


def test_one_log_of_a_policy_does_not_speak_for_another() -> None:
    second = SigningKey.from_bytes(Algorithm.ED25519, bytes([9]) * 32)
    second_vkey = Vkey("second.example", SignatureType.ED25519, second.public.raw)
    both = Policy((Log(LOG_VKEY), Log(second_vkey)))
    text = format_checkpoint(HEAD)
    with pytest.raises(NoSignatureKnown):
        evaluate(both, write_note(text, [sign(text, name="second.example", key=second)]))


def test_a_policy_reads_back() -> None:
    assert parse_policy(format_policy(POLICY)) == POLICY
    assert parse_policy(format_policy(POLICY).encode()) == POLICY


@given(st.lists(st.integers(0, 1), min_size=3, max_size=3), st.integers(1, 3))
def test_a_threshold_counts_witnesses(present: list[int], threshold: int) -> None:
    policy = Policy(POLICY.logs, POLICY.witnesses, (Group("g", threshold, NAMES),), "g")
    witnessed = {name: 1 for name, here in zip(NAMES, present, strict=True) if here}
    assert is_quorum(policy, witnessed) == (len(witnessed) >= threshold)


@given(
    st.binary()
    | st.lists(
        st.lists(
            st.sampled_from(
                ["log", "witness", "group", "quorum", "none", "any", "all", "1", "2", "a", "b", "#", str(LOG_VKEY)]
                + [str(vkey) for vkey in WITNESS_VKEYS]
            ),
            max_size=5,
        ).map(" ".join),
        max_size=6,
    ).map(lambda lines: "\n".join([*lines, "quorum none"]).encode())
)
def test_any_octets_are_a_policy_or_refused(octets: bytes) -> None:
    try:
        policy = parse_policy(octets)
    except MalformedError:
        return
    assert parse_policy(format_policy(policy)) == policy


@pytest.mark.parametrize(
    "line",
    [
        "log",
        f"log {LOG_VKEY} url more",
        "witness w",
        "group",
        "group g any",
        "quorum",
        "quorum none none",
    ],
)
def test_a_line_that_says_too_little_or_too_much_is_refused(line: str) -> None:
    with pytest.raises(PolicyLineWrong) as refused:
        parse_policy(f"# one\n\n{line}\nquorum none\n")
    assert "3" in refused.value.sentence("zh")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("# \r\nquorum none\r\n", 1),
        (f"log {LOG_VKEY}\nlog x+y+z\nquorum none\n", 2),
        ("quorum none\nquorum none\n", 2),
        ("quorum a\n", 1),
    ],
)
def test_the_wrong_line_is_named(text: str, number: int) -> None:
    with pytest.raises(PolicyLineWrong, match=f"Line {number} "):
        parse_policy(text)


def test_hundreds_of_nested_groups_are_settled() -> None:
    names = [f"g{number}" for number in range(2000)]
    groups = [Group(name, 1, (before,)) for name, before in zip(names, [NAMES[0], *names], strict=False)]
    policy = Policy(POLICY.logs, POLICY.witnesses, tuple(groups), names[-1])
    assert is_quorum(policy, {NAMES[0]: 1})
    assert not is_quorum(policy, {NAMES[1]: 1})


def test_a_proof_file_checks_under_a_policy() -> None:
    proof = TlogProof(1, (leaf_hash(entry(0)),), note(0, 1), b"hint")
    read = parse_proof(format_proof(proof).encode())
    assert read == proof
    assert verify_proof_under(POLICY, read, entry=entry(1), origin=ORIGIN).quorum_met
    with pytest.raises(QuorumNotMet):
        verify_proof_under(POLICY, TlogProof(1, proof.hashes, note(0)), entry=entry(1))
    with pytest.raises(InclusionInvalid):
        verify_proof_under(POLICY, read, entry=entry(0))
