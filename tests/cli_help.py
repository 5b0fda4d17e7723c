"""What the command line says of itself, for tests that compare documents with it."""

import subprocess
import sys
from functools import cache
from itertools import takewhile
from pathlib import Path

SHANGENG = Path(sys.executable).with_name("shangeng")


@cache
def command_help(*words: str) -> str | None:
    """Return what `shangeng … --help` prints, or None where there is no such command."""
    ran = subprocess.run([SHANGENG, *words, "--help"], capture_output=True, text=True, check=False)
    return ran.stdout if ran.returncode == 0 else None


def misunderstood(words: list[str]) -> list[str]:
    """Return the words of a `shangeng` command (without its name) that it would not understand."""
    if not words or words[0].startswith("-"):
        return [] if command_help() is not None else ["shangeng"]
    named = list(takewhile(lambda word: not word.startswith("-"), words))
    text = command_help(*named)
    if text is None:
        return named
    options = (word.partition("=")[0] for word in words[len(named) :] if word.startswith("--"))
    return [option for option in options if option not in text.replace(",", " ").replace("]", " ").split()]
