"""Proof files of this log's entries: the entry itself travels along, as the file's `extra`. Pure.

Nobody signs `extra`, and nobody needs to: the inclusion proof holds for these octets or it does not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shangeng_trace.canonical import digest, load
from shangeng_trace.checkpoint import WrongOrigin, parse_checkpoint
from shangeng_trace.entry import Entry, EntryMalformed, load_entry
from shangeng_trace.errors import MalformedError, VerificationError
from shangeng_trace.logtext import read_base64, read_hash
from shangeng_trace.merkle import verify_inclusion
from shangeng_trace.note import split_note
from shangeng_trace.policy import Policy, Verdict
from shangeng_trace.tlogproof import SUFFIX, TlogProof, verify_proof_under
from shangeng_trace.verifying import MAX_BUNDLE_BYTES, MAX_BUNDLE_DEPTH


class EntryNotGiven(MalformedError):
    """The proof file does not hold the entry, and nobody gave it."""

    code = "trace.entry_not_given"
    zh = "证明文件里没有这条记录本身，请用 --entry 给出。"
    en = "The proof file does not hold the entry itself: give it with --entry."


class StatementDiffers(VerificationError):
    """The entry records another statement."""

    code = "trace.statement_differs"
    zh = "日志第 {index} 条记的不是这份声明。"
    en = "Entry {index} of the log records another statement."


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry shown to be in a log: under a policy, or else only under the checkpoint that came along.

    `entry` is None where its octets are another format's, as in other logs.
    """

    index: int
    origin: str
    size: int
    entry: Entry | None
    verdict: Verdict | None
    with_statement: bool

    @property
    def trusted(self) -> bool:
        """Whether a policy vouches for the log, and was met."""
        return self.verdict is not None

    @property
    def witnessed(self) -> Mapping[str, int]:
        """When each witness says it saw the tree (POSIX seconds), by the policy's names."""
        return {} if self.verdict is None else self.verdict.witnessed


def check_proof(
    proof: TlogProof, *, policy: Policy | None = None, entry: bytes | None = None, statement: bytes | None = None
) -> ProvenEntry:
    """Check a proof file of an entry, which by default is its `extra`, and perhaps that the entry records a statement.

    Raises:
        EntryNotGiven, StatementDiffers: as they say.
        VerificationError: as `verify_proof_under`, or the entry names another log than its checkpoint.
    """
    body = proof.extra if entry is None else entry
    if body is None:
        raise EntryNotGiven
    verdict = None if policy is None else verify_proof_under(policy, proof, entry=body)
    head = parse_checkpoint(split_note(proof.checkpoint)[0]) if verdict is None else verdict.checkpoint.checkpoint
    verify_inclusion(entry=body, index=proof.index, size=head.size, root=head.root, proof=proof.hashes)
    try:
        known = load_entry(body)
    except EntryMalformed:
        known = None
    if known is not None and known.origin != head.origin:
        raise WrongOrigin
    if statement is not None and (known is None or known.digest != digest(load(statement))):
        raise StatementDiffers(index=proof.index)
    return ProvenEntry(proof.index, head.origin, head.size, known, verdict, statement is not None)


def proofs_in(bundle: bytes) -> Iterator[TlogProof]:
    """Yield the proof file of each entry of a proof bundle that was verified, the entry itself as its `extra`."""
    document = load(bundle, limit=MAX_BUNDLE_BYTES, depth=MAX_BUNDLE_DEPTH)
    for entry in document["entries"]:
        hashes = tuple(read_hash(each, "inclusion") for each in entry["inclusion"])
        yield TlogProof(entry["index"], hashes, document["checkpoint"], read_base64(entry["bytes"], "entry"))


def file_name(index: int) -> str:
    """Return what the proof file of an entry is called."""
    return f"entry-{index}{SUFFIX}"
