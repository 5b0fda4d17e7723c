import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.checkpoint import (
    Checkpoint,
    NotSignedByLog,
    VerifiedCheckpoint,
    WrongOrigin,
    format_checkpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from shangeng_trace.errors import MalformedError
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.merkle import EMPTY_ROOT, leaf_hash
from shangeng_trace.note import SignatureType, Vkey, sign, sign_as_witness, write_note

ORIGIN = "log.example/丽水山耕"
LOG, NEXT, WITNESS = (SigningKey.from_bytes(Algorithm.ED25519, bytes([seed]) * 32) for seed in (1, 2, 3))
LOG_VKEY, NEXT_VKEY = (Vkey(ORIGIN, SignatureType.ED25519, key.public.raw) for key in (LOG, NEXT))
WITNESS_VKEY = Vkey("witness.example", SignatureType.COSIGNATURE, WITNESS.public.raw)
HEAD = Checkpoint(ORIGIN, 7, leaf_hash(b"seven"))

checkpoints = st.builds(
    Checkpoint,
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20),
    st.integers(1, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1), max_size=3).map(tuple),
)


@given(checkpoints)
def test_a_checkpoint_reads_back(checkpoint: Checkpoint) -> None:
    assert parse_checkpoint(format_checkpoint(checkpoint)) == checkpoint


@given(st.text() | st.text().map(lambda size: f"log.example\n{size}\n{'A' * 43}=\n"))
def test_any_text_is_one_checkpoint_or_refused(text: str) -> None:
    try:
        checkpoint = parse_checkpoint(text)
    except MalformedError:
        return
    assert format_checkpoint(checkpoint) == text


def test_a_signed_checkpoint_opens() -> None:
    opened = open_checkpoint(sign_checkpoint(HEAD, LOG), origin=ORIGIN, verifiers=[LOG_VKEY])
    assert (opened.origin, opened.size, opened.root) == (ORIGIN, 7, HEAD.root)
    assert opened.note == sign_checkpoint(HEAD, LOG)
    assert [signed.by for signed in opened.log] == [LOG_VKEY]
    assert opened.cosigned == ()


def test_while_a_log_changes_keys_both_open_it() -> None:
    note = sign_checkpoint(HEAD, LOG, NEXT)
    for verifiers in ([LOG_VKEY], [NEXT_VKEY], [NEXT_VKEY, LOG_VKEY]):
        assert open_checkpoint(note, origin=ORIGIN, verifiers=verifiers).size == 7


def test_witnesses_do_not_speak_for_the_log() -> None:
    text = format_checkpoint(HEAD)
    cosignature = sign_as_witness(text, name=WITNESS_VKEY.name, key=WITNESS, time=9)
    with pytest.raises(NotSignedByLog):
        open_checkpoint(write_note(text, [cosignature]), origin=ORIGIN, verifiers=[LOG_VKEY, WITNESS_VKEY])
    both = write_note(text, [sign(text, name=ORIGIN, key=LOG), cosignature])
    opened = open_checkpoint(both, origin=ORIGIN, verifiers=[LOG_VKEY, WITNESS_VKEY])
    assert [(signed.by, signed.time) for signed in opened.cosigned] == [(WITNESS_VKEY, 9)]


def test_another_origin_is_another_log() -> None:
    with pytest.raises(WrongOrigin):
        open_checkpoint(sign_checkpoint(HEAD, LOG), origin="other.example", verifiers=[LOG_VKEY])


def test_nobody_else_makes_a_verified_checkpoint() -> None:
    with pytest.raises(TypeError):
        VerifiedCheckpoint(HEAD, "", (), (), object())


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions"),
    [
        ("", 7, HEAD.root, ()),
        ("two\nlines", 7, HEAD.root, ()),
        ("tab\t", 7, HEAD.root, ()),
        (ORIGIN, -1, HEAD.root, ()),
        (ORIGIN, 2**63, HEAD.root, ()),
        (ORIGIN, 7, HEAD.root[:31], ()),
        (ORIGIN, 0, HEAD.root, ()),
        (ORIGIN, 7, HEAD.root, ("",)),
    ],
)
def test_a_checkpoint_that_would_not_read_back_is_refused(
    origin: str, size: int, root: bytes, extensions: tuple[str, ...]
) -> None:
    with pytest.raises(MalformedError):
        Checkpoint(origin, size, root, extensions)


def test_what_this_log_never_signs() -> None:
    assert sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), LOG)
    with pytest.raises(MalformedError):
        sign_checkpoint(Checkpoint(ORIGIN, 7, HEAD.root, ("extension",)), LOG)
    with pytest.raises(MalformedError):
        sign_checkpoint(Checkpoint("an origin that is no key name", 7, HEAD.root), LOG)
