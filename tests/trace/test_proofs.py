"""Data Integrity proofs: the published vectors, every change noticed, and what a statement may carry."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace import base58
from shangeng_trace.canonical import Document, canonical
from shangeng_trace.errors import NotFoundError, VerificationError
from shangeng_trace.keys import Algorithm, SignatureInvalid, SigningKey, VerifyKey
from shangeng_trace.proofs import (
    ContextChanged,
    KeyMismatch,
    ProofMalformed,
    Suite,
    key_id_of,
    secured_bytes,
    sign,
    verification_method,
    verify,
    verify_statement,
)
from tests.vectors import vectors

KEYS = {
    Algorithm.ED25519: SigningKey(Algorithm.ED25519, bytes(range(32))),
    Algorithm.P256: SigningKey(Algorithm.P256, bytes(range(1, 33))),
}
EVERY = pytest.mark.parametrize("algorithm", list(Algorithm))
METHOD = verification_method("127.0.0.1:8000", "8K3M5N7P9Q2R4T6V")
CREATED = datetime(2026, 4, 12, 14, 40, 0, 999_000, tzinfo=timezone(timedelta(hours=8)))
EVENT: Document = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"shangeng": "urn:shangeng:vocab:"}],
    "type": "ObjectEvent",
    "quantityList": [{"epcClass": "https://id.gs1.org/01/09521234543213/10/L1", "quantity": 38.5, "uom": "KGM"}],
    "shangeng:record": {"note": "芽叶完整", "plots": 3, "rain": False},
}


def key_in_did(method: str) -> VerifyKey:
    """Find the key that a did:key method carries itself, as the vectors use them."""
    return VerifyKey.from_multikey(method.partition("#")[2])


def key_of(algorithm: Algorithm) -> Callable[[str], VerifyKey]:
    def find(method: str) -> VerifyKey:
        if method != METHOD:
            raise NotFoundError
        return KEYS[algorithm].public

    return find


def signed(algorithm: Algorithm = Algorithm.ED25519, document: Document = EVENT) -> Document:
    return sign(document, KEYS[algorithm], verification_method=METHOD, created=CREATED)


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_published_and_authored_signatures_come_out_byte_for_byte() -> None:
    folder = vectors("eddsa-jcs-2022")
    pairs = read(folder / "keys.json")["keys"]
    paths = sorted(folder.glob("sign-*.json"))
    assert len(paths) >= 5
    for path in paths:
        vector, expected = read(path), read(path)["expected"]
        key = SigningKey(Algorithm.ED25519, base58.decode(pairs[vector["key"]]["privateKeyMultibase"][1:])[2:])
        options = vector["proofOptions"]
        created = datetime.fromisoformat(options["created"])
        document = sign(
            vector["unsecuredDocument"], key, verification_method=options["verificationMethod"], created=created
        )
        assert document == expected["securedDocument"], path.name
        assert canonical(vector["unsecuredDocument"]).decode() == expected["canonicalDocument"], path.name
        secured = secured_bytes(document)
        assert secured.data.hex() == expected["hashData"], path.name
        assert secured.signature.hex() == expected["signatureHex"], path.name
        assert secured.created == created
        assert secured.suite is Suite.EDDSA
        assert verify_statement(document, key_in_did) == vector["unsecuredDocument"]


def test_the_signature_that_w3c_publishes() -> None:
    vector = read(vectors("eddsa-jcs-2022") / "w3c-official.json")
    key = SigningKey(Algorithm.ED25519, base58.decode(vector["keyPair"]["privateKeyMultibase"][1:])[2:])
    options = vector["proofConfigJCS"]
    document = sign(
        vector["unsigned"],
        key,
        verification_method=options["verificationMethod"],
        created=datetime.fromisoformat(options["created"]),
    )
    assert document == vector["signedJCS"]
    assert secured_bytes(document).data.hex() == vector["combinedHashJCS"]
    assert verify(document, key_in_did) == vector["unsigned"]


def test_authored_verdicts() -> None:
    paths = sorted(vectors("eddsa-jcs-2022").glob("verify-*.json"))
    assert len(paths) >= 10
    for path in paths:
        vector = read(path)
        if vector["expected"]:
            verified = verify(vector["securedDocument"], key_in_did)
            assert "proof" not in verified
            assert "https://extra.example/ctx" not in verified["@context"], path.name
        else:
            with pytest.raises(VerificationError):
                verify(vector["securedDocument"], key_in_did)


@EVERY
def test_what_is_signed_verifies(algorithm: Algorithm) -> None:
    before = copy.deepcopy(EVENT)
    document = signed(algorithm)
    assert before == EVENT
    assert list(document)[-1] == "proof"
    assert document["proof"]["created"] == "2026-04-12T06:40:00Z"
    assert document["proof"]["@context"] == EVENT["@context"]
    assert verify_statement(document, key_of(algorithm)) == EVENT
    assert verify(document, key_of(algorithm)) == EVENT
    assert verify_statement(json.loads(canonical(document)), key_of(algorithm)) == EVENT


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every leaf."""
    if isinstance(value, (dict, list)):
        members = cast("Document", value).items() if isinstance(value, dict) else enumerate(cast("list[object]", value))
        for name, member in members:
            yield from places(member, (*path, name))
    else:
        yield path


def altered(leaf: Any) -> list[Any]:
    match leaf:
        case bool():
            return [not leaf, int(leaf)]
        case int() | float():
            return [leaf + 1, str(leaf)]
        case str():
            return [leaf + "x", leaf[:-1], leaf[:-1] + ("2" if leaf[-1] == "1" else "1"), None]
        case _:
            raise AssertionError(leaf)


@EVERY
def test_every_change_is_noticed(algorithm: Algorithm) -> None:
    document = signed(algorithm)
    paths = list(places(document))
    assert len(paths) > 15
    for *way, last in paths:
        for value in altered(_at(document, [*way, last])):
            changed = copy.deepcopy(document)
            _at(changed, way)[last] = value
            with pytest.raises((VerificationError, NotFoundError)):
                verify_statement(changed, key_of(algorithm))
        removed = copy.deepcopy(document)
        del _at(removed, way)[last]
        with pytest.raises((VerificationError, NotFoundError)):
            verify_statement(removed, key_of(algorithm))
    with pytest.raises(SignatureInvalid):
        verify_statement({**document, "more": 1}, key_of(algorithm))


def _at(value: Any, path: list[Any]) -> Any:
    for step in path:
        value = value[step]
    return value


def test_ecdsa_jcs_2019_as_the_specification_puts_it() -> None:
    document = signed(Algorithm.P256)
    options = {name: member for name, member in document["proof"].items() if name != "proofValue"}
    assert options["cryptosuite"] == "ecdsa-jcs-2019"
    data = sha256(canonical(options)).digest() + sha256(canonical(EVENT)).digest()
    signature = base58.decode(document["proof"]["proofValue"][1:])
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), KEYS[Algorithm.P256].public.raw)
    public.verify(der, data, ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(der, data[::-1], ec.ECDSA(SHA256()))


@EVERY
def test_a_suite_goes_with_its_own_kind_of_key(algorithm: Algorithm) -> None:
    other = next(kind for kind in Algorithm if kind is not algorithm)
    with pytest.raises(KeyMismatch):
        verify_statement(signed(algorithm), key_of(other))


def test_a_context_appended_later_is_dropped_or_in_a_statement_refused() -> None:
    document = signed()
    document["@context"] = [*document["@context"], "https://extra.example/ctx"]
    assert verify(document, key_of(Algorithm.ED25519)) == EVENT
    with pytest.raises(ContextChanged):
        verify_statement(document, key_of(Algorithm.ED25519))
    document["@context"] = document["@context"][::-1]
    with pytest.raises(ContextChanged):
        verify(document, key_of(Algorithm.ED25519))


def test_a_context_that_python_takes_for_equal_is_still_another() -> None:
    document = signed(document={"@context": [{"@version": 1}], "a": 1})
    document["@context"] = [{"@version": True}]
    with pytest.raises(SignatureInvalid):
        verify_statement(document, key_of(Algorithm.ED25519))


def test_a_context_may_be_one_word_or_absent() -> None:
    for document in ({"@context": "https://one.example/", "a": 1}, {"a": 1}):
        assert verify_statement(signed(document=document), key_of(Algorithm.ED25519)) == document
    listed = signed(document={"@context": "https://one.example/", "a": 1})
    listed["@context"] = ["https://one.example/", "https://extra.example/ctx"]
    assert verify(listed, key_of(Algorithm.ED25519))["@context"] == "https://one.example/"


def test_a_statement_has_one_proof_and_a_set_at_most_sixteen() -> None:
    document = signed()
    proof = document["proof"]
    assert verify({**document, "proof": [proof] * 16}, key_of(Algorithm.ED25519)) == EVENT
    for proofs in ([], [proof] * 17, None, "z", [None]):
        with pytest.raises(ProofMalformed):
            verify({**document, "proof": proofs}, key_of(Algorithm.ED25519))
    for proofs in ([proof], [proof, proof], [], None):
        with pytest.raises(ProofMalformed):
            verify_statement({**document, "proof": proofs}, key_of(Algorithm.ED25519))
    with pytest.raises(ProofMalformed):
        verify_statement(EVENT, key_of(Algorithm.ED25519))


def test_signers_of_different_words_make_no_set() -> None:
    short, long = {**EVENT, "@context": ["https://a.example/"]}, {**EVENT, "@context": ["https://a.example/", "b:"]}
    proofs = [signed(document=short)["proof"], signed(document=long)["proof"]]
    with pytest.raises(ContextChanged):
        verify({**long, "proof": proofs}, key_of(Algorithm.ED25519))


def test_signing_twice_is_refused() -> None:
    with pytest.raises(ProofMalformed):
        signed(document=signed())


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("type", "Ed25519Signature2020"),
        ("cryptosuite", "eddsa-rdfc-2022"),
        ("cryptosuite", ["eddsa-jcs-2022"]),
        ("cryptosuite", None),
        ("proofPurpose", "authentication"),
        ("verificationMethod", {"id": METHOD}),
        ("created", 1),
        ("created", "2026-04-12"),
        ("created", "2026-04-12T06:40:00"),
        ("created", "2026-13-12T06:40:00Z"),
        ("created", "2026-04-12T06:40:00Z\n"),
        ("proofValue", None),
        ("proofValue", ""),
        ("proofValue", "uAAAA"),
        ("expires", "2030-01-01T00:00:00Z"),
        ("previousProof", "urn:uuid:1"),
    ],
)
def test_a_proof_of_another_form_is_malformed(member: str, value: object) -> None:
    document = signed()
    document["proof"][member] = value
    for check in (verify, verify_statement):
        with pytest.raises(ProofMalformed) as refusal:
            check(document, key_of(Algorithm.ED25519))
        assert refusal.value.parts == {"member": member}


def resigned(**options: object) -> Document:
    """Sign with other proof options than `sign` writes."""
    document = signed()
    proof = {name: member for name, member in {**document["proof"], **options}.items() if member is not ...}
    del proof["proofValue"]
    data = sha256(canonical(proof)).digest() + sha256(canonical(EVENT)).digest()
    return {**EVENT, "proof": {**proof, "proofValue": "z" + base58.encode(KEYS[Algorithm.ED25519].sign(data))}}


def test_a_statement_is_created_in_utc_and_carries_nothing_unknown() -> None:
    for options in ({"created": "2026-04-12T06:40:00.123Z"}, {"@context": ...}):
        verify_statement(resigned(**options), key_of(Algorithm.ED25519))
    for options in ({"created": "2026-04-12T14:40:00+08:00"}, {"created": ...}, {"nonce": "1"}, {"id": "urn:x"}):
        document = resigned(**options)
        assert verify(document, key_of(Algorithm.ED25519)) == EVENT
        with pytest.raises(ProofMalformed):
            verify_statement(document, key_of(Algorithm.ED25519))


def test_hashing_and_verifying_can_be_done_apart() -> None:
    secured = secured_bytes(signed())
    assert len(secured.data) == len(secured.signature) == 64
    assert secured.verification_method == METHOD
    assert secured.created == datetime(2026, 4, 12, 6, 40, tzinfo=UTC)
    secured.verify(KEYS[Algorithm.ED25519].public)
    with pytest.raises(SignatureInvalid):
        secured._replace(data=bytes(64)).verify(KEYS[Algorithm.ED25519].public)


def test_a_method_names_host_and_key() -> None:
    assert METHOD == "did:web:127.0.0.1%3A8000:keys:8K3M5N7P9Q2R4T6V#8K3M5N7P9Q2R4T6V"
    assert key_id_of(METHOD) == key_id_of(METHOD, "127.0.0.1:8000") == "8K3M5N7P9Q2R4T6V"
    assert key_id_of(verification_method("lishui.example", "K1"), "lishui.example") == "K1"


@pytest.mark.parametrize(
    "method",
    [
        "",
        "did:web:host:keys:K1",
        "did:web:host:keys:K1#K2",
        "did:web:host:keys:#",
        "did:web:host:8000:keys:K1#K1",
        "did:key:z6Mk#z6Mk",
        "did:web:host:keys:K1#K1\n",
        "did:web:host/../x:keys:K1#K1",
        "did:web:other:keys:K1#K1",
    ],
)
def test_a_method_that_is_not_ours_is_refused(method: str) -> None:
    with pytest.raises(ProofMalformed):
        key_id_of(method, "host")


@given(
    st.dictionaries(
        st.sampled_from(["a", "prooe", "proof:", "proof\\", "proog", "z", 'x"proof":', "茶"]),
        st.recursive(
            st.one_of(st.integers(-5, 5), st.text('"proof:{},', max_size=9), st.just({"proof": {"proofValue": "z1"}})),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("proof"), inner, max_size=1),
        ),
    )
)
def test_what_was_signed_is_the_same_cut_out_or_written_anew(document: Document) -> None:
    signed = sign(document, KEYS[Algorithm.ED25519], verification_method=METHOD, created=CREATED)
    assert secured_bytes(signed, canonical(signed)) == secured_bytes(signed)
    assert verify_statement(signed, key_of(Algorithm.ED25519), whole=canonical(signed)) == document
