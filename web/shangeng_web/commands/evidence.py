"""Checking an evidence file offline: what `shangeng monitor check` and `shangeng verify` share."""

from shangeng_trace.clock import rfc3339
from shangeng_trace.errors import VerificationError
from shangeng_trace.monitor.evidence import EvidenceUnusable, read_evidence
from shangeng_trace.monitor.examining import Shown, examine
from shangeng_trace.policy import Policy
from shangeng_web.cli import Voice


def check_evidence(data: bytes, policy: Policy | None, voice: Voice, *, as_json: bool) -> int:
    """Say what an evidence file shows: 1 where it does, 0 where it does not, 2 where it is no evidence file."""
    try:
        evidence = read_evidence(data)
        shown = examine(evidence, policy)
    except EvidenceUnusable as error:
        voice.complain(error)
        return 2
    except VerificationError as error:
        if as_json:
            voice.answer_json({"confirmed": False, "detail": error.sentence(voice.language)}, indent=None)
        else:
            voice.answer(f"○ {error.sentence(voice.language)}")
            voice.answer(voice.words("这份证据不成立。", "This evidence does not hold."))
        return 0
    if as_json:
        told = {
            "confirmed": True,
            "finding": evidence.finding,
            "origin": evidence.origin,
            "source": evidence.source,
            "seen": rfc3339(evidence.seen),
            "proof": proof_word(shown),
            "policy": policy is not None,
            "detail": shown.error.sentence(voice.language),
        }
        voice.answer_json(told)
        return 1
    voice.answer(f"{evidence.origin} @ {evidence.source}, {rfc3339(evidence.seen)}")
    voice.answer(f"✗ {shown.error.sentence(voice.language)}")
    voice.answer(what_proves(shown, voice))
    if policy is None:
        voice.answer(
            voice.words(
                "核对用的是文件自带的名单；请用 --policy 换成您自己取得的名单再核对一次。",
                "It was checked under the policy inside the file: check it again with a --policy of your own.",
            )
        )
    return 1


def proof_word(shown: Shown) -> str:
    """Return what a finding rests on, for programs."""
    return "signatures" if shown.by_signatures else "seen"


def what_proves(shown: Shown, voice: Voice) -> str:
    """Return what a finding rests on, for people."""
    if shown.by_signatures:
        return voice.words(
            "由签名证明，不必相信出示证据的人。", "Proven by signatures; whoever shows it need not be trusted."
        )
    return voice.words(
        "签名证明签过什么；当时出示了什么，凭监督者所见。",
        "Signatures prove what was signed; what was served, and when, is the watcher's word.",
    )
