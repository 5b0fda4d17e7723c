"""The command line: fast to start, clear in what it says, honest in its exit codes."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from shangeng_web import cli
from tests.cli_help import SHANGENG

COMMANDS = (
    "serve",
    "migrate",
    "demo",
    "audit",
    "backup",
    "restore",
    "verify",
    "keys",
    "log",
    "custody",
    "witness",
    "monitor",
)


EMPTY: dict[str, object] = {
    "format": "shangeng-bundle/1",
    "origin": "shangeng.example/log",
    "subject": "batch:NB3M7NBXY06AXCYX",
    "statements": [],
    "entries": [],
    "checkpoint": "",
    "withheld": [],
}
"""A proof bundle that proves nothing."""


@pytest.fixture(autouse=True)
def _laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SHANGENG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SHANGENG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_both_languages(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    for language in ("zh", "en"):
        with pytest.raises(SystemExit) as ended:
            cli.main(["--lang", language, command, "--help"])
        assert ended.value.code == 0
        said.append(capsys.readouterr().out)
    assert not said[0].isascii()
    assert said[1].isascii()


def test_a_command_misunderstood_exits_2() -> None:
    for words in ([], ["nonsense"], ["verify"], ["keys"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        assert ended.value.code == 2


def test_verifying_loads_no_database_and_no_server(tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    file.write_text("{}")
    code = (
        "import sys; from shangeng_web.cli import main; code = main(['verify', sys.argv[1]]);"
        "print(code, [m for m in ('sqlalchemy', 'sqlmodel', 'fastapi', 'starlette', 'jinja2') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert ran.stdout == "2 []\n"


@pytest.mark.parametrize("content", ["", "garbage", "{}", "[]", '{"format": "shangeng-bundle/1"}'])
def test_what_is_no_bundle_is_unusable(tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bundle.json"
    file.write_text(content)
    assert cli.main(["--lang=zh", "verify", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("这不是证据包文件：")
    assert "This" not in said


def test_a_file_that_is_not_there_is_unusable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"log x\nquorum none\n"])
def test_a_policy_that_is_none_is_named(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, policy = tmp_path / "bundle.json", tmp_path / "policy.txt"
    bundle.write_text(json.dumps(EMPTY))
    policy.write_bytes(content)
    assert cli.main(["--lang=en", "verify", str(bundle), "--policy", str(policy)]) == 2
    assert f"The trust policy {policy} cannot be used" in capsys.readouterr().err


def test_a_file_cannot_paint_its_own_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a stranger's file says of itself starts no line, moves no cursor and turns no text around."""
    file = tmp_path / "bundle.json"
    stray = "\x1b[8m\u202e"
    file.write_text(
        json.dumps(EMPTY | {"subject": "batch:x\n✓ Signed\x1b[2J", "origin": "log\u2028", "withheld": [stray]})
    )
    assert cli.main(["--lang=en", "verify", str(file)]) == 1
    said = capsys.readouterr().out
    assert said.startswith(r"batch:x\n✓ Signed\x1b[2J @ log\u2028" + "\n")
    assert not {"\x1b", "\u202e", "\u2028"} & set(said)
    assert r"\x1b[8m\u202e" in said


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_answer_fits_every_terminal(tmp_path: Path, options: list[str]) -> None:
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(EMPTY))
    run = [str(SHANGENG), "--lang=zh", "verify", *options, str(file)]
    narrow = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(run, capture_output=True, env=narrow, check=False)
    assert (ran.returncode, ran.stderr) == (1, b"")
    assert ran.stdout.isascii()
    if options:
        assert json.loads(ran.stdout)["problems"]


def test_migrate_makes_the_tables_and_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["migrate"]) == 0
    assert "升级到" in capsys.readouterr().err
    assert cli.main(["--lang=en", "migrate"]) == 0
    assert "already" in capsys.readouterr().err


def test_keys_are_listed_and_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["keys", "list", "--json"]) == 0
    (first,) = json.loads(capsys.readouterr().out)
    assert (first["controller_kind"], first["registered_index"]) == ("platform", 0)
    assert cli.main(["keys", "new", first["controller"]]) == 0
    made = capsys.readouterr().out.strip()
    assert cli.main(["keys", "list"]) == 0
    assert made in capsys.readouterr().out
    assert cli.main(["keys", "new", "0000000000000000"]) == 1


def test_audit_is_silent_on_a_sound_ledger_and_fails_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["audit"]) == 1
    capsys.readouterr()
    assert cli.main(["keys", "list"]) == 0
    capsys.readouterr()
    assert cli.main(["audit"]) == 0
    assert capsys.readouterr() == ("", "")


def test_audit_finds_a_ledger_whose_state_was_deleted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["keys", "list"]) == 0
    capsys.readouterr()
    with closing(sqlite3.connect(tmp_path / "data" / "shangeng.sqlite")) as database, database:
        database.execute("DELETE FROM ledger_state")
    assert cli.main(["audit"]) == 1
    assert "ledger_state[1].id: missing" in capsys.readouterr().out


def test_a_deployment_that_is_not_safe_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHANGENG_ORIGIN", "https://trace.example.cn")
    assert cli.main(["serve"]) == 2
    assert "SHANGENG_SECRET" in capsys.readouterr().err
    monkeypatch.delenv("SHANGENG_ORIGIN")
    assert cli.main(["serve", "--host", "0.0.0.0"]) == 2
    assert "SHANGENG_ORIGIN" in capsys.readouterr().err


def test_several_processes_need_postgresql() -> None:
    assert cli.main(["serve", "--workers", "2"]) == 2


def test_the_installed_command_starts_at_once() -> None:
    ran = subprocess.run([SHANGENG, "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("shangeng ")


@pytest.mark.parametrize("count", [1, 3000])
def test_an_answer_that_cannot_be_written_is_told_and_no_success(tmp_path: Path, count: int) -> None:
    bundle = tmp_path / "bundle.json"
    bundle.write_text(json.dumps(EMPTY | {"withheld": ["0" * 64] * count}))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [SHANGENG, "--lang", "en", "verify", "--json", bundle],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "The answer could not be written: No space left on device."
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
