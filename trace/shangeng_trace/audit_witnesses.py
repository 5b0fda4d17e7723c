"""The witnesses' half of an audit: every cosignature kept is one, and every published head is what was signed.

What a witness that the policy no longer names has signed cannot be checked here; that its line is where it belongs can.
"""

from collections import defaultdict
from collections.abc import Iterator

from sqlmodel import Session, col, select

from shangeng_trace.errors import VerificationError
from shangeng_trace.flaws import Flaw
from shangeng_trace.log_tables import LedgerCheckpoint
from shangeng_trace.note import open_note, split_note
from shangeng_trace.policy import Policy
from shangeng_trace.witness_tables import CheckpointCosignature, WitnessedCheckpoint


def audit_witnesses(session: Session, policy: Policy) -> list[Flaw]:
    """Return what does not hold, by table, row and column."""
    kept: defaultdict[int, set[str]] = defaultdict(set)
    return [*_cosignatures(session, policy, kept), *_heads(session, kept)]


def _cosignatures(session: Session, policy: Policy, kept: defaultdict[int, set[str]]) -> Iterator[Flaw]:
    """Check each line against its head, and collect the lines by size."""
    vkeys = {f"{each.vkey.name}+{each.vkey.id.hex()}": each.vkey for each in policy.witnesses}
    rows = (
        select(CheckpointCosignature, LedgerCheckpoint.note)
        .join(LedgerCheckpoint, col(LedgerCheckpoint.size) == col(CheckpointCosignature.size))
        .order_by(col(CheckpointCosignature.size))
    )
    for row, signed in session.exec(rows):
        kept[row.size].add(row.line)
        where = f"{row.size}, {row.witness}"
        # A cosignature covers the text alone, so the log's own line may be left out.
        note = f"{split_note(signed)[0]}\n{row.line}"
        try:
            lines = split_note(note)[1]
            if [f"{each.name}+{each.key_id.hex()}" for each in lines] != [row.witness]:
                yield Flaw("checkpoint_cosignature", where, "witness", "not the one who signed")
            elif row.witness in vkeys:
                open_note(note, [vkeys[row.witness]])
        except VerificationError as error:
            yield Flaw("checkpoint_cosignature", where, "line", error.sentence("en"))


def _heads(session: Session, kept: defaultdict[int, set[str]]) -> Iterator[Flaw]:
    """Check that each published head is the signed one, with cosignatures that are kept."""
    rows = (
        select(WitnessedCheckpoint, LedgerCheckpoint.note)
        .join(LedgerCheckpoint, col(LedgerCheckpoint.size) == col(WitnessedCheckpoint.size))
        .order_by(col(WitnessedCheckpoint.size))
    )
    for head, signed in session.exec(rows):
        lines = head.note.removeprefix(signed).split("\n")
        if not head.note.startswith(signed) or lines.pop():
            yield Flaw("witnessed_checkpoint", str(head.size), "note", "not the head that was signed")
        elif not kept[head.size].issuperset(f"{line}\n" for line in lines):
            yield Flaw("witnessed_checkpoint", str(head.size), "note", "holds a cosignature that is not kept")
