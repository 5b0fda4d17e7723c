"""A witness's memory: the tree last cosigned of each log, and every checkpoint a log has signed and shown to it.

A SQLite file of its own. Check and store are one conditional UPDATE, so that of two requests from the same old size
one alone wins, whatever happens between reading and writing; nothing ever makes a size smaller.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError

from shangeng_trace.errors import UnavailableError
from shangeng_trace.witness.rules import NOTHING, Head, Submission

_BUSY_MILLISECONDS = 15_000
_metadata = MetaData()

_heads = Table(
    "head",
    _metadata,
    Column("origin", String, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
)
_shown = Table(
    "shown",
    _metadata,
    Column("digest", String(64), primary_key=True),
    Column("origin", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("first_time", BigInteger, nullable=False),
    Column("cosigned_time", BigInteger),
    Column("refused", String(64)),
)


class StoreRefuses(UnavailableError):
    """The database cannot be read or written: the disk is full, takes no writes, or is broken. Nothing was cosigned."""

    code = "witness.store_refuses"
    zh = "见证方的数据库读写不了（{reason}），没有签名。请维护人员检查磁盘。"
    en = "The witness's database cannot be read or written ({reason}); nothing was cosigned. Its operator should look at the disk."


@dataclass(frozen=True, slots=True)
class Held:
    """What was last cosigned for a log: the tree, when (POSIX seconds), and the note with both signatures."""

    head: Head = NOTHING
    time: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A checkpoint that a log has signed. Never cosigned and `refused`: it may be half of a proof of misbehaviour."""

    origin: str
    size: int
    root: bytes
    note: str
    first_time: int
    cosigned_time: int | None
    refused: str | None


class Store:
    """The database of one witness; safe for several threads. Everything may raise `StoreRefuses`."""

    def __init__(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreRefuses(reason=error) from error
        self._engine = create_engine(f"sqlite:///{file}")
        event.listen(self._engine, "connect", _connect)
        event.listen(self._engine, "begin", _begin)
        with self._turn() as connection:
            _metadata.create_all(connection)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _turn(self) -> Generator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreRefuses(reason=error.orig) from error

    def held(self, origin: str) -> Held:
        """Return what was last cosigned for a log; nothing of nothing where it never was."""
        with self._turn() as connection:
            row = connection.execute(select(_heads).where(_heads.c.origin == origin)).one_or_none()
        return Held() if row is None else Held(Head(row.size, row.root), row.time, row.note)

    def advance(self, submission: Submission, held: Held, *, time: int, note: str) -> bool:
        """Move a log on from what is `held` to a cosigned checkpoint, durably; False where it has moved meanwhile."""
        origin, values = submission.checkpoint.origin, _head_values(submission, time, note)
        with self._turn() as connection:
            if held.note:
                unmoved = (_heads.c.size == held.head.size) & (_heads.c.root == held.head.root)
                moved = connection.execute(update(_heads).where(_heads.c.origin == origin, unmoved).values(values))
            else:
                moved = connection.execute(insert(_heads).values(origin=origin, **values).on_conflict_do_nothing())
            if moved.rowcount != 1:
                return False
            _remember(connection, submission, time, cosigned_time=time)
        return True

    def remember(self, submission: Submission, *, time: int, refused: str) -> None:
        """Keep a checkpoint that the log has signed and this witness has not cosigned."""
        with self._turn() as connection:
            _remember(connection, submission, time, refused=refused)

    def shown(self, origin: str, *, never_cosigned: bool = False) -> list[Shown]:
        """Return the checkpoints a log has shown, in the order of their sizes."""
        wanted = select(_shown).where(_shown.c.origin == origin).order_by(_shown.c.size, _shown.c.first_time)
        if never_cosigned:
            wanted = wanted.where(_shown.c.cosigned_time.is_(None))
        with self._turn() as connection:
            rows = connection.execute(wanted).mappings()
            return [Shown(**{name: row[name] for name in Shown.__slots__}) for row in rows]

    def count_shown(self, origin: str) -> tuple[int, int]:
        """Return how many checkpoints a log has shown, and how many of them were never cosigned."""
        counts = select(func.count(), func.count() - func.count(_shown.c.cosigned_time)).where(
            _shown.c.origin == origin
        )
        with self._turn() as connection:
            total, refused = connection.execute(counts).one()
        return total, refused


def _head_values(submission: Submission, time: int, note: str) -> dict[str, Any]:
    return {"size": submission.head.size, "root": submission.head.root, "time": time, "note": note}


def _remember(connection: Connection, submission: Submission, time: int, **outcome: Any) -> None:
    """Keep the log's words once, however often they are shown, with the last outcome of each kind."""
    statement = insert(_shown).values(
        digest=sha256(submission.note.encode()).hexdigest(),
        origin=submission.checkpoint.origin,
        size=submission.head.size,
        root=submission.head.root,
        note=submission.note,
        first_time=time,
        **outcome,
    )
    connection.execute(statement.on_conflict_do_update(index_elements=["digest"], set_=outcome))


def _connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (f"busy_timeout={_BUSY_MILLISECONDS}", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
