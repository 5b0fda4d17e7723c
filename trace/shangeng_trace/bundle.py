"""Building a proof bundle: one file from which anyone verifies a batch without a server (design 4.4)."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from shangeng_trace.canonical import load
from shangeng_trace.errors import NotFoundError
from shangeng_trace.ledger import tile_reader
from shangeng_trace.lineage import ancestors
from shangeng_trace.log_tables import LedgerCheckpoint, LedgerEntry, LedgerLink, LedgerStatement
from shangeng_trace.merkle import inclusion_proof
from shangeng_trace.proofs import key_id_of
from shangeng_trace.tiles import node_reader
from shangeng_trace.witnessing import published_checkpoint

FORMAT = "shangeng-bundle/1"
_MANY = 500
"""Parameters in one SQL statement; SQLite's oldest limit is 999."""


class NotYetSigned(NotFoundError):
    """No checkpoint covers the batch's first entry yet."""

    code = "trace.not_yet_signed"
    zh = "账本正在签名，请几秒后再试。"
    en = "The log is being signed. Please try again in a few seconds."


@dataclass(frozen=True, slots=True)
class _Stored:
    index: int
    digest: str
    entry: bytes
    statement: bytes | None


def build_bundle(
    session: Session, batch_id: str, *, chains: Iterable[str] = (), witnessed: bool = False
) -> dict[str, Any]:
    """Return the bundle of a batch: its chain, its ancestors' chains, `chains`, and every key they rest on.

    `chains` names certificates and licences, which the caller knows. Its checkpoint is the newest signed one, or the
    newest `witnessed` one. Entries newer than the checkpoint are left out; they are in the next one's bundle. Raises
    `NotYetSigned`, also for a batch that never was.
    """
    checkpoint = published_checkpoint(session, witnessed=witnessed)
    if checkpoint is None or not _entries(session, [f"batch:{batch_id}"], checkpoint.size):
        raise NotYetSigned
    wanted = {f"batch:{batch}" for batch in (batch_id, *ancestors(session, batch_id))} | set(chains)
    stored: dict[int, _Stored] = {}
    done: set[str] = set()
    while wanted - done:
        found = _entries(session, sorted(wanted - done), checkpoint.size)
        done |= wanted
        stored |= {item.index: item for item in found}
        for item in found:
            if item.statement is not None:
                method = load(item.statement)["proof"]["verificationMethod"]
                wanted.add(f"key:{key_id_of(method)}")
    return _document(session, f"batch:{batch_id}", [stored[index] for index in sorted(stored)], checkpoint)


def _entries(session: Session, chains: Sequence[str], size: int) -> list[_Stored]:
    out: list[_Stored] = []
    for start in range(0, len(chains), _MANY):
        rows = session.exec(
            select(LedgerEntry.index, LedgerStatement.digest, LedgerEntry.body, LedgerStatement.body)
            .join(LedgerLink, col(LedgerLink.index) == col(LedgerEntry.index))
            .join(LedgerStatement, col(LedgerStatement.index) == col(LedgerEntry.index))
            .where(col(LedgerLink.chain).in_(chains[start : start + _MANY]), col(LedgerEntry.index) < size)
        )
        out.extend(_Stored(*row) for row in rows)
    return out


def _document(
    session: Session, subject: str, stored: Sequence[_Stored], checkpoint: LedgerCheckpoint
) -> dict[str, Any]:
    node = node_reader(tile_reader(session), checkpoint.size)
    return {
        "format": FORMAT,
        "origin": checkpoint.note.split("\n", 1)[0],
        "subject": subject,
        "statements": [load(item.statement) for item in stored if item.statement is not None],
        "entries": [
            {
                "index": item.index,
                "bytes": b64encode(item.entry).decode(),
                "inclusion": [
                    b64encode(hash_).decode() for hash_ in inclusion_proof(item.index, checkpoint.size, node)
                ],
            }
            for item in stored
        ],
        "checkpoint": checkpoint.note,
        "withheld": [item.digest for item in stored if item.statement is None],
    }
