import base64
import json
from hashlib import sha256

import pytest

from shangeng_trace.checkpoint import open_checkpoint
from shangeng_trace.errors import MalformedError
from shangeng_trace.merkle import leaf_hash
from shangeng_trace.note import parse_vkey
from shangeng_trace.tiles import TilePath, TileTree, grown, parse_path, read_bundle, width_at, write_bundle
from tests.trace.logcases import Case, cases, entry, hashes, leaves
from tests.vectors import vectors

OURS = vectors("tlog/tiles")
UPSTREAM = vectors("tlog/upstream")
TESSERA_PATHS: dict[str, list[list[str]]] = json.loads((UPSTREAM / "tile_paths.json").read_bytes())


def bundle_paths(old: int, new: int) -> list[str]:
    return [str(TilePath(None, tile.number, tile.width)) for tile in grown(old, new) if tile.level == 0]


@pytest.mark.parametrize("case", cases(OURS / "paths.json", "good"))
def test_a_path_is_written_and_read(case: Case) -> None:
    tile = TilePath(None if case["level"] == "entries" else case["level"], case["index"], case["width"])
    assert str(tile) == case["path"]
    assert parse_path(case["path"]) == tile


@pytest.mark.parametrize("case", cases(OURS / "paths.json", "bad"))
def test_a_path_in_another_spelling_is_refused(case: Case) -> None:
    with pytest.raises(MalformedError):
        parse_path(case["path"])


@pytest.mark.parametrize(("level", "number", "width", "path"), TESSERA_PATHS["tile_paths"])
def test_tessera_writes_the_same_paths(level: int, number: int, width: int, path: str) -> None:
    assert str(TilePath(level, number, width or 256)) == path


@pytest.mark.parametrize(("index", "size", "path"), TESSERA_PATHS["entries_for_index"])
def test_tessera_finds_an_entry_in_the_same_bundle(index: int, size: int, path: str) -> None:
    assert str(TilePath(None, index // 256, width_at(size, 0, index // 256))) == path


@pytest.mark.parametrize(("level", "path", "expected_level", "number", "width"), TESSERA_PATHS["parse_good"])
def test_tessera_reads_the_same_paths(level: str, path: str, expected_level: int, number: int, width: int) -> None:
    assert parse_path(f"tile/{level}/{path}") == TilePath(expected_level, number, width or 256)


@pytest.mark.parametrize(("level", "path"), TESSERA_PATHS["parse_bad"])
def test_tessera_refuses_the_same_paths(level: str, path: str) -> None:
    with pytest.raises(MalformedError):
        parse_path(f"tile/{level}/{path}")


@pytest.mark.parametrize("case", cases(OURS / "layout.json"))
def test_the_tiles_of_a_size(case: Case) -> None:
    size: int = case["size"]
    for level, expected in case["levels"].items():
        full, partial = expected["full"], expected["partial"]
        assert width_at(size, int(level), full) == (partial["width"] if partial else 0)
        assert full == 0 or width_at(size, int(level), full - 1) == 256
        if partial:
            assert str(TilePath(int(level), partial["index"], partial["width"])) == partial["path"]
    assert width_at(size, len(case["levels"]), 0) == 0
    assert sum(tile.width == 256 for tile in grown(0, size) if tile.level == 0) == case["entries_full"]
    if case["entries_partial"]:
        assert bundle_paths(size - 1, size) == [case["entries_partial"]]


@pytest.mark.parametrize("case", cases(OURS / "growth.json"))
def test_growing_writes_exactly_these_objects(case: Case) -> None:
    old, new = case["old"], case["new"]
    assert sorted(map(str, grown(old, new))) == sorted(case["tiles"])
    assert bundle_paths(old, new) == sorted(case["entries"])

    tree = TileTree()
    tree.append(leaves(new)[:old])
    tree.changed()
    tree.append(leaves(new)[old:])
    written = tree.changed()
    assert sorted(str(TilePath(*place, len(octets) // 32)) for place, octets in written.items()) == sorted(
        case["tiles"]
    )


def test_a_log_of_300_entries_byte_for_byte() -> None:
    log: Case = json.loads((OURS / "mini_log.json").read_bytes())
    entries = [entry(index) for index in range(log["size"])]
    tree = TileTree()
    tree.append([leaf_hash(each) for each in entries])
    objects = {str(TilePath(*place, len(octets) // 32)): octets for place, octets in tree.changed().items()}
    objects["tile/entries/000"] = write_bundle(entries[:256])
    objects["tile/entries/001.p/44"] = write_bundle(entries[256:])
    assert {path: sha256(octets).hexdigest() for path, octets in objects.items()} == log["sha256"]
    assert tree.root().hex() == log["root"]


@pytest.mark.parametrize("case", cases(OURS / "bundles.json"))
def test_bundles(case: Case) -> None:
    if case["bundle_b64"] is None:
        bundle, expected = write_bundle([b"\xaa" * 65_535]), [b"\xaa" * 65_535]
    else:
        bundle = base64.b64decode(case["bundle_b64"])
        expected = hashes(case.get("entries_hex"))
    assert sha256(bundle).hexdigest() == case["bundle_sha256"]
    if case["expect"] == "accept":
        assert read_bundle(bundle, case["expected_count"]) == expected
        assert write_bundle(expected) == bundle
    else:
        with pytest.raises(MalformedError):
            read_bundle(bundle, case["expected_count"])


def test_the_log_that_tessera_built_entry_by_entry_is_rebuilt() -> None:
    log: Case = json.loads((UPSTREAM / "tessera_mini_log.json").read_bytes())
    objects = {path: base64.b64decode(octets) for path, octets in log["objects_b64"].items()}
    verifier = parse_vkey(log["vkey"])
    head = open_checkpoint(objects["checkpoint"], origin=verifier.name, verifiers=[verifier])
    widths = range(1, head.size + 1)
    tree = TileTree()
    for width, one in zip(widths, read_bundle(objects[f"tile/entries/000.p/{head.size}"], head.size), strict=True):
        tree.append([leaf_hash(one)])
        assert tree.changed() == {(0, 0): objects[f"tile/0/000.p/{width}"]}
        signed = open_checkpoint(objects[f"checkpoint.{width}"], origin=verifier.name, verifiers=[verifier])
        assert (signed.size, signed.root) == (width, tree.root())
