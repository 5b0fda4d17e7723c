"""Evidence made up against the honest: whoever writes a digest of their own over true heads proves nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shangeng_trace.errors import ShangengError
from shangeng_trace.logtext import write_base64
from shangeng_trace.merkle import inclusion_proof, node_proof, prefix_proof
from shangeng_trace.monitor.evidence import Evidence, EvidenceUnusable, read_evidence, write_evidence
from shangeng_trace.monitor.examining import examine
from shangeng_trace.monitor.parts import write_hashes
from shangeng_trace.policy import format_policy
from shangeng_trace.tiles import node_reader
from tests.trace.monitor.logs import ORIGIN, WITNESSED, FakeLog

SIZE = 300
LOG = replace(FakeLog.of(SIZE), labs=(0, 1))
NODE = node_reader(lambda level, number: LOG.tiles()[level, number], SIZE)
NOTE = LOG.note()
OLDER = replace(LOG.copy(), shown=200).note()
LATER = replace(LOG.copy(), shown=200).note(at=LOG.time + timedelta(minutes=1))
PROOF = write_hashes(prefix_proof(200, SIZE, NODE))


def entry(index: int) -> dict[str, Any]:
    proof = write_hashes(inclusion_proof(index, SIZE, NODE))
    return {"index": index, "bytes": write_base64(LOG.bodies[index]), "inclusion": proof}


def unsound(rule: str, index: int, **more: Any) -> dict[str, Any]:
    return {"checkpoint": NOTE, "entry": entry(index), "rule": rule, **more}


def tile(path: str, level: int, index: int) -> dict[str, Any]:
    node: dict[str, Any] = {"level": level, "index": index, "hash": write_base64(NODE(level, index))}
    node["proof"] = write_hashes(node_proof(level, index, SIZE, NODE))
    return {"checkpoint": NOTE, "path": path, "bytes": write_base64(LOG.true(path) or b""), "node": node}


def edge(*paths: str) -> dict[str, Any]:
    return {"checkpoint": NOTE, "edge": {path: write_base64(LOG.true(path) or b"") for path in paths}}


INNOCENT: list[tuple[str, dict[str, Any]]] = [
    ("fork", {"older": NOTE, "newer": NOTE, "proof": []}),
    ("fork", {"older": OLDER, "newer": NOTE, "proof": PROOF}),
    ("fork", {"older": NOTE, "newer": OLDER, "proof": PROOF}),
    ("fork", {"older": OLDER, "newer": NOTE, "proof": PROOF[1:]}),
    ("fork", {"older": OLDER, "newer": NOTE, "proof": [PROOF[1], *PROOF[1:]]}),
    ("shrunk", {"before": NOTE, "now": NOTE}),
    ("shrunk", {"before": OLDER, "now": NOTE}),
    ("key_unknown", {"checkpoint": write_base64(NOTE.encode())}),
    ("checkpoint_wrong", {"checkpoint": write_base64(NOTE.encode())}),
    ("unwitnessed", {"checkpoint": NOTE}),
    ("late", {"checkpoint": NOTE, "limit": 600}),
    ("object_wrong", tile("tile/0/000", 0, 7)),
    ("object_wrong", tile("tile/0/000", 8, 0)),
    ("object_wrong", tile("tile/0/000", 2, 60)),
    ("object_wrong", tile("tile/1/000.p/1", 8, 0)),
    ("object_wrong", tile("tile/entries/000", 0, 255)),
    ("object_wrong", tile("tile/entries/001.p/44", 0, 299)),
    ("object_wrong", tile("tile/0/001.p/43", 0, 298)),
    ("object_wrong", tile("tile/0/000", 0, 299)),
    ("object_wrong", edge("tile/0/001.p/44", "tile/1/000.p/1")),
    ("object_wrong", edge("tile/0/001.p/44")),
    ("object_missing", {"checkpoint": NOTE, "path": "tile/0/001"}),
    ("object_missing", {"checkpoint": NOTE, "path": "tile/2/000.p/1"}),
    ("entry_unsound", unsound("form", 5)),
    ("entry_unsound", unsound("origin", 5)),
    ("entry_unsound", unsound("first", 0)),
    ("entry_unsound", unsound("future", 5)),
    ("entry_unsound", unsound("nonsense", 5)),
    ("entry_unsound", unsound("time", 5, earlier=entry(4))),
    ("entry_unsound", unsound("time", 4, earlier=entry(5))),
    ("entry_unsound", unsound("chain", 5, chain="batch:2", earlier=entry(2))),
    ("entry_unsound", unsound("chain", 2, chain="batch:2", earlier=entry(5))),
    ("entry_unsound", unsound("chain", 8, chain="batch:2", earlier=entry(2))),
    ("entry_unsound", unsound("chain", 5, chain="batch:2", earlier=entry(4))),
    ("entry_unsound", unsound("twice", 5, chain="batch:2")),
    ("watched", {"checkpoint": NOTE, "entry": entry(5), "chain": "batch:2"}),
    ("watched", {"checkpoint": NOTE, "entry": entry(0), "chain": "member:tea"}),
    ("witness_wrong", {"witness": "lab0", "checkpoint": write_base64(NOTE.encode())}),
    ("witness_wrong", {"witness": "nobody", "checkpoint": ""}),
    ("witness_went_back", {"witness": "lab0", "before": NOTE, "now": NOTE}),
    ("witness_went_back", {"witness": "lab0", "before": OLDER, "now": NOTE}),
    ("witness_went_back", {"witness": "lab0", "before": NOTE, "now": OLDER}),
    ("witness_went_back", {"witness": "lab2", "before": NOTE, "now": LATER}),
]


def accused(kind: str, parts: dict[str, Any]) -> Evidence:
    """Return evidence as anybody can write it."""
    made = Evidence(f"monitor.{kind}", ORIGIN, LOG.name, LOG.time, format_policy(WITNESSED), parts)
    return read_evidence(write_evidence(made))


@pytest.mark.parametrize(("kind", "parts"), INNOCENT)
def test_the_honest_are_not_accused(kind: str, parts: dict[str, Any]) -> None:
    with pytest.raises(ShangengError):
        examine(accused(kind, parts))


def test_the_same_parts_convince_where_they_should() -> None:
    """So that what is refused above is not refused for its form alone."""
    assert examine(accused("shrunk", {"before": NOTE, "now": OLDER}))
    assert examine(accused("witness_went_back", {"witness": "lab0", "before": NOTE, "now": LATER}))
    other = LOG.rewritten(150)
    assert examine(accused("fork", {"older": replace(other, shown=200).note(), "newer": NOTE, "proof": PROOF}))
    altered = tile("tile/0/000", 8, 0) | {"bytes": write_base64(bytes(8192))}
    assert examine(accused("object_wrong", altered))


SPOILED: list[Callable[[dict[str, Any]], object]] = [
    lambda parts: parts.pop("older"),
    lambda parts: parts.update(older=7),
    lambda parts: parts.update(proof="none"),
    lambda parts: parts.update(proof=[7]),
    lambda parts: parts.update(proof=["AAAA"]),
    lambda parts: parts.clear(),
]


@pytest.mark.parametrize("spoil", SPOILED)
def test_parts_of_another_form_are_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    parts: dict[str, Any] = {"older": OLDER, "newer": NOTE, "proof": list(PROOF)}
    spoil(parts)
    with pytest.raises(ShangengError):
        examine(accused("fork", parts))


def test_a_finding_of_another_kind_is_unusable() -> None:
    with pytest.raises(EvidenceUnusable):
        examine(accused("rumour", {}))
