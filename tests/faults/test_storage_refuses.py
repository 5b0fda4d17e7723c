"""A full disk, a read-only database, a broken disk: saving stops with a clear 503, reading goes on, nothing is signed over lost data."""

import resource
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from errno import ENOSPC, EROFS
from pathlib import Path
from typing import Any

import httpx
import psycopg.errors
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from shangeng_trace.attachments import keep_picture
from shangeng_trace.db import Database
from shangeng_trace.durable import NoRoom, NotWritable, NotWritten
from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.standstill import WritingStopped
from shangeng_trace.storage import StorageBroken, StorageFull, StorageReadOnly, cause_of
from shangeng_web.auditing import audit
from shangeng_web.errors import status_of
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.faults.http import get, post
from tests.faults.servers import Scene, scene_on, set_scene
from tests.people import People
from tests.pictures import photo
from tests.visiting import Guest
from tests.waiting import until, until_signed
from tests.web.witnessing.network import free_port


@pytest.fixture
def scene(platform: Platform, people: People) -> Scene:
    return scene_on(platform, people)


@contextmanager
def full(database: Database) -> Generator[None]:
    """No room: SQLite may not grow by a page; PostgreSQL reports what it reports when its disk is full."""
    if database.is_sqlite:
        with at_every_begin(database, "PRAGMA max_page_count=1"):  # SQLite makes the present size of it
            yield
        return
    dialect = database.engine.dialect

    def refusing(execute: Callable[..., None]) -> Callable[..., None]:
        def refuse(cursor: Any, statement: str, *given: Any) -> None:
            if statement.startswith("INSERT"):
                raise psycopg.errors.DiskFull("could not extend file: No space left on device")
            execute(cursor, statement, *given)

        return refuse

    with pytest.MonkeyPatch.context() as patch:
        for name in ("do_execute", "do_executemany"):
            patch.setattr(dialect, name, refusing(getattr(dialect, name)))
        yield


@contextmanager
def read_only(database: Database) -> Generator[None]:
    """The database takes no writes, and says so itself."""
    with at_every_begin(database, "PRAGMA query_only=ON" if database.is_sqlite else "SET TRANSACTION READ ONLY"):
        yield


@contextmanager
def at_every_begin(database: Database, statement: str) -> Generator[None]:
    def say(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    event.listen(database.engine, "begin", say)
    try:
        yield
    finally:
        event.remove(database.engine, "begin", say)
        database.engine.dispose()  # what was said to a connection ends with it


Refusal = Callable[[Database], Any]


async def send(client: Guest, scene: Scene, body: bytes, language: str = "zh-CN") -> httpx.Response:
    headers = {
        "Authorization": f"Bearer {scene.token}",
        "Content-Type": "application/json",
        "Accept-Language": language,
    }
    return await client.post("/api/v1/events", content=body, headers=headers)


@pytest.mark.anyio
@pytest.mark.parametrize(("refusing", "kind"), [(full, StorageFull), (read_only, StorageReadOnly)])
async def test_saving_stops_in_words_and_goes_on_by_itself(
    platform: Platform, scene: Scene, client: Guest, refusing: Refusal, kind: type[WritingStopped]
) -> None:
    assert (await send(client, scene, scene.event())).status_code == 201
    until_signed(platform.database)
    with refusing(platform.database):
        lost = scene.event()
        while (await send(client, scene, lost)).status_code == 201:  # what fits into the pages there are
            lost = scene.event()
        before = entries(platform)
        for language, sentence in (("zh-CN", kind.zh), ("en", kind.en)):
            refused = await send(client, scene, lost, language)
            assert (refused.status_code, refused.json()["code"]) == (503, kind.code)
            assert refused.json()["detail"] == sentence
            assert refused.headers["retry-after"]
        assert (await client.get(f"/b/{scene.batch}")).status_code == 200
        assert (await client.get("/log/checkpoint")).status_code == 200
        assert entries(platform) == before
    until(lambda: platform.standstill.cause is None)
    stored = await send(client, scene, lost)
    assert (stored.status_code, stored.json()["repeated"]) == (201, False)
    until_signed(platform.database)
    with platform.database.session() as session:
        signed = latest_checkpoint(session)
        assert signed is not None
        assert signed.size == len(before) + 1
        assert audit(session, platform.settings, platform.office.keyring) == []


def entries(platform: Platform) -> list[str]:
    looking = Database(platform.settings.database_url)
    with looking.session() as session:
        found = list(session.exec(select(LedgerStatement.digest).order_by(col(LedgerStatement.index))))
    looking.engine.dispose()
    return found


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_server_whose_files_may_not_grow_reads_on_and_recovers(settings: Settings) -> None:
    """The operating system itself refuses every write beyond the first page of any file, and later allows it again."""
    scene = set_scene(settings)
    server = scene.process(free_port()).start()
    assert server.process is not None
    assert server.process.pid is not None
    pid, lost = server.process.pid, scene.event()
    try:
        assert post(scene, server.url, scene.event()).status == 201
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        refused = post(scene, server.url, lost, **{"Accept-Language": "en"})
        assert (refused.status, refused.json["code"]) == (503, StorageFull.code)
        assert refused.json["detail"] == StorageFull.en
        assert get(f"{server.url}/readyz").status == 503
        assert get(f"{server.url}/b/{scene.batch}").status == 200
        assert get(f"{server.url}/log/checkpoint").status == 200
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        until(lambda: get(f"{server.url}/readyz").status == 200)
        stored = post(scene, server.url, lost)
        assert (stored.status, stored.json["repeated"]) == (201, False)
    finally:
        server.stop()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_after_a_failed_sync_nothing_is_signed_until_the_next_start(
    platform: Platform, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_signed(platform.database)
    dialect = platform.database.engine.dialect

    def fail(_connection: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(dialect, "do_commit", fail)
        with pytest.raises(StorageBroken):
            platform.writer.run(lambda session: platform.office.keyring.create(session, "0123456789ABCDEF"))
    for _ in range(3):
        with pytest.raises(StorageBroken):
            platform.writer.run(lambda _session: None)
    assert platform.standstill.cause is not None
    assert scene.batch


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_garbled_file_stops_the_writing_too(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    dialect = platform.database.engine.dialect
    execute = dialect.do_execute

    def garbled(cursor: Any, statement: str, *given: Any) -> None:
        if statement.startswith("INSERT"):
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorname = "SQLITE_CORRUPT"
            raise error
        execute(cursor, statement, *given)

    monkeypatch.setattr(dialect, "do_execute", garbled)
    with pytest.raises(StorageBroken):
        platform.writer.run(lambda session: platform.office.keyring.create(session, "0123456789ABCDEF"))
    assert isinstance(platform.standstill.cause, StorageBroken)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_FULL", StorageFull),
        ("SQLITE_READONLY", StorageReadOnly),
        ("SQLITE_CORRUPT", StorageBroken),
        ("SQLITE_BUSY", None),
    ],
)
def test_what_each_error_of_the_storage_means(name: str, kind: type[WritingStopped] | None) -> None:
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorname = name
    found = cause_of(OperationalError("INSERT", None, error))
    assert type(found) is (kind or type(None))
    assert cause_of(error) is None, "only what the engine raised"


@pytest.mark.parametrize(("number", "kind"), [(ENOSPC, NoRoom), (EROFS, NotWritable)])
def test_a_photo_that_cannot_be_stored_is_a_503(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[NotWritten]
) -> None:
    def fail(_file: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(kind) as refused:
        keep_picture(tmp_path, photo())
    assert status_of(refused.value) == 503
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
