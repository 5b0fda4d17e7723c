"""Every command in the README exists."""

import re
import shlex
from pathlib import Path

from tests.cli_help import misunderstood

ROOT = Path(__file__).parent.parent
OPERATING = ("docs/backup.md", "docs/keys.md", "docs/monitor.md", "docs/witness.md")
_BLOCK = re.compile(r"^```(?:console|sh|shell|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _commands(document: str) -> list[list[str]]:
    """Return the commands in the shell blocks of a document, split into words, without prompts and comments."""
    lines = [line.removeprefix("$ ") for block in _BLOCK.findall(document) for line in block.splitlines()]
    parts = [part for line in lines for part in re.split(r"&&|\||;", line)]
    return [words for part in parts if (words := shlex.split(part, comments=True))]


def make_targets() -> set[str]:
    rules = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return set(rules)


def test_commands_are_found_in_shell_blocks_only() -> None:
    document = "```sh\n$ make run PORT=1 # here\nshangeng audit && ls\n```\n```json\nmake no\n```\n"
    assert _commands(document) == [["make", "run", "PORT=1"], ["shangeng", "audit"], ["ls"]]


def test_every_make_target_in_the_documents_exists() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "docker/README.md"):
        for command, *words in _commands((ROOT / name).read_text()):
            if command == "make":
                targets = {word for word in words if "=" not in word and not word.startswith("-")}
                assert targets <= make_targets(), name


def test_every_shangeng_command_in_the_documents_is_understood() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "docker/README.md", "docs/log.md", *OPERATING):
        for command, *words in _commands((ROOT / name).read_text()):
            if Path(command).name == "shangeng":
                assert misunderstood(words) == [], f"{name}: {command} {' '.join(words)}"
