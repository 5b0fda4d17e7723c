"""The Merkle tree of RFC 6962 section 2.1: hashes, inclusion and consistency proofs, and their verification.

Pure arithmetic over SHA-256. Proofs run from the leaf's side upwards, each element 32 octets.
A verifier takes `size` and `root` from a verified checkpoint, never from what stands beside a proof.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeAlias

from shangeng_trace.errors import NotFoundError, VerificationError
from shangeng_trace.logtext import HASH_SIZE

EMPTY_ROOT = sha256(b"").digest()
"""The root of the tree without leaves. A tree of one empty entry has another one."""

NodeGetter: TypeAlias = Callable[[int, int], bytes]
"""`node(level, index)`: the root of the perfect subtree of 2**level leaves that starts at index * 2**level."""


class NotInTree(NotFoundError):
    """A proof was asked for something that a tree of this size does not hold."""

    code = "trace.not_in_tree"
    zh = "日志里还没有这一条。"
    en = "The log does not hold this entry yet."


class InclusionInvalid(VerificationError):
    """An inclusion proof does not lead from the entry to the root."""

    code = "trace.inclusion_invalid"
    zh = "这条记录不在所称的日志里，或者已被改动。"
    en = "This entry is not in the log as claimed, or it was changed ({what})."


class ConsistencyInvalid(VerificationError):
    """A consistency proof does not lead from the old root to the new one."""

    code = "trace.consistency_invalid"
    zh = "日志前后对不上：早先的内容可能被改写或删除。"
    en = "The log does not continue what it was before: earlier entries may have been rewritten ({what})."


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf, SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the parents of neighbouring pairs; a last one without a neighbour is left out."""
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=False)]


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over `leaves`, which are leaf hashes; a lone right node is promoted, never doubled."""
    if not leaves:
        return EMPTY_ROOT
    row = list(leaves)
    while len(row) > 1:
        lone = row[-1:] if len(row) % 2 else []
        row = parents(row) + lone
    return row[0]


def root_at(size: int, node: NodeGetter) -> bytes:
    """Return the root over the first `size` leaves of a tree that has them."""
    return _edge(0, 0, size, node) or EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: NodeGetter) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of the first `size` leaves (RFC 6962 2.1.1).

    Raises:
        NotInTree: the tree holds no leaf at `index`.
    """
    if not 0 <= index < size:
        raise NotInTree
    return _siblings(0, index, size, node)


def node_proof(level: int, index: int, size: int, node: NodeGetter) -> list[bytes]:
    """Return the proof that the perfect subtree (level, index), whole in the tree of `size` leaves, is part of it.

    `verify_inclusion_of_leaf` checks it as leaf `index` of the tree of `nodes_at(level, size)` such subtrees.
    """
    return _siblings(level, index, size, node)


def nodes_at(level: int, size: int) -> int:
    """Return how many subtrees of 2**level leaves a tree of `size` leaves has, the last one perhaps cut short."""
    return ((size - 1) >> level) + 1


def prefix_proof(old: int, new: int, node: NodeGetter) -> list[bytes]:
    """Return what shows by itself which root the first `old` leaves have in the tree of `new`, 0 < old < new.

    The consistency proof, led by the hash that RFC 6962 leaves out where `old` is a power of two.
    """
    level = _trailing_zeros(old)
    index = (old >> level) - 1
    return [node(level, index), *_siblings(level, index, new, node)]


def consistency_proof(old: int, new: int, node: NodeGetter) -> list[bytes]:
    """Return the proof that the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962 2.1.2).

    Empty for old = new and for old = 0, where there is nothing to prove (tlog-witness).

    Raises:
        NotInTree: `old` is negative or above `new`.
    """
    if not 0 <= old <= new:
        raise NotInTree
    if old in (0, new):
        return []
    proof = prefix_proof(old, new, node)
    return proof[1:] if _is_power_of_two(old) else proof


def verify_inclusion(*, entry: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that `entry` is leaf `index` of the tree with `size` leaves and this `root` (RFC 9162 2.1.3.2).

    Raises:
        InclusionInvalid: it is not, or a number or length cannot be right.
    """
    verify_inclusion_of_leaf(leaf=leaf_hash(entry), index=index, size=size, root=root, proof=proof)


def verify_inclusion_of_leaf(*, leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check inclusion of a leaf hash: a building block for those who computed `leaf` from an entry themselves.

    Raises:
        InclusionInvalid: as `verify_inclusion`.
    """
    if not 0 <= index < size < 2**64:
        raise InclusionInvalid(what="index outside the tree")
    inner, border = _shape(index, size)
    if len(proof) != inner + border:
        raise InclusionInvalid(what="length of the proof")
    if any(len(each) != HASH_SIZE for each in (leaf, root, *proof)):
        raise InclusionInvalid(what="length of a hash")
    if _fold(leaf, index, proof, inner) != root:
        raise InclusionInvalid(what="another root")


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree with `new_root` begins with the whole tree of `old_root` (RFC 9162 2.1.4.2).

    From size 0 only an empty proof is accepted, and the old root must be the empty tree's.

    Raises:
        ConsistencyInvalid: it does not, or a number or length cannot be right.
    """
    if not 0 <= old_size <= new_size < 2**64:
        raise ConsistencyInvalid(what="sizes out of order")
    if any(len(each) != HASH_SIZE for each in (old_root, new_root, *proof)):
        raise ConsistencyInvalid(what="length of a hash")
    if any(size == 0 and each != EMPTY_ROOT for size, each in ((old_size, old_root), (new_size, new_root))):
        raise ConsistencyInvalid(what="root of the empty tree")
    if old_size in (0, new_size):
        if proof:
            raise ConsistencyInvalid(what="length of the proof")
        if old_size == new_size and old_root != new_root:
            raise ConsistencyInvalid(what="one size, two roots")
        return
    # A power of two is one perfect subtree: the verifier puts its own old root there, never a received one.
    whole = [old_root, *proof] if _is_power_of_two(old_size) else proof
    if prefix_root(old_size=old_size, new_size=new_size, new_root=new_root, proof=whole) != old_root:
        raise ConsistencyInvalid(what="another old root")


def prefix_root(*, old_size: int, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root of the first `old_size` leaves of the tree with `new_root`, 0 < old_size < new_size.

    `proof` is what `prefix_proof` gives. Two signed heads that disagree with what this returns are a proven fork.

    Raises:
        ConsistencyInvalid: the proof does not lead to `new_root`, or a number or length cannot be right.
    """
    if not 0 < old_size < new_size < 2**64:
        raise ConsistencyInvalid(what="sizes out of order")
    level = _trailing_zeros(old_size)
    index = (old_size >> level) - 1
    inner, border = _shape(index, nodes_at(level, new_size))
    if len(proof) != 1 + inner + border:
        raise ConsistencyInvalid(what="length of the proof")
    if any(len(each) != HASH_SIZE for each in (new_root, *proof)):
        raise ConsistencyInvalid(what="length of a hash")
    start, *path = proof
    if _fold(start, index, path, inner) != new_root:
        raise ConsistencyInvalid(what="another new root")
    in_old = [sibling for rise, sibling in enumerate(path) if rise >= inner or index >> rise & 1]
    return _fold(start, -1, in_old, len(in_old))


def _shape(index: int, size: int) -> tuple[int, int]:
    """Return how many siblings of leaf `index` lie below the tree's right border and how many on it."""
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _fold(start: bytes, index: int, path: Sequence[bytes], inner: int) -> bytes:
    """Hash upwards: `index` says on which side the first `inner` siblings stand, the others stand left."""
    hashed = start
    for rise, sibling in enumerate(path):
        left = rise >= inner or index >> rise & 1
        hashed = node_hash(sibling, hashed) if left else node_hash(hashed, sibling)
    return hashed


def _siblings(level: int, index: int, size: int, node: NodeGetter) -> list[bytes]:
    """Return the siblings on the way from the subtree (level, index) to the root of `size` leaves."""
    last = (size - 1) >> level
    siblings: list[bytes] = []
    for rise in range((index ^ last).bit_length()):
        beside = (index >> rise) ^ 1
        if beside == last >> rise:
            siblings.append(_edge(level + rise, beside, size, node))
        else:
            siblings.append(node(level + rise, beside))
    inner = len(siblings)
    border = [rise for rise in range(inner, index.bit_length()) if index >> rise & 1]
    return siblings + [node(level + rise, (index >> rise) - 1) for rise in border]


def _edge(level: int, index: int, size: int, node: NodeGetter) -> bytes:
    """Return the root of the subtree at the right edge, which may be cut short by `size`."""
    width = size - (index << level)
    hashed = b""
    end = size
    for rise in range(width.bit_length()):
        if width >> rise & 1:
            perfect = node(rise, (end >> rise) - 1)
            hashed = node_hash(perfect, hashed) if hashed else perfect
            end -= 1 << rise
    return hashed


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1
