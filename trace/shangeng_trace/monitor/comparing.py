"""What the log's witnesses publish, against what the log shows here: a log that shows each its own tree is found.

A witness's head beyond what the log shows is kept until the log has reached it.
"""

from shangeng_trace.checkpoint import VerifiedCheckpoint
from shangeng_trace.errors import VerificationError
from shangeng_trace.logtext import write_base64
from shangeng_trace.merkle import root_at
from shangeng_trace.monitor.findings import WitnessWentBack, WitnessWrong
from shangeng_trace.monitor.heads import cosigned_at, open_witnessed
from shangeng_trace.monitor.look import Look
from shangeng_trace.monitor.memory import Known
from shangeng_trace.policy import Witness


def continues(look: Look, older: VerifiedCheckpoint, newer: VerifiedCheckpoint) -> bool:
    """Whether a head is the beginning of a not smaller one whose tree is remembered."""
    return root_at(older.size, look.own_node(newer.size)) == older.root


def compare(look: Look, known: Known, witness: Witness, published: bytes) -> None:
    """Compare what a witness publishes with what is known, and tell what is wrong."""
    try:
        head = open_witnessed(published, origin=look.origin, policy=look.policy, witness=witness.vkey)
    except VerificationError:
        shown = {"witness": witness.name, "checkpoint": write_base64(published)}
        look.tell(look.find(WitnessWrong, witness.name, **shown))
        return
    note_cosigned(look, witness, head)
    if known.note and head.size <= known.size:
        _judge(look, known, witness.name, head)
        return
    for name, size, note in look.memory.waiting():
        other = _remembered(look, note)
        if other is not None and size == head.size and other.root != head.root:
            look.tell(look.fork(f"{name} {witness.name}", other, head, look.own_node(known.size)))
    look.memory.wait_for(witness.name, head.size, head.note)


def compare_waiting(look: Look, known: Known) -> None:
    """Compare the witnesses' heads that the log has reached by now."""
    for name, size, note in look.memory.waiting():
        if size <= known.size:
            head = _remembered(look, note)
            if head is not None:
                _judge(look, known, name, head)
            look.memory.reached(name)


def note_cosigned(look: Look, witness: Witness, head: VerifiedCheckpoint) -> None:
    """Remember the largest head that a witness cosigned; tell where it has gone back."""
    time, found = cosigned_at(head, witness.vkey), look.memory.witness(witness.name)
    before = None if found is None else _remembered(look, found[2])
    if before is None or head.size >= before.size:
        if found is None or (head.size, time) != found[:2]:
            look.memory.keep_witness(witness.name, head.size, time, head.note)
    elif 0 < cosigned_at(before, witness.vkey) < time:
        shown = {"witness": witness.name, "before": before.note, "now": head.note}
        look.tell(look.find(WitnessWentBack, witness.name, **shown))


def _remembered(look: Look, note: str) -> VerifiedCheckpoint | None:
    """Return a head that was kept, or None where the policy knows its signers no longer."""
    try:
        return look.head(note)
    except VerificationError:
        return None


def _judge(look: Look, known: Known, who: str, head: VerifiedCheckpoint) -> None:
    newest = look.head(known.note)
    if not continues(look, head, newest):
        look.tell(look.fork(who, head, newest, look.own_node(known.size)))
