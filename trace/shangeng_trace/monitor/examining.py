"""Does a piece of evidence show what it says? Decided from the file and a policy alone. Pure.

The monitor writes no evidence that this would not confirm, so finding and checking cannot drift apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from shangeng_trace.checkpoint import NotSignedByLog, VerifiedCheckpoint
from shangeng_trace.clock import rfc3339
from shangeng_trace.entry import Kind, load_entry
from shangeng_trace.errors import ShangengError, VerificationError
from shangeng_trace.merkle import prefix_root
from shangeng_trace.monitor import entry_rules, findings
from shangeng_trace.monitor.entry_rules import WORDS, Place, Rule
from shangeng_trace.monitor.evidence import Evidence, EvidenceUnusable
from shangeng_trace.monitor.heads import cosigned_at, is_fresh, moment, open_witnessed, signers, strangers
from shangeng_trace.monitor.objects import edge, edge_root, hashes_in, implied
from shangeng_trace.monitor.parts import Leaf, NotShown, Parts
from shangeng_trace.note import NoSignatureKnown
from shangeng_trace.policy import Policy, Witness, evaluate, parse_policy
from shangeng_trace.tiles import TilePath, parse_path, width_at

WATCHED = frozenset({Kind.KEY, Kind.STATUS})
"""What is news in a watched chain."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What evidence shows, as an error that speaks both languages.

    `by_signatures`: the log's or a witness's own signatures prove it. Otherwise they prove what was signed, and that
    it was served, and when, is the watcher's word.
    """

    error: ShangengError
    by_signatures: bool


Examiner: TypeAlias = Callable[[Parts], Shown]


def examine(evidence: Evidence, policy: Policy | None = None) -> Shown:
    """Return what the evidence shows, under `policy` or else under the one it was written with.

    Raises:
        EvidenceUnusable: parts are missing, or it is of a kind not known here.
        VerificationError: it does not show what it says; the policy may know other keys.
    """
    examiner = _EXAMINERS.get(evidence.finding)
    if examiner is None:
        raise EvidenceUnusable(what="finding")
    return examiner(Parts(evidence, parse_policy(evidence.policy) if policy is None else policy))


def _fork(parts: Parts) -> Shown:
    older, newer = parts.head("older"), parts.head("newer")
    if older.size == newer.size:
        differs = older.root != newer.root
    else:
        proof = parts.hashes("proof")
        differs = older.root != prefix_root(old_size=older.size, new_size=newer.size, new_root=newer.root, proof=proof)
    if not differs:
        raise NotShown(what="one head continues the other")
    return Shown(findings.Fork(older=older.size, newer=newer.size), by_signatures=True)


def _shrunk(parts: Parts) -> Shown:
    before, now = parts.head("before"), parts.head("now")
    if now.size >= before.size:
        raise NotShown(what="sizes")
    return Shown(findings.Shrunk(before=before.size, now=now.size), by_signatures=False)


def _key_unknown(parts: Parts) -> Shown:
    note = parts.octets("checkpoint")
    keys = strangers(note, parts.policy)
    try:
        evaluate(parts.policy, note, origin=parts.evidence.origin)
    except (NoSignatureKnown, NotSignedByLog):
        keys = keys or signers(note)
    if not keys:
        raise NotShown(what="every key is known")
    return Shown(findings.KeyUnknown(keys=", ".join(keys)), by_signatures=False)


def _checkpoint_wrong(parts: Parts) -> Shown:
    try:
        evaluate(parts.policy, parts.octets("checkpoint"), origin=parts.evidence.origin)
    except VerificationError as error:
        return Shown(findings.CheckpointWrong(problem=error), by_signatures=False)
    raise NotShown(what="the checkpoint is in order")


def _unwitnessed(parts: Parts) -> Shown:
    verdict = parts.verdict("checkpoint")
    if verdict.quorum_met:
        raise NotShown(what="quorum")
    return Shown(findings.Unwitnessed(size=verdict.checkpoint.size), by_signatures=False)


def _late(parts: Parts) -> Shown:
    verdict, limit = parts.verdict("checkpoint"), parts.number("limit")
    seen = int(parts.evidence.seen.timestamp())
    if is_fresh(parts.policy, verdict.witnessed, since=seen - limit, now=seen):
        raise NotShown(what="cosignatures are fresh")
    newest = moment(max(verdict.witnessed.values())) if verdict.witnessed else "—"
    return Shown(findings.Late(limit=limit, newest=newest), by_signatures=False)


def _object_wrong(parts: Parts) -> Shown:
    head = parts.head("checkpoint")
    if parts.has("edge"):
        tiles = parts.objects("edge")
        if tiles.keys() != {str(path) for path in edge(head.size)} or edge_root(tiles, head.size) == head.root:
            raise NotShown(what="the edge fits")
        return Shown(findings.ObjectWrong(path=", ".join(tiles)), by_signatures=False)
    path = _path(parts, head)
    hashes = hashes_in(path, parts.octets("bytes"))
    if hashes is not None:
        node = parts.node("node", head)
        if implied(path, hashes, node.level, node.index) in (None, node.hash):
            raise NotShown(what="the object fits")
    return Shown(findings.ObjectWrong(path=path), by_signatures=False)


def _object_missing(parts: Parts) -> Shown:
    return Shown(findings.ObjectMissing(path=_path(parts, parts.head("checkpoint"))), by_signatures=False)


def _path(parts: Parts, head: VerifiedCheckpoint) -> TilePath:
    """Return the path of an object that the head implies."""
    path = parse_path(parts.text("path"))
    if path.width != width_at(head.size, path.level or 0, path.number):
        raise NotShown(what="path")
    return path


def _entry_unsound(parts: Parts) -> Shown:
    head = parts.head("checkpoint")
    leaf = parts.leaf("entry", head)
    earlier = parts.leaf("earlier", head) if parts.has("earlier") else None
    chain = parts.text("chain") if parts.has("chain") else None
    rules = _rules_broken(parts, leaf, earlier, chain)
    rule = next((rule for rule in rules if rule == parts.text("rule")), None)
    if rule is None:
        raise NotShown(what="the entry keeps the rule")
    zh, en = WORDS[rule]
    where = f" ({chain})" if chain else ""
    # That an entry is nowhere between two others, or that its time had not come, only a reader of the log can say.
    return Shown(
        findings.EntryUnsound(index=leaf.index, zh_rule=zh + where, en_rule=en + where),
        by_signatures=rule not in {Rule.GAP, Rule.FUTURE},
    )


def _rules_broken(parts: Parts, leaf: Leaf, earlier: Leaf | None, chain: str | None) -> set[Rule]:
    """Return the rules that an entry breaks, by itself or against an earlier one of that chain or just before it."""
    before = entry_rules.read(earlier.body) if earlier is not None and earlier.index < leaf.index else None
    places: dict[str, Place] = {}
    if before is not None and earlier is not None:
        places = {
            link.chain: Place(link.seq, earlier.hash.hex(), earlier.index)
            for link in before.links
            if link.chain == chain
        }
        if chain is not None and not places:
            raise NotShown(what="the earlier entry stands in another chain")
    adjacent = before is not None and earlier is not None and earlier.index == leaf.index - 1
    broken = entry_rules.broken_rules(
        leaf.index,
        entry_rules.read(leaf.body),
        origin=parts.evidence.origin,
        places=places,
        before=before.time if before is not None and adjacent else None,
        now=parts.evidence.seen,
    )
    return {each.rule for each in broken if each.chain == chain}


def _watched(parts: Parts) -> Shown:
    leaf = parts.leaf("entry", parts.head("checkpoint"))
    entry, chain = load_entry(leaf.body), parts.text("chain")
    if entry.kind not in WATCHED or chain not in {link.chain for link in entry.links}:
        raise NotShown(what="another chain or kind")
    zh, en = ("密钥登记", "key") if entry.kind is Kind.KEY else ("状态变更", "status")
    error = findings.KeyOrStatusLogged(chain=chain, index=leaf.index, time=rfc3339(entry.time), kind_zh=zh, kind_en=en)
    return Shown(error, by_signatures=True)


def _witness_wrong(parts: Parts) -> Shown:
    witness = _witness(parts)
    try:
        _witnessed(parts, parts.octets("checkpoint"), witness)
    except VerificationError as error:
        return Shown(findings.WitnessWrong(witness=witness.name, problem=error), by_signatures=False)
    raise NotShown(what="the checkpoint is in order")


def _witness_went_back(parts: Parts) -> Shown:
    witness = _witness(parts)
    before, now = (_witnessed(parts, parts.text(which), witness) for which in ("before", "now"))
    if now.size >= before.size or cosigned_at(now, witness.vkey) <= cosigned_at(before, witness.vkey):
        raise NotShown(what="sizes and times")
    error = findings.WitnessWentBack(witness=witness.name, before=before.size, now=now.size)
    return Shown(error, by_signatures=True)


def _witness(parts: Parts) -> Witness:
    name = parts.text("witness")
    for witness in parts.policy.witnesses:
        if witness.name == name:
            return witness
    raise NotShown(what="witness")


def _witnessed(parts: Parts, note: bytes | str, witness: Witness) -> VerifiedCheckpoint:
    return open_witnessed(note, origin=parts.evidence.origin, policy=parts.policy, witness=witness.vkey)


_EXAMINERS: dict[str, Examiner] = {
    findings.Fork.code: _fork,
    findings.Shrunk.code: _shrunk,
    findings.KeyUnknown.code: _key_unknown,
    findings.CheckpointWrong.code: _checkpoint_wrong,
    findings.Unwitnessed.code: _unwitnessed,
    findings.Late.code: _late,
    findings.ObjectWrong.code: _object_wrong,
    findings.ObjectMissing.code: _object_missing,
    findings.EntryUnsound.code: _entry_unsound,
    findings.KeyOrStatusLogged.code: _watched,
    findings.WitnessWrong.code: _witness_wrong,
    findings.WitnessWentBack.code: _witness_went_back,
}
