"""A good bundle, and one bad bundle for each thing that the check must find."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shangeng_trace.batches import Part, Take, process, split
from shangeng_trace.canonical import canonical, load
from shangeng_trace.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from shangeng_trace.ids import new_id
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.note import SignatureType, Vkey, sign_as_witness, split_note
from shangeng_trace.policy import Log, Policy, Witness, format_policy
from shangeng_trace.verifying import Report, verify_bundle
from tests.trace import test_dishonest_log as dishonest
from tests.trace.altering import replaced, without
from tests.trace.desk import LOG_KEY, ORIGIN, Desk

Bundle = dict[str, Any]

WITNESS = SigningKey.from_bytes(Algorithm.ED25519, bytes(range(1, 33)))
WITNESS_KEY = Vkey("witness.example/w1", SignatureType.COSIGNATURE, WITNESS.public.raw)
SEEN_AT = 1_780_000_000


@dataclass(frozen=True)
class Given:
    """What a reader has: a file, and whom they trust."""

    bundle: Bundle
    policy: Policy

    @property
    def data(self) -> bytes:
        return canonical(self.bundle)

    @property
    def policy_text(self) -> str:
        return format_policy(self.policy)

    @property
    def report(self) -> Report:
        """What `shangeng verify` says."""
        return verify_bundle(self.data, self.policy)


def good(desk: Desk) -> Given:
    """Tea from two harvests, dried together."""
    leaf, other = desk.leaf("38"), desk.leaf("5")
    (half,), _ = desk.do(split, "tea", batch_id=leaf, parts=[Part(desk.lot(), Take("30"))], telling=desk.at(1))
    (fixed,), _ = desk.do(
        process,
        "tea",
        step="fix",
        inputs={half: Take("20"), other: Take("5")},
        product_id=desk.product,
        parts=[Part(desk.lot(), Take("8.2"))],
        values={"temp_c": "281.5"},
        telling=desk.at(2),
    )
    return Given(desk.bundle(fixed), policy(desk))


def policy(desk: Desk) -> Policy:
    return Policy((Log(desk.policy_key, None),))


def witnessed(given: Given) -> Given:
    """The same, cosigned, for a reader who insists on the witness."""
    text, _ = split_note(given.bundle["checkpoint"])
    line = sign_as_witness(text, name=WITNESS_KEY.name, key=WITNESS, time=SEEN_AT)
    bundle = {**given.bundle, "checkpoint": f"{given.bundle['checkpoint']}{line}"}
    return Given(bundle, Policy(given.policy.logs, (Witness("农科院", WITNESS_KEY),), (), "农科院"))


def of_another_log(given: Given) -> Given:
    key = Vkey(ORIGIN, SignatureType.ED25519, SigningKey.generate(Algorithm.ED25519).public.raw)
    return Given(given.bundle, Policy((Log(key, None),)))


def of_an_unknown_log(given: Given) -> Given:
    return Given(
        given.bundle, Policy((Log(Vkey("other.example/log", SignatureType.ED25519, LOG_KEY.public.raw), None),))
    )


def with_another_root(given: Given) -> Given:
    head = parse_checkpoint(split_note(given.bundle["checkpoint"])[0])
    other = sign_checkpoint(Checkpoint(ORIGIN, head.size, bytes(32)), LOG_KEY)
    return Given({**given.bundle, "checkpoint": other}, given.policy)


def without_its_witness(given: Given) -> Given:
    return Given(given.bundle, witnessed(given).policy)


def with_a_false_witness(given: Given) -> Given:
    wanted = witnessed(given)
    note = given.bundle["checkpoint"]
    line = sign_as_witness(split_note(note)[0], name=WITNESS_KEY.name, key=WITNESS, time=SEEN_AT)
    false = type(line)(line.name, line.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    return Given({**given.bundle, "checkpoint": f"{note}{false}"}, wanted.policy)


def _at(*place: str | int, to: Callable[[Any], Any]) -> Callable[[Given], Given]:
    def alter(given: Given) -> Given:
        value: Any = given.bundle
        for key in place:
            value = value[key]
        return Given(replaced(given.bundle, place, to(value)), given.policy)

    return alter


def _entry(to: Callable[[Bundle], Any]) -> Callable[[Given], Given]:
    """Alter what entry 3 of the file says."""

    def change(encoded: str) -> str:
        return b64encode(canonical(to(load(b64decode(encoded))))).decode()

    return _at("entries", 3, "bytes", to=change)


def _without(given: Given, number: int) -> Given:
    """Leave an entry out, and its statement, which stands at the same place."""
    return Given(without(without(given.bundle, ("entries", number)), ("statements", number)), given.policy)


def _misnumbered(given: Given) -> Given:
    """Count the last link of all once too often; nothing comes after it."""
    last = len(given.bundle["entries"]) - 1

    def change(encoded: str) -> str:
        entry = load(b64decode(encoded))
        return b64encode(canonical(replaced(entry, ("chains", 0, "seq"), entry["chains"][0]["seq"] + 1))).decode()

    return _at("entries", last, "bytes", to=change)(given)


def _other_size(note: str) -> str:
    origin, size, rest = note.split("\n", 2)
    return f"{origin}\n{int(size) + 1}\n{rest}"


def _flipped(encoded: str) -> str:
    octets = bytearray(b64decode(encoded))
    octets[0] ^= 1
    return b64encode(octets).decode()


ALTERED: dict[str, tuple[str, str, Callable[[Given], Given]]] = {
    "a-word-changed": (
        "contents",
        "trace.statement_missing",
        _at("statements", 4, "type", to=lambda word: f"{word}x"),
    ),
    "a-statement-missing": (
        "contents",
        "trace.statement_missing",
        lambda given: Given(without(given.bundle, ("statements", 2)), given.policy),
    ),
    "a-statement-too-many": ("contents", "trace.statement_stray", _at("statements", to=lambda all_: [*all_, {"a": 1}])),
    "no-statement-at-all": ("contents", "trace.bundle_unusable", _at("statements", to=lambda all_: [*all_, 7])),
    "an-entry-respelled": (
        "contents",
        "trace.entry_malformed",
        _at("entries", 3, "bytes", to=lambda text: b64encode(b64decode(text) + b" ").decode()),
    ),
    "an-entry-not-json": ("contents", "trace.entry_malformed", _at("entries", 3, "bytes", to=_flipped)),
    "an-entry-no-base64": (
        "contents",
        "trace.log_text_malformed",
        _at("entries", 3, "bytes", to=lambda text: f"{text}!"),
    ),
    "an-entry-without-index": ("contents", "malformed", _at("entries", 3, "index", to=str)),
    "an-entry-of-another-log": ("contents", "trace.entry_wrong", _entry(lambda entry: {**entry, "origin": "x"})),
    "an-entry-of-another-time": ("contents", "trace.entry_malformed", _entry(lambda entry: {**entry, "time": ["x"]})),
    "an-entry-of-the-30th-of-february": (
        "contents",
        "trace.entry_malformed",
        _entry(lambda entry: {**entry, "time": "2026-02-30T00:00:00.000Z"}),
    ),
    "an-entry-of-another-kind": ("contents", "trace.entry_malformed", _entry(lambda entry: {**entry, "kind": "fact"})),
    "entries-in-disorder": ("contents", "trace.entry_wrong", _at("entries", to=lambda all_: [*all_[1::-1], *all_[2:]])),
    "a-root-changed": (
        "checkpoint",
        "trace.note_signature_invalid",
        _at("checkpoint", to=_other_size),
    ),
    "an-unsigned-checkpoint": (
        "checkpoint",
        "trace.log_text_malformed",
        _at("checkpoint", to=lambda note: note.split("\n\n")[0] + "\n"),
    ),
    "another-origin": ("checkpoint", "trace.wrong_origin", _at("origin", to=lambda origin: f"{origin}x")),
    "another-key": ("checkpoint", "trace.no_signature_known", of_another_log),
    "an-unknown-log": ("checkpoint", "trace.log_not_known", of_an_unknown_log),
    "no-witness": ("checkpoint", "trace.quorum_not_met", without_its_witness),
    "a-false-witness": ("checkpoint", "trace.note_signature_invalid", with_a_false_witness),
    "another-tree": ("inclusion", "trace.inclusion_invalid", with_another_root),
    "a-proof-changed": ("inclusion", "trace.inclusion_invalid", _at("entries", 3, "inclusion", 0, to=_flipped)),
    "a-proof-too-short": (
        "inclusion",
        "trace.inclusion_invalid",
        _at("entries", 3, "inclusion", to=lambda all_: all_[1:]),
    ),
    "another-place": ("inclusion", "trace.inclusion_invalid", _at("entries", 5, "index", to=lambda index: index + 1)),
    "no-platform-key": (
        "keys",
        "trace.key_not_registered",
        lambda given: _without(given, 0),
    ),
    "a-link-missing": (
        "chains",
        "trace.chain_broken",
        lambda given: _without(given, len(given.bundle["entries"]) - 1),
    ),
    "a-link-misnumbered": ("chains", "trace.chain_broken", _misnumbered),
    "another-batch": ("chains", "trace.chain_broken", _at("subject", to=lambda _: f"batch:{new_id()}")),
}
"""Name: the step that must fail, the code it must fail with, and how the good bundle is altered."""


FORGED = {
    "altered_after_signing": ("signatures", "trace.signature_invalid"),
    "signed_by_another": ("signatures", "trace.signature_invalid"),
    "never_registered": ("signatures", "trace.key_not_registered"),
    "registered_afterwards": ("signatures", "trace.key_not_registered"),
    "registered_by_a_member": ("keys", "trace.key_not_registered"),
    "registered_by_itself": ("keys", "trace.key_not_registered"),
    "put_into_another_chain": ("contents", "trace.entry_wrong"),
    "no_event": ("contents", "trace.event_malformed"),
    "signed_after_revocation": ("signatures", "trace.key_not_valid"),
    "signed_after_expiry": ("signatures", "trace.key_not_valid"),
    "undone_by_a_body": ("signatures", "trace.key_not_valid"),
    "undone_by_the_platform": ("keys", "trace.revocation_not_allowed"),
    "undone_by_its_author": ("keys", "trace.revocation_not_allowed"),
    "undone_by_a_body_of_its_own": ("keys", "trace.revocation_not_allowed"),
    "platform_undone_by_a_body": ("keys", "trace.revocation_not_allowed"),
    "platform_ended_by_a_body": ("keys", "trace.revocation_not_allowed"),
    "revoked_by_a_rival": ("keys", "trace.revocation_not_allowed"),
    "revoked_by_a_revoked_key": ("keys", "trace.key_not_valid"),
    "revoked_by_a_key_not_registered": ("keys", "trace.key_not_registered"),
    "revoked_in_advance": ("keys", "trace.entry_wrong"),
    "revoked_before_the_log": ("keys", "trace.entry_wrong"),
    "revoked_for_no_reason": ("keys", "trace.key_revocation_malformed"),
    "revoked_in_another_chain": ("keys", "trace.entry_wrong"),
    "revalidated": ("signatures", "trace.key_not_valid"),
    "registered_again": ("keys", "trace.entry_wrong"),
    "registered_by_a_revoked_platform_key": ("keys", "trace.key_not_valid"),
    "registered_by_an_expired_platform_key": ("keys", "trace.key_not_valid"),
}
"""What an operator could log with a tree and chains in perfect order: step and code for each forgery."""


def forged(desk: Desk, name: str) -> Given:
    """Return the bundle of a batch into whose chain something was forged."""
    batch = desk.leaf()
    forge: Callable[[Desk, str], int] = getattr(dishonest, name)
    forge(desk, batch)
    return Given(desk.bundle(batch), policy(desk))
