"""Served tiles and bundles against what is known of the tree. Pure."""

from collections.abc import Mapping, Sequence

from shangeng_trace.logtext import HASH_SIZE, LogTextMalformed
from shangeng_trace.merkle import leaf_hash, root
from shangeng_trace.tiles import LONGEST_ENTRY, WIDTH, TilePath, TileTree, read_bundle


def largest(path: TilePath) -> int:
    """Return how many octets an object of this path can have: what is longer need not be read."""
    return path.width * (HASH_SIZE if path.level is not None else 2 + LONGEST_ENTRY)


def narrowed(octets: bytes, path: TilePath) -> bytes:
    """Return the beginning of a wider tile or bundle, at the width of `path`."""
    if path.level is not None:
        return octets[: path.width * HASH_SIZE]
    at = 0
    for _ in range(path.width):
        at += 2 + int.from_bytes(octets[at : at + 2], "big")
    return octets[:at]


def hashes_in(path: TilePath, octets: bytes) -> list[bytes] | None:
    """Return the hashes of a tile, or the leaf hashes of a bundle's entries; None where it cannot be read."""
    if path.level is None:
        try:
            return [leaf_hash(entry) for entry in read_bundle(octets, path.width)]
        except LogTextMalformed:
            return None
    if len(octets) != path.width * HASH_SIZE:
        return None
    return [octets[at : at + HASH_SIZE] for at in range(0, len(octets), HASH_SIZE)]


def implied(path: TilePath, hashes: Sequence[bytes], level: int, index: int) -> bytes | None:
    """Return the node (level, index) as a tile or bundle implies it, or None where it does not hold all of it."""
    rise = level - 8 * (path.level or 0)
    if not 0 <= rise <= 8:  # noqa: PLR2004  # a tile spans eight levels
        return None
    start = (index << rise) - path.number * WIDTH
    below = hashes[start : start + (1 << rise)] if start >= 0 else hashes[:0]
    return root(below) if len(below) == 1 << rise else None


def edge(size: int) -> list[TilePath]:
    """Return the partial tiles at the right edge of a tree, lowest level first: they alone give its root."""
    levels = range((size.bit_length() + 7) // 8)
    found = [(level, *divmod(size >> 8 * level, WIDTH)) for level in levels]
    return [TilePath(level, number, width) for level, number, width in found if width]


def edge_root(tiles: Mapping[str, bytes], size: int) -> bytes:
    """Return the root that the partial tiles of a tree, by path, lead to; raises `LogTextMalformed` for short ones."""
    by_level = {path.level: tiles.get(str(path), b"") for path in edge(size)}
    return TileTree.load(lambda level, _number: by_level.get(level, b""), size).root()
