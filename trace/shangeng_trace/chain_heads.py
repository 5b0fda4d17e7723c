"""The ends of all chains, while a log is read from its first entry to its last."""

import sqlite3
from collections.abc import Iterable, Iterator

MOST_NEAR = 50_000
"""Ends kept in memory, 15 MB; the others wait in a temporary file."""


class ChainHeads:
    """How many entries a chain has so far, and the leaf hash of the last, by the chain's id. Close it in the end."""

    def __init__(self, most: int | None = None) -> None:
        self._most = MOST_NEAR if most is None else most
        self._near: dict[str, tuple[int, bytes]] = {}
        # An unnamed database lives in SQLite's cache as long as it fits, and ends with its connection.
        self._far = sqlite3.connect("", isolation_level=None)
        self._far.execute("CREATE TABLE head (chain TEXT PRIMARY KEY, length INTEGER, leaf BLOB) WITHOUT ROWID")
        self._is_far = False

    def bring_near(self, chains: Iterable[str]) -> None:
        """Get hold of the ends of these chains: `get` and `move` are for chains brought near since the last `tidy`."""
        if self._is_far and (wanted := set(chains) - self._near.keys()):
            marks = ",".join("?" * len(wanted))
            rows = self._far.execute(f"SELECT chain, length, leaf FROM head WHERE chain IN ({marks})", [*wanted])  # noqa: S608 - marks only
            self._near |= {chain: (length, leaf) for chain, length, leaf in rows}

    def tidy(self) -> None:
        """Send all away if there are too many."""
        if len(self._near) > self._most:
            self._send_away()

    def get(self, chain: str) -> tuple[int, bytes] | None:
        """Return a chain's length and end, or None where it has no entry yet."""
        return self._near.get(chain)

    def move(self, chain: str, length: int, leaf: bytes) -> None:
        """Put the end of a chain elsewhere."""
        self._near[chain] = (length, leaf)

    def __iter__(self) -> Iterator[tuple[str, tuple[int, bytes]]]:
        """Yield every chain with its end, in the order of their ids' octets."""
        self._send_away()
        for chain, length, leaf in self._far.execute("SELECT chain, length, leaf FROM head ORDER BY chain"):
            yield chain, (length, leaf)

    def close(self) -> None:
        """Let go of the file."""
        self._far.close()

    def _send_away(self) -> None:
        rows = [(chain, length, leaf) for chain, (length, leaf) in self._near.items()]
        self._far.execute("BEGIN")
        self._far.executemany("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", rows)
        self._far.execute("COMMIT")
        self._near.clear()
        self._is_far = True
