"""Comparing two heads of one log by its tiles, as the browser does on every visit after the first."""

import json
from base64 import b64encode
from hashlib import sha256

import pytest

from shangeng_trace.checkpoint import Checkpoint, format_checkpoint
from shangeng_trace.merkle import leaf_hash, root
from shangeng_trace.tiles import TilePath, TileTree
from tests.e2e.verify.laboratory import Laboratory
from tests.vectors import vectors

SIZE = 66_000
"""Two tile levels and the beginning of a third."""
PAIRS = [
    (1, 2),
    (255, 256),
    (256, 257),
    (1, SIZE),
    (300, 1000),
    (4096, SIZE),
    (65_536, SIZE),
    (65_535, 65_536),
    (65_537, SIZE),
    (40_000, 65_999),
    (SIZE - 1, SIZE),
    (SIZE, SIZE),
    (0, 500),
]

COMPARE = """
const { compareHeads } = await load("heads");
const head = ([size, root]) => ({ size: BigInt(size), root: unhex(root) });
const tiles = new Map(Object.entries(given.tiles));
const out = [];
for (const [old, now] of given.pairs) {
  const asked = [];
  const code = await failed(() => compareHeads(head(old), head(now), async (path) => {
    asked.push(path);
    return tiles.has(path) ? unbase64(tiles.get(path), "tile") : null;
  }));
  out.push([code, asked]);
}
return out;
"""


@pytest.fixture(scope="module")
def leaves() -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(SIZE)]


@pytest.fixture(scope="module")
def tiles(leaves: list[bytes]) -> dict[str, str]:
    """Return what a log of this size serves; of what it served before, only what was full by then."""
    tree = TileTree()
    tree.append(leaves)
    return {
        str(TilePath(level, number, len(octets) // 32)): b64encode(octets).decode()
        for (level, number), octets in tree.changed().items()
    }


def test_every_continuation_is_proven(modern: Laboratory, leaves: list[bytes], tiles: dict[str, str]) -> None:
    heads = {size: [str(size), root(leaves[:size]).hex()] for pair in PAIRS for size in pair}
    # Partial tiles of earlier sizes are gone: where the log grew past them, the full tile begins with them.
    pairs = [[heads[old], heads[new]] for old, new in PAIRS] + [[heads[new], heads[old]] for old, new in PAIRS]
    told = modern.run(COMPARE, {"tiles": tiles, "pairs": pairs})
    reachable = [new for _, new in PAIRS] * 2
    for new, (code, asked) in zip(reachable, told, strict=True):
        # Between the last full tile and the end only the widths of the end itself are kept here.
        assert code == ("web.not_compared" if SIZE - SIZE % 256 < new < SIZE else None), (new, code, asked)
        assert len(asked) <= 12
        assert len(asked) == len(set(asked))


def test_every_other_past_is_found(modern: Laboratory, leaves: list[bytes], tiles: dict[str, str]) -> None:
    now = [str(SIZE), root(leaves).hex()]
    others = [
        [str(size), root([*leaves[: size // 2], bytes(32), *leaves[size // 2 + 1 : size]]).hex()]
        for size in (1, 2, 255, 256, 300, 4096, 65_536, SIZE - 1, SIZE)
    ]
    others += [[str(size + 1), root(leaves[:size]).hex()] for size in (1, 300, 65_535)]
    others += [["0", bytes(32).hex()]]
    told = modern.run(COMPARE, {"tiles": tiles, "pairs": [[other, now] for other in others]})
    assert [code for code, _ in told] == ["trace.consistency_invalid"] * len(others)


def test_false_tiles_prove_nothing(modern: Laboratory, leaves: list[bytes], tiles: dict[str, str]) -> None:
    """A server that rewrote the past cannot lend it tiles that lead to both heads."""
    false = [*leaves[:100], bytes(32), *leaves[101:]]
    tree = TileTree()
    tree.append(false)
    theirs = {
        str(TilePath(level, number, len(octets) // 32)): b64encode(octets).decode()
        for (level, number), octets in tree.changed().items()
    }
    pairs = [[["300", root(leaves[:300]).hex()], [str(SIZE), tree.root().hex()]]]
    for served in (theirs, tiles):
        ((code, _),) = modern.run(COMPARE, {"tiles": served, "pairs": pairs})
        assert code == "trace.consistency_invalid"
    short = {path: b64encode(b"short").decode() for path in tiles}
    ((code, _),) = modern.run(COMPARE, {"tiles": short, "pairs": pairs})
    assert code == "web.not_compared"


def test_addresses_of_tiles(modern: Laboratory) -> None:
    cases = [
        case
        for case in json.loads((vectors("tlog/tiles") / "paths.json").read_bytes())["good"]
        if case["level"] != "entries"
    ]
    assert cases
    given = [
        [case["level"], str(case["index"]), str((case["index"] * 256 + case["width"]) << 8 * case["level"])]
        for case in cases
    ]
    got = modern.run(
        "const { tilePath } = await load('heads'); return given.map(([l, n, s]) => tilePath(l, BigInt(n), BigInt(s)))",
        given,
    )
    assert got == [case["path"] for case in cases]


def test_what_is_remembered_is_what_was_seen(modern: Laboratory) -> None:
    head = Checkpoint("example.org/log", 2**60, sha256(b"x").digest())
    got = modern.run(
        """const { recallHead, rememberHead } = await load("heads"), { parseCheckpoint, formatCheckpoint } = await load("note");
           const before = recallHead("example.org/log");
           const kept = rememberHead({ ...parseCheckpoint(given), note: given });
           const { size, root, note } = recallHead("example.org/log");
           const again = formatCheckpoint({ origin: "example.org/log", size, root, extensions: [] });
           localStorage["shangeng log head other"] = "nonsense";
           return [before, kept, note, again, recallHead("other")];""",
        format_checkpoint(head),
    )
    assert got == [None, True, format_checkpoint(head), format_checkpoint(head), None]
