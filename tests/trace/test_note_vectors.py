import base64
import json
from hashlib import sha256

import pytest

from shangeng_trace import cosign
from shangeng_trace.checkpoint import format_checkpoint, open_checkpoint, parse_checkpoint
from shangeng_trace.errors import MalformedError, VerificationError
from shangeng_trace.keys import Algorithm, SigningKey, VerifyKey
from shangeng_trace.merkle import ConsistencyInvalid, verify_consistency
from shangeng_trace.note import SignatureType, Vkey, open_note, parse_vkey, sign, split_note, write_note
from tests.trace.logcases import Case, base64_hashes, cases, keys, named
from tests.vectors import vectors

NOTE = vectors("tlog/note")
CHECKPOINT = vectors("tlog/checkpoint")
UPSTREAM = vectors("tlog/upstream")
AUDIT: Case = json.loads((vectors("tlog/scenario") / "audit.json").read_bytes())
SIGNED: Case = json.loads((CHECKPOINT / "signed.json").read_bytes())
TIME_ZERO = "cosignature time zero"


@pytest.mark.parametrize("case", cases(NOTE / "keys.json"))
def test_a_verifier_key_is_written_and_read(case: Case) -> None:
    vkey = Vkey(case["name"], SignatureType(case["type"]), base64.b64decode(case["public_key_b64"]))
    assert (str(vkey), vkey.id.hex()) == (case["vkey"], case["key_id"])
    assert parse_vkey(case["vkey"]) == vkey
    if vkey.type is not SignatureType.ML_DSA_44:
        assert SigningKey.from_bytes(Algorithm.ED25519, bytes.fromhex(case["seed"])).public.raw == vkey.key


@pytest.mark.parametrize("case", cases(NOTE / "vkeys_bad.json"))
def test_a_bad_verifier_key_is_refused(case: Case) -> None:
    with pytest.raises(MalformedError):
        parse_vkey(case["vkey"])


@pytest.mark.parametrize("case", cases(NOTE / "notes.json"))
def test_notes(case: Case) -> None:
    note = base64.b64decode(case["note_b64"])
    # Both open cases are decided: more than 100 signatures and unused base64 bits are refused.
    if case["expect"] != "accept":
        with pytest.raises(VerificationError):
            open_note(note, keys(case["trusted"]))
        return
    opened = open_note(note, keys(case["trusted"]))
    assert [named(signed.by) for signed in opened.signed] == case["verified"]
    assert sha256(opened.text.encode()).hexdigest() == case["text_sha256"]
    assert write_note(*split_note(note)).encode() == note


@pytest.mark.parametrize("case", cases(UPSTREAM / "notes.json"))
def test_upstream_notes(case: Case) -> None:
    if case["expect"] == "accept":
        assert open_note(case["note"], keys(case["trusted"])).text in case["note"]
    else:
        with pytest.raises(VerificationError):
            open_note(case["note"], keys(case["trusted"]))


def test_signing_gives_the_signatures_of_the_vectors() -> None:
    [first, *_] = json.loads((NOTE / "keys.json").read_bytes())["cases"]
    key = SigningKey.from_bytes(Algorithm.ED25519, bytes.fromhex(first["seed"]))
    signed = 0
    for case in json.loads((NOTE / "notes.json").read_bytes())["cases"]:
        if f"{first['name']}+{first['key_id']}" in case.get("verified", []):
            text, lines = split_note(base64.b64decode(case["note_b64"]))
            assert sign(text, name=first["name"], key=key) in lines
            signed += 1
    assert signed > 10


@pytest.mark.parametrize("case", cases(CHECKPOINT / "bodies.json"))
def test_checkpoint_bodies(case: Case) -> None:
    body = base64.b64decode(case["body_b64"]).decode()
    # The open case, a size of 2**63, is decided: no column holds it.
    if case["expect"] != "accept":
        with pytest.raises(MalformedError):
            parse_checkpoint(body)
        return
    checkpoint = parse_checkpoint(body)
    assert (checkpoint.origin, checkpoint.size) == (case["origin"], case["size"])
    assert (checkpoint.root.hex(), list(checkpoint.extensions)) == (case["root"], case["extensions"])
    assert format_checkpoint(checkpoint) == body


@pytest.mark.parametrize("case", cases(CHECKPOINT / "signed.json"))
def test_signed_checkpoints(case: Case) -> None:
    note, verifiers = base64.b64decode(case["note_b64"]), keys(case["trusted"])
    if case["expect"] == "reject":
        with pytest.raises(VerificationError):
            open_checkpoint(note, origin=case["expected_origin"], verifiers=verifiers)
        return
    opened = open_checkpoint(note, origin=case["expected_origin"], verifiers=verifiers)
    if case["desc"] == TIME_ZERO:  # decided: it stays a log's checkpoint, and no witness has said anything
        assert opened.cosigned == ()
        return
    # ML-DSA-44 lines are kept and ignored for now.
    later = {named(vkey) for vkey in verifiers if vkey.type is SignatureType.ML_DSA_44}
    assert (opened.size, opened.root.hex()) == (case["size"], case["root"])
    assert [named(signed.by) for signed in (*opened.log, *opened.cosigned)] == [
        name for name in case["verified"] if name not in later
    ]
    assert {named(signed.by): signed.time for signed in opened.cosigned} == {
        name: time for name, time in case["times"].items() if name not in later
    }


def test_the_octets_that_a_cosigner_signs() -> None:
    [case] = [each for each in SIGNED["signed_messages"] if "Ed25519" in each["desc"]]
    key = VerifyKey(Algorithm.ED25519, parse_vkey(case["vkey"]).key)
    message, signature = base64.b64decode(case["message_b64"]), base64.b64decode(case["signature_field_b64"])
    text = message.split(b"\n", 2)[2]
    assert cosign.verify(text, signature, key=key) == case["time"]
    key.verify(signature[8:], message)


@pytest.mark.parametrize("case", cases(vectors("tlog/scenario") / "audit.json"))
def test_what_an_observer_can_conclude(case: Case) -> None:
    """Two heads of one log are checked as its auditor would: by their signatures and by the proof between them."""
    log = parse_vkey(AUDIT["log_vkey"])
    verifiers = [log, *keys(AUDIT["witness_vkeys"])]
    if case["verdict"] == "invalid":
        with pytest.raises(VerificationError):
            open_checkpoint(case["seen"][0]["checkpoint"], origin=log.name, verifiers=verifiers)
        return
    heads = [open_checkpoint(seen["checkpoint"], origin=log.name, verifiers=verifiers) for seen in case["seen"]]
    for old, new, seen in zip(heads, heads[1:], case["seen"][1:], strict=False):
        proof = base64_hashes(seen.get("proof_from_previous"))
        if case["verdict"] == "consistent":
            verify_consistency(old_size=old.size, new_size=new.size, old_root=old.root, new_root=new.root, proof=proof)
        else:
            with pytest.raises(ConsistencyInvalid):
                verify_consistency(
                    old_size=old.size, new_size=new.size, old_root=old.root, new_root=new.root, proof=proof
                )
