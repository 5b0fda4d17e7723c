"""`shangeng log` and a server that may only read: what the commands do, say and refuse."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from shangeng_trace.log_notice import LogNotice, NoticeMalformed, Said
from shangeng_trace.witnessing import RolledBack
from shangeng_web import cli

Capture = pytest.CaptureFixture[str]
ORIGIN = "127.0.0.1/log"


@pytest.fixture(autouse=True)
def _laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SHANGENG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SHANGENG_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def said(capsys: Capture) -> Callable[..., str]:
    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert cli.main(["--lang=en", *words]) == code
        told = capsys.readouterr()
        return told.out + told.err

    return run


def test_a_log_key_from_its_first_day_to_its_last(said: Callable[..., str]) -> None:
    first = said("log", "key", "list").split()[-1]
    assert "has one key alone" in said("log", "key", "retire", code=1)
    told = said("log", "key", "next")
    second = told.split()[0]
    assert second.startswith(f"{ORIGIN}+")
    assert "witnesses and verifiers" in told
    assert "Retire the old one" in said("log", "key", "next", code=1)
    assert "still signs" in said("log", "key", "destroy", "log", code=1)
    assert said("log", "key", "retire", "--destroy").strip() == first
    listed = said("log", "key", "list").splitlines()
    assert [line.split()[-1] for line in listed] == [first, second]
    assert "retired  private half destroyed" in listed[0]
    assert "no such log key" in said("log", "key", "destroy", "log", code=1)
    assert said("audit") == ""


def test_a_log_is_ended_by_its_name_alone(said: Callable[..., str], tmp_path: Path) -> None:
    assert f"--confirm {ORIGIN}" in said("log", "freeze", "--confirm", "yes", code=1)
    assert f"The log {ORIGIN} has ended with entry 1; 2 entries are published." in said(
        "log", "freeze", "--confirm", ORIGIN
    )
    for words in (("log", "freeze", "--confirm", ORIGIN), ("log", "key", "next")):
        assert "was ended for good by its entry 1" in said(*words, code=1)
    assert "2 entries" in said("log", "export", str(tmp_path / "out"))
    assert said("audit") == ""


def test_time_that_is_not_ahead_is_not_kept(said: Callable[..., str]) -> None:
    assert "is not ahead" in said("log", "keep-time", code=1)


def test_a_server_over_an_older_database_says_what_to_do_and_serves(
    said: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said("keys", "list")
    cause = RolledBack(who="lab", theirs=4, ours=1)

    def rolled_back(*_: object) -> None:
        raise cause

    served: list[str] = []

    def serve(app: str, **_: object) -> None:
        served.append(app)

    monkeypatch.setattr("shangeng_web.platform.must_not_be_rolled_back", rolled_back)
    monkeypatch.setattr(uvicorn, "run", serve)
    told = said("serve")
    assert "Put back the newest database" in told
    assert served == ["shangeng_web.app:create_app"]
    for words in (("log", "key", "next"), ("log", "freeze", "--confirm", ORIGIN)):
        assert "nothing is recorded or signed" in said(*words, code=1)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"origin": ORIGIN, "notice": "thawed"},
        {"origin": ORIGIN, "notice": "frozen", "vkey": f"{ORIGIN}+00000000+AA=="},
        {"origin": ORIGIN, "notice": "key-next"},
        {"origin": ORIGIN, "notice": "key-next", "vkey": 7},
        {"origin": ORIGIN, "notice": "time-kept", "time": "2026"},
        {"origin": 1, "notice": "frozen"},
    ],
)
def test_a_notice_that_does_not_say_what_it_must_is_none(told: dict[str, Any]) -> None:
    document = LogNotice(ORIGIN, Said.FROZEN).document()
    assert LogNotice.read(document).said is Said.FROZEN
    with pytest.raises(NoticeMalformed):
        LogNotice.read({**document, "shangeng:log": told})
