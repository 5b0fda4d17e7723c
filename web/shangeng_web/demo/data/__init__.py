"""The data of the demonstration: who takes part, and which photos its stories show."""

import json
from importlib import resources
from typing import Any


def read_data(name: str) -> Any:
    """Return the parsed JSON file `name` ("cast.json") that stands beside this module."""
    return json.loads(resources.files(__name__).joinpath(name).read_text(encoding="utf-8"))
