"""What the tests of the witness share: a log that grows, with its key, and a witness of it in a folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shangeng_trace.checkpoint import Checkpoint, sign_checkpoint
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.logtext import write_base64
from shangeng_trace.merkle import consistency_proof, leaf_hash, root
from shangeng_trace.note import SignatureType, Vkey
from shangeng_trace.witness.witness import Witness

ORIGIN = "farm.example/log"
LOG_KEY = SigningKey.from_bytes(Algorithm.ED25519, bytes(range(1, 33)))
LOG_VKEY = Vkey(ORIGIN, SignatureType.ED25519, LOG_KEY.public.raw)
WITNESS_KEY = SigningKey.from_bytes(Algorithm.ED25519, bytes(range(2, 34)))
NAME = "lab.example/witness"
START = datetime(2026, 4, 20, 2, 0, tzinfo=UTC)


@dataclass
class Hands:
    """A clock that stands where it is put."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class FarmLog:
    """The leaves of a log; two of them that share a beginning are a fork."""

    leaves: list[bytes] = field(default_factory=list[bytes])

    @classmethod
    def of(cls, *entries: str) -> "FarmLog":
        return cls([leaf_hash(entry.encode()) for entry in entries])

    def note(self, size: int) -> str:
        return sign_checkpoint(Checkpoint(ORIGIN, size, root(self.leaves[:size])), LOG_KEY)

    def proof(self, old: int, new: int) -> list[bytes]:
        return consistency_proof(old, new, lambda level, index: root(self.leaves[index << level : index + 1 << level]))

    def request(self, old: int, new: int, *, proof: Sequence[bytes] | None = None) -> bytes:
        lines = [write_base64(each) for each in (self.proof(old, new) if proof is None else proof)]
        return ("\n".join([f"old {old}", *lines]) + "\n\n" + self.note(new)).encode()


def farm(count: int, *, odd: int | None = None) -> FarmLog:
    """Return a log of `count` entries, of which entry `odd` is another one than in the others."""
    return FarmLog.of(*(f"{'other ' if number == odd else ''}entry {number}" for number in range(count)))


def watch(folder: Path, clock: Hands | None = None) -> Witness:
    return Witness(NAME, WITNESS_KEY, {ORIGIN: (LOG_VKEY,)}, folder, clock=clock or Hands())
