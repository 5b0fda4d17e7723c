"""Timestamped Ed25519 cosignatures of checkpoints (C2SP tlog-cosignature, `cosignature/v1`).

A cosignature says: at this time, this is the largest tree of that origin I have seen, and it continued what I had
seen before. The signature field of its note line is eight octets of POSIX seconds, big-endian, then the signature.
ML-DSA-44 cosignatures are another type (0x06): notes carry them, nothing here checks them yet.
"""

from shangeng_trace.errors import VerificationError
from shangeng_trace.keys import SigningKey, VerifyKey
from shangeng_trace.logtext import LARGEST

_TIME_SIZE = 8
_SIZE = _TIME_SIZE + 64


class CosignatureInvalid(VerificationError):
    """The field is not a cosignature at all: its length or time cannot be right."""

    code = "trace.cosignature_invalid"
    zh = "见证方的签名不对。"
    en = "The witness's signature is not valid ({what})."


def sign(text: bytes, *, key: SigningKey, time: int) -> bytes:
    """Return the signature field over a checkpoint's note text at `time`, in POSIX seconds above 0."""
    assert 0 < time <= LARGEST, "a cosignature states a time"
    return time.to_bytes(_TIME_SIZE, "big") + key.sign(_message(text, time))


def verify(text: bytes, signature: bytes, *, key: VerifyKey) -> int:
    """Check a signature field over a note text and return the time it states, in POSIX seconds.

    A time of 0, which states none, is returned as it is: such a line is no witness's cosignature (tlog-witness).

    Raises:
        CosignatureInvalid: the field has another length, or its time is above 2**63 - 1.
        SignatureInvalid: the signature is not the key's.
    """
    if len(signature) != _SIZE:
        raise CosignatureInvalid(what="length")
    time = int.from_bytes(signature[:_TIME_SIZE], "big")
    if time > LARGEST:
        raise CosignatureInvalid(what="time")
    key.verify(signature[_TIME_SIZE:], _message(text, time))
    return time


def _message(text: bytes, time: int) -> bytes:
    """Return the octets signed: header, time, and the whole note text with any extension lines."""
    return b"cosignature/v1\ntime %d\n" % time + text
