import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.checkpoint import Checkpoint, sign_checkpoint
from shangeng_trace.errors import MalformedError, VerificationError
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.merkle import InclusionInvalid, inclusion_proof
from shangeng_trace.note import SignatureType, Vkey
from shangeng_trace.tiles import TileTree, node_reader
from shangeng_trace.tlogproof import TlogProof, format_proof, parse_proof, verify_proof
from tests.trace.logcases import entry, stored_tiles

ORIGIN = "log.example/1"
LOG = SigningKey.from_bytes(Algorithm.ED25519, bytes(32))
VERIFIERS = [Vkey(ORIGIN, SignatureType.ED25519, LOG.public.raw)]
proofs = st.builds(
    TlogProof,
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n")),
    st.none() | st.binary(max_size=40),
)


def proof_of(index: int, size: int) -> TlogProof:
    tiles = stored_tiles(300)

    def read(level: int, number: int) -> bytes:
        return tiles[level, number]

    head = Checkpoint(ORIGIN, size, TileTree.load(read, size).root())
    return TlogProof(index, tuple(inclusion_proof(index, size, node_reader(read, size))), sign_checkpoint(head, LOG))


@given(st.integers(1, 300), st.data())
def test_an_entry_is_proved_by_a_file(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    file = format_proof(proof_of(index, size)).encode()
    assert verify_proof(parse_proof(file), entry=entry(index), origin=ORIGIN, verifiers=VERIFIERS).size == size
    with pytest.raises(InclusionInvalid):
        verify_proof(parse_proof(file), entry=entry(index + 1), origin=ORIGIN, verifiers=VERIFIERS)


@given(st.data())
def test_no_changed_file_proves_anything(data: st.DataObject) -> None:
    file = format_proof(proof_of(7, 20)).encode()
    at, bit = data.draw(st.integers(0, len(file) - 1)), data.draw(st.integers(0, 7))
    changed = file[:at] + bytes([file[at] ^ 1 << bit]) + file[at + 1 :]
    with pytest.raises(VerificationError):
        verify_proof(parse_proof(changed), entry=entry(7), origin=ORIGIN, verifiers=VERIFIERS)


@given(proofs)
def test_a_file_reads_back(proof: TlogProof) -> None:
    assert parse_proof(format_proof(proof)) == proof


@given(st.binary() | st.text().map(lambda rest: f"c2sp.org/tlog-proof@v1\nindex {rest}\n\nx".encode()))
def test_any_octets_are_one_file_or_refused(octets: bytes) -> None:
    try:
        proof = parse_proof(octets)
    except MalformedError:
        return
    assert format_proof(proof).encode() == octets


def test_more_hashes_than_a_tree_is_high_are_refused() -> None:
    with pytest.raises(MalformedError):
        parse_proof(format_proof(TlogProof(0, (bytes(32),) * 64, "")))
