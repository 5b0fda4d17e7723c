import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shangeng_trace.errors import MalformedError
from shangeng_trace.merkle import EMPTY_ROOT, root
from shangeng_trace.tiles import (
    TilePath,
    TileTree,
    grown,
    node_reader,
    parse_path,
    read_bundle,
    width_at,
    write_bundle,
)
from tests.trace.logcases import leaves, stored_tiles

BOUNDARIES = [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537]
paths = st.builds(
    TilePath, level=st.none() | st.integers(0, 63), number=st.integers(0, 2**63 - 1), width=st.integers(1, 256)
)


def naive_tiles(size: int) -> dict[tuple[int, int], bytes]:
    """Cut every tile of a small tree out of its definition: MTH of 256**level leaves each."""
    tiles: dict[tuple[int, int], bytes] = {}
    level, row = 0, leaves(size)
    while row:
        for at in range(0, len(row), 256):
            tiles[level, at // 256] = b"".join(row[at : at + 256])
        row = [root(row[at : at + 256]) for at in range(0, len(row) - 255, 256)]
        level += 1
    return tiles


@settings(deadline=None)
@given(st.lists(st.integers(0, 700), max_size=12), st.data())
def test_how_entries_are_grouped_does_not_matter(groups: list[int], data: st.DataObject) -> None:
    tree, stored, size = TileTree(), dict[tuple[int, int], bytes](), 0

    def read(level: int, number: int) -> bytes:
        return stored[level, number]

    for group in groups:
        if data.draw(st.booleans()):
            tree = TileTree.load(read, size)
        tree.append(leaves(8400)[size : size + group])
        size += group
        stored.update(tree.changed())
    assert tree.size == size
    assert tree.root() == root(leaves(8400)[:size])
    assert stored == naive_tiles(size)


@pytest.mark.parametrize("size", BOUNDARIES)
def test_the_tree_at_a_boundary(size: int) -> None:
    tree = TileTree()
    tree.append(leaves(65_537)[:size])
    before = tree.root()
    tiles = tree.changed()
    assert before == root(leaves(65_537)[:size])
    assert tiles == naive_tiles(size)
    assert {place: len(octets) // 32 for place, octets in tiles.items()} == {
        (tile.level, tile.number): tile.width for tile in grown(0, size)
    }


@settings(deadline=None)
@given(st.integers(0, 65_537) | st.sampled_from(BOUNDARIES), st.integers(1, 600))
def test_a_tree_read_back_grows_as_the_one_in_memory(size: int, more: int) -> None:
    stored = stored_tiles(66_200)
    read = TileTree.load(lambda level, number: stored[level, number], size)
    read.append(leaves(66_200)[size : size + more])
    assert read.root() == TileTree.load(lambda level, number: stored[level, number], size + more).root()
    assert {place: len(octets) // 32 for place, octets in read.changed().items()} == {
        (tile.level, tile.number): tile.width for tile in grown(size, size + more)
    }


def test_a_copy_is_appended_to_alone() -> None:
    tree = TileTree()
    tree.append(leaves(600)[:250])
    before = tree.root()
    copy = tree.copy()
    copy.append(leaves(600)[250:])
    assert (tree.size, tree.root()) == (250, before)
    assert set(tree.changed()) == {(0, 0)}
    assert copy.root() == root(leaves(600))
    assert copy.changed() == naive_tiles(600)


def test_what_was_taken_is_not_taken_twice() -> None:
    tree = TileTree()
    tree.append(leaves(600)[:300])
    assert set(tree.changed()) == {(0, 0), (0, 1), (1, 0)}
    assert tree.changed() == {}
    tree.append([])
    assert tree.changed() == {}
    assert TileTree().root() == EMPTY_ROOT


def test_stored_tiles_that_are_cut_short_are_named() -> None:
    short = {place: octets[:-32] for place, octets in naive_tiles(300).items()}
    with pytest.raises(MalformedError):
        TileTree.load(lambda level, number: short[level, number], 300)
    with pytest.raises(MalformedError):
        node_reader(lambda level, number: short[level, number], 300)(0, 299)


def test_a_node_reader_reads_each_tile_once() -> None:
    asked: list[tuple[int, int]] = []

    def read(level: int, number: int) -> bytes:
        asked.append((level, number))
        return naive_tiles(600)[level, number]

    node = node_reader(read, 600)
    for level in range(9):
        for index in range(600 >> level):
            assert node(level, index) == root(leaves(600)[index << level : (index + 1) << level])
    assert sorted(asked) == sorted(naive_tiles(600))


@given(paths)
def test_a_path_reads_back(path: TilePath) -> None:
    assert parse_path(str(path)) == path


@given(st.text() | st.from_regex(r"tile/[0-9e]{1,2}/(x?[0-9]{3}/?){1,3}(\.p/[0-9]{1,3})?", fullmatch=True))
def test_any_path_is_read_in_one_spelling_or_refused(text: str) -> None:
    try:
        path = parse_path(text)
    except MalformedError:
        return
    assert str(path) == text


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_reads_back(entries: list[bytes]) -> None:
    assert read_bundle(write_bundle(entries), len(entries)) == entries


@given(st.binary(max_size=64), st.integers(1, 256))
def test_any_bundle_is_read_in_one_spelling_or_refused(octets: bytes, width: int) -> None:
    try:
        entries = read_bundle(octets, width)
    except MalformedError:
        return
    assert write_bundle(entries) == octets


def test_an_entry_that_no_bundle_can_hold_is_refused() -> None:
    assert read_bundle(write_bundle([bytes(65_535)]), 1) == [bytes(65_535)]
    with pytest.raises(MalformedError):
        write_bundle([bytes(65_536)])


def test_widths_at_the_edges() -> None:
    assert [width_at(70_000, *place) for place in ((0, 273), (0, 274), (1, 1), (2, 0), (3, 0))] == [112, 0, 17, 1, 0]
