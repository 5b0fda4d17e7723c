"""Backups: taken while the platform writes, restored on either engine, checked byte by byte; and the whole drill."""

import asyncio
import random
import shutil
import threading
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from shangeng_trace.backup_file import MASTER_KEY, Backup, BackupBroken
from shangeng_trace.backup_rows import dump, tables_of
from shangeng_trace.canonical import load
from shangeng_trace.custody import MasterKeyMissing
from shangeng_trace.db import Database
from shangeng_trace.durable import NotWritten
from shangeng_trace.log_export import export_log
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.one_server import AlreadyServed, sole_server
from shangeng_trace.recording import record_event
from shangeng_trace.statements import open_sealed
from shangeng_trace.witnessing import RolledBack
from shangeng_web import cli
from shangeng_web.backing_up import MasterKeyNotInFile, NothingToBackUp, back_up
from shangeng_web.platform import Platform
from shangeng_web.restoring import BackupTooNew, BackupUnreadable, OtherLog, TargetNotEmpty, restore
from shangeng_web.settings import Settings
from tests.faults.injecting import Shape, in_files
from tests.faults.servers import Scene, scene_on
from tests.people import People
from tests.postgres import postgres_url
from tests.story import tell_story
from tests.waiting import until_signed

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def scene(platform: Platform, people: People) -> Scene:
    return scene_on(platform, people)


def elsewhere(settings: Settings, folder: Path, url: str = "") -> Settings:
    """Return the settings of a new machine: an empty folder but for the master key."""
    folder.mkdir()
    shutil.copy(settings.data_dir / "master.key", folder)
    return replace(settings, data_dir=folder, database_url=url, port=settings.port + 1)


def rows(settings: Settings) -> dict[str, list[Any]]:
    """Return every row of a deployment, in words that are the same on both engines."""
    database = Database(settings.database_url)
    with database.engine.connect() as connection:
        found = {table.name: sorted(dump(connection, table), key=repr) for table in tables_of(connection)}
    database.engine.dispose()
    return found


def grow(platform: Platform, scene: Scene, events: int = 1) -> None:
    """Record events that the scene's owner signed."""
    office = platform.office
    for _ in range(events):
        sealed = open_sealed(load(scene.event()), lambda _: scene.signer.key.public, host=office.keyring.host)
        platform.writer.run(lambda session, sealed=sealed: record_event(session, office, sealed))  # type: ignore[misc]  # mypy takes the default for another argument


@contextmanager
def growing(platform: Platform, scene: Scene) -> Generator[None]:
    """Record events all the time."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            grow(platform, scene)

    author = threading.Thread(target=work)
    author.start()
    try:
        yield
    finally:
        ended.set()
        author.join()


def test_what_is_restored_is_what_was_there(platform: Platform, people: People, tmp_path: Path) -> None:
    """A story of every kind of statement, backed up beside its open platform, restored on both engines."""
    tell_story(platform, people)
    until_signed(platform.database)
    path = back_up(platform.settings, tmp_path / "backup.zip")
    assert path.stat().st_mode & 0o777 == 0o600
    there = rows(platform.settings)
    photos = {file.name: file.read_bytes() for file in platform.settings.media_dir.rglob("*.jpg")}
    assert photos
    for engine in ("sqlite", "postgresql"):
        target = elsewhere(platform.settings, tmp_path / engine, postgres_url() if engine == "postgresql" else "")
        restored = restore(target, path)
        assert (restored.flaws, restored.behind) == ([], None)
        assert restored.manifest.size == len(there["ledger_entry"])
        assert rows(target) == there
        assert {file.name: file.read_bytes() for file in target.media_dir.rglob("*.jpg")} == photos
        with pytest.raises(TargetNotEmpty):
            restore(target, path)
        again = Platform.open(target)
        grow(again, scene_on(again, people))
        asyncio.run(again.close())


def test_a_backup_shows_one_moment(platform: Platform, scene: Scene, tmp_path: Path) -> None:
    """Events are written all the time: whatever the backup caught of them is a whole log."""
    grow(platform, scene)
    with growing(platform, scene):
        path = back_up(platform.settings, tmp_path / "backup.zip")
    restored = restore(elsewhere(platform.settings, tmp_path / "new"), path)
    assert restored.flaws == []
    with platform.database.session() as session:
        assert restored.manifest.size <= session.get_one(LedgerState, 1).size


@SQLITE
def test_the_drill(platform: Platform, scene: Scene, tmp_path: Path) -> None:
    """docs/backup.md, step by step: the disk is gone after the backup, and the export knows more than the backup."""
    settings = replace(platform.settings, export_dir=tmp_path / "export")
    path = back_up(settings, tmp_path)
    assert path.name.startswith("shangeng-20")
    grow(platform, scene)
    until_signed(platform.database)
    with platform.database.session() as session:
        export_log(session, tmp_path / "export")
    target = replace(elsewhere(settings, tmp_path / "new"), export_dir=tmp_path / "export")

    restored = restore(target, path)
    assert restored.flaws == []
    assert isinstance(restored.behind, RolledBack)
    assert str(tmp_path / "export") in restored.behind.sentence("zh")
    started = Platform.open(target)
    assert isinstance(started.standstill.cause, RolledBack), "reading goes on, nothing is signed"
    with pytest.raises(RolledBack):
        grow(started, scene)
    asyncio.run(started.close())

    # The lost entry comes back with the old disk's newest database: the start finds nothing wrong any more.
    newest = back_up(settings, tmp_path / "newest.zip")
    found = replace(elsewhere(settings, tmp_path / "found"), export_dir=tmp_path / "export")
    assert restore(found, newest).behind is None
    started = Platform.open(found)
    grow(started, scene)
    asyncio.run(started.close())


@SQLITE
def test_the_commands(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = platform.settings
    monkeypatch.setenv("SHANGENG_DATA_DIR", str(settings.data_dir))
    path = tmp_path / "all.zip"
    assert cli.main(["--lang=en", "backup", str(path)]) == 0
    told = capsys.readouterr()
    assert told.out.endswith(f"  {path}\n")
    assert "master key and the settings are not in it" in told.err
    assert cli.main(["--lang=zh", "restore", str(path)]) == 1
    assert "已经有数据" in capsys.readouterr().err
    monkeypatch.setenv("SHANGENG_DATA_DIR", str(elsewhere(settings, tmp_path / "new").data_dir))
    assert cli.main(["--lang=en", "restore", str(path)]) == 0
    assert capsys.readouterr().err.startswith("Restored the backup of 20")
    assert cli.main(["audit"]) == 0
    assert cli.main(["restore", str(tmp_path / "none.zip")]) == 1
    assert "none.zip" in capsys.readouterr().err


@SQLITE
def test_the_master_key_is_in_it_only_when_asked_for(platform: Platform, tmp_path: Path) -> None:
    settings = platform.settings
    without, with_key = back_up(settings, tmp_path / "a.zip"), back_up(settings, tmp_path / "b.zip", with_key=True)
    key = (settings.data_dir / "master.key").read_bytes()
    assert MASTER_KEY not in zipfile.ZipFile(without).namelist()
    assert zipfile.ZipFile(with_key).read(MASTER_KEY) == key
    nowhere = replace(settings, data_dir=tmp_path / "new", database_url="", port=settings.port + 1)
    with pytest.raises(MasterKeyMissing):
        restore(nowhere, without)
    assert restore(nowhere, with_key).flaws == []
    assert (nowhere.data_dir / "master.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(MasterKeyNotInFile):
        back_up(replace(settings, secret="correct-horse-battery-staple-2026"), tmp_path / "c.zip", with_key=True)


@SQLITE
def test_what_is_not_restored(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = platform.settings
    with pytest.raises(NothingToBackUp):
        back_up(replace(settings, data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'empty.db'}"), tmp_path / "x")
    path = back_up(settings, tmp_path / "backup.zip")
    target = elsewhere(settings, tmp_path / "new")
    with pytest.raises(OtherLog):
        restore(replace(target, log_origin="other.example/log"), path)
    with pytest.raises(BackupUnreadable):
        restore(target, tmp_path / "none.zip")
    with sole_server(target.database_url), pytest.raises(AlreadyServed):
        restore(target, path)
    monkeypatch.setattr(Backup, "__init__", newer(Backup.__init__))
    with pytest.raises(BackupTooNew):
        restore(target, path)
    assert not (target.data_dir / "shangeng.sqlite").exists()


def newer(read: Any) -> Any:
    def init(self: Backup, file: Any) -> None:
        read(self, file)
        self.manifest = replace(self.manifest, schema="2099_not_yet")

    return init


@SQLITE
def test_no_bit_of_a_backup_can_flip_unseen(platform: Platform, people: People, tmp_path: Path) -> None:
    """It is refused, or, in a ZIP's own dates and attributes, means the same."""
    tell_story(platform, people)
    data = back_up(platform.settings, tmp_path / "backup.zip", with_key=True).read_bytes()
    whole, chance, refused = read_all(data), random.Random(20260412), 0
    for _ in range(300):
        at = chance.randrange(8 * len(data))
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        try:
            assert read_all(bytes(flipped)) == whole, f"bit {at} changes what is read"
        except BackupBroken:
            refused += 1
    assert refused > 250


def read_all(data: bytes) -> object:
    backup = Backup(BytesIO(data))
    backup.check()
    found = backup.manifest
    return found, {name: list(backup.rows(name)) for name in found.tables}, list(map(backup.photo, found.media))


@SQLITE
def test_a_backup_that_fails_leaves_the_last_one(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "to" / "backup.zip"
    back_up(platform.settings, path)
    before, met = path.read_bytes(), set[str]()
    with in_files() as faults:
        for point in (*range(1, 8), *range(8, 4000, 397)):
            faults.arm(point, Shape.NOT_STORED)
            try:
                back_up(platform.settings, path)
            except NotWritten:
                met.add(faults.disarm())
                assert path.read_bytes() == before
                assert list(path.parent.iterdir()) == [path]
            else:
                assert not faults.disarm()
                break
    assert met >= {"mkdir", "open", "write"}
