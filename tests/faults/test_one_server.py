"""One server per SQLite file: the second refuses in words, commands beside it go through or refuse in words."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shangeng_trace.one_server import AlreadyServed, NotLockable, sole_server
from shangeng_web import cli
from shangeng_web.app import create_app
from shangeng_web.settings import Settings
from tests.faults.http import post
from tests.faults.servers import set_scene
from tests.web.witnessing.network import free_port

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def test_the_lock_excludes_within_a_process_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'a.sqlite'}"
    with sole_server(url):
        with pytest.raises(AlreadyServed) as refused, sole_server(url):
            pytest.fail("two servers")
        assert str(tmp_path / "new" / "a.sqlite") in refused.value.sentence("zh")
        with sole_server(f"sqlite:///{tmp_path / 'b.sqlite'}"):
            pass
    with sole_server(url):
        pass


@pytest.mark.parametrize("url", ["postgresql://db/trace", "sqlite://", "sqlite:///:memory:"])
def test_where_there_is_no_file_there_is_no_lock(url: str) -> None:
    with sole_server(url), sole_server(url):
        pass


def test_of_many_that_start_at_once_one_serves(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"

    def serves(_: int) -> bool:
        lock = sole_server(url)
        try:
            lock.__enter__()
        except AlreadyServed:
            return False
        kept.append(lock)
        return True

    kept: list[object] = []
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(serves, range(32))) == 1
    assert len(kept) == 1


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotLockable), sole_server(f"sqlite:///{tmp_path / 'file' / 'a.sqlite'}"):
        pytest.fail("no lock, no server")


@SQLITE
@pytest.mark.anyio
async def test_the_application_itself_holds_the_lock(settings: Settings) -> None:
    first, second = create_app(settings), create_app(settings)
    async with first.router.lifespan_context(first):
        with pytest.raises(AlreadyServed):
            async with second.router.lifespan_context(second):
                pytest.fail("two servers")
    async with second.router.lifespan_context(second):
        pass


@SQLITE
def test_beside_a_running_server(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = set_scene(settings)
    server = scene.process(free_port()).start()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    try:
        assert post(scene, server.url, scene.event()).status == 201
        for refused in ("serve", "migrate"):
            assert cli.main(["--lang=en", refused]) == 1
            assert "Another server (process" in capsys.readouterr().err
        assert cli.main(["keys", "list", "--json"]) == 0
        platform = json.loads(capsys.readouterr().out)[0]["controller"]
        assert cli.main(["keys", "new", platform]) == 0
        assert post(scene, server.url, scene.event()).status == 201, "the server goes on from what the command wrote"
        assert cli.main(["log", "export", str(settings.data_dir / "export")]) == 0
        server.kill()
        assert cli.main(["migrate"]) == 0, "the lock ends with the process"
        assert cli.main(["keys", "list"]) == 0, "which signs what the server could not"
        capsys.readouterr()
        assert (cli.main(["audit"]), capsys.readouterr().out) == (0, "")
    finally:
        server.stop()
