import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shangeng_trace.errors import VerificationError
from shangeng_trace.merkle import (
    EMPTY_ROOT,
    ConsistencyInvalid,
    InclusionInvalid,
    NotInTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from shangeng_trace.tiles import TileTree, node_reader
from tests.trace.logcases import entry, leaves, stored_tiles

LARGEST_TREE = 70_000
BOUNDARIES = [1, 2, 255, 256, 257, 65_535, 65_536, 65_537, LARGEST_TREE]
sizes = st.integers(1, LARGEST_TREE) | st.sampled_from(BOUNDARIES)


def read(level: int, number: int) -> bytes:
    return stored_tiles(LARGEST_TREE)[level, number]


def root_at(size: int) -> bytes:
    return TileTree.load(read, size).root()


def naive_root(row: list[bytes]) -> bytes:
    """RFC 6962 2.1, word for word."""
    if len(row) < 2:
        return row[0] if row else EMPTY_ROOT
    split = 1
    while split * 2 < len(row):
        split *= 2
    return node_hash(naive_root(row[:split]), naive_root(row[split:]))


@given(st.integers(0, 600))
def test_the_root_is_the_one_of_the_rfc(size: int) -> None:
    assert root(leaves(600)[:size]) == naive_root(leaves(600)[:size])


@settings(deadline=None)  # the first example builds the tree
@given(sizes, st.data())
def test_every_entry_proves_its_place(size: int, data: st.DataObject) -> None:
    index = data.draw(
        st.integers(0, size - 1) | st.sampled_from([each for each in (0, 255, 256, size - 1) if each < size])
    )
    proof = inclusion_proof(index, size, node_reader(read, size))
    verify_inclusion(entry=entry(index), index=index, size=size, root=root_at(size), proof=proof)
    with pytest.raises(InclusionInvalid):
        verify_inclusion(entry=entry(index) + b" ", index=index, size=size, root=root_at(size), proof=proof)


@settings(deadline=None)  # the first example builds the tree
@given(sizes, sizes)
def test_every_tree_proves_that_it_continues_the_earlier_one(one: int, other: int) -> None:
    old, new = sorted((one, other))
    proof = consistency_proof(old, new, node_reader(read, new))
    verify_consistency(old_size=old, new_size=new, old_root=root_at(old), new_root=root_at(new), proof=proof)


@settings(deadline=None)  # the first example builds the tree
@given(sizes, st.data())
def test_no_changed_inclusion_proof_verifies(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, node_reader(read, size))
    changed = data.draw(mutations(proof))
    with pytest.raises(InclusionInvalid):
        verify_inclusion(entry=entry(index), index=index, size=size, root=root_at(size), proof=changed)


@settings(deadline=None)  # the first example builds the tree
@given(sizes, sizes, st.data())
def test_no_changed_consistency_proof_verifies(one: int, other: int, data: st.DataObject) -> None:
    old, new = sorted((one, other))
    changed = data.draw(mutations(consistency_proof(old, new, node_reader(read, new))))
    with pytest.raises(ConsistencyInvalid):
        verify_consistency(old_size=old, new_size=new, old_root=root_at(old), new_root=root_at(new), proof=changed)


@st.composite
def mutations(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    """A proof that differs from `proof` by one dropped, added, swapped or flipped hash."""
    at = draw(st.integers(0, len(proof)))
    changes = [[*proof[:at], leaf_hash(b"stranger"), *proof[at:]]]
    if at < len(proof):
        flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        changes += [proof[:at] + proof[at + 1 :], [*proof[:at], flipped, *proof[at + 1 :]]]
    if proof != proof[::-1]:
        changes.append(proof[::-1])
    return draw(st.sampled_from(changes))


@given(st.integers(), st.integers(), st.binary(max_size=40), st.lists(st.binary(max_size=40), max_size=70))
def test_nonsense_is_refused_with_our_own_error(index: int, size: int, head: bytes, proof: list[bytes]) -> None:
    with pytest.raises(VerificationError):
        verify_inclusion(entry=b"x", index=index, size=size, root=head, proof=proof)
    if (index, head) != (0, EMPTY_ROOT):
        with pytest.raises(VerificationError):
            verify_consistency(old_size=index, new_size=size, old_root=head, new_root=leaf_hash(b"x"), proof=proof)


def test_the_empty_tree_is_continued_by_every_tree_and_needs_no_proof() -> None:
    assert consistency_proof(0, 300, node_reader(read, 300)) == []
    verify_consistency(old_size=0, new_size=300, old_root=EMPTY_ROOT, new_root=root_at(300), proof=[])
    verify_consistency(old_size=0, new_size=0, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, proof=[])
    with pytest.raises(ConsistencyInvalid):
        verify_consistency(old_size=0, new_size=0, old_root=root_at(1), new_root=root_at(1), proof=[])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_an_entry_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(NotInTree):
        inclusion_proof(index, size, node_reader(read, size))


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_a_tree_that_is_not_there_has_no_proof(old: int, new: int) -> None:
    with pytest.raises(NotInTree):
        consistency_proof(old, new, node_reader(read, new))
