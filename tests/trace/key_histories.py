"""Logs full of key statements, right and wrong, told by whoever chooses: what verifiers must judge alike."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from shangeng_trace.checkpoint import Checkpoint, sign_checkpoint
from shangeng_trace.entry import FIRST_PREV, Kind, Link, entry_bytes
from shangeng_trace.ids import new_id
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.merkle import inclusion_proof, leaf_hash, root
from shangeng_trace.registration import Registration
from shangeng_trace.revocation import Reason, Revocation
from shangeng_trace.statements import Signer, seal
from tests.observing import in_store
from tests.trace.desk import HOST, LOG_KEY, ORIGIN, START

Choose = Callable[[int], int]
"""Returns a number from 0 to below the one given."""

ORGANISATIONS = {name: new_id() for name in ("platform", "member", "rival", "body", "other body")}
KINDS = {"platform": "platform", "member": "member", "rival": "member", "body": "body", "other body": "body"}


@cache
def _key(number: int) -> SigningKey:
    return SigningKey.from_bytes(Algorithm.ED25519, number.to_bytes(32))


@dataclass
class History:
    """A log that takes whatever it is given; one minute passes between two entries."""

    batch: str = field(default_factory=new_id)
    entries: list[bytes] = field(default_factory=list[bytes])
    statements: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    heads: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    signers: list[tuple[str, Signer]] = field(default_factory=list[tuple[str, Signer]])

    @classmethod
    def told(cls, choose: Choose, length: int) -> "History":
        """Tell a history: a platform key and one for each organisation, then anything by anybody."""
        history = cls()
        for whose in ORGANISATIONS:
            history.register(whose, history.signers[0][1] if history.signers else None)
        for _ in range(length):
            history.act(choose)
        history.event(history.signers[0][1])
        return history

    def act(self, choose: Choose) -> None:
        """Let somebody do something; what is likely to be right comes up more often."""
        _, by = self.signers[choose(len(self.signers))]
        match choose(8):
            case 0 | 1:
                platform = self.signers[0][1]
                lasts = None if choose(2) else choose(6)
                self.register(list(ORGANISATIONS)[choose(5)], by if choose(4) == 0 else platform, lasts)
            case 2 | 3 | 4:
                target = choose(len(self.signers))
                last = None if choose(2) else choose(len(self.entries) + 3) - 1
                if choose(3) == 0:  # by a certification body
                    by = self.signers[3 + choose(2)][1]
                self.revoke(self.signers[target], by, last)
            case _:
                self.event(by)

    def register(self, whose: str, by: Signer | None, lasts: int | None = None) -> None:
        """Register a new key, which counts for so many minutes."""
        key = _key(len(self.signers) + 1)
        signer = Signer.of(HOST, new_id(), key)
        said = Registration(
            key_id=signer.key_id,
            algorithm=Algorithm.ED25519,
            public=key.public.multikey,
            controller=ORGANISATIONS[whose],
            controller_kind=KINDS[whose],
            controller_number="N1",
            controller_name=whose,
            custody="external",
            expires=None if lasts is None else START + timedelta(minutes=len(self.entries) + lasts),
        )
        self.signers.append((whose, signer))
        self._log(Kind.KEY, said.document(HOST), by or signer, f"key:{signer.key_id}", f"member:{said.controller}")

    def revoke(self, target: tuple[str, Signer], by: Signer, last: int | None) -> None:
        """Revoke somebody's key in somebody's name."""
        whose, signer = target
        document = Revocation(signer.key_id, list(Reason)[len(self.entries) % 5], last).document()
        self._log(Kind.KEY, document, by, f"key:{signer.key_id}", f"member:{ORGANISATIONS[whose]}")

    def event(self, by: Signer) -> None:
        """Say something about the batch."""
        self._log(Kind.EVENT, in_store(self.batch, START).document(), by, f"batch:{self.batch}")

    def _log(self, kind: Kind, document: dict[str, Any], by: Signer, *chains: str) -> None:
        index, links = len(self.entries), [self._link(chain) for chain in chains]
        sealed = seal({**document, "shangeng:nonce": index} if kind is Kind.KEY else document, by, created=START)
        time = START + timedelta(minutes=index)
        entry = entry_bytes(origin=ORIGIN, kind=kind, digest=sealed.digest, time=time, links=links)
        for link in links:
            self.heads[link.chain] = link.seq + 1, leaf_hash(entry).hex()
        self.entries.append(entry)
        self.statements.append(sealed.document)

    def _link(self, chain: str) -> Link:
        seq, prev = self.heads.get(chain, (0, FIRST_PREV))
        return Link(chain, seq, prev)

    def bundle(self) -> dict[str, Any]:
        """Return the whole log as the batch's bundle."""
        leaves = [leaf_hash(entry) for entry in self.entries]

        def node(level: int, index: int) -> bytes:
            return root(leaves[index << level : (index + 1) << level])

        return {
            "format": "shangeng-bundle/1",
            "origin": ORIGIN,
            "subject": f"batch:{self.batch}",
            "statements": self.statements,
            "entries": [
                {
                    "index": index,
                    "bytes": b64encode(entry).decode(),
                    "inclusion": [b64encode(each).decode() for each in inclusion_proof(index, len(leaves), node)],
                }
                for index, entry in enumerate(self.entries)
            ],
            "checkpoint": sign_checkpoint(Checkpoint(ORIGIN, len(leaves), root(leaves)), LOG_KEY),
            "withheld": [],
        }
