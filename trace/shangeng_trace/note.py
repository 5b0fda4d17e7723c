"""Signed notes and their verifier keys (C2SP signed-note v1.0.0).

    text, ending in LF            signed, with its last LF
    <empty line>
    — <key name> <base64>         one line per signature: four octets of key id, then the signature

Signatures by keys not asked for are kept and ignored, so new keys and types can appear without breaking readers;
a signature by a known key that fails makes the whole note void.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from shangeng_trace import cosign
from shangeng_trace.errors import VerificationError
from shangeng_trace.keys import Algorithm, SigningKey, VerifyKey
from shangeng_trace.logtext import malformed, read_base64, read_text, write_base64

MOST_SIGNATURES = 100
"""Signature lines read in one note; readers must take 16, Go's stops at 100 too."""

_KEY_ID_SIZE = 4
_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")


class NoSignatureKnown(VerificationError):
    """None of the signatures is by a key that was asked for."""

    code = "trace.no_signature_known"
    zh = "没有找到可信任方的签名。"
    en = "It carries no signature by a trusted key."


class NoteSignatureInvalid(VerificationError):
    """A signature that claims a known key is not by it."""

    code = "trace.note_signature_invalid"
    zh = "“{name}”的签名不对，内容可能被改动。"
    en = "The signature by “{name}” is not valid; the content may have been changed."


class SignatureType(IntEnum):
    """The type octet of a verifier key. Only the two Ed25519 types are checked here, the others are kept."""

    ED25519 = 0x01
    ECDSA = 0x02
    COSIGNATURE = 0x04
    RFC6962 = 0x05
    ML_DSA_44 = 0x06
    PRIVATE = 0xFF


_CHECKED = {SignatureType.ED25519, SignatureType.COSIGNATURE}
_KEY_SIZES = {SignatureType.ED25519: 32, SignatureType.COSIGNATURE: 32, SignatureType.ML_DSA_44: 1312}


@dataclass(frozen=True, slots=True)
class Vkey:
    """A verifier key: the name it signs under, what it signs, and the public key.

    Raises:
        LogTextMalformed: the name is empty or has white space or "+", or the key has a wrong length.
    """

    name: str
    type: SignatureType
    key: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(read_text(self.name, "key name")):
            malformed("key name")
        if len(self.key) != _KEY_SIZES.get(self.type, len(self.key)):
            malformed("length of a key")

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{write_base64(bytes([self.type]) + self.key)}"

    @property
    def id(self) -> bytes:
        """The four octets that point to this key on a signature line: a hint, not a proof."""
        if self.type is SignatureType.ECDSA:
            return sha256(self.key).digest()[:_KEY_ID_SIZE]
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.key).digest()[:_KEY_ID_SIZE]


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line of a note: whose signature it claims to be, and its octets."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {write_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that holds: by which key, and for a cosignature when (POSIX seconds; 0 states no time)."""

    by: Vkey
    time: int | None


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note with at least one good signature: each key once, in order, and the lines nobody here could check."""

    text: str
    signed: tuple[Signed, ...]
    unknown: tuple[SignatureLine, ...]


def parse_vkey(text: str) -> Vkey:
    """Read `name+<key id in hex>+<base64 of type and key>`.

    Raises:
        LogTextMalformed: not that form, a key id that is not this key's, or a type that nobody has assigned.
    """
    try:
        name, key_id, encoded = text.split("+", 2)
    except ValueError:
        malformed("verifier key")
    octets = read_base64(encoded, "verifier key")
    if octets[:1] not in {bytes([each]) for each in SignatureType}:
        malformed("type of a verifier key")
    vkey = Vkey(name, SignatureType(octets[0]), octets[1:])
    if vkey.id.hex() != key_id:
        malformed("id of a verifier key")
    return vkey


def sign(text: str, *, name: str, key: SigningKey) -> SignatureLine:
    """Return the Ed25519 signature line of `name` over a note text, which ends in LF."""
    vkey = Vkey(name, SignatureType.ED25519, key.public.raw)
    return SignatureLine(name, vkey.id, key.sign(_signed(text)))


def sign_as_witness(text: str, *, name: str, key: SigningKey, time: int) -> SignatureLine:
    """Return the cosignature line of `name` over a checkpoint's text at `time`, in POSIX seconds above 0."""
    vkey = Vkey(name, SignatureType.COSIGNATURE, key.public.raw)
    return SignatureLine(name, vkey.id, cosign.sign(_signed(text), key=key, time=time))


def write_note(text: str, signatures: Iterable[SignatureLine]) -> str:
    """Return the note of a text and its signature lines."""
    return _signed(text).decode() + "\n" + "".join(map(str, signatures))


def split_note(note: bytes | str) -> tuple[str, list[SignatureLine]]:
    """Return a note's text and its signature lines, none of them checked.

    Raises:
        LogTextMalformed: not a note, or more than 100 signatures.
    """
    whole = read_text(note, "note")
    # The text may hold empty lines itself: the last one is the border.
    text, border, lines = whole.rpartition("\n\n")
    if not border or not lines.endswith("\n"):
        malformed("note without signatures")
    signatures = lines[:-1].split("\n")
    if len(signatures) > MOST_SIGNATURES:
        malformed("note with too many signatures")
    return text + "\n", [_read_line(line) for line in signatures]


def open_note(note: bytes | str, verifiers: Iterable[Vkey]) -> OpenedNote:
    """Check a note against the complete set of known keys and return its text with who signed it.

    Raises:
        LogTextMalformed: not a note, or two verifiers share a name and id.
        NoteSignatureInvalid: a line that claims a known key is not by it.
        NoSignatureKnown: no line is by a known key.
    """
    text, lines = split_note(note)
    known: dict[tuple[str, bytes], Vkey] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.id), verifier) != verifier:
            malformed("set of keys: two share a name and id")
    signed: dict[Vkey, Signed] = {}
    unknown: list[SignatureLine] = []
    for line in lines:
        vkey = known.get((line.name, line.key_id))
        if vkey is None or vkey.type not in _CHECKED:
            unknown.append(line)
            continue
        time = _check(vkey, text, line)
        # One key counts once; of several cosignatures the latest says most.
        if vkey not in signed or (time or 0) > (signed[vkey].time or 0):
            signed[vkey] = Signed(vkey, time)
    if not signed:
        raise NoSignatureKnown
    return OpenedNote(text, tuple(signed.values()), tuple(unknown))


def _check(vkey: Vkey, text: str, line: SignatureLine) -> int | None:
    """Check one known key's line and return the time it states, if it is a cosignature."""
    message = text.encode()
    try:
        key = VerifyKey(Algorithm.ED25519, vkey.key)
        if vkey.type is SignatureType.COSIGNATURE:
            return cosign.verify(message, line.signature, key=key)
        key.verify(line.signature, message)
    except VerificationError as error:
        raise NoteSignatureInvalid(name=vkey.name) from error
    return None


def _read_line(line: str) -> SignatureLine:
    match = _LINE.fullmatch(line)
    if match is None:
        malformed("signature line")
    octets = read_base64(match[2], "signature line")
    if len(octets) <= _KEY_ID_SIZE:
        malformed("signature line")
    return SignatureLine(match[1], octets[:_KEY_ID_SIZE], octets[_KEY_ID_SIZE:])


def _signed(text: str) -> bytes:
    """Return the octets a signature covers."""
    if not text.endswith("\n"):
        malformed("note text without a final line feed")
    return read_text(text, "note text").encode()
