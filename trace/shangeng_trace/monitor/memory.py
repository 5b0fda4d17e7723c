"""A monitor's own memory: the tree as far as it was verified, the end of every chain, and what was reported.

One SQLite file. The hashes of the whole tree are kept, 33 octets per entry, so that any head the log ever signed can
be compared with what was seen, whatever the log serves by then. A transaction holds whole steps only: a monitor that
is killed goes on where the last one ended.
"""

import sqlite3
from collections.abc import Collection, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shangeng_trace.clock import read_rfc3339, rfc3339
from shangeng_trace.errors import ConflictError
from shangeng_trace.merkle import EMPTY_ROOT
from shangeng_trace.monitor.entry_rules import Place

FILE = "monitor.sqlite"
_VERSION = 1
_PRIMARY = 0xFF
"""The octet of SQLite's result codes that says what kind of error it is."""
_MANY = 500
"""Parameters in one SQL statement; SQLite's oldest limit is 999."""

_TABLES = """
CREATE TABLE head (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
                   seen TEXT NOT NULL, checked INTEGER NOT NULL, last BLOB NOT NULL);
CREATE TABLE tile (level INTEGER, number INTEGER, hashes BLOB NOT NULL, PRIMARY KEY (level, number)) WITHOUT ROWID;
CREATE TABLE place (chain TEXT PRIMARY KEY, seq INTEGER NOT NULL, leaf BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE witness (name TEXT PRIMARY KEY, size INTEGER NOT NULL, time INTEGER NOT NULL, note TEXT NOT NULL);
CREATE TABLE waiting (name TEXT PRIMARY KEY, size INTEGER NOT NULL, note TEXT NOT NULL);
CREATE TABLE reported (key TEXT PRIMARY KEY, file TEXT NOT NULL);
"""


class MemoryInUse(ConflictError):
    """Another monitor has this folder open."""

    code = "monitor.memory_in_use"
    zh = "{path} 正由另一个监督程序使用。"
    en = "Another monitor is at work in {path}."


class MemoryUnusable(ConflictError):
    """The file is no memory of a monitor of this version, or of another log."""

    code = "monitor.memory_unusable"
    zh = "{path} 不能用：{what}。每本账本用一个目录。"
    en = "{path} cannot be used: {what}. Each log needs a folder of its own."


@dataclass(frozen=True, slots=True)
class Known:
    """The head last verified, when it was seen, and how many of its entries have been read; `last` is the last of them."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    note: str = ""
    seen: datetime | None = None
    checked: int = 0
    last: bytes = b""


class Memory:
    """The memory of one monitor for one log; one thread, one process."""

    def __init__(self, folder: Path, origin: str) -> None:
        self._path, self._origin = folder / FILE, origin
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise MemoryUnusable(path=folder, what=error) from error
        try:
            self._open()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file, for others to open."""
        self._database.close()

    @contextmanager
    def step(self) -> Generator[None]:
        """Keep everything written inside, or nothing of it."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def known(self) -> Known:
        """Return how far the log was verified."""
        row = self._database.execute("SELECT size, root, note, seen, checked, last FROM head").fetchone()
        if row is None:
            return Known()
        size, root, note, seen, checked, last = row
        return Known(size, root, note, read_rfc3339(seen), checked, last)

    def know(self, known: Known) -> None:
        """Remember how far the log is verified now."""
        assert known.seen is not None, "what is known was seen"
        self._database.execute(
            "REPLACE INTO head VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._origin, known.size, known.root, known.note, rfc3339(known.seen), known.checked, known.last),
        )

    def tile(self, level: int, number: int) -> bytes:
        """Return a tile at the width it has, nothing where there is none (a `tiles.TileReader`)."""
        query = "SELECT hashes FROM tile WHERE level = ? AND number = ?"
        row: tuple[bytes] | None = self._database.execute(query, (level, number)).fetchone()
        return row[0] if row else b""

    def keep_tiles(self, tiles: Mapping[tuple[int, int], bytes]) -> None:
        """Store tiles, each in place of its narrower self."""
        rows = ((level, number, hashes) for (level, number), hashes in tiles.items())
        self._database.executemany("REPLACE INTO tile VALUES (?, ?, ?)", rows)

    def places(self, chains: Collection[str]) -> dict[str, Place]:
        """Return the newest entry of each of these chains that has one."""
        found: dict[str, Place] = {}
        wanted = list(chains)
        for start in range(0, len(wanted), _MANY):
            some = wanted[start : start + _MANY]
            marks = ",".join("?" * len(some))
            query = f"SELECT chain, seq, leaf, at FROM place WHERE chain IN ({marks})"  # noqa: S608  # marks alone
            for chain, seq, leaf, at in self._database.execute(query, some):
                found[chain] = Place(seq, leaf.hex(), at)
        return found

    def keep_places(self, places: Mapping[str, Place]) -> None:
        """Move chains on."""
        rows = ((chain, place.seq, bytes.fromhex(place.leaf), place.index) for chain, place in places.items())
        self._database.executemany("REPLACE INTO place VALUES (?, ?, ?, ?)", rows)

    def chains(self) -> int:
        """Return how many chains the log has."""
        return int(self._database.execute("SELECT count(*) FROM place").fetchone()[0])

    def witness(self, name: str) -> tuple[int, int, str] | None:
        """Return the largest head a witness was seen to cosign: size, time, and the note."""
        row: tuple[int, int, str] | None = self._database.execute(
            "SELECT size, time, note FROM witness WHERE name = ?", (name,)
        ).fetchone()
        return row

    def keep_witness(self, name: str, size: int, time: int, note: str) -> None:
        """Remember the largest head that a witness cosigned."""
        self._database.execute("REPLACE INTO witness VALUES (?, ?, ?, ?)", (name, size, time, note))

    def waiting(self) -> list[tuple[str, int, str]]:
        """Return heads shown by witnesses that the log has not reached yet: by whom, size, note."""
        return self._database.execute("SELECT name, size, note FROM waiting ORDER BY size").fetchall()

    def wait_for(self, name: str, size: int, note: str) -> None:
        """Keep a head for comparison once the log has reached it; the first one of a witness stays."""
        self._database.execute("INSERT OR IGNORE INTO waiting VALUES (?, ?, ?)", (name, size, note))

    def reached(self, name: str) -> None:
        """Forget the head of a witness that was compared."""
        self._database.execute("DELETE FROM waiting WHERE name = ?", (name,))

    def reported(self) -> dict[str, str]:
        """Return what was reported: the findings' keys, and their evidence files."""
        return dict(self._database.execute("SELECT key, file FROM reported"))

    def report(self, key: str, file: str) -> None:
        """Remember that a finding has its evidence."""
        self._database.execute("REPLACE INTO reported VALUES (?, ?)", (key, file))

    def is_over(self, keys: Iterable[str]) -> None:
        """Forget findings that no longer hold, so that they are told again when they come back."""
        self._database.executemany("DELETE FROM reported WHERE key = ?", ((key,) for key in keys))

    def _open(self) -> None:
        database = self._database
        try:
            # Held for as long as it is open: two monitors with one memory would report each other's half steps.
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version={_VERSION}; COMMIT;")
            elif version != _VERSION:
                raise MemoryUnusable(path=self._path, what=f"version {version}")
            row = database.execute("SELECT origin FROM head").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY:
                raise MemoryInUse(path=self._path) from error
            raise MemoryUnusable(path=self._path, what=error) from error
        except sqlite3.DatabaseError as error:
            raise MemoryUnusable(path=self._path, what=error) from error
        if row is not None and row[0] != self._origin:
            raise MemoryUnusable(path=self._path, what=row[0])
