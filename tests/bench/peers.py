"""What others do with the same bytes on SQLite, measured in the same run.

pymerkle (GPL) and eventsourcing (BSD) are no dependencies of anything here: they are measured where somebody has
installed them.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import import_module
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

from tests.bench.figures import Figures

GROUP = 100


def measure_peers(folder: Path, statements: Sequence[bytes], seconds: float) -> Figures:
    """Store signed statements in every way there is; rates in statements per second."""
    figures: Figures = {}
    ways: dict[str, Callable[[Path, Sequence[bytes], float], Figures]] = {
        "raw_sqlite": _raw,
        "pymerkle": _pymerkle,
        "eventsourcing": _eventsourcing,
    }
    for name, measure in ways.items():
        try:
            figures |= measure(folder, statements, seconds)
        except ModuleNotFoundError as missing:
            figures[f"peer_{name}_rate"] = f"not installed: pip install {missing.name}"
    return figures


def _raw(folder: Path, statements: Sequence[bytes], seconds: float) -> Figures:
    """Insert into one table, durable after every group, and after every row."""
    figures: Figures = {}
    for size, name in ((GROUP, "peer_raw_sqlite_bulk_rate"), (1, "peer_raw_sqlite_single_rate")):
        with closing(sqlite3.connect(folder / f"{name}.sqlite", isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("CREATE TABLE statement (id INTEGER PRIMARY KEY, body BLOB)")

            def store(group: Sequence[bytes], connection: sqlite3.Connection = connection) -> None:
                connection.execute("BEGIN")
                connection.executemany("INSERT INTO statement (body) VALUES (?)", [(body,) for body in group])
                connection.execute("COMMIT")

            figures[name] = _rate(store, statements, size, seconds)
    return figures


def _pymerkle(folder: Path, statements: Sequence[bytes], seconds: float) -> Figures:
    """Append leaf by leaf, in bulk, and prove inclusion, as its SQLite tree does."""
    with import_module("pymerkle").SqliteTree(str(folder / "pymerkle.sqlite")) as tree:
        single = _rate(lambda group: tree.append_entry(group[0]), statements, 1, seconds)
        bulk = _rate(tree.append_entries, statements, GROUP, seconds)
        size = tree.get_size()
        prove = _rate(
            lambda group: [tree.prove_inclusion(1 + len(body) % size) for body in group], statements, GROUP, seconds
        )
    return {"peer_pymerkle_bulk_rate": bulk, "peer_pymerkle_single_rate": single, "peer_pymerkle_prove_rate": prove}


def _eventsourcing(folder: Path, statements: Sequence[bytes], seconds: float) -> Figures:
    """Store events in its SQLite recorder, a hundred and one at a time; nothing is hashed, signed or checked."""
    persistence: Any = import_module("eventsourcing.persistence")
    sqlite: Any = import_module("eventsourcing.sqlite")
    store = sqlite.SQLiteDatastore(str(folder / "eventsourcing.sqlite"))
    recorder = sqlite.SQLiteAggregateRecorder(store)
    recorder.create_table()
    originator, version = uuid4(), iter(range(1, 1 << 40))

    def insert(group: Sequence[bytes]) -> None:
        recorder.insert_events(
            [persistence.StoredEvent(originator, next(version), "bench:Event", body) for body in group]
        )

    bulk = _rate(insert, statements, GROUP, seconds)
    single = _rate(insert, statements, 1, seconds)
    store.close()
    return {"peer_eventsourcing_bulk_rate": bulk, "peer_eventsourcing_single_rate": single}


def _rate(store: Callable[[Sequence[bytes]], object], statements: Sequence[bytes], size: int, seconds: float) -> float:
    """Store groups of so many statements, over and over, and return how many statements that makes a second."""
    groups = [list(islice(statements, at, at + size)) for at in range(0, min(len(statements), 50 * size), size)]
    done, started = 0, perf_counter()
    while (now := perf_counter()) - started < seconds:
        for group in groups:
            store(group)
            done += len(group)
    del now
    return done / (perf_counter() - started)
