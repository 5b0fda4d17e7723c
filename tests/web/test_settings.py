"""Settings: a laptop needs none, a public deployment must say who it is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shangeng_trace.errors import InvalidError
from shangeng_web.settings import Settings, document, explain

ROOT = Path(__file__).parent.parent.parent
SECRET = "correct-horse-battery-staple-2026"
PUBLIC = {"SHANGENG_ORIGIN": "https://trace.example.cn", "SHANGENG_SECRET": SECRET}


def refused(**given: Any) -> set[str | None]:
    with pytest.raises(InvalidError) as caught:
        Settings(**given)
    return {problem.field for problem in caught.value.problems}


def test_a_laptop_needs_no_setting() -> None:
    settings = Settings.read({})
    assert settings.origin == "http://127.0.0.1:8000"
    assert settings.log_origin == "127.0.0.1/log"
    assert settings.database_url == f"sqlite:///{Path.cwd()}/data/shangeng.sqlite"
    assert (settings.secret, settings.is_public, settings.demo) == ("", False, False)


def test_another_port_keeps_the_name_of_the_log() -> None:
    settings = Settings.read({}, port=9000)
    assert settings.origin == "http://127.0.0.1:9000"
    assert settings.log_origin == Settings.read({}).log_origin


def test_a_public_deployment_brings_its_own_address_and_secret() -> None:
    settings = Settings.read(PUBLIC | {"SHANGENG_HOST": "0.0.0.0"})
    assert settings.is_public
    assert settings.is_secure
    assert settings.log_origin == "trace.example.cn/log"


@pytest.mark.parametrize("secret", ["", "short", "a" * 40, "demo" * 10])
def test_a_public_deployment_does_not_start_without_a_real_secret(secret: str) -> None:
    assert refused(origin="https://trace.example.cn", secret=secret) == {"secret"}
    assert refused(origin="https://trace.example.cn", secret=secret, demo=True) == {"secret"}


def test_a_public_deployment_must_be_https() -> None:
    assert refused(origin="http://trace.example.cn", secret=SECRET) == {"origin"}


def test_listening_to_the_world_needs_an_address_unless_it_is_a_demonstration() -> None:
    assert refused(host="0.0.0.0") == {"origin"}
    assert refused(host="::") == {"origin"}
    assert Settings(host="0.0.0.0", demo=True).origin == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    "origin", ["trace.example.cn", "ftp://x.cn", "https://x.cn/path", "https://x.cn?q=1", "https://u@x.cn"]
)
def test_an_address_is_a_scheme_and_a_host(origin: str) -> None:
    assert refused(origin=origin, secret=SECRET) == {"origin"}


def test_every_problem_is_named_in_both_languages() -> None:
    with pytest.raises(InvalidError) as caught:
        Settings(origin="http://trace.example.cn", port=0)
    zh, en = explain(caught.value, "zh"), explain(caught.value, "en")
    for name in ("SHANGENG_ORIGIN", "SHANGENG_SECRET", "SHANGENG_PORT"):
        assert name in zh
        assert name in en


def test_the_environment_wins_over_the_file_and_the_command_over_both(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('port = 1111\nplatform_name = "丽水"\ndemo = true\n')
    environ = {"SHANGENG_SETTINGS": str(file), "SHANGENG_PORT": "2222"}
    settings = Settings.read(environ)
    assert (settings.port, settings.platform_name, settings.demo) == (2222, "丽水", True)
    assert Settings.read(environ, port=3333, host=None).port == 3333


@pytest.mark.parametrize("text", ["prot = 1", "port = 'x'", "demo = 'perhaps'", "port ="])
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(InvalidError) as caught:
        Settings.read({"SHANGENG_SETTINGS": str(file)})
    assert (str(file) if text.endswith("=") else text.partition(" ")[0].upper()) in explain(caught.value, "en")


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidError) as caught:
        Settings.read({"SHANGENG_SETTINGS": "/nowhere.toml"})
    assert "/nowhere.toml" in explain(caught.value, "zh")


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(AttributeError):
        settings.port = 1  # type: ignore[misc]  # that is what is tested  # pyright: ignore[reportAttributeAccessIssue]
    assert replace(settings, port=9000).port == 9000


def test_the_document_lists_every_setting() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == document()
