"""Changing the master key while a server runs: it signs throughout, and a command killed half-way is run again."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session

from shangeng_trace.custody import MasterKey
from shangeng_trace.flaws import Flaw
from shangeng_trace.keyring import register_key
from shangeng_trace.master_keys import MasterKeys
from shangeng_trace.registry import get_organisation, platform_organisation
from shangeng_web import cli
from shangeng_web.auditing import audit
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.people import People, sign_up
from tests.story import tell_story

KILLED = (
    "import os, signal, sys;"
    "from shangeng_trace.custody import MasterKey;"
    "wrap, done = MasterKey.wrap, [];"
    "MasterKey.wrap = lambda *a: os.kill(os.getpid(), signal.SIGKILL) if len(done) == 2 else done.append(1) or wrap(*a);"
    "from shangeng_web.cli import main; sys.exit(main(['custody', 'rotate']))"
)


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SHANGENG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SHANGENG_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SHANGENG_DATABASE_URL", settings.database_url)


def flaws(platform: Platform) -> list[Flaw]:
    with platform.database.session() as session:
        return audit(session, platform.settings, platform.office.keyring)


@pytest.mark.usefixtures("environment")
def test_a_server_signs_throughout(platform: Platform, people: People) -> None:
    file = platform.settings.data_dir / "master.key"
    before = file.read_bytes()
    killed = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, check=False)
    assert killed.returncode < 0, killed.stderr
    assert file.read_bytes()[32:] == before, "the old key stays behind the fresh one"
    tell_story(platform, people)
    assert cli.main(["custody", "rotate"]) == 0
    fresh = platform.writer.run(lambda session: _new_key(platform, people.rival.organisation.id, session))
    assert cli.main(["custody", "forget"]) == 0
    assert MasterKeys.load(file).keys == (MasterKey(file.read_bytes()),)
    again = Platform.open(platform.settings)
    with again.database.session() as session:
        assert again.office.keyring.private(session, fresh)
    assert platform.writer.run(lambda session: _new_key(platform, people.rival.organisation.id, session)) != fresh
    platform.writer.stop()
    assert flaws(again) == []
    asyncio.run(again.close())


def _new_key(platform: Platform, organisation_id: str, session: Session) -> str:
    keyring = platform.office.keyring
    registrar = keyring.signer(session, platform_organisation(session).id)
    return register_key(session, keyring, get_organisation(session, organisation_id), registrar=registrar).id


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("environment")
def test_a_key_from_the_secret_is_put_into_a_file_first(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "correct-horse-battery-staple-2026"
    monkeypatch.setenv("SHANGENG_SECRET", secret)
    public = replace(settings, secret=secret)
    platform = Platform.open(public)
    sign_up(platform)
    asyncio.run(platform.close())
    assert cli.main(["--lang", "en", "custody", "rotate"]) == 1
    assert "custody save" in capsys.readouterr().err
    kept = tmp_path / "kept.key"
    assert cli.main(["custody", "save", str(kept)]) == 0
    assert cli.main(["custody", "save", str(kept)]) == 1
    assert kept.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("SHANGENG_MASTER_KEY_FILE", str(kept))
    assert cli.main(["custody", "rotate", "--prepare"]) == 0
    capsys.readouterr()
    assert cli.main(["--lang", "en", "custody", "list"]) == 0
    assert {line.split()[1] for line in capsys.readouterr().out.splitlines()} == {"old"}
    assert cli.main(["custody", "forget"]) == 1
    assert cli.main(["custody", "rotate"]) == 0
    assert cli.main(["custody", "forget"]) == 0
    platform = Platform.open(replace(public, master_key_file=kept))
    platform.writer.stop()
    assert flaws(platform) == []
    asyncio.run(platform.close())
