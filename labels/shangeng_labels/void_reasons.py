"""Why labels become void: data, offered to people as a list, kept in the ledger as a code."""

import json
from importlib.resources import files
from types import MappingProxyType

from shangeng_certs.scheme import Reason

_ENTRIES = json.loads((files("shangeng_labels") / "void_reasons.json").read_text("utf-8"))["reasons"]

VOID_REASONS = MappingProxyType({entry["key"]: Reason(**entry) for entry in _ENTRIES})
"""Code → reason, in the order to offer them."""


def void_reason_text(key: str, language: str) -> str:
    """Return a reason's words, or the code itself where this deployment no longer knows it."""
    return VOID_REASONS[key].text(language) if key in VOID_REASONS else key
