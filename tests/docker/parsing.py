"""The container files, read far enough to compare them with the product."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker"


@dataclass(frozen=True)
class Instruction:
    name: str
    text: str

    def command(self) -> list[str]:
        """The words of an exec-form command, after a HEALTHCHECK's options."""
        words: list[str] = json.loads(self.text[self.text.index("[") :])
        return words


def dockerfile() -> list[Instruction]:
    """Return the instructions of the Dockerfile, continued lines joined, comments left out."""
    lines = [line for line in (FOLDER / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line]


def last_stage() -> list[Instruction]:
    """Return the instructions of the stage that becomes the image."""
    instructions = dockerfile()
    start = max(at for at, instruction in enumerate(instructions) if instruction.name == "FROM")
    return instructions[start:]


def only(name: str) -> Instruction:
    """Return the one instruction of that name in the last stage."""
    (instruction,) = [instruction for instruction in last_stage() if instruction.name == name]
    return instruction


def compose() -> dict[str, Any]:
    """Return the compose file with its anchors resolved."""
    document: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return document


def settings_named(text: str) -> set[str]:
    """Return every `SHANGENG_…` name in a text."""
    return set(re.findall(r"\bSHANGENG_[A-Z_]+\b", text))
