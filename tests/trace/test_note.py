import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace import cosign
from shangeng_trace.errors import MalformedError, VerificationError
from shangeng_trace.keys import Algorithm, SignatureInvalid, SigningKey
from shangeng_trace.note import (
    MOST_SIGNATURES,
    NoSignatureKnown,
    NoteSignatureInvalid,
    SignatureLine,
    SignatureType,
    Signed,
    Vkey,
    open_note,
    parse_vkey,
    sign,
    sign_as_witness,
    split_note,
    write_note,
)

LOG = SigningKey.from_bytes(Algorithm.ED25519, bytes(range(32)))
WITNESS = SigningKey.from_bytes(Algorithm.ED25519, bytes(range(1, 33)))
LOG_VKEY = Vkey("log.example", SignatureType.ED25519, LOG.public.raw)
WITNESS_VKEY = Vkey("丽水.example/见证", SignatureType.COSIGNATURE, WITNESS.public.raw)
STRANGER = SignatureLine("stranger.example", b"\x00\x01\x02\x03", b"new kind of signature")
TIME = 1_776_000_000

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n"), max_size=40).map(
    lambda text: text + "\n"
)
names = st.from_regex(r"[^\s+\x00-\x1f]{1,12}", fullmatch=True).filter(lambda name: name.isprintable())
lines = st.builds(SignatureLine, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))
vkeys = st.builds(Vkey, names, st.just(SignatureType.ED25519), st.binary(min_size=32, max_size=32)) | st.builds(
    Vkey, names, st.sampled_from([SignatureType.RFC6962, SignatureType.ECDSA]), st.binary(max_size=90)
)


def signed(text: str) -> str:
    return write_note(
        text,
        [
            STRANGER,
            sign(text, name=LOG_VKEY.name, key=LOG),
            sign_as_witness(text, name=WITNESS_VKEY.name, key=WITNESS, time=TIME),
        ],
    )


@given(texts)
def test_what_is_signed_opens_with_who_signed_it(text: str) -> None:
    opened = open_note(signed(text).encode(), [WITNESS_VKEY, LOG_VKEY])
    assert opened.text == text
    assert opened.signed == (Signed(LOG_VKEY, None), Signed(WITNESS_VKEY, TIME))
    assert opened.unknown == (STRANGER,)


@given(texts, st.lists(lines, min_size=1, max_size=5))
def test_a_note_reads_back(text: str, signatures: list[SignatureLine]) -> None:
    note = write_note(text, signatures)
    assert split_note(note) == (text, signatures)
    assert split_note(note.encode()) == (text, signatures)


@given(vkeys)
def test_a_verifier_key_reads_back(vkey: Vkey) -> None:
    assert parse_vkey(str(vkey)) == vkey


@given(st.binary() | st.binary().map(lambda tail: "text\n\n— a ".encode() + tail))
def test_any_octets_are_one_note_or_refused(octets: bytes) -> None:
    try:
        text, signatures = split_note(octets)
    except MalformedError:
        return
    assert write_note(text, signatures).encode() == octets


@given(st.text() | st.text().map(lambda tail: f"name+{tail}"))
def test_any_text_is_one_verifier_key_or_refused(text: str) -> None:
    try:
        vkey = parse_vkey(text)
    except MalformedError:
        return
    assert str(vkey) == text


@given(st.data())
def test_no_changed_note_opens(data: st.DataObject) -> None:
    note = write_note("log.example\n3\n", [sign("log.example\n3\n", name=LOG_VKEY.name, key=LOG)]).encode()
    at, bit = data.draw(st.integers(0, len(note) - 1)), data.draw(st.integers(0, 7))
    changed = note[:at] + bytes([note[at] ^ 1 << bit]) + note[at + 1 :]
    with pytest.raises(VerificationError):
        open_note(changed, [LOG_VKEY])


def test_a_known_key_that_fails_voids_the_note_whoever_else_signed() -> None:
    text = "log.example\n"
    forged = SignatureLine(WITNESS_VKEY.name, WITNESS_VKEY.id, bytes(7) + b"\x01" + bytes(64))
    note = write_note(text, [sign(text, name=LOG_VKEY.name, key=LOG), forged])
    assert open_note(note, [LOG_VKEY]).unknown == (forged,)
    with pytest.raises(NoteSignatureInvalid) as caught:
        open_note(note, [LOG_VKEY, WITNESS_VKEY])
    assert "丽水.example/见证" in caught.value.sentence("zh")


def test_a_key_speaks_only_for_its_own_type() -> None:
    as_witness = Vkey(LOG_VKEY.name, SignatureType.COSIGNATURE, LOG_VKEY.key)
    with pytest.raises(NoSignatureKnown):
        open_note(signed("text\n"), [as_witness])
    relabelled = SignatureLine(as_witness.name, as_witness.id, sign("text\n", name=LOG_VKEY.name, key=LOG).signature)
    with pytest.raises(NoteSignatureInvalid):
        open_note(write_note("text\n", [relabelled]), [as_witness])


def test_a_known_key_of_a_type_not_checked_here_is_no_signature() -> None:
    later = Vkey("later.example", SignatureType.ML_DSA_44, bytes(1312))
    line = SignatureLine(later.name, later.id, bytes(2428))
    note = write_note("text\n", [line, sign("text\n", name=LOG_VKEY.name, key=LOG)])
    assert open_note(note, [later, LOG_VKEY]).unknown == (line,)
    with pytest.raises(NoSignatureKnown):
        open_note(note, [later])


def test_the_latest_of_one_witness_counts_once() -> None:
    times = [TIME, TIME + 9, TIME + 3]
    note = write_note("t\n", [sign_as_witness("t\n", name=WITNESS_VKEY.name, key=WITNESS, time=time) for time in times])
    assert open_note(note, [WITNESS_VKEY]).signed == (Signed(WITNESS_VKEY, TIME + 9),)


def test_so_many_signatures_and_no_more() -> None:
    mine = sign("t\n", name=LOG_VKEY.name, key=LOG)
    assert open_note(write_note("t\n", [STRANGER] * (MOST_SIGNATURES - 1) + [mine]), [LOG_VKEY]).signed
    with pytest.raises(MalformedError):
        open_note(write_note("t\n", [STRANGER] * MOST_SIGNATURES + [mine]), [LOG_VKEY])


@pytest.mark.parametrize("text", ["no line feed", "tab\there\n", "half a pair \ud800\n"])
def test_a_text_that_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(MalformedError):
        sign(text, name=LOG_VKEY.name, key=LOG)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb", "\ud800"])
def test_a_name_that_no_line_can_hold_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        Vkey(name, SignatureType.ED25519, LOG_VKEY.key)


def test_a_key_of_another_algorithm_cannot_sign_notes() -> None:
    with pytest.raises(MalformedError):
        sign("text\n", name="log.example", key=SigningKey.generate(Algorithm.P256))


def test_a_cosignature_covers_text_and_time() -> None:
    field = cosign.sign(b"text\n", key=WITNESS, time=TIME)
    assert field[:8] == TIME.to_bytes(8, "big")
    assert cosign.verify(b"text\n", field, key=WITNESS.public) == TIME
    for text, signature in ((b"text\n", (TIME + 1).to_bytes(8, "big") + field[8:]), (b"other\n", field)):
        with pytest.raises(SignatureInvalid):
            cosign.verify(text, signature, key=WITNESS.public)
    for signature in (b"", field[:-1], field + b"\0", b"\xff" * 72):
        with pytest.raises(cosign.CosignatureInvalid):
            cosign.verify(b"text\n", signature, key=WITNESS.public)
