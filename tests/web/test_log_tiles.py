"""The log over HTTP and as exported files, read by somebody who knows the C2SP texts alone."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from shangeng_trace.entry import Kind
from shangeng_trace.ledger import append
from shangeng_trace.log_export import ExportDiffers, ExportKnowsMore, export_log
from shangeng_web.platform import Platform
from tests import outside_log
from tests.visiting import Guest
from tests.waiting import until_signed
from tests.web.monitor.serving import forge


def grow(platform: Platform, count: int, *, name: str = "more") -> None:
    """Append statements that only a test would make: the log's objects do not care what is in them."""

    def command(session: Session) -> None:
        for number in range(count):
            body = f"{name} {number}".encode()
            digest = hashlib.sha256(body).hexdigest()
            append(session, kind=Kind.EVENT, digest=digest, body=body, chains=[f"batch:{name}"])

    platform.writer.run(command)
    until_signed(platform.database)


def export(platform: Platform, folder: Path) -> int:
    with platform.database.session() as session:
        return export_log(session, folder)


async def collect(client: Guest, size_after: int) -> dict[str, bytes]:
    """Fetch what `outside_log` will ask for, since it is not asynchronous."""
    got = {"checkpoint": (await client.get("/log/checkpoint")).content}
    size = int(got["checkpoint"].split(b"\n")[1])
    assert size == size_after
    level, number = size, 0
    while level:
        for tile in range((level + 255) // 256):
            width = min(256, level - tile * 256)
            for kind in (str(number), "entries") if number == 0 else (str(number),):
                where = outside_log.path(kind, tile, width)
                answer = await client.get(f"/log/{where}")
                assert answer.status_code == 200, where
                got[where] = answer.content
        level, number = level // 256, number + 1
    return got


@pytest.mark.anyio
@pytest.mark.parametrize("count", [1, 255, 256, 257, 600])
async def test_an_outsider_rebuilds_the_log(platform: Platform, client: Guest, count: int) -> None:
    grow(platform, count)
    got = await collect(client, count + 1)
    assert len(outside_log.check(got.__getitem__, str(platform.log_key))) == count + 1


@pytest.mark.anyio
async def test_partial_tiles_of_every_past_size_stay_readable(platform: Platform, client: Guest) -> None:
    grow(platform, 300)
    whole = (await client.get("/log/tile/0/000")).content
    for width in (1, 2, 100, 255):
        assert (await client.get(f"/log/tile/0/000.p/{width}")).content == whole[: width * 32]
    assert (await client.get("/log/tile/0/001.p/45")).status_code == 200
    assert (await client.get("/log/tile/0/001.p/46")).status_code == 404, "beyond the checkpoint"
    assert (await client.get("/log/tile/0/001")).status_code == 404, "not full yet"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path",
    [
        "0/x000/001",
        "0/000.p/0",
        "0/000.p/01",
        "0/000.p/256",
        "64/000",
        "00/000",
        "0/1",
        "entries/../checkpoint",
        "0/０００",
        "",
    ],
)
async def test_other_spellings_of_a_tile_are_refused(platform: Platform, client: Guest, path: str) -> None:
    grow(platform, 1)
    answer = await client.get(f"/log/tile/{path}")
    assert answer.status_code in {400, 404}
    assert "immutable" not in answer.headers.get("cache-control", ""), "an error must not be kept"


@pytest.mark.anyio
async def test_headers_let_a_cache_carry_the_load(platform: Platform, client: Guest) -> None:
    grow(platform, 3)
    tile = await client.get("/log/tile/0/000.p/4")
    bundle = await client.get("/log/tile/entries/000.p/4", headers={"Accept-Encoding": "gzip"})
    head = await client.get("/log/checkpoint")
    assert tile.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert tile.headers["content-type"] == "application/octet-stream"
    assert bundle.headers["content-encoding"] == "gzip"
    assert head.headers["cache-control"] == "no-cache"
    assert head.headers["content-type"] == "text/plain; charset=utf-8"
    again = await client.get("/log/checkpoint", headers={"If-None-Match": head.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["access-control-allow-origin"] == "*"
    wide = await client.get("/log/tile/0/000.p/5")
    assert (wide.status_code, wide.headers["cache-control"]) == (404, "no-store")
    assert {each.headers["access-control-allow-origin"] for each in (tile, bundle, head, wide)} == {"*"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.000, identity", False), ("x", False)],
)
async def test_a_bundle_is_packed_for_those_who_take_it(
    platform: Platform, client: Guest, accepted: str, zipped: bool
) -> None:
    grow(platform, 1)
    bundle = await client.get("/log/tile/entries/000.p/2", headers={"Accept-Encoding": accepted})
    assert ("content-encoding" in bundle.headers) == zipped
    assert bundle.headers["vary"] == "Accept-Encoding"


def test_an_export_reads_like_the_server_and_resumes(platform: Platform, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    sizes: list[int] = []
    for count in (10, 250, 1, 300):
        grow(platform, count, name=f"round {len(sizes)}")
        sizes.append(export(platform, folder))
        found = outside_log.check(lambda path: (folder / path).read_bytes(), str(platform.log_key))
        assert len(found) == sizes[-1]
    before = {
        path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name != "checkpoint"
    }
    assert export(platform, folder) == sizes[-1]
    assert before == {path: path.stat().st_mtime_ns for path in before}, "nothing is written twice"
    assert sizes == sorted(sizes)


def test_an_export_cut_off_is_the_export_before(platform: Platform, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    grow(platform, 10)
    export(platform, folder)
    grow(platform, 400, name="later")
    left = [5]

    def fail(_path: str) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with platform.database.session() as session, pytest.raises(KeyboardInterrupt):
        export_log(session, folder, progress=fail)
    assert len(outside_log.check(lambda path: (folder / path).read_bytes(), str(platform.log_key))) == 11
    export(platform, folder)
    assert len(outside_log.check(lambda path: (folder / path).read_bytes(), str(platform.log_key))) == 411


def test_an_export_that_knows_more_stops_everything(platform: Platform, tmp_path: Path) -> None:
    """A database from an old backup must not overwrite what was published after it."""
    folder = tmp_path / "export"
    until_signed(platform.database)
    grow(platform, 10)
    export(platform, folder)
    platform.writer.stop()
    with platform.database.engine.begin() as connection:
        if platform.database.is_sqlite:
            connection.execute(text("DROP TRIGGER ledger_checkpoint_refuses_delete"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("DELETE FROM ledger_checkpoint WHERE size = 11"))
    with pytest.raises(ExportKnowsMore):
        export(platform, folder)


def test_a_log_that_was_rewritten_and_went_on_does_not_replace_its_export(platform: Platform, tmp_path: Path) -> None:
    """A larger size is not enough: the export is what remembers the past that was."""
    folder = tmp_path / "export"
    grow(platform, 10)
    export(platform, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    grow(platform, 300, name="later")
    platform.writer.stop()
    forge(platform, rewritten=5)
    with pytest.raises(ExportKnowsMore):
        export(platform, folder)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_altered_file_of_the_export_is_named(platform: Platform, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    grow(platform, 10)
    export(platform, folder)
    (folder / "checkpoint").unlink()
    tile = folder / "tile/0/000.p/11"
    tile.write_bytes(b"\x00" + tile.read_bytes()[1:])
    with pytest.raises(ExportDiffers, match="tile/0/000"):
        export(platform, folder)
