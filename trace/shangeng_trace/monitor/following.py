"""Following the published head: is it acceptable, is it fresh, does it continue what was known, are its entries sound?"""

from dataclasses import replace

from shangeng_trace.checkpoint import NotSignedByLog, VerifiedCheckpoint
from shangeng_trace.errors import RejectedError, VerificationError
from shangeng_trace.logtext import write_base64
from shangeng_trace.monitor import findings
from shangeng_trace.monitor.comparing import compare_waiting, continues, note_cosigned
from shangeng_trace.monitor.growing import grow
from shangeng_trace.monitor.heads import is_fresh, strangers
from shangeng_trace.monitor.look import Halted, Look
from shangeng_trace.monitor.memory import Known
from shangeng_trace.monitor.reading import read_entries
from shangeng_trace.monitor.source import CHECKPOINT, LARGEST_CHECKPOINT, UNWITNESSED, LogUnreachable
from shangeng_trace.monitor.tracing import check_ahead
from shangeng_trace.note import NoSignatureKnown
from shangeng_trace.policy import Verdict, evaluate


class PolicyForgetsKey(RejectedError):
    """The policy no longer knows the key that signed the head last verified."""

    code = "monitor.policy_forgets_key"
    zh = "名单里没有了签署上次检查点（{size} 条）的密钥。账本换钥匙后，请把旧的 log 行也留在名单里。"
    en = "The policy no longer knows the key that signed the head last verified ({size} entries). After a log has changed its key, keep the old log line in the policy too."


def follow(look: Look, known: Known) -> None:
    """Look at what the log publishes and verify what is new, telling each finding on the way.

    Raises:
        Halted: with the finding that nothing can be verified past.
        UnavailableError: the log could not be looked at, or not to the end; the next look goes on from there.
        PolicyForgetsKey, MemoryUnusable: as they say.
    """
    remembered = _remembered(look, known)
    verdict = _published(look)
    head = verdict.checkpoint
    _judge_witnesses(look, verdict)
    if remembered is not None and head.size <= known.size:
        _judge_older(look, remembered, head)
    if head.size > known.size:
        known = grow(look, known, head)
    elif head.note != known.note:
        known = replace(known, note=head.note, seen=look.seen)
        look.memory.know(known)
    for witness in look.policy.witnesses:
        if any(each.by == witness.vkey for each in head.cosigned):
            note_cosigned(look, witness, head)
    read_entries(look, known, head)
    compare_waiting(look, known)
    _look_ahead(look, known)


def _remembered(look: Look, known: Known) -> VerifiedCheckpoint | None:
    if not known.note:
        return None
    try:
        return look.head(known.note)
    except VerificationError as error:
        raise PolicyForgetsKey(size=known.size) from error


def _published(look: Look) -> Verdict:
    """Return the published head; raises `Halted` where it is not one that can be followed."""
    note = look.source.fetch(CHECKPOINT, LARGEST_CHECKPOINT)
    if note is None:
        raise LogUnreachable(reason=CHECKPOINT)
    part = write_base64(note)
    try:
        verdict = evaluate(look.policy, note, origin=look.origin)
    except (NoSignatureKnown, NotSignedByLog):
        raise Halted(look.find(findings.KeyUnknown, "none known", checkpoint=part)) from None
    except VerificationError as error:
        raise Halted(look.find(findings.CheckpointWrong, error.code, checkpoint=part)) from None
    if unknown := strangers(note, look.policy):
        look.tell(look.find(findings.KeyUnknown, " ".join(unknown), checkpoint=part))
    return verdict


def _judge_witnesses(look: Look, verdict: Verdict) -> None:
    now, note = int(look.seen.timestamp()), verdict.checkpoint.note
    if not verdict.quorum_met:
        look.tell(look.find(findings.Unwitnessed, "", checkpoint=note))
    elif not look.policy.witnesses or not look.late:
        pass  # where nobody is asked, nobody says when a head was seen
    elif not is_fresh(look.policy, verdict.witnessed, since=now - look.late, now=now):
        look.tell(look.find(findings.Late, "", checkpoint=note, limit=look.late))


def _look_ahead(look: Look, known: Known) -> None:
    """Compare the newest head that the log has signed, where it shows one: its witnesses may have refused to cosign it."""
    note = look.source.fetch(UNWITNESSED, LARGEST_CHECKPOINT)
    if note is None:
        return
    try:
        head = evaluate(look.policy, note, origin=look.origin).checkpoint
    except VerificationError as error:
        raise Halted(look.find(findings.CheckpointWrong, error.code, checkpoint=write_base64(note))) from None
    if head.size > known.size:
        check_ahead(look, known, head)
    elif not continues(look, head, newest := look.head(known.note)):
        raise Halted(look.fork(str(known.size), head, newest, look.own_node(known.size)))


def _judge_older(look: Look, remembered: VerifiedCheckpoint, head: VerifiedCheckpoint) -> None:
    """Raise `Halted` unless a head that is not larger than the remembered one is the same."""
    if not continues(look, head, remembered):
        node = look.own_node(remembered.size)
        raise Halted(look.fork(str(remembered.size), head, remembered, node))
    if head.size < remembered.size:
        raise Halted(look.find(findings.Shrunk, str(remembered.size), before=remembered.note, now=head.note))
