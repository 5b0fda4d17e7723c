"""One look at a log: what it is done with, and how a finding is made."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from shangeng_trace.checkpoint import VerifiedCheckpoint
from shangeng_trace.errors import ShangengError
from shangeng_trace.logtext import HASH_SIZE, write_base64
from shangeng_trace.merkle import NodeGetter, inclusion_proof, node_proof, prefix_proof
from shangeng_trace.monitor.evidence import Evidence
from shangeng_trace.monitor.examining import Shown, examine
from shangeng_trace.monitor.findings import Fork, ObjectMissing, ObjectWrong
from shangeng_trace.monitor.memory import Memory
from shangeng_trace.monitor.parts import write_hashes
from shangeng_trace.monitor.source import Source, fetch_object
from shangeng_trace.policy import Policy, evaluate, format_policy
from shangeng_trace.tiles import TilePath, node_reader

Progress: TypeAlias = Callable[[str, int, int], object]
"""`progress(what, done, all)`: how many of the entries were verified, as "tiles" and then as "entries"."""


def unheard(_what: str, _done: int, _all: int) -> None:
    """Tell nobody of progress."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found: `key` is the same when it is found again, and `shown` is what its evidence shows."""

    key: str
    evidence: Evidence
    shown: Shown


class Halted(Exception):  # it carries a finding, and is no error
    """The look cannot go on past this finding."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.key)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look is done with. `tell` takes a finding and returns once its evidence is safe."""

    origin: str
    policy: Policy
    source: Source
    memory: Memory
    seen: datetime
    tell: Callable[[Finding], object]
    watch: frozenset[str] = frozenset()
    late: int = 0
    progress: Progress = unheard

    def find(self, kind: type[ShangengError], key: str, **parts: Any) -> Finding:
        """Return a finding with its evidence, which is examined like anybody would; raises what that raises."""
        evidence = Evidence(kind.code, self.origin, self.source.name, self.seen, format_policy(self.policy), parts)
        return Finding(f"{kind.code} {key}", evidence, examine(evidence, self.policy))

    def served(self, path: TilePath, head: VerifiedCheckpoint) -> bytes:
        """Return an object that a signed head implies; raises `Halted` where it is not served."""
        found = fetch_object(self.source, path)
        if found is None:
            raise Halted(self.find(ObjectMissing, str(path), checkpoint=head.note, path=str(path)))
        if path.level is not None and len(found) != path.width * HASH_SIZE:
            raise Halted(self.wrong(path, found, head))
        return found

    def wrong(self, path: TilePath, octets: bytes, head: VerifiedCheckpoint, **node: Any) -> Finding:
        """Return the finding that an object does not fit the signed tree."""
        shown = {"path": str(path), "bytes": write_base64(octets), **node}
        return self.find(ObjectWrong, str(path), checkpoint=head.note, **shown)

    def fork(self, key: str, older: VerifiedCheckpoint, newer: VerifiedCheckpoint, node: NodeGetter) -> Finding:
        """Return the finding that two heads contradict each other, by the nodes of the newer one's tree."""
        same = older.size == newer.size
        proof = [] if same else write_hashes(prefix_proof(older.size, newer.size, node))
        return self.find(Fork, key, older=older.note, newer=newer.note, proof=proof)

    def head(self, note: str) -> VerifiedCheckpoint:
        """Return a remembered head; raises `VerificationError` where the policy no longer knows who signed it."""
        return evaluate(self.policy, note, origin=self.origin).checkpoint

    def own_node(self, size: int) -> NodeGetter:
        """Return the nodes of the tree of `size` entries as remembered."""
        return node_reader(self.memory.tile, size)

    def leaf_part(self, index: int, body: bytes, size: int) -> dict[str, Any]:
        """Return an entry as a part of evidence, with its inclusion in the remembered tree."""
        proof = inclusion_proof(index, size, self.own_node(size))
        return {"index": index, "bytes": write_base64(body), "inclusion": write_hashes(proof)}


def node_part(level: int, index: int, size: int, node: NodeGetter) -> dict[str, Any]:
    """Return a node as a part of evidence, with its proof, by the nodes of a tree that is known to be the signed one."""
    proof = write_hashes(node_proof(level, index, size, node))
    return {"level": level, "index": index, "hash": write_base64(node(level, index)), "proof": proof}
