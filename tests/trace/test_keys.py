"""Keys: published vectors, one name per key, and no weak ones."""

import json
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace import base58
from shangeng_trace.base58 import NotBase58
from shangeng_trace.errors import MalformedError
from shangeng_trace.keys import Algorithm, KeyMalformed, SignatureInvalid, SigningKey, VerifyKey
from tests.vectors import vectors

EVERY = pytest.mark.parametrize("algorithm", list(Algorithm))
P = 2**255 - 19


def test_wycheproof() -> None:
    groups: list[dict[str, Any]] = json.loads(
        (vectors("tlog/upstream") / "wycheproof_ed25519.json").read_text("utf-8")
    )["testGroups"]
    seen = 0
    for group in groups:
        key = VerifyKey(Algorithm.ED25519, bytes.fromhex(group["publicKey"]["pk"]))
        for case in group["tests"]:
            seen += 1
            signature, data = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            if case["result"] == "valid":
                key.verify(signature, data)
            else:
                with pytest.raises(SignatureInvalid):
                    key.verify(signature, data)
    assert seen > 100


def test_published_keys() -> None:
    keys = json.loads((vectors("eddsa-jcs-2022") / "keys.json").read_text("utf-8"))["keys"]
    for pair in keys.values():
        secret = base58.decode(pair["privateKeyMultibase"][1:])
        assert secret[:2] == b"\x80\x26"
        key = SigningKey.from_bytes(Algorithm.ED25519, secret[2:])
        assert key.public.multikey == pair["publicKeyMultibase"]
        assert VerifyKey.from_multikey(pair["publicKeyMultibase"]) == key.public


@EVERY
def test_a_signature_fits_its_key_and_its_bytes_alone(algorithm: Algorithm) -> None:
    key, other = SigningKey.generate(algorithm), SigningKey.generate(algorithm)
    signature = key.sign("惠明茶".encode())
    assert len(signature) == 64
    key.public.verify(signature, "惠明茶".encode())
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    for verify_key, bad, data in (
        (key.public, signature, b"other"),
        (other.public, signature, "惠明茶".encode()),
        (key.public, flipped, "惠明茶".encode()),
        (key.public, signature[:-1], "惠明茶".encode()),
        (key.public, signature + b"\0", "惠明茶".encode()),
        (key.public, bytes(64), "惠明茶".encode()),
        (key.public, b"", "惠明茶".encode()),
    ):
        with pytest.raises(SignatureInvalid):
            verify_key.verify(bad, data)


@EVERY
def test_keys_come_back_from_bytes_and_text(algorithm: Algorithm) -> None:
    key = SigningKey.generate(algorithm)
    assert len(key.to_bytes()) == 32
    assert SigningKey.from_bytes(algorithm, key.to_bytes()) == key
    assert VerifyKey.from_multikey(key.public.multikey) == key.public
    assert key.public.multikey.startswith({Algorithm.ED25519: "z6Mk", Algorithm.P256: "zDn"}[algorithm])


@EVERY
def test_a_private_key_does_not_show(algorithm: Algorithm) -> None:
    key = SigningKey.generate(algorithm)
    assert repr(key) == f"SigningKey(algorithm={algorithm!r})"
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_p256_signatures_are_what_an_independent_verifier_expects() -> None:
    key = SigningKey.generate(Algorithm.P256)
    signature = key.sign(b"data")
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    public = ec.derive_private_key(int.from_bytes(key.to_bytes()), ec.SECP256R1()).public_key()
    public.verify(encode_dss_signature(r, s), b"data", ec.ECDSA(SHA256()))


def test_p256_takes_either_half_of_s_as_phones_make_either() -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    key = SigningKey.generate(Algorithm.P256)
    signature = key.sign(b"data")
    mirrored = signature[:32] + (order - int.from_bytes(signature[32:])).to_bytes(32)
    key.public.verify(mirrored, b"data")


def test_p256_signatures_keep_their_leading_zeros() -> None:
    key = SigningKey.generate(Algorithm.P256)
    for number in range(100_000):
        signature = key.sign(b"%d" % number)
        if signature[32] == 0:
            key.public.verify(signature, b"%d" % number)
            with pytest.raises(SignatureInvalid):
                key.public.verify(signature[:32] + signature[33:], b"%d" % number)
            return
    raise AssertionError


def test_p256_keys_have_one_form() -> None:
    point = SigningKey.generate(Algorithm.P256).public
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point.raw)
    with pytest.raises(KeyMalformed):
        VerifyKey(Algorithm.P256, public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def small_order_heights() -> set[int]:
    """Compute the heights y of all points with 8P = 0, by trying every root of what doubling thrice demands."""
    d = -121665 * pow(121666, -1, P) % P

    def root(square: int) -> int | None:
        candidate = pow(square, (P + 3) // 8, P)
        for number in (candidate, candidate * pow(2, (P - 1) // 4, P) % P):
            if number * number % P == square % P:
                return number
        return None

    heights = {0, 1, P - 1}  # orders 4, 1 and 2
    # Order 8: doubling reaches a point with y = 0, so y² = -x², and on the curve 2y² = 1 - d·y⁴.
    inner = root(1 + d)
    assert inner is not None
    for sign in (inner, -inner):
        y = root((sign - 1) * pow(d, -1, P))
        if y is not None:
            heights |= {y, P - y}
    return heights


def test_ed25519_keys_of_small_order_are_refused() -> None:
    heights = small_order_heights()
    assert len(heights) == 5
    for height in heights | {P, P + 1}:
        for top in (0, 1 << 255):
            with pytest.raises(KeyMalformed):
                VerifyKey(Algorithm.ED25519, (height | top).to_bytes(32, "little"))


@pytest.mark.parametrize("raw", [b"", bytes(31), b"\x07" * 33, b"\x04" + bytes(64), b"\x02" + b"\xff" * 32])
def test_bytes_that_are_no_key_are_refused(raw: bytes) -> None:
    for algorithm in Algorithm:
        with pytest.raises(KeyMalformed):
            VerifyKey(algorithm, raw)
        with pytest.raises(KeyMalformed):
            SigningKey.from_bytes(algorithm, raw)


def test_p256_scalars_out_of_range_are_refused() -> None:
    for raw in (bytes(32), b"\xff" * 32):
        with pytest.raises(KeyMalformed):
            SigningKey.from_bytes(Algorithm.P256, raw)


@pytest.mark.parametrize("text", ["", "z", "z6Mk", "u7QEz", "zz", "z0OIl", "z" + "1" * 5000, "z6Mk茶"])
def test_text_that_is_no_multikey_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        VerifyKey.from_multikey(text)


@given(st.text())
def test_any_text_is_a_key_or_malformed(text: str) -> None:
    with pytest.raises(MalformedError):
        VerifyKey.from_multikey(text)


@given(st.binary(max_size=80))
def test_base58_comes_back(data: bytes) -> None:
    assert base58.decode(base58.encode(data)) == data


@given(st.text("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", max_size=80))
def test_base58_has_one_text_per_value(text: str) -> None:
    assert base58.encode(base58.decode(text)) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"", ""), (b"\0\0", "11"), (b"Hello World!", "2NEpo7TZRRrLZSi2U"), (b"\0\0\x28\x7f\xb4\xcd", "11233QC4")],
)
def test_base58_by_example(data: bytes, text: str) -> None:
    assert base58.encode(data) == text
    assert base58.decode(text) == data


@pytest.mark.parametrize("text", ["0", "O", "I", "l", " 2", "2\n", "１", "1" * 129])
def test_base58_is_strict(text: str) -> None:
    with pytest.raises(NotBase58):
        base58.decode(text)
