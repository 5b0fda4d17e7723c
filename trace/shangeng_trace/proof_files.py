"""Building proof files out of the database: one entry of a batch, under the published head."""

from sqlmodel import Session, col, func, select

from shangeng_trace.ledger import tile_reader
from shangeng_trace.log_tables import LedgerEntry, LedgerLink
from shangeng_trace.merkle import NotInTree, inclusion_proof
from shangeng_trace.tiles import node_reader
from shangeng_trace.tlogproof import TlogProof
from shangeng_trace.witnessing import published_checkpoint


def build_proof(session: Session, batch_id: str, index: int, *, witnessed: bool = False) -> TlogProof:
    """Return the proof file of an entry of a batch's chain, with the entry as its `extra`.

    Its checkpoint is the newest signed one, or the newest `witnessed` one. Raises `NotInTree` for an entry that is
    not under it, or not of this batch.
    """
    checkpoint = published_checkpoint(session, witnessed=witnessed)
    if checkpoint is None or index >= checkpoint.size:
        raise NotInTree
    body = session.exec(
        select(LedgerEntry.body)
        .join(LedgerLink, col(LedgerLink.index) == col(LedgerEntry.index))
        .where(col(LedgerLink.chain) == f"batch:{batch_id}", col(LedgerEntry.index) == index)
    ).one_or_none()
    if body is None:
        raise NotInTree
    hashes = inclusion_proof(index, checkpoint.size, node_reader(tile_reader(session), checkpoint.size))
    return TlogProof(index, tuple(hashes), checkpoint.note, body)


def newest_entry(session: Session, batch_id: str, size: int) -> int | None:
    """Return the index of a batch's newest entry among the first `size` of the log, or None where it has none there."""
    return session.exec(
        select(func.max(LedgerLink.index)).where(
            col(LedgerLink.chain) == f"batch:{batch_id}", col(LedgerLink.index) < size
        )
    ).one()
