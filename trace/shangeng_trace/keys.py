"""Signing keys: Ed25519 by default, P-256 for phones that have nothing else."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shangeng_trace import base58
from shangeng_trace.errors import MalformedError, VerificationError

_ECDSA = ec.ECDSA(SHA256())
_P256 = ec.SECP256R1()
_SCALAR_BYTES = 32
_SIGNATURE_BYTES = 64

_FIELD = 2**255 - 19
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER_Y = frozenset({0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8})
"""Heights of Ed25519's points of order 1, 2, 4 and 8: under such a key a signature fits every message."""


class Algorithm(StrEnum):
    """Signature algorithms, as the ledger names them."""

    ED25519 = "Ed25519"
    P256 = "P-256"


_HEADERS = {Algorithm.ED25519: b"\xed\x01", Algorithm.P256: b"\x80\x24"}
"""Multicodec varints of the public keys: ed25519-pub 0xed, p256-pub 0x1200."""


class KeyMalformed(MalformedError):
    """Bytes or text that are no key of a known kind."""

    code = "trace.key_malformed"
    zh = "密钥的格式不对。"
    en = "This is not a key of a known kind."


class SignatureInvalid(VerificationError):
    """The signature was not made with this key over these bytes."""

    code = "trace.signature_invalid"
    zh = "签名不符：内容被改动过，或不是由这把密钥签的。"
    en = "The signature does not fit: the content was changed, or another key signed it."


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key: `raw` is the 32 bytes of RFC 8032, or a P-256 point compressed to 33 bytes (SEC 1, 2.3.3).

    Raises KeyMalformed for bytes that are no such key, Ed25519 points of small order among them.
    """

    algorithm: Algorithm
    raw: bytes
    _key: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", _public(self.algorithm, self.raw))

    @classmethod
    def from_multikey(cls, text: str) -> "VerifyKey":
        """Read W3C Multikey text: `z6Mk…` or `zDn…`. Parsed keys are remembered, verification being hot."""
        return _from_multikey(text)

    @property
    def multikey(self) -> str:
        """The key as W3C Multikey: `z`, then base58btc of the multicodec header and the raw bytes."""
        return "z" + base58.encode(_HEADERS[self.algorithm] + self.raw)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raise SignatureInvalid unless `signature` (64 bytes) was made with this key over `data`.

        Ed25519 signatures are unique; of P-256's two, (r, s) and (r, n - s), both are good, since WebCrypto
        makes either. Other threads run meanwhile.
        """
        if len(signature) != _SIGNATURE_BYTES:
            raise SignatureInvalid
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, data)
            else:
                r, s = int.from_bytes(signature[:_SCALAR_BYTES]), int.from_bytes(signature[_SCALAR_BYTES:])
                self._key.verify(encode_dss_signature(r, s), data, _ECDSA)
        except InvalidSignature:
            raise SignatureInvalid from None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, 32 bytes: the seed of RFC 8032, or P-256's scalar, big-endian. Never shown by `repr`."""

    algorithm: Algorithm
    _raw: bytes = field(repr=False)
    _key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", _private(self.algorithm, self._raw))

    @classmethod
    def generate(cls, algorithm: Algorithm = Algorithm.ED25519) -> "SigningKey":
        """Make a fresh key from the system's randomness."""
        if algorithm is Algorithm.ED25519:
            return cls(algorithm, ed25519.Ed25519PrivateKey.generate().private_bytes_raw())
        scalar = ec.generate_private_key(_P256).private_numbers().private_value
        return cls(algorithm, scalar.to_bytes(_SCALAR_BYTES))

    @classmethod
    def from_bytes(cls, algorithm: Algorithm, raw: bytes) -> "SigningKey":
        """Read what `to_bytes` wrote; raise KeyMalformed for anything else."""
        return cls(algorithm, raw)

    def to_bytes(self) -> bytes:
        """Return the 32 secret bytes, for custody only."""
        return self._raw

    @property
    def public(self) -> VerifyKey:
        """The key that verifies what this one signs."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return VerifyKey(self.algorithm, self._key.public_key().public_bytes_raw())
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        return VerifyKey(self.algorithm, point)

    def sign(self, data: bytes) -> bytes:
        """Return the signature, 64 bytes: Ed25519's own, or P-256's r and s over SHA-256 (IEEE P1363)."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        r, s = decode_dss_signature(self._key.sign(data, _ECDSA))
        return r.to_bytes(_SCALAR_BYTES) + s.to_bytes(_SCALAR_BYTES)


@lru_cache(maxsize=4096)
def _from_multikey(text: str) -> VerifyKey:
    if not text.startswith("z"):
        raise KeyMalformed
    data = base58.decode(text[1:])
    for algorithm, header in _HEADERS.items():
        if data.startswith(header):
            return VerifyKey(algorithm, data[len(header) :])
    raise KeyMalformed


def _public(algorithm: Algorithm, raw: bytes) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey:
    try:
        if algorithm is Algorithm.ED25519:
            height = int.from_bytes(raw, "little") & (2**255 - 1)
            if height >= _FIELD or height in _SMALL_ORDER_Y:
                raise KeyMalformed
            return ed25519.Ed25519PublicKey.from_public_bytes(raw)
        if len(raw) != _SCALAR_BYTES + 1:  # SEC 1 knows an uncompressed form too; a key has one name here
            raise KeyMalformed
        return ec.EllipticCurvePublicKey.from_encoded_point(_P256, raw)
    except ValueError:
        raise KeyMalformed from None


def _private(algorithm: Algorithm, raw: bytes) -> ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey:
    try:
        if len(raw) != _SCALAR_BYTES:
            raise KeyMalformed
        if algorithm is Algorithm.ED25519:
            return ed25519.Ed25519PrivateKey.from_private_bytes(raw)
        return ec.derive_private_key(int.from_bytes(raw), _P256)
    except ValueError:
        raise KeyMalformed from None
