"""Checkpoints: what a log says its tree is, as a signed note (C2SP tlog-checkpoint v1.0.0).

Three lines: the log's origin, the size of the tree, its root in base64. Further lines are extensions of other logs:
they are read and kept, and never signed here.
"""

from collections.abc import Iterable
from dataclasses import InitVar, dataclass

from shangeng_trace.errors import VerificationError
from shangeng_trace.keys import SigningKey
from shangeng_trace.logtext import HASH_SIZE, LARGEST, malformed, read_decimal, read_hash, read_text, write_base64
from shangeng_trace.merkle import EMPTY_ROOT
from shangeng_trace.note import SignatureType, Signed, Vkey, open_note, sign, write_note


class WrongOrigin(VerificationError):
    """The checkpoint is another log's."""

    code = "trace.wrong_origin"
    zh = "这份凭证属于另一本账本。"
    en = "This is the checkpoint of another log."


class NotSignedByLog(VerificationError):
    """Others signed the checkpoint, the log itself did not."""

    code = "trace.not_signed_by_log"
    zh = "这份凭证没有账本自己的签名。"
    en = "The log itself has not signed this checkpoint."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head as stated: anybody can write one, so it proves nothing by itself.

    Raises:
        LogTextMalformed: it could not be written and read back the same, or an empty tree has another root than it has.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not line or "\n" in read_text(line, "checkpoint line"):
                malformed("checkpoint line")
        if not 0 <= self.size <= LARGEST:
            malformed("checkpoint size")
        if len(self.root) != HASH_SIZE or (self.size == 0 and self.root != EMPTY_ROOT):
            malformed("checkpoint root")


_SEAL = object()


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A tree head that the log signed, with who else did; only `open_checkpoint` makes one.

    `cosigned` holds the witnesses' good cosignatures that state a time, each key once.
    """

    checkpoint: Checkpoint
    note: str
    log: tuple[Signed, ...]
    cosigned: tuple[Signed, ...]
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("open_checkpoint is the only way to a verified checkpoint")

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.checkpoint.origin

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """The root over them, 32 octets."""
        return self.checkpoint.root


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Return the note text of a checkpoint."""
    lines = (checkpoint.origin, str(checkpoint.size), write_base64(checkpoint.root), *checkpoint.extensions)
    return "".join(f"{line}\n" for line in lines)


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the note text of a checkpoint.

    Raises:
        LogTextMalformed: not one, or its size is above 2**63 - 1.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop():  # noqa: PLR2004  # three lines and what follows the last LF
        malformed("checkpoint")
    origin, size, root, *extensions = lines
    return Checkpoint(
        origin, read_decimal(size, "checkpoint size"), read_hash(root, "checkpoint root"), tuple(extensions)
    )


def sign_checkpoint(checkpoint: Checkpoint, *keys: SigningKey) -> str:
    """Return the note of a checkpoint signed by the log's key, or by the old and the new one while it changes keys.

    The key name is the origin. The caller answers for the rule that no two inconsistent heads are ever signed.

    Raises:
        LogTextMalformed: the origin cannot be a key name, or there are extension lines.
    """
    if checkpoint.extensions:
        malformed("checkpoint with extension lines")
    text = format_checkpoint(checkpoint)
    return write_note(text, [sign(text, name=checkpoint.origin, key=key) for key in keys])


def open_checkpoint(note: bytes | str, *, origin: str, verifiers: Iterable[Vkey]) -> VerifiedCheckpoint:
    """Check a signed checkpoint of the log `origin` and return it.

    `verifiers` are all known keys: the log's own of type 0x01 (none of another log, since any of them speaks for
    this one) and the witnesses' of type 0x04.

    Raises:
        LogTextMalformed: not a note, or its text no checkpoint.
        NoteSignatureInvalid: a known key's signature fails.
        NoSignatureKnown, NotSignedByLog: no key of the log has signed.
        WrongOrigin: it is another log's.
    """
    opened = open_note(note, verifiers)
    checkpoint = parse_checkpoint(opened.text)
    log = tuple(each for each in opened.signed if each.by.type is SignatureType.ED25519)
    if not log:
        raise NotSignedByLog
    if checkpoint.origin != origin:
        raise WrongOrigin
    cosigned = tuple(each for each in opened.signed if each.time)
    return VerifiedCheckpoint(checkpoint, read_text(note, "note"), log, cosigned, _SEAL)
