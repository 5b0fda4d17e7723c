"""Reading the parts of an evidence file: each of the type it must have, and each signed head opened. Pure."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from shangeng_trace.checkpoint import VerifiedCheckpoint
from shangeng_trace.errors import VerificationError
from shangeng_trace.logtext import read_base64, read_hash
from shangeng_trace.merkle import leaf_hash, nodes_at, verify_inclusion, verify_inclusion_of_leaf
from shangeng_trace.monitor.evidence import Evidence, EvidenceUnusable
from shangeng_trace.policy import Policy, Verdict, evaluate

T = TypeVar("T")


class NotShown(VerificationError):
    """The evidence is whole, but does not show what it says."""

    code = "monitor.not_shown"
    zh = "这份证据不能说明所称的问题：{what}"
    en = "This evidence does not show what it says: {what}"


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry that was shown to be in the signed tree."""

    index: int
    body: bytes

    @property
    def hash(self) -> bytes:
        """Its leaf hash."""
        return leaf_hash(self.body)


@dataclass(frozen=True, slots=True)
class Node:
    """The root of a perfect subtree that was shown to be part of the signed tree, or a leaf's hash at level 0."""

    level: int
    index: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one evidence file under one policy; every reading raises `EvidenceUnusable` or a finding's error."""

    evidence: Evidence
    policy: Policy

    def text(self, name: str) -> str:
        """Return a part that is text."""
        return _of(self.evidence.parts, name, str)

    def number(self, name: str) -> int:
        """Return a part that is a whole number."""
        return _of(self.evidence.parts, name, int)

    def octets(self, name: str) -> bytes:
        """Return a part that is base64."""
        return read_base64(self.text(name), name)

    def has(self, name: str) -> bool:
        """Whether the part is there."""
        return name in self.evidence.parts

    def verdict(self, name: str) -> Verdict:
        """Return a signed checkpoint, opened under the policy."""
        return evaluate(self.policy, self.text(name), origin=self.evidence.origin)

    def head(self, name: str) -> VerifiedCheckpoint:
        """Return a head that the log has signed."""
        return self.verdict(name).checkpoint

    def hashes(self, name: str) -> list[bytes]:
        """Return a proof."""
        return read_hashes(_list(self.evidence.parts, name), name)

    def leaf(self, name: str, head: VerifiedCheckpoint) -> Leaf:
        """Return an entry, shown to be in the tree of `head`."""
        part = _dict(self.evidence.parts, name)
        leaf = Leaf(_of(part, "index", int), read_base64(_of(part, "bytes", str), name))
        proof = read_hashes(_list(part, "inclusion"), name)
        verify_inclusion(entry=leaf.body, index=leaf.index, size=head.size, root=head.root, proof=proof)
        return leaf

    def node(self, name: str, head: VerifiedCheckpoint) -> Node:
        """Return a node, shown to be part of the tree of `head`."""
        part = _dict(self.evidence.parts, name)
        node = Node(_of(part, "level", int), _of(part, "index", int), read_hash(_of(part, "hash", str), name))
        if not 0 <= node.level < head.size.bit_length() or (node.index + 1) << node.level > head.size:
            raise NotShown(what="node outside the tree")
        verify_inclusion_of_leaf(
            leaf=node.hash,
            index=node.index,
            size=nodes_at(node.level, head.size),
            root=head.root,
            proof=read_hashes(_list(part, "proof"), name),
        )
        return node

    def objects(self, name: str) -> dict[str, bytes]:
        """Return several served objects by their paths."""
        part = _dict(self.evidence.parts, name)
        return {path: read_base64(_of(part, path, str), name) for path in part}


def write_hashes(hashes: Sequence[bytes]) -> list[str]:
    """Write a proof as a part."""
    return [b64encode(each).decode() for each in hashes]


def read_hashes(values: Sequence[object], what: str) -> list[bytes]:
    """Read a proof."""
    if not all(isinstance(each, str) for each in values):
        raise EvidenceUnusable(what=what)
    return [read_hash(cast("str", each), what) for each in values]


def _of(part: dict[str, Any], name: str, kind: type[T]) -> T:
    value: object = part.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise EvidenceUnusable(what=name)
    return value


def _dict(part: dict[str, Any], name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", _of(part, name, dict))


def _list(part: dict[str, Any], name: str) -> list[object]:
    return cast("list[object]", _of(part, name, list))
