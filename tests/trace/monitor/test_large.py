"""A tree of three tile levels: followed, and searched for what is wrong in it. Entries are not read here."""

from functools import cache
from pathlib import Path

import pytest

from shangeng_trace.tiles import TilePath
from tests.trace.monitor.logs import FakeLog, Watching, kinds

SIZE = 65_536 + 300


@cache
def large() -> FakeLog:
    return FakeLog.of(SIZE)


def log() -> FakeLog:
    made = large().copy()
    made.served = {str(TilePath(None, 0)): b""}  # so that no look goes on to the entries
    return made


def flipped(octets: bytes | None, at: int) -> bytes:
    assert octets is not None
    return octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]


def test_it_is_followed(tmp_path: Path) -> None:
    watching, grown = Watching(tmp_path), log()
    for size in (65_535, 65_536, 65_537, SIZE):
        grown.shown = size
        assert watching.look(grown).size == size


@pytest.mark.parametrize(
    "path", ["tile/0/000", "tile/0/256", "tile/0/257.p/44", "tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"]
)
def test_an_altered_tile_is_named(tmp_path: Path, path: str) -> None:
    bad = log()
    bad.served[path] = flipped(bad.true(path), 17)
    report = Watching(tmp_path).look(bad)
    assert kinds(report)[0] == "object_wrong"
    assert report.told[0].finding.evidence.parts["path"] == path


def test_a_rewritten_past_is_proven(tmp_path: Path) -> None:
    watching, first = Watching(tmp_path), log()
    first.shown = 65_000
    watching.look(first)
    other = log()
    other.bodies[30_000] = other.bodies[30_000].replace(b'"v":1', b'"v":2')
    report = watching.look(other)
    assert kinds(report) == ["fork"]
    assert report.told[0].finding.shown.by_signatures
