"""What the log believes of a witness's answer: its own good signature over this very head, at a time that can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.checkpoint import Checkpoint, sign_checkpoint
from shangeng_trace.errors import VerificationError
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.log_tables import LedgerCheckpoint
from shangeng_trace.logtext import LogTextMalformed, write_base64
from shangeng_trace.note import SignatureLine, SignatureType, Vkey, sign_as_witness, split_note
from shangeng_trace.policy import Witness
from shangeng_trace.witness.rules import parse_request
from shangeng_trace.witnessing import (
    FUTURE_SECONDS,
    Heads,
    NotCosigned,
    Standing,
    Target,
    read_cosignature,
    read_held,
    read_size,
    write_request,
)

ORIGIN, NAME = "shangeng.example/log", "lab.example/w"
LOG_KEY, WITNESS_KEY, OTHER_KEY = (SigningKey.from_bytes(Algorithm.ED25519, bytes([n] * 32)) for n in (1, 2, 3))
LOG = Vkey(ORIGIN, SignatureType.ED25519, LOG_KEY.public.raw)
WITNESS = Witness("lab", Vkey(NAME, SignatureType.COSIGNATURE, WITNESS_KEY.public.raw))
NOW = 1_700_000_000


def signed(size: int) -> str:
    return sign_checkpoint(Checkpoint(ORIGIN, size, bytes([size] * 32)), LOG_KEY)


def line(size: int = 7, *, time: int = NOW, name: str = NAME, key: SigningKey = WITNESS_KEY) -> str:
    return str(sign_as_witness(split_note(signed(size))[0], name=name, key=key, time=time))


TARGET = Target(7, signed(7))


def read(body: str | bytes) -> str:
    body = body.encode() if isinstance(body, str) else body
    return read_cosignature(TARGET, body, WITNESS, now=NOW).line


def test_its_own_line_is_taken_and_others_are_left() -> None:
    other = line(name="other.example/w", key=OTHER_KEY)
    assert read(line()) == line()
    assert read(other + line() + other) == line()
    assert read(line(time=NOW - 5) + line() + line(time=NOW - 9)) == line(), "the latest says most"
    assert read(line(time=NOW + FUTURE_SECONDS)) == line(time=NOW + FUTURE_SECONDS)


def undated() -> str:
    """Return a cosignature that states no time, which no witness may give."""
    text = split_note(TARGET.note)[0]
    signature = bytes(8) + WITNESS_KEY.sign(b"cosignature/v1\ntime 0\n" + text.encode())
    return str(SignatureLine(NAME, WITNESS.vkey.id, signature))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"ok\n",
        line()[:-1].encode(),
        line(8).encode(),
        line(key=OTHER_KEY).encode(),
        line(name="other.example/w", key=OTHER_KEY).encode(),
        line(time=NOW + FUTURE_SECONDS + 1).encode(),
        undated().encode(),
        (line() + line(8)).encode(),
        ("\n" + line()).encode(),
    ],
)
def test_anything_else_is_not_believed(body: bytes) -> None:
    with pytest.raises(VerificationError):
        read(body)


@given(st.binary(max_size=300))
def test_no_answer_of_a_stranger_is_believed(body: bytes) -> None:
    with pytest.raises(VerificationError):
        read(body)


@pytest.mark.parametrize("body", [b"", b"7", b"07\n", b"-1\n", b"7\n\n", b" 7\n", b"7\r\n", b"9223372036854775808\n"])
def test_a_size_has_one_spelling(body: bytes) -> None:
    assert read_size(b"7\n") == 7
    with pytest.raises(LogTextMalformed):
        read_size(body)


def test_a_request_carries_what_is_known_of_the_head() -> None:
    proof = [bytes(32), bytes([255] * 32)]
    request = parse_request(write_request(Target(7, signed(7), (line(),)), 3, proof))
    assert (request.old, list(request.proof), request.note) == (3, proof, signed(7) + line())
    assert parse_request(write_request(TARGET, 0, [])).proof == ()
    assert write_base64(proof[0]) in write_request(TARGET, 3, proof).decode()


def test_what_a_witness_holds_must_bear_both_signatures() -> None:
    held = read_held((signed(7) + line()).encode(), [LOG], WITNESS)
    assert (held.size, [each.by for each in held.cosigned]) == (7, [WITNESS.vkey])
    assert read_held(signed(7).encode(), [LOG]).size == 7
    with pytest.raises(NotCosigned):
        read_held(signed(7).encode(), [LOG], WITNESS)
    with pytest.raises(VerificationError):
        read_held((split_note(signed(7))[0] + "\n" + line()).encode(), [LOG], WITNESS)


def test_three_standings() -> None:
    def head(size: int) -> LedgerCheckpoint:
        return LedgerCheckpoint(size=size, root=b"", note="")

    heads = Heads(head(5), head(3))
    assert [heads.standing(index) for index in (2, 3, 4, 5)] == [
        Standing.WITNESSED,
        Standing.LOGGED,
        Standing.LOGGED,
        Standing.SIGNED,
    ]
    assert Heads(None, None).standing(0) is Standing.SIGNED
    assert Heads(head(1), None).standing(0) is Standing.LOGGED
