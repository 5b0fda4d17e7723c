"""Statements on their way into the ledger: sealed by a key in custody, or sealed elsewhere and opened here. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from shangeng_trace.canonical import Document, canonical, check_statement
from shangeng_trace.keys import SigningKey, VerifyKey
from shangeng_trace.proofs import key_id_of, secured_bytes, sign, verification_method

CONTEXT: list[Any] = ["https://www.w3.org/ns/credentials/v2", {"shangeng": "urn:shangeng:vocab:"}]
"""JSON-LD context of the statements that are not EPCIS events."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with the address under which the log knows its public half."""

    key_id: str
    method: str
    key: SigningKey

    @classmethod
    def of(cls, host: str, key_id: str, key: SigningKey) -> "Signer":
        """Return the signer of a key that `host` publishes."""
        return cls(key_id, verification_method(host, key_id), key)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed statement with its canonical bytes, its digest and the id of the key that signed it."""

    document: Document
    body: bytes
    digest: str
    key_id: str


def seal(document: Document, signer: Signer, *, created: datetime) -> Sealed:
    """Sign a document. Raises `MalformedError` for values that a statement cannot hold."""
    check_statement(document)
    signed = sign(document, signer.key, verification_method=signer.method, created=created)
    body = canonical(signed)
    return Sealed(signed, body, sha256(body).hexdigest(), signer.key_id)


def open_sealed(document: Document, key_of: Callable[[str], VerifyKey], *, host: str) -> Sealed:
    """Check a statement signed elsewhere; raises a `VerificationError` that names what does not hold.

    `key_of` maps a key id to its public key. What is stored is the canonical form of the document as received.
    """
    check_statement(document)
    return open_strict(document, key_of, host=host)


def open_strict(
    document: Document, key_of: Callable[[str], VerifyKey], *, host: str, body: bytes | None = None
) -> Sealed:
    """As `open_sealed`, for a document that `load_statement` has read, alone or as a part of what it read.

    `body` is its canonical form where that is at hand.
    """
    body = canonical(document) if body is None else body
    secured = secured_bytes(document, body)
    key_id = key_id_of(secured.verification_method, host)
    secured.verify(key_of(key_id))
    return Sealed(document, body, sha256(body).hexdigest(), key_id)
