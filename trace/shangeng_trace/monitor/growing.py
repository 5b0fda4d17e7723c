"""From the head last verified to a newer one: the leaves are appended to the remembered tree, and the root must fit.

That alone shows that the newer head continues the older one. Only where the root does not fit is it asked why, by
`tracing`.
"""

from dataclasses import replace

from shangeng_trace.checkpoint import VerifiedCheckpoint
from shangeng_trace.logtext import HASH_SIZE, LogTextMalformed
from shangeng_trace.monitor.look import Halted, Look, node_part
from shangeng_trace.monitor.memory import FILE, Known, MemoryUnusable
from shangeng_trace.monitor.objects import hashes_in
from shangeng_trace.monitor.tracing import trace
from shangeng_trace.tiles import WIDTH, TileTree, grown

_KEPT_AT_ONCE = 64
"""Tiles of level 0 appended before what they made is written."""


class _AnotherRoot(Exception):  # says only that the step is to be undone
    """The leaves served do not lead to the root that was signed."""


def grow(look: Look, known: Known, head: VerifiedCheckpoint) -> Known:
    """Verify the tree up to a larger signed head and remember it.

    Raises:
        Halted: it does not continue what was known, or what is served does not fit it.
    """
    tree = remembered_tree(look, known)
    try:
        with look.memory.step():
            _append(look, known.size, head, tree)
            _compare_upper(look, known.size, head)
            grown_to = replace(known, size=head.size, root=head.root, note=head.note, seen=look.seen)
            look.memory.know(grown_to)
    except _AnotherRoot:
        raise Halted(trace(look, known, head)) from None
    return grown_to


def remembered_tree(look: Look, known: Known) -> TileTree:
    """Return the tree as far as it is known; raises `MemoryUnusable` where the memory itself is damaged."""
    try:
        tree = TileTree.load(look.memory.tile, known.size)
        if tree.root() == known.root:
            return tree
    except LogTextMalformed:
        pass  # a tile is missing, which is told below
    raise MemoryUnusable(path=FILE, what="tile")


def _append(look: Look, old: int, head: VerifiedCheckpoint, tree: TileTree) -> None:
    """Append the leaves that the log serves beyond `old`; what it serves of earlier ones must be what was known."""
    leaves = [path for path in grown(old, head.size) if path.level == 0]
    for done, path in enumerate(leaves, 1):
        octets = look.served(path, head)
        before = look.memory.tile(0, path.number) if path.number * WIDTH < old else b""
        if not octets.startswith(before):
            raise _AnotherRoot
        tree.append(hashes_in(path, octets)[len(before) // HASH_SIZE :])  # type: ignore[index]
        if done % _KEPT_AT_ONCE == 0 or done == len(leaves):
            look.memory.keep_tiles(tree.changed())
        look.progress("tiles", min((path.number + 1) * WIDTH, head.size), head.size)
    if tree.root() != head.root:
        raise _AnotherRoot


def _compare_upper(look: Look, old: int, head: VerifiedCheckpoint) -> None:
    """Compare the upper tiles with the tree, which is known by now: a wrong one is told, and harms nobody here."""
    for path in grown(old, head.size):
        if path.level:
            try:
                octets = look.served(path, head)
            except Halted as halted:
                look.tell(halted.finding)
                continue
            own = look.memory.tile(path.level, path.number)[: len(octets)]
            if octets != own:
                at = next(at for at in range(0, len(own), HASH_SIZE) if octets[at:][:HASH_SIZE] != own[at:][:HASH_SIZE])
                index = path.number * WIDTH + at // HASH_SIZE
                node = node_part(8 * path.level, index, head.size, look.own_node(head.size))
                look.tell(look.wrong(path, octets, head, node=node))
