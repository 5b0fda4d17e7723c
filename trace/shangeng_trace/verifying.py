"""Checking a proof bundle with nothing but the file and a trust policy (design 4.4). Pure: no database, no network.

The plan, one step after the other; every step that fails names what fails, and the later ones still run:

    1. contents      entries are canonical and of the bundle's log; each has its statement, or the statement is withheld
    2. checkpoint    the tree head is signed by a log key that the policy trusts (skipped, and said so, without one)
    3. inclusion     every entry is in that tree
    4. keys          the platform's key is entry 0; every other key was registered by it, and revoked by who may
    5. signatures    every statement is signed by a key that was known before it and counts at its place in the log
    6. chains        the chains of the batch, its ancestors, keys, certificates and licences have no gap
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar, cast

from shangeng_trace.canonical import digest, load
from shangeng_trace.checkpoint import Checkpoint, parse_checkpoint
from shangeng_trace.entry import FIRST_PREV, Entry, Kind, load_entry
from shangeng_trace.errors import MalformedError, ShangengError, VerificationError
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import Event
from shangeng_trace.known_keys import EntryWrong, KeyNotRegistered, KnownKeys, key_named
from shangeng_trace.logtext import read_base64
from shangeng_trace.merkle import leaf_hash, verify_inclusion
from shangeng_trace.note import split_note
from shangeng_trace.policy import Policy, verify
from shangeng_trace.proofs import verify_statement

P = ParamSpec("P")
T = TypeVar("T")

FORMAT = "shangeng-bundle/1"
MAX_BUNDLE_BYTES = 64 << 20
MAX_BUNDLE_DEPTH = 72
"""A statement may be 64 deep, and stands inside the bundle's own members."""
_MEMBERS = {
    "format": str,
    "origin": str,
    "subject": str,
    "statements": list,
    "entries": list,
    "checkpoint": str,
    "withheld": list,
}


class BundleUnusable(MalformedError):
    """The file is not a proof bundle at all."""

    code = "trace.bundle_unusable"
    zh = "这不是证据包文件：{what}"
    en = "This is not a proof bundle: {what}"


class ChainBroken(VerificationError):
    """A chain has a gap, a fork, or does not start at its beginning."""

    code = "trace.chain_broken"
    zh = "链 {chain} 在第 {seq} 环断开。"
    en = "Chain {chain} is broken at link {seq}."


class StatementMissing(VerificationError):
    """An entry's statement is neither there nor withheld, or has been altered."""

    code = "trace.statement_missing"
    zh = "第 {index} 条的声明不在文件里，或已被改动。"
    en = "The statement of entry {index} is missing or was altered."


class StatementStray(VerificationError):
    """A statement that no entry speaks of."""

    code = "trace.statement_stray"
    zh = "文件里有一份没有入账的声明：{digest}。"
    en = "The file holds a statement that no entry records: {digest}."


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not hold, and where (`entry 17`, `chain batch:…`, `checkpoint`)."""

    step: str
    where: str
    error: ShangengError


@dataclass(slots=True)
class Report:
    """What was checked. Good where `problems` is empty; `trusted` only where a policy was met as well."""

    subject: str
    origin: str
    size: int = 0
    entries: int = 0
    statements: int = 0
    withheld: int = 0
    trusted: bool = False
    witnessed: dict[str, int] = field(default_factory=dict[str, int])
    """When each witness says it saw this tree (POSIX seconds), by the policy's names."""
    authors: dict[str, str] = field(default_factory=dict[str, str])
    problems: list[Problem] = field(default_factory=list[Problem])

    @property
    def is_good(self) -> bool:
        """Whether nothing failed."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class _Item:
    index: int
    body: bytes
    entry: Entry
    inclusion: list[bytes]
    document: dict[str, Any] | None


def verify_bundle(data: bytes, policy: Policy | None = None) -> Report:
    """Check a bundle and report; raises `BundleUnusable` only where the file is none."""
    bundle = _open(data)
    report = Report(bundle["subject"], bundle["origin"], statements=len(bundle["statements"]))
    run = _Run(report)
    items = _contents(bundle, run)
    report.entries, report.withheld = len(items), sum(item.document is None for item in items)
    checkpoint = run.step("checkpoint", "checkpoint", _checkpoint, bundle, policy, report)
    for item in items:
        if checkpoint is not None:
            run.step("inclusion", f"entry {item.index}", _included, item, checkpoint)
    keys = _keys(items, run)
    for item in items:
        if item.document is not None:
            run.step("signatures", f"entry {item.index}", _signed, item, keys, report)
    _chains(bundle["subject"], items, run)
    return report


@dataclass(frozen=True, slots=True)
class _Run:
    report: Report

    def step(self, name: str, where: str, check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Run one check; remember its failure under the step's name and return None."""
        try:
            return check(*args, **kwargs)
        except ShangengError as error:
            self.report.problems.append(Problem(name, where, error))
            return None


def _open(data: bytes) -> dict[str, Any]:
    try:
        loaded: object = load(data, limit=MAX_BUNDLE_BYTES, depth=MAX_BUNDLE_DEPTH)
    except MalformedError as exc:
        raise BundleUnusable(what=exc) from exc
    bundle = cast("dict[str, Any]", loaded if isinstance(loaded, dict) else {})
    if bundle.get("format") != FORMAT:
        raise BundleUnusable(what="format")
    for name, kind in _MEMBERS.items():
        if not isinstance(bundle.get(name), kind):
            raise BundleUnusable(what=name)
    return bundle


def _contents(bundle: dict[str, Any], run: _Run) -> list[_Item]:
    documents: dict[str, dict[str, Any]] = {}
    for number, document in enumerate(bundle["statements"]):
        key = run.step("contents", f"statement {number}", _digest, document)
        if key is not None:
            documents[key] = document
    withheld = {value for value in bundle["withheld"] if isinstance(value, str)}
    items: list[_Item] = []
    for number, value in enumerate(bundle["entries"]):
        item = run.step("contents", f"entry #{number}", _item, value, bundle["origin"], documents)
        if item is None:
            continue
        if items and item.index <= items[-1].index:
            run.report.problems.append(
                Problem("contents", f"entry {item.index}", EntryWrong(index=item.index, what="order"))
            )
        if item.document is None and item.entry.digest not in withheld:
            run.report.problems.append(Problem("contents", f"entry {item.index}", StatementMissing(index=item.index)))
        items.append(item)
    recorded = {item.entry.digest for item in items}
    for stray in sorted((documents.keys() | withheld) - recorded):
        run.report.problems.append(Problem("contents", f"statement {stray}", StatementStray(digest=stray)))
    return items


def _digest(document: Any) -> str:
    if not isinstance(document, dict):
        raise BundleUnusable(what="statement")
    return digest(cast("dict[str, Any]", document))


def _item(value: Any, origin: str, documents: dict[str, dict[str, Any]]) -> _Item:
    match value:
        case {"index": int(index), "bytes": str(encoded), "inclusion": [*hashes]} if not isinstance(index, bool):
            body = _base64(encoded)
            entry = load_entry(body)
            if entry.origin != origin:
                raise EntryWrong(index=index, what="origin")
            return _Item(index, body, entry, [_base64(item) for item in hashes], documents.get(entry.digest))
        case _:
            raise MalformedError(what="entry")


def _base64(text: Any) -> bytes:
    if not isinstance(text, str):
        raise MalformedError(what="base64")
    return read_base64(text, "base64")


def _checkpoint(bundle: dict[str, Any], policy: Policy | None, report: Report) -> Checkpoint:
    note = bundle["checkpoint"]
    if policy is None:
        checkpoint = parse_checkpoint(split_note(note)[0])
        if checkpoint.origin != bundle["origin"]:
            raise VerificationError(what="checkpoint origin")
    else:
        verdict = verify(policy, note, origin=bundle["origin"])
        checkpoint = verdict.checkpoint.checkpoint
        report.trusted, report.witnessed = True, dict(sorted(verdict.witnessed.items()))
    report.size = checkpoint.size
    return checkpoint


def _included(item: _Item, checkpoint: Checkpoint) -> None:
    verify_inclusion(
        entry=item.body, index=item.index, size=checkpoint.size, root=checkpoint.root, proof=item.inclusion
    )


def _keys(items: list[_Item], run: _Run) -> KnownKeys:
    """Take the key statements in log order; entry 0, the platform's own, must be among them."""
    known = KnownKeys()
    for item in items:
        if item.entry.kind is Kind.KEY and item.document is not None:
            run.step("keys", f"entry {item.index}", known.take, item.index, item.entry, item.document)
    if items and not any(key.index == 0 for key in known):
        run.report.problems.append(Problem("keys", "entry 0", KeyNotRegistered(index=items[0].index, key="entry 0")))
    return known


def _signed(item: _Item, keys: KnownKeys, report: Report) -> None:
    assert item.document is not None
    key = keys.signer(item.index, item.entry, key_named(item.document))
    verify_statement(item.document, lambda _method: key.public)
    registration = key.registration
    report.authors[registration.controller] = registration.controller_name or registration.controller_number


def _chains(subject: str, items: list[_Item], run: _Run) -> None:
    chains: dict[str, list[tuple[int, str, _Item]]] = defaultdict(list)
    for item in items:
        for link in item.entry.links:
            chains[link.chain].append((link.seq, link.prev, item))
    for chain in sorted(_whole(subject, items, chains, run)):
        run.step("chains", f"chain {chain}", _unbroken, chain, chains.get(chain, []))


def _whole(subject: str, items: list[_Item], chains: dict[str, Any], run: _Run) -> set[str]:
    """Return the chains that must be complete: the batch's, its ancestors', those of keys and credentials."""
    made_from: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if item.entry.kind is Kind.EVENT and item.document is not None:
            event = run.step("contents", f"entry {item.index}", _event, item)
            if event is not None:
                for output in event.outputs:
                    made_from[f"batch:{output.batch}"] |= {f"batch:{portion.batch}" for portion in event.inputs}
    whole, waiting = set[str](), [subject]
    while waiting:
        chain = waiting.pop()
        if chain not in whole:
            whole.add(chain)
            waiting.extend(made_from[chain])
    return whole | {chain for chain in chains if chain.startswith(("key:", "certificate:", "licence:"))}


def _event(item: _Item) -> Event:
    """Read an event; the ledger must have put it into the chain of every batch it names, and no other."""
    assert item.document is not None
    event = read_event(item.document)
    if [link.chain for link in item.entry.links] != [f"batch:{batch}" for batch in event.batches]:
        raise EntryWrong(index=item.index, what="chains")
    return event


def _unbroken(chain: str, links: list[tuple[int, str, _Item]]) -> None:
    expected, prev = 0, FIRST_PREV
    for seq, stated, item in links:
        if seq != expected or stated != prev:
            raise ChainBroken(chain=chain, seq=expected)
        expected, prev = seq + 1, leaf_hash(item.body).hex()
    if not expected:
        raise ChainBroken(chain=chain, seq=0)


def problems_by_step(report: Report) -> Iterator[tuple[str, list[Problem]]]:
    """Yield the six steps in order, each with what failed in it."""
    for step in ("contents", "checkpoint", "inclusion", "keys", "signatures", "chains"):
        yield step, [problem for problem in report.problems if problem.step == step]
