"""A log without a platform: entries, a key, and what it serves; honest by itself, and easily made to lie."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from msgspec import structs

from shangeng_trace.checkpoint import Checkpoint, format_checkpoint, sign_checkpoint
from shangeng_trace.entry import FIRST_PREV, Entry, Kind, Link, entry_bytes, load_entry
from shangeng_trace.errors import UnavailableError
from shangeng_trace.keys import SigningKey
from shangeng_trace.merkle import leaf_hash
from shangeng_trace.monitor.memory import Known, Memory
from shangeng_trace.monitor.monitor import Monitor, Report
from shangeng_trace.monitor.source import LogUnreachable
from shangeng_trace.note import SignatureType, Vkey, sign_as_witness
from shangeng_trace.policy import Group, Log, Policy, Witness
from shangeng_trace.tiles import WIDTH, TileTree, parse_path, width_at, write_bundle

ORIGIN = "trace.example.cn/log"
START = datetime(2026, 4, 12, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = SigningKey.generate()
LABS = [SigningKey.generate() for _ in range(3)]


def vkey(key: SigningKey = KEY) -> Vkey:
    return Vkey(ORIGIN, SignatureType.ED25519, key.public.raw)


def lab(number: int) -> Witness:
    name = f"lab{number}"
    key = Vkey(f"{name}.example/w", SignatureType.COSIGNATURE, LABS[number].public.raw)
    return Witness(name, key, f"https://{name}.example/")


ALONE = Policy((Log(vkey()),))
WITNESSED = Policy(
    (Log(vkey()),), tuple(lab(n) for n in range(3)), (Group("enough", 2, ("lab0", "lab1", "lab2")),), "enough"
)


@dataclass
class FakeLog:
    """A log in memory. `served` overrides what it answers, by path; `shown` is how many entries its head covers.

    `signed` is how many entries its newest signed head covers, where it shows one that is not witnessed yet.
    """

    bodies: list[bytes] = field(default_factory=list[bytes])
    heads: dict[str, tuple[int, str]] = field(default_factory=dict[str, "tuple[int, str]"])
    key: SigningKey = KEY
    labs: tuple[int, ...] = ()
    time: datetime = START
    shown: int | None = None
    signed: int | None = None
    served: dict[str, bytes | None] = field(default_factory=dict[str, "bytes | None"])
    asked: list[str] = field(default_factory=list[str])
    name: str = "https://trace.example.cn/log"
    down: bool = False
    fails_after: int | None = None
    _tiles: dict[int, dict[tuple[int, int], bytes]] = field(
        default_factory=dict[int, "dict[tuple[int, int], bytes]"], init=False
    )

    @classmethod
    def of(cls, size: int, *, chains: int = 3) -> Self:
        log = cls()
        log.grow(size, chains=chains)
        return log

    def grow(self, count: int = 1, *, chains: int = 3) -> None:
        """Append honest entries."""
        for _ in range(count):
            index = len(self.bodies)
            if index == 0:
                self.append(Kind.KEY, "key:platform", "member:platform")
            else:
                self.append(Kind.EVENT, f"batch:{index % chains}")

    def append(self, kind: Kind, *chains: str, after: timedelta = timedelta(seconds=1)) -> None:
        self.time += after
        digest = hashlib.sha256(b"%d" % len(self.bodies)).hexdigest()
        self.put(Entry(ORIGIN, kind, digest, self.time, tuple(self.link(chain) for chain in chains)))

    def put(self, entry: Entry) -> None:
        """Append any entry, honest or not."""
        body = entry_bytes(
            origin=entry.origin, kind=entry.kind, digest=entry.digest, time=entry.time, links=entry.links
        )
        self.bodies.append(body)
        self.heads |= {link.chain: (link.seq, leaf_hash(body).hex()) for link in entry.links}

    def link(self, chain: str) -> Link:
        """Return the link an honest entry gets."""
        seq, leaf = self.heads.get(chain, (-1, FIRST_PREV))
        return Link(chain, seq + 1, leaf)

    def rewritten(self, index: int) -> "FakeLog":
        """Return the log as if another entry had always stood at `index`; what follows is chained to it."""
        other = replace(self, bodies=[], heads={}, served={}, asked=[])
        for number, body in enumerate(self.bodies):
            entry = load_entry(body)
            digest = "0" * 64 if number == index else entry.digest
            other.put(
                structs.replace(entry, digest=digest, links=tuple(other.link(link.chain) for link in entry.links))
            )
        return other

    def copy(self) -> "FakeLog":
        return replace(self, bodies=list(self.bodies), heads=dict(self.heads), served=dict(self.served), asked=[])

    @property
    def size(self) -> int:
        return len(self.bodies) if self.shown is None else self.shown

    def tree(self) -> TileTree:
        tree = TileTree()
        tree.append([leaf_hash(body) for body in self.bodies[: self.size]])
        return tree

    def note(self, *, labs: tuple[int, ...] | None = None, at: datetime | None = None) -> str:
        """Return the signed head, cosigned by some witnesses."""
        head = Checkpoint(ORIGIN, self.size, self.tree().root())
        time = int((at or self.time).timestamp())
        lines = [
            sign_as_witness(format_checkpoint(head), name=f"lab{n}.example/w", key=LABS[n], time=time)
            for n in (self.labs if labs is None else labs)
        ]
        return sign_checkpoint(head, self.key) + "".join(map(str, lines))

    def fetch(self, path: str, largest: int) -> bytes | None:
        self.asked.append(path)
        if self.down or (self.fails_after is not None and len(self.asked) > self.fails_after):
            raise LogUnreachable(reason="down")
        found = self.served[path] if path in self.served else self.true(path)
        return None if found is None else found[: largest + 1]

    def true(self, path: str) -> bytes | None:
        """Return what an honest log of these entries serves."""
        if path == "checkpoint":
            return self.note().encode()
        if path == "checkpoint.unwitnessed":
            return None if self.signed is None else replace(self.copy(), shown=self.signed).note(labs=()).encode()
        if self.signed is not None and self.shown != self.signed:
            return replace(self.copy(), shown=self.signed).true(path)
        wanted = parse_path(path)
        if wanted.width > width_at(self.size, wanted.level or 0, wanted.number):
            return None
        if wanted.level is None:
            return write_bundle(self.bodies[wanted.number * WIDTH :][: wanted.width])
        return self.tiles()[wanted.level, wanted.number][: wanted.width * 32]

    def tiles(self) -> dict[tuple[int, int], bytes]:
        if self.size not in self._tiles:
            self._tiles = {self.size: self.tree().changed()}
        return self._tiles[self.size]


@dataclass
class Watching:
    """A monitor of a fake log in a folder, opened anew for every look."""

    folder: Path
    policy: Policy = ALONE
    watch: frozenset[str] = frozenset()
    late: int = 3600
    published: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """What witnesses publish, by their names."""

    def look(self, log: FakeLog, *, at: datetime | None = None) -> Report:
        monitor = Monitor(
            self.folder,
            ORIGIN,
            self.policy,
            log,
            ask=self.ask,
            watch=self.watch,
            late=self.late,
            clock=lambda: at or log.time + MINUTE,
        )
        try:
            return monitor.look()
        finally:
            monitor.close()

    def known(self) -> Known:
        """Return how far the memory in the folder goes."""
        memory = Memory(self.folder, ORIGIN)
        try:
            return memory.known()
        finally:
            memory.close()

    def ask(self, witness: Witness) -> bytes | None:
        if witness.name not in self.published:
            raise UnavailableError
        return self.published[witness.name]


def kinds(report: Report) -> list[str]:
    """Return the kinds of what was found."""
    return [told.finding.evidence.finding.removeprefix("monitor.") for told in report.told]
