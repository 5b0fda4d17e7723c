"""Why do the leaves that are served not lead to the signed root? Found from the root downwards.

The partial tiles at the right edge give the root by themselves. Where they do, they are true, and every full tile is
checked against the hash its parent holds of it: either the log's past is another one than was known, which its own
signatures then prove, or a served object is wrong and is named.
"""

from functools import cache

from shangeng_trace.checkpoint import VerifiedCheckpoint
from shangeng_trace.logtext import HASH_SIZE, write_base64
from shangeng_trace.merkle import root, root_at
from shangeng_trace.monitor.findings import ObjectWrong
from shangeng_trace.monitor.look import Finding, Halted, Look, node_part
from shangeng_trace.monitor.memory import Known
from shangeng_trace.monitor.objects import edge, edge_root, hashes_in
from shangeng_trace.monitor.source import LogUnreachable
from shangeng_trace.tiles import WIDTH, TilePath, TileReader, grown, node_reader, width_at


def trace(look: Look, known: Known, head: VerifiedCheckpoint) -> Finding:
    """Return what is wrong with what is served under `head`.

    Raises:
        Halted: an object along the way is missing or wrong, which is the finding.
        LogUnreachable: asked again, the log served other bytes, which fit.
    """
    tiles = {str(path): look.served(path, head) for path in edge(head.size)}
    if edge_root(tiles, head.size) != head.root:
        return _wrong_edge(look, head, tiles)
    tile = _authentic(look, head, tiles)
    node = node_reader(tile, head.size)
    if root_at(known.size, node) != known.root:
        return look.fork(str(known.size), look.head(known.note), head, node)
    for path in grown(known.size, head.size):
        if path.level == 0:
            tile(0, path.number)
    raise LogUnreachable(reason="it answers differently each time")


def check_ahead(look: Look, known: Known, head: VerifiedCheckpoint) -> None:
    """Check that a larger signed head continues what is known, without following it.

    Raises:
        Halted: it does not, or the tiles that should show it are missing or wrong.
    """
    tiles = {str(path): look.served(path, head) for path in edge(head.size)}
    if edge_root(tiles, head.size) != head.root:
        raise Halted(_wrong_edge(look, head, tiles))
    node = node_reader(_authentic(look, head, tiles), head.size)
    if root_at(known.size, node) != known.root:
        raise Halted(look.fork(str(known.size), look.head(known.note), head, node))


def _wrong_edge(look: Look, head: VerifiedCheckpoint, tiles: dict[str, bytes]) -> Finding:
    """Name the one tile of the right edge that the newest entries show to be wrong, or else all of them."""
    path = edge(head.size)[0]
    if path.level == 0:
        bundle = TilePath(None, path.number, path.width)
        leaves = hashes_in(bundle, look.served(bundle, head)) or []
        mended = {**tiles, str(path): b"".join(leaves)}
        if len(leaves) == path.width and edge_root(mended, head.size) == head.root:
            served = hashes_in(path, tiles[str(path)]) or []
            at = next(at for at, leaf in enumerate(leaves) if leaf != served[at])
            node = node_reader(_authentic(look, head, mended), head.size)
            part = node_part(0, path.number * WIDTH + at, head.size, node)
            return look.wrong(path, tiles[str(path)], head, node=part)
    shown = {each: write_base64(octets) for each, octets in tiles.items()}
    return look.find(ObjectWrong, "edge", checkpoint=head.note, edge=shown)


def _authentic(look: Look, head: VerifiedCheckpoint, tiles: dict[str, bytes]) -> TileReader:
    """Return a reader of served tiles that lets none pass which its parent does not hold, the edge being true."""

    @cache
    def upper(level: int, number: int) -> bytes:
        return read(level, number)

    def read(level: int, number: int) -> bytes:
        path = TilePath(level, number, width_at(head.size, level, number))
        if path.width < WIDTH:
            return tiles[str(path)]
        octets = look.served(path, head)
        at = number % WIDTH * HASH_SIZE
        if root(hashes_in(path, octets) or []) != upper(level + 1, number // WIDTH)[at : at + HASH_SIZE]:
            # The node is taken from the parent: this tile itself is what does not fit.
            node = node_part(8 * level + 8, number, head.size, node_reader(upper, head.size))
            raise Halted(look.wrong(path, octets, head, node=node))
        return octets

    return lambda level, number: upper(level, number) if level else read(0, number)
