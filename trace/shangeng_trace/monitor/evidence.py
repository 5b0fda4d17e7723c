"""Evidence files: everything that shows a finding, in one JSON document that is checked years later with no network.

    {"format": "shangeng-evidence/1", "finding": "monitor.fork", "origin": "…", "source": "https://…/log",
     "seen": "2026-06-02T08:00:00.000Z", "policy": "<tlog-policy>", "parts": {…}, "digest": "<hex>"}

`digest` is the SHA-256 of the canonical form of all else, and the file has one spelling: a byte changed anywhere is
noticed. It guards against accidents; what proves a finding to others are the signatures in `parts`.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

from shangeng_trace.canonical import canonical, load
from shangeng_trace.clock import read_rfc3339, rfc3339
from shangeng_trace.errors import MalformedError

FORMAT = "shangeng-evidence/1"
LARGEST_EVIDENCE = 48 << 20
"""Octets: a bundle of 256 entries as long as can be, in base64, and room for its proof."""

_TEXTS = ("finding", "origin", "source", "seen", "policy", "digest")


class EvidenceUnusable(MalformedError):
    """The file is no evidence file, or not the one that was written."""

    code = "monitor.evidence_unusable"
    zh = "这不是证据文件，或者已被改动：{what}"
    en = "This is not an evidence file, or it was altered: {what}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found, of which log, where and when it was seen, under which policy, and what shows it."""

    finding: str
    origin: str
    source: str
    seen: datetime
    policy: str
    parts: dict[str, Any] = field(default_factory=dict[str, Any])


def write_evidence(evidence: Evidence) -> bytes:
    """Return the evidence file."""
    document = _document(evidence)
    return _spelled({**document, "digest": _digest(document)})


def is_evidence(data: bytes) -> bool:
    """Whether a file claims to be evidence, of this version or another, in its first words."""
    return data.startswith(b'{\n "format": "shangeng-evidence/')


def read_evidence(data: bytes) -> Evidence:
    """Read an evidence file; raises `EvidenceUnusable` unless it is byte for byte what `write_evidence` writes."""
    try:
        loaded: object = load(data, limit=LARGEST_EVIDENCE)
    except MalformedError as error:
        raise EvidenceUnusable(what=error) from error
    document = cast("dict[str, Any]", loaded if isinstance(loaded, dict) else {})
    if document.get("format") != FORMAT or not isinstance(document.get("parts"), dict):
        raise EvidenceUnusable(what="format")
    for name in _TEXTS:
        if not isinstance(document.get(name), str):
            raise EvidenceUnusable(what=name)
    try:
        seen = read_rfc3339(document["seen"])
    except ValueError as error:
        raise EvidenceUnusable(what="seen") from error
    evidence = Evidence(
        document["finding"], document["origin"], document["source"], seen, document["policy"], document["parts"]
    )
    if write_evidence(evidence) != data:
        raise EvidenceUnusable(what="digest")
    return evidence


def _document(evidence: Evidence) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "finding": evidence.finding,
        "origin": evidence.origin,
        "source": evidence.source,
        "seen": rfc3339(evidence.seen),
        "policy": evidence.policy,
        "parts": evidence.parts,
    }


def _digest(document: dict[str, Any]) -> str:
    return sha256(canonical(document)).hexdigest()


def _spelled(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
