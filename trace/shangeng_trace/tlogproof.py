"""Proof files: one entry's inclusion and the checkpoint it is in, in one small text (C2SP tlog-proof v1).

    c2sp.org/tlog-proof@v1
    extra <base64>                 optional; nobody signs it
    index <decimal>
    <base64 hash>                  one line per sibling, leaf side first
    <empty line>
    <signed checkpoint, as it was>

A file checks offline, years later, with the entry and a policy from elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shangeng_trace.checkpoint import VerifiedCheckpoint, open_checkpoint
from shangeng_trace.logtext import LARGEST, malformed, read_base64, read_decimal, read_hash, read_text, write_base64
from shangeng_trace.merkle import verify_inclusion
from shangeng_trace.note import Vkey
from shangeng_trace.policy import Policy, Verdict, verify

SUFFIX = ".tlog-proof"
"""What the name of such a file ends in."""

_HEADER = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = "index "
_MOST_HASHES = LARGEST.bit_length()


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof file's content; `checkpoint` is the signed note as it was, `extra` is not authenticated."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


def parse_proof(data: bytes | str) -> TlogProof:
    """Read a proof file.

    Raises:
        LogTextMalformed: not one.
    """
    head, border, checkpoint = read_text(data, "proof file").partition("\n\n")
    header, *lines = head.split("\n")
    if header != _HEADER or not border or not lines:
        malformed("proof file")
    extra = read_base64(lines.pop(0).removeprefix(_EXTRA), "extra line") if lines[0].startswith(_EXTRA) else None
    if not lines or not lines[0].startswith(_INDEX) or len(lines) > 1 + _MOST_HASHES:
        malformed("proof file")
    index = read_decimal(lines[0].removeprefix(_INDEX), "index line")
    return TlogProof(index, tuple(read_hash(line, "proof line") for line in lines[1:]), checkpoint, extra)


def format_proof(proof: TlogProof) -> str:
    """Return the proof file."""
    extra = [] if proof.extra is None else [_EXTRA + write_base64(proof.extra)]
    lines = [_HEADER, *extra, f"{_INDEX}{proof.index}", *map(write_base64, proof.hashes)]
    return "\n".join(lines) + "\n\n" + proof.checkpoint


def verify_proof(proof: TlogProof, *, entry: bytes, origin: str, verifiers: Iterable[Vkey]) -> VerifiedCheckpoint:
    """Check that `entry` is in the log `origin`, and return the signed checkpoint that says so.

    How many witnesses must have cosigned is the caller's to judge; `verify_proof_under` leaves it to a policy.

    Raises:
        InclusionInvalid: the entry is not in that tree.
        VerificationError: as `open_checkpoint`.
    """
    checkpoint = open_checkpoint(proof.checkpoint, origin=origin, verifiers=verifiers)
    _check_inclusion(proof, entry, checkpoint)
    return checkpoint


def verify_proof_under(policy: Policy, proof: TlogProof, *, entry: bytes, origin: str | None = None) -> Verdict:
    """Check that `entry` is in a log of the policy and that enough witnesses have cosigned its checkpoint.

    Raises:
        InclusionInvalid: the entry is not in that tree.
        VerificationError: as `policy.verify`.
    """
    verdict = verify(policy, proof.checkpoint, origin=origin)
    _check_inclusion(proof, entry, verdict.checkpoint)
    return verdict


def _check_inclusion(proof: TlogProof, entry: bytes, checkpoint: VerifiedCheckpoint) -> None:
    verify_inclusion(entry=entry, index=proof.index, size=checkpoint.size, root=checkpoint.root, proof=proof.hashes)


def is_proof(data: bytes) -> bool:
    """Whether a file claims to be a proof file, in how it begins: one whose line ends were changed is a broken one."""
    return data.startswith(_HEADER.encode())
