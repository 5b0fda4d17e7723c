"""W3C Data Integrity proofs over canonical JSON: `eddsa-jcs-2022` and `ecdsa-jcs-2019` (P-256).

What is signed is 64 bytes: SHA-256 of the canonical proof options, then SHA-256 of the canonical document without
its proof. `secured_bytes` computes them, `VerifyKey.verify` checks them; `verify` does both.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple, cast

from shangeng_trace import base58
from shangeng_trace.canonical import Document, canonical, load
from shangeng_trace.errors import MalformedError, VerificationError
from shangeng_trace.keys import Algorithm, SigningKey, VerifyKey

KeyOf = Callable[[str], VerifyKey]
"""Finds the key that a verification method names, or raises a ShangengError."""


class Suite(StrEnum):
    """Cryptosuites this product signs and verifies with."""

    EDDSA = "eddsa-jcs-2022"
    ECDSA = "ecdsa-jcs-2019"


_ALGORITHM = {Suite.EDDSA: Algorithm.ED25519, Suite.ECDSA: Algorithm.P256}
_SUITE = {algorithm: suite for suite, algorithm in _ALGORITHM.items()}
_STATEMENT_PROOF = frozenset(
    {"type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue", "@context"}
)
_NOT_UNDERSTOOD = frozenset({"expires", "previousProof"})
"""Signed members that would change what a good signature means, and that nothing here acts upon."""
_MOST_PROOFS = 16
"""Each proof of a set costs a hash of the whole document, and a stranger chooses how many there are."""
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_METHOD = re.compile(r"did:web:([0-9A-Za-z.-]+(?:%3A\d+)?):keys:([0-9A-Za-z_-]+)#\2", re.ASCII)


class ProofMalformed(MalformedError):
    """A proof is missing, or is not one this product can check."""

    code = "trace.proof_malformed"
    zh = "签名的格式不对：{member}。"
    en = "The proof is not in a form that can be checked: {member}."


class ContextChanged(VerificationError):
    """The document's `@context` is not the one that was signed, so its words may mean something else."""

    code = "trace.context_changed"
    zh = "内容的词义说明（@context）在签名之后被改动过。"
    en = "The document's @context was changed after signing."


class KeyMismatch(VerificationError):
    """The key named is of another kind than the signature."""

    code = "trace.key_mismatch"
    zh = "签名和密钥不是同一种。"
    en = "The signature and the key named are of different kinds."


class Secured(NamedTuple):
    """One proof, taken apart: `data` is what `signature` must fit, under the key that the method names."""

    data: bytes
    signature: bytes
    verification_method: str
    created: datetime | None
    suite: Suite

    def verify(self, key: VerifyKey) -> None:
        """Raise SignatureInvalid, or KeyMismatch for a key of another kind."""
        if key.algorithm is not _ALGORITHM[self.suite]:
            raise KeyMismatch
        key.verify(self.signature, self.data)


def sign(document: Document, key: SigningKey, *, verification_method: str, created: datetime) -> Document:
    """Return the document with one proof as its last member; the document itself is not touched.

    `created` is aware and is written in UTC, cut to whole seconds. Raises ProofMalformed where a proof stands already.
    """
    if "proof" in document:
        raise ProofMalformed(member="proof")
    suite = _SUITE[key.algorithm]
    proof: Document = {
        "type": "DataIntegrityProof",
        "cryptosuite": suite.value,
        "created": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    }
    if "@context" in document:
        proof["@context"] = document["@context"]
    signature = key.sign(_hashes(proof, document))
    return {**document, "proof": {**proof, "proofValue": "z" + base58.encode(signature)}}


def verify(document: Document, key_of: KeyOf) -> Document:
    """Check the proof, or every proof of a set, and return the verified document (Data Integrity, 4.4 and 4.5).

    That is the document without its proof and with the `@context` that was signed: what was appended to it later
    is dropped. Raises SignatureInvalid, ProofMalformed, ContextChanged or KeyMismatch, and what `key_of` raises.
    """
    proofs = _listed(document.get("proof"))
    if not 0 < len(proofs) <= _MOST_PROOFS:
        raise ProofMalformed(member="proof")
    verified: Document = {}
    for number, proof in enumerate(proofs):
        secured, unsecured = _secured(document, proof)
        secured.verify(key_of(secured.verification_method))
        if number and unsecured != verified:  # two signers who did not sign the same words
            raise ContextChanged
        verified = unsecured
    return verified


def verify_statement(document: Document, key_of: KeyOf, *, whole: bytes | None = None) -> Document:
    """Check the one proof of a statement and return the verified document; see `secured_bytes` for what is refused."""
    secured = secured_bytes(document, whole)
    secured.verify(key_of(secured.verification_method))
    return {name: member for name, member in document.items() if name != "proof"}


def secured_bytes(document: Document, whole: bytes | None = None) -> Secured:
    """Take a statement's proof apart, ready for `Secured.verify`, which may happen elsewhere.

    `whole` is the document's canonical form where that is at hand: what was signed is then cut out of it.

    A statement has exactly one proof, created in UTC, with no member beyond those `sign` writes, and the very
    `@context` that was signed: its digest covers all of it, and one statement must not have two digests.
    Raises ProofMalformed or ContextChanged.
    """
    proof = document.get("proof")
    secured, unsecured = _secured(document, proof, whole)
    if unknown := cast("Document", proof).keys() - _STATEMENT_PROOF:
        raise ProofMalformed(member=min(unknown))
    if secured.created is None or secured.created.utcoffset():
        raise ProofMalformed(member="created")
    if unsecured.get("@context") != document.get("@context"):
        raise ContextChanged
    return secured


def verification_method(host: str, key_id: str) -> str:
    """Name a key of this ledger: `did:web:<host>:keys:<key id>#<key id>`, a port's colon written `%3A`."""
    return f"did:web:{host.replace(':', '%3A')}:keys:{key_id}#{key_id}"


def key_id_of(method: str, host: str | None = None) -> str:
    """Return the key id in a verification method; raise ProofMalformed if it is none of ours, or of another host."""
    match = _METHOD.fullmatch(method)
    if match is None or (host is not None and match[1] != host.replace(":", "%3A")):
        raise ProofMalformed(member="verificationMethod")
    return match[2]


def _secured(document: Document, proof: Any, whole: bytes | None = None) -> tuple[Secured, Document]:
    """Return one proof taken apart, and the document that it secures. `whole` is for documents with one proof."""
    if not isinstance(proof, dict):
        raise ProofMalformed(member="proof")
    options: Document = {name: member for name, member in cast("Document", proof).items() if name != "proofValue"}
    if unknown := options.keys() & _NOT_UNDERSTOOD:
        raise ProofMalformed(member=min(unknown))
    if options.get("type") != "DataIntegrityProof":
        raise ProofMalformed(member="type")
    if options.get("proofPurpose") != "assertionMethod":
        raise ProofMalformed(member="proofPurpose")
    method = options.get("verificationMethod")
    if not isinstance(method, str):
        raise ProofMalformed(member="verificationMethod")
    try:
        suite = Suite(options.get("cryptosuite", ""))
    except ValueError:
        raise ProofMalformed(member="cryptosuite") from None
    unsecured = {name: member for name, member in document.items() if name != "proof"}
    if "@context" in options and options["@context"] != document.get("@context"):
        if not _starts_with(document.get("@context"), options["@context"]):
            raise ContextChanged
        unsecured["@context"] = options["@context"]
    secured = Secured(
        _hashes(options, unsecured) if whole is None else _hashes_within(whole, cast("Document", proof)),
        _signature(cast("Document", proof).get("proofValue")),
        method,
        _created(options.get("created")),
        suite,
    )
    return secured, unsecured


def _hashes(options: Document, unsecured: Document) -> bytes:
    return sha256(canonical(options)).digest() + sha256(canonical(unsecured)).digest()


def _hashes_within(whole: bytes, proof: Document) -> bytes:
    """Return what `_hashes` does, without writing the document's members again."""
    written = canonical(proof)
    options = _without(written, "proofValue", canonical(proof.get("proofValue")))
    return sha256(options).digest() + sha256(_without(whole, "proof", written)).digest()


def _without(whole: bytes, name: str, value: bytes) -> bytes:
    """Return a canonical object without one of its members, whose own canonical form is `value`."""
    label = f'"{name}":'.encode()
    if whole.count(label) != 1:  # none, or another inside of something: no telling from the text which is which
        return canonical({key: member for key, member in load(whole).items() if key != name})
    before, _, after = whole.partition(label + value)
    return before[:-1] + after if before.endswith(b",") else before + after.removeprefix(b",")


def _starts_with(contexts: Any, signed: Any) -> bool:
    """Whether a document's `@context` begins with the signed one; a single value counts as a list of one."""
    whole, start = _listed(contexts), _listed(signed)
    return whole[: len(start)] == start


def _listed(value: Any) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _created(text: Any) -> datetime | None:
    if text is None:
        return None
    if not isinstance(text, str) or not _DATE_TIME.fullmatch(text):
        raise ProofMalformed(member="created")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ProofMalformed(member="created") from None


def _signature(text: Any) -> bytes:
    """Read a proof value: Multibase `z` and nothing else."""
    if not isinstance(text, str) or not text.startswith("z"):
        raise ProofMalformed(member="proofValue")
    return base58.decode(text[1:])
