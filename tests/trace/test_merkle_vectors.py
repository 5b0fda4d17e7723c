import base64
import json
from hashlib import sha256

import pytest

from shangeng_trace.merkle import (
    ConsistencyInvalid,
    InclusionInvalid,
    NodeGetter,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
    verify_inclusion_of_leaf,
)
from shangeng_trace.tiles import node_reader
from tests.trace.logcases import Case, base64_hashes, cases, entry, hashes, leaves, stored_tiles
from tests.vectors import vectors

OURS = vectors("tlog/merkle")
UPSTREAM = vectors("tlog/upstream")
ACCUMULATED = json.loads((OURS / "accumulated.json").read_bytes())


def node_of(size: int) -> NodeGetter:
    tiles = stored_tiles(130)
    return node_reader(lambda level, number: tiles[level, number], size)


def line(first: int, second: int, proof: list[bytes]) -> bytes:
    return " ".join([str(first), str(second), *(each.hex() for each in proof)]).encode() + b"\n"


@pytest.mark.parametrize("case", cases(OURS / "roots.json"))
def test_a_root_is_the_published_one(case: Case) -> None:
    assert root(leaves(case["size"])).hex() == case["root"]


def test_rfc_6962_leaves_give_the_published_roots() -> None:
    published = json.loads((UPSTREAM / "merkle_rfc6962_leaves.json").read_bytes())
    hashed = [leaf_hash(each) for each in hashes(published["leaves_hex"])]
    assert [root(hashed[:size]) for size in range(len(hashed) + 1)] == hashes(published["roots_by_size_hex"])


def test_every_root_up_to_130() -> None:
    lines = b"".join(f"{size} {root(leaves(130)[:size]).hex()}\n".encode() for size in range(131))
    assert sha256(lines).hexdigest() == ACCUMULATED["roots"]["sha256"]


def test_every_inclusion_proof_up_to_130() -> None:
    lines = b"".join(
        line(index, size, inclusion_proof(index, size, node_of(size)))
        for size in range(1, 131)
        for index in range(size)
    )
    assert sha256(lines).hexdigest() == ACCUMULATED["inclusion"]["sha256"]


def test_every_consistency_proof_up_to_130() -> None:
    lines = b"".join(
        line(old, new, consistency_proof(old, new, node_of(new))) for new in range(1, 131) for old in range(1, new + 1)
    )
    assert sha256(lines).hexdigest() == ACCUMULATED["consistency"]["sha256"]


@pytest.mark.parametrize("case", cases(OURS / "inclusion.json"))
def test_inclusion(case: Case) -> None:
    leaf, head = bytes.fromhex(case["leaf_hash"]), bytes.fromhex(case["root"])
    index, size, proof = case["index"], case["size"], hashes(case["proof"])
    if case["expect"] == "accept":
        verify_inclusion_of_leaf(leaf=leaf, index=index, size=size, root=head, proof=proof)
        verify_inclusion(entry=entry(index), index=index, size=size, root=head, proof=proof)
    else:
        with pytest.raises(InclusionInvalid):
            verify_inclusion_of_leaf(leaf=leaf, index=index, size=size, root=head, proof=proof)


@pytest.mark.parametrize("case", cases(OURS / "consistency.json"))
def test_consistency(case: Case) -> None:
    # The one open case, from the empty tree with an empty proof, is decided: accepted.
    check(
        accept=case["expect"] != "reject",
        sizes=(case["old_size"], case["new_size"]),
        roots=(bytes.fromhex(case["old_root"]), bytes.fromhex(case["new_root"])),
        proof=hashes(case["proof"]),
    )


@pytest.mark.parametrize("case", cases(UPSTREAM / "merkle_inclusion.json"))
def test_upstream_inclusion(case: Case) -> None:
    leaf, head = base64.b64decode(case["leafHash"] or ""), base64.b64decode(case["root"] or "")
    proof = base64_hashes(case["proof"])
    if case["wantErr"]:
        with pytest.raises(InclusionInvalid):
            verify_inclusion_of_leaf(leaf=leaf, index=case["leafIdx"], size=case["treeSize"], root=head, proof=proof)
    else:
        verify_inclusion_of_leaf(leaf=leaf, index=case["leafIdx"], size=case["treeSize"], root=head, proof=proof)


@pytest.mark.parametrize("case", cases(UPSTREAM / "merkle_consistency.json"))
def test_upstream_consistency(case: Case) -> None:
    roots = base64.b64decode(case["root1"] or ""), base64.b64decode(case["root2"] or "")
    check(
        # Upstream compares two equal 12-octet placeholders there; a hash has 32 octets here.
        accept=not case["wantErr"] and len(roots[0]) == len(roots[1]) == 32,
        sizes=(case["size1"], case["size2"]),
        roots=roots,
        proof=base64_hashes(case["proof"]),
    )


def check(*, accept: bool, sizes: tuple[int, int], roots: tuple[bytes, bytes], proof: list[bytes]) -> None:
    def verify() -> None:
        verify_consistency(old_size=sizes[0], new_size=sizes[1], old_root=roots[0], new_root=roots[1], proof=proof)

    if accept:
        verify()
    else:
        with pytest.raises(ConsistencyInvalid):
            verify()
