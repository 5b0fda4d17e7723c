"""The data the package carries: standards, the scheme's settings and the reasons for a change of status."""

import json
from importlib import resources
from typing import Any


def read_data(name: str) -> Any:
    """Return the parsed JSON file `name` ("standards.json") that stands beside this module."""
    return json.loads(resources.files(__name__).joinpath(name).read_text(encoding="utf-8"))
