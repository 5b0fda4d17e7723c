"""Tiles and entry bundles of the log (C2SP tlog-tiles): their paths and bytes, and the tree that grows by them.

A tile of level l holds up to 256 hashes: its i-th is the root of the perfect subtree of 256**l leaves at
(256 * number + i) * 256**l. Level 0 holds leaf hashes. A tile of fewer hashes is partial and is never hashed
into the level above, so an earlier width is always a prefix of a later one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self, TypeAlias

from shangeng_trace.logtext import HASH_SIZE, LARGEST, malformed
from shangeng_trace.merkle import EMPTY_ROOT, NodeGetter, node_hash, parents

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""

LONGEST_ENTRY = 65_535
"""Octets of the longest entry a bundle can hold."""

TileReader: TypeAlias = Callable[[int, int], bytes]
"""`read(level, number)`: the stored octets of a tile, at the width asked about or any later one."""

_PATH = re.compile(
    r"tile/(?P<level>0|[1-5]?[1-9]|[1-5]0|6[0-3]|entries)"
    r"/(?P<number>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """The address of a tile, or of an entry bundle where `level` is None; width 1 to 256."""

    level: int | None
    number: int
    width: int = WIDTH

    def __str__(self) -> str:
        digits = str(self.number)
        digits = digits.zfill((len(digits) + 2) // 3 * 3)
        *leading, last = (digits[at : at + 3] for at in range(0, len(digits), 3))
        number = "".join(f"x{segment}/" for segment in leading) + last
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level is None else self.level}/{number}{partial}"


def parse_path(path: str) -> TilePath:
    """Read a path below the log's prefix such as `tile/0/x001/x234/067.p/89`, in its one spelling.

    Raises:
        LogTextMalformed: it is not one.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        malformed("tile path")
    level, number, width = match["level"], int(re.sub("[x/]", "", match["number"])), int(match["width"] or WIDTH)
    found = TilePath(None if level == "entries" else int(level), number, width)
    if number > LARGEST or str(found) != path or width > WIDTH:
        malformed("tile path")
    return found


def width_at(size: int, level: int, number: int) -> int:
    """Return how many hashes tile `number` of `level` holds in a tree of `size` leaves; 0 where there is none."""
    return min(max((size >> 8 * level) - number * WIDTH, 0), WIDTH)


def grown(old: int, new: int) -> Iterator[TilePath]:
    """Yield the tiles that are new or wider in the tree of `new` leaves than in that of `old`, lowest level first.

    With `old` = 0 these are all tiles of the tree. Bundles follow the same numbers and widths as level 0.
    """
    level = 0
    while (end := new >> 8 * level) > 0:
        for number in range((old >> 8 * level) // WIDTH, (end + WIDTH - 1) // WIDTH):
            if (width := width_at(new, level, number)) > width_at(old, level, number):
                yield TilePath(level, number, width)
        level += 1


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length as two octets, big-endian.

    Raises:
        LogTextMalformed: an entry is longer than 65,535 octets.
    """
    if any(len(entry) > LONGEST_ENTRY for entry in entries):
        malformed("length of an entry")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def read_bundle(bundle: bytes, width: int) -> list[bytes]:
    """Return the entries of a bundle that must hold exactly `width` of them.

    Raises:
        LogTextMalformed: it holds another number, or is cut or followed by something.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(bundle) and len(entries) <= width:
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        if start > len(bundle) or at > len(bundle):
            malformed("entry bundle cut short")
        entries.append(bundle[start:at])
    if len(entries) != width:
        malformed("number of entries in a bundle")
    return entries


class TileTree:
    """The growing tree: its size, the perfect subtrees its root is made of, and the partial tile of each level.

    Appending costs one node hash per leaf on the whole and never reads a full tile again. Not for several threads.
    """

    def __init__(self) -> None:
        self.size = 0
        self._perfect: list[bytes] = []  # by level; b"" where the size has no such bit
        self._edge: list[bytes] = []  # by tile level; the partial tile's octets
        self._full: dict[tuple[int, int], bytes] = {}
        self._touched: set[int] = set()

    @classmethod
    def load(cls, read: TileReader, size: int) -> Self:
        """Return the tree of `size` leaves from its stored right edge, at most one tile per level.

        Raises:
            LogTextMalformed: a tile read is shorter than `size` implies.
        """
        tree = cls()
        tree.size = size
        for level in range((size.bit_length() + 7) // 8):
            number, width = divmod(size >> 8 * level, WIDTH)
            tree._edge.append(_tile(read, level, number, width) if width else b"")
            row = _hashes(tree._edge[level])
            for rise in range(8 * level, 8 * level + 8):
                row = tree._pair(rise, row)
        return tree

    def copy(self) -> Self:
        """Return a tree to append to while this one stays as it is; shares all octets, so it costs microseconds."""
        tree = type(self)()
        tree.size = self.size
        tree._perfect, tree._edge = self._perfect.copy(), self._edge.copy()  # noqa: SLF001  # its own class
        tree._full, tree._touched = self._full.copy(), self._touched.copy()  # noqa: SLF001  # as above
        return tree

    def append(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes (`merkle.leaf_hash`, 32 octets each) at the end."""
        assert all(len(leaf) == HASH_SIZE for leaf in leaves), "leaf hashes have 32 octets"
        row = list(leaves)
        level = 0
        while row:
            if level % 8 == 0:
                self._extend(level // 8, row)
            row = self._pair(level, row)
            level += 1
        self.size += len(leaves)

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        hashed = b""
        for perfect in self._perfect:
            if perfect:
                hashed = node_hash(perfect, hashed) if hashed else perfect
        return hashed or EMPTY_ROOT

    def changed(self) -> dict[tuple[int, int], bytes]:
        """Take the tiles touched since the last take, by (level, number), each at its present width."""
        tiles = self._full
        for level in self._touched:
            if self._edge[level]:
                tiles[level, (self.size >> 8 * level) // WIDTH] = self._edge[level]
        self._full, self._touched = {}, set()
        return tiles

    def _extend(self, level: int, hashes: list[bytes]) -> None:
        """Put the next hashes of a tile level into its edge tile, moving each tile that fills to the full ones."""
        if level == len(self._edge):
            self._edge.append(b"")
        number = (self.size >> 8 * level) // WIDTH
        octets = self._edge[level] + b"".join(hashes)
        whole = len(octets) - len(octets) % (WIDTH * HASH_SIZE)
        for at in range(0, whole, WIDTH * HASH_SIZE):
            self._full[level, number] = octets[at : at + WIDTH * HASH_SIZE]
            number += 1
        self._edge[level] = octets[whole:]
        self._touched.add(level)

    def _pair(self, level: int, row: list[bytes]) -> list[bytes]:
        """Join the hashes that reach `level` with the one waiting there; keep the odd one, return the parents."""
        if level == len(self._perfect):
            self._perfect.append(b"")
        if self._perfect[level]:
            row = [self._perfect[level], *row]
        self._perfect[level] = row[-1] if len(row) % 2 else b""
        return parents(row)


def node_reader(read: TileReader, size: int) -> NodeGetter:
    """Return `merkle`'s node getter for the tree of `size` leaves, over stored tiles.

    A tile is read at most once and a node computed at most once for the life of the getter.

    Raises (the getter):
        LogTextMalformed: a tile read is shorter than `size` implies.
    """

    @cache
    def tile(level: int, number: int) -> bytes:
        return _tile(read, level, number, width_at(size, level, number))

    @cache
    def node(level: int, index: int) -> bytes:
        if level % 8:
            return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
        at = index % WIDTH * HASH_SIZE
        return tile(level // 8, index // WIDTH)[at : at + HASH_SIZE]

    return node


def _tile(read: TileReader, level: int, number: int, width: int) -> bytes:
    """Read a tile and cut it to `width` hashes: what is stored may have grown since."""
    octets = read(level, number)
    if len(octets) < width * HASH_SIZE:
        malformed("tile cut short")
    return octets[: width * HASH_SIZE]


def _hashes(tile: bytes) -> list[bytes]:
    return [tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE)]
