"""What the compose file starts exists, and its settings are ones the product knows."""

import re
from typing import Any

from tests.cli_help import misunderstood
from tests.docker.parsing import FOLDER, ROOT, compose, only, settings_named


def _ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose()["services"].items() if service["image"] == "shangeng"}


def test_our_services_are_built_from_files_that_exist() -> None:
    assert set(_ours()) == {"migrate", "shangeng"}
    for service in _ours().values():
        context = FOLDER / service["build"]["context"]
        assert (context / service["build"]["dockerfile"]).is_file()


def test_our_services_run_commands_that_exist() -> None:
    for name, service in _ours().items():
        assert misunderstood(service.get("command", [])) == [], name


def test_our_services_write_to_the_data_volume_only() -> None:
    for service in _ours().values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["volumes"] == [f"data:{only('VOLUME').text}"]


def test_every_volume_is_declared() -> None:
    document = compose()
    used = {mount.partition(":")[0] for service in document["services"].values() for mount in service["volumes"]}
    assert used == set(document["volumes"])


def test_without_a_profile_there_is_no_other_service() -> None:
    services = compose()["services"]
    assert {name for name, service in services.items() if not service.get("profiles")} == set(_ours())
    assert services["postgresql"]["profiles"] == ["postgresql"]
    assert services["shangeng"]["environment"]["SHANGENG_DATABASE_URL"].endswith(
        ":-sqlite:////var/lib/shangeng/shangeng.sqlite}"
    )


def test_a_public_deployment_must_say_its_origin_and_secret() -> None:
    for service in _ours().values():
        for name in ("SHANGENG_ORIGIN", "SHANGENG_SECRET"):
            assert service["environment"][name].startswith(f"${{{name}:?")


def test_every_setting_named_is_known() -> None:
    # The settings module spells a name as the variable, or as the field that it fills.
    source = (ROOT / "web" / "shangeng_web" / "settings.py").read_text()
    words = set(re.findall(r"\w+", source))
    for name in settings_named("".join(path.read_text() for path in FOLDER.iterdir())):
        assert {name, name.removeprefix("SHANGENG_").lower()} & words, name
