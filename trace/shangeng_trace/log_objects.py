"""The log's public objects out of the database: tiles and entry bundles at any width a checkpoint implied.

A stored tile has its newest width; every earlier partial tile is a prefix of it, so none is kept and none is lost.
Nothing is given beyond the newest signed checkpoint: a reader could not check it.
"""

from collections.abc import Iterator

from sqlmodel import Session, col, select

from shangeng_trace.errors import NotFoundError
from shangeng_trace.log_tables import LedgerEntry, LedgerTile
from shangeng_trace.logtext import HASH_SIZE
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.tiles import WIDTH, TilePath, grown, width_at, write_bundle


class ObjectNotThere(NotFoundError):
    """The published log has no such tile or bundle, or not so wide."""

    code = "trace.log_object_not_there"
    zh = "已公布的日志里没有这一块。"
    en = "The published log has no such tile."


def read_object(session: Session, path: TilePath) -> bytes:
    """Return the octets of a tile or entry bundle of the published log; raises `ObjectNotThere`."""
    checkpoint = latest_checkpoint(session)
    size = 0 if checkpoint is None else checkpoint.size
    if path.width > width_at(size, path.level or 0, path.number):
        raise ObjectNotThere
    return _bundle(session, path) if path.level is None else _tile(session, path)


def objects(old: int, new: int) -> Iterator[TilePath]:
    """Yield what a copy of the log at size `old` lacks at size `new`: bundles first, then tiles, lowest level first.

    In this order a copy that is cut off holds nothing that refers to what it lacks.
    """
    yield from (TilePath(None, path.number, path.width) for path in grown(old, new) if path.level == 0)
    yield from grown(old, new)


def _tile(session: Session, path: TilePath) -> bytes:
    hashes = session.exec(
        select(LedgerTile.hashes).where(LedgerTile.level == path.level, LedgerTile.number == path.number)
    ).one()
    return hashes[: path.width * HASH_SIZE]


def _bundle(session: Session, path: TilePath) -> bytes:
    first = path.number * WIDTH
    entries = session.exec(
        select(LedgerEntry.body)
        .where(col(LedgerEntry.index) >= first, col(LedgerEntry.index) < first + path.width)
        .order_by(col(LedgerEntry.index))
    )
    return write_bundle(list(entries))
