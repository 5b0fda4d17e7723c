"""Write a migration script from what the models have and the scripts have not."""

import re
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from alembic import command

from shangeng_trace.db import Database
from shangeng_web.migrations import FIRST, alembic_config

AGAIN = "--again"


def main(words: list[str]) -> int:
    """Write one script and say where it is."""
    match words:
        case ["--again"]:
            written = write_first()
        case [message] if not message.startswith("-"):
            written = write_next(message)
        case _:
            sys.stderr.write(f'usage: python -m shangeng_web.migrations "what changes" | {AGAIN}\n')
            return 2
    for command_line in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *command_line, written], check=True)  # noqa: S603 - our own words
    sys.stdout.write(f"{written}\n")
    return 0


def write_first() -> Path:
    """Write the first script anew from the models alone, as if there were no history."""
    with tempfile.TemporaryDirectory() as folder:
        _write(folder, "Make every table", FIRST, versions=folder)
        script = next(Path(folder).glob("*.py"))
        return Path(shutil.move(script, _versions() / "2026-11-20_initial.py"))


def write_next(message: str) -> Path:
    """Write a script with what has changed since the last one."""
    before = set(_versions().glob("*.py"))
    with tempfile.TemporaryDirectory() as folder:
        slug = re.sub(r"\W+", "_", message.lower())[:32].strip("_")  # what Alembic's own column holds
        _write(folder, message, None, upgrade=True, slug=slug)
    return (set(_versions().glob("*.py")) - before).pop()


def _write(
    folder: str, message: str, revision: str | None, *, versions: str = "", upgrade: bool = False, slug: str = ""
) -> None:
    database = Database(f"sqlite:///{folder}/empty.sqlite")
    with database.engine.begin() as connection:
        config = alembic_config(connection)
        if versions:
            config.set_main_option("version_locations", versions)
        if upgrade:
            command.upgrade(config, "head")
        command.revision(config, message, autogenerate=True, rev_id=revision or slug)
    database.engine.dispose()


def _versions() -> Path:
    return Path(str(files("shangeng_web") / "migrations" / "versions"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
