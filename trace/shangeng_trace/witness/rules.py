"""What a witness answers to add-checkpoint (C2SP tlog-witness v1.0.0). Pure: no database, no clock, no network.

    old <size of the tree last cosigned>
    <up to 63 lines of consistency proof>
    <empty line>
    <the checkpoint, a signed note>

The checks stand in the specification's order: form, origin, signature, the size last cosigned, the proof.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shangeng_trace.checkpoint import Checkpoint, parse_checkpoint
from shangeng_trace.errors import ConflictError, ForbiddenError, MalformedError, NotFoundError, RejectedError
from shangeng_trace.logtext import LogTextMalformed, malformed, read_decimal, read_hash, read_text, write_base64
from shangeng_trace.merkle import EMPTY_ROOT, ConsistencyInvalid, verify_consistency
from shangeng_trace.note import (
    NoSignatureKnown,
    NoteSignatureInvalid,
    SignatureLine,
    Vkey,
    open_note,
    split_note,
    write_note,
)

MOST_PROOF_LINES = 63
_OLD = "old "
_EMPTY_ROOT = write_base64(EMPTY_ROOT)


class LogUnknown(NotFoundError):
    """The witness does not watch a log of this origin."""

    code = "witness.log_unknown"
    zh = "本见证方不见证这本账本：{origin}"
    en = "This witness does not watch the log {origin}."


class NotSignedByKnownKey(ForbiddenError):
    """No key known for the log has signed the checkpoint, or a signature that claims such a key fails."""

    code = "witness.not_signed"
    zh = "检查点没有该账本的有效签名。"
    en = "The checkpoint has no valid signature by a key known for this log."


class SizeDiffers(ConflictError):
    """The old size is not what the witness last cosigned; `size` is."""

    code = "witness.size_differs"
    zh = "上次见证到 {size} 条，请从那里证明。"
    en = "The tree last cosigned has {size} entries; prove from there."

    def __init__(self, *, size: int) -> None:
        self.size = size
        super().__init__(size=size)


class OldSizeAbove(MalformedError):
    """The old size is above the checkpoint's: nothing can continue like that, and the log has signed it all the same."""

    code = "witness.old_size_above"
    zh = "请求里的旧条数大于检查点的条数。"
    en = "The old size is above the checkpoint's."


class NotContinued(RejectedError):
    """Nothing shows that the tree continues the one last cosigned."""

    code = "witness.not_continued"
    zh = "没有证明这本账本只是接着往下写：{what}"
    en = "Nothing shows that this tree continues the one last cosigned: {what}"


@dataclass(frozen=True, slots=True)
class Request:
    """An add-checkpoint request, taken apart and not yet believed."""

    old: int
    proof: tuple[bytes, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Head:
    """The tree last cosigned for a log."""

    size: int
    root: bytes


NOTHING = Head(0, EMPTY_ROOT)
"""Where every log starts."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A request whose checkpoint the log has signed: evidence from here on, whatever the answer.

    `note` carries the log's own good signatures and no other line, so that one statement of the log is one text.
    `others` are the lines by other keys.
    """

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    text: str
    note: str
    others: tuple[SignatureLine, ...]

    @property
    def head(self) -> Head:
        """The tree it asks to cosign."""
        return Head(self.checkpoint.size, self.checkpoint.root)


def parse_request(body: bytes) -> Request:
    """Read a request's body; raises `LogTextMalformed`."""
    first, border, note = read_text(body, "request").partition("\n\n")
    size, *proof = first.split("\n")
    if not border or not size.startswith(_OLD) or len(proof) > MOST_PROOF_LINES:
        malformed("request")
    hashes = tuple(read_hash(line, "line of the proof") for line in proof)
    return Request(read_decimal(size.removeprefix(_OLD), "old size"), hashes, note)


def open_request(request: Request, logs: Mapping[str, tuple[Vkey, ...]]) -> Submission:
    """Check who has signed, by the keys known for each origin.

    Raises:
        LogTextMalformed: no checkpoint.
        LogUnknown, NotSignedByKnownKey: as they say.
        NotContinued: a tree without entries has another root than it has.
    """
    unsigned, border, _ = request.note.rpartition("\n\n")
    if not border:
        malformed("checkpoint")
    origin = unsigned.split("\n", 1)[0]
    if origin not in logs:
        raise LogUnknown(origin=origin)
    try:
        text, lines = split_note(request.note)
        open_note(request.note, logs[origin])
    except (LogTextMalformed, NoSignatureKnown, NoteSignatureInvalid) as error:
        # A line that cannot be read is no signature either.
        raise NotSignedByKnownKey from error
    match text.split("\n"):
        case [_, "0", root, *_] if root != _EMPTY_ROOT:
            # To the format this is no checkpoint; to the protocol it is one that cannot be consistent.
            raise NotContinued(what="root of the empty tree")
        case _:
            pass
    checkpoint = parse_checkpoint(text)
    known = {(vkey.name, vkey.id) for vkey in logs[origin]}
    signed = {str(line): line for line in lines if (line.name, line.key_id) in known}
    others = tuple(line for line in lines if (line.name, line.key_id) not in known)
    return Submission(request.old, request.proof, checkpoint, text, write_note(text, signed.values()), others)


def judge(submission: Submission, head: Head) -> None:
    """Return where the checkpoint may be cosigned by a witness that last cosigned `head`.

    Raises:
        OldSizeAbove: the request starts from a larger tree than it ends with.
        SizeDiffers: the request starts from another size.
        NotContinued: the proof fails, or one size has two roots.
    """
    if submission.old > submission.checkpoint.size:
        raise OldSizeAbove
    if submission.old != head.size:
        raise SizeDiffers(size=head.size)
    try:
        verify_consistency(
            old_size=head.size,
            new_size=submission.checkpoint.size,
            old_root=head.root,
            new_root=submission.checkpoint.root,
            proof=submission.proof,
        )
    except ConsistencyInvalid as error:
        raise NotContinued(what=error.sentence("en")) from error
