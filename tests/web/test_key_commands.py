"""`shangeng keys`: made, replaced and revoked from the command line, in both languages."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from shangeng_web import cli

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SHANGENG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SHANGENG_DATA_DIR", str(tmp_path / "data"))


def said(capsys: Capture, *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert cli.main(["--lang=en", "keys", *words]) == code
    return capsys.readouterr().out.strip()


def listed(capsys: Capture, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(said(capsys, "list", "--json", *words))
    return found


@pytest.mark.parametrize("action", ["list", "new", "rotate", "revoke"])
def test_every_action_explains_itself_in_both_languages(action: str, capsys: Capture) -> None:
    texts: list[str] = []
    for language in ("zh", "en"):
        with pytest.raises(SystemExit) as ended:
            cli.main(["--lang", language, "keys", action, "--help"])
        assert ended.value.code == 0
        texts.append(capsys.readouterr().out)
    assert not texts[0].isascii()
    assert texts[1].isascii()


def test_the_platforms_key_from_its_first_to_its_last(capsys: Capture) -> None:
    (first,) = listed(capsys)
    said(capsys, "revoke", first["id"], code=1)
    second = json.loads(said(capsys, "rotate", first["id"], "--expires", "2090-01-01", "--json"))
    assert (second["replaces"], second["expires_at"]) == (first["id"], "2089-12-31T16:00:00Z")
    said(capsys, "rotate", first["id"], code=1)
    other = said(capsys, "new", first["controller"])
    assert said(capsys, "revoke", second["id"], "--reason", "compromised") == second["id"]
    assert [(key["id"], key["revoked_reason"]) for key in listed(capsys)] == [
        (first["id"], "rotated"),
        (second["id"], "compromised"),
        (other, None),
    ]
    lines = said(capsys, "list", "--organisation", first["controller"]).splitlines()
    assert ["valid" in line for line in lines] == [False, False, True]
    assert said(capsys, "list", "--organisation", "0000000000000000") == ""
    capsys.readouterr()
    assert cli.main(["audit"]) == 0


def test_what_cannot_be_done_says_why(capsys: Capture) -> None:
    (first,) = listed(capsys)
    for words, why in (
        (("rotate", "0000000000000000"), "No such signing key"),
        (("revoke", "nonsense"), "registered: nonsense"),
        (("new", first["controller"], "--expires", "soon"), "This is no time: soon"),
        (("new", first["controller"], "--expires", "2020-01-01"), "must expire in the future"),
    ):
        assert cli.main(["--lang=en", "keys", *words]) == 1
        assert why in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["keys", "revoke", first["id"], "--reason", "because"])
