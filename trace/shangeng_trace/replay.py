"""The projection half of an audit: every statement projected again into an empty database, every row compared.

The same code that wrote the tables writes them a second time, from statements and receipts alone. The composition
root adds the projectors and tables of the packages above this one. Rows that follow from one statement and never
change are compared at once; those that statements add up to stand in a temporary file and are compared at the end.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import itemgetter
from typing import Any

from sqlalchemy import Row, Select, String, create_engine, event, exists, type_coerce
from sqlalchemy import Table as SqlTable
from sqlalchemy import select as select_rows
from sqlalchemy.orm.util import identity_key
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel, col, select

from shangeng_trace.audit_ledger import Audited, Window
from shangeng_trace.batch_tables import (
    Batch,
    BatchTest,
    DeviceLink,
    EventBatch,
    EventRecord,
    LedgerKey,
    Lineage,
    Restriction,
    Shipment,
)
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.columns import Amount, plain
from shangeng_trace.entry import Kind
from shangeng_trace.errors import ShangengError
from shangeng_trace.flaws import Flaw
from shangeng_trace.keyring import project_key
from shangeng_trace.ledger import table
from shangeng_trace.log_tables import LedgerEntry
from shangeng_trace.merging import ROWS, by_octets, in_step
from shangeng_trace.pending import Rows, set_aside
from shangeng_trace.projection import project
from shangeng_trace.sight import forget_sight, sight_of
from shangeng_trace.statements import Sealed

Projector = Callable[[Session, Audited], object]
"""Writes what one statement changes."""

Key = tuple[Any, ...]

AT_ONCE: tuple[type[SQLModel], ...] = (EventRecord, EventBatch)
"""Projections of this package whose rows follow from one statement, by its `index`, and never change."""

TABLES: tuple[type[SQLModel], ...] = (
    LedgerKey,
    Batch,
    *AT_ONCE,
    Lineage,
    Shipment,
    Restriction,
    BatchTest,
    DeviceLink,
)
"""Projections of this package."""

MOST_KEPT = 20_000
"""Objects that the replay keeps at hand, so that it need not read them again."""


def projectors(catalogue: Catalogue) -> dict[Kind, Projector]:
    """Return the projectors of this package."""

    def event(session: Session, audited: Audited) -> None:
        read = audited.event
        first = read.batches[0]
        known = sight_of(session).batch(first)
        category = known.category if known else next(item.category for item in read.opened if item.batch == first)
        effect = catalogue.step(read.step, category).effect
        project(session, read, effect, audited.receipt, key_id=audited.key_id, author=audited.author)

    def key(session: Session, audited: Audited) -> None:
        sealed = Sealed(audited.document, b"", audited.receipt.digest, audited.key_id)
        project_key(session, sealed, audited.receipt)

    return {Kind.EVENT: event, Kind.KEY: key}


@dataclass(frozen=True, slots=True)
class Replay:
    """An empty temporary database with the projections' tables, to be filled and compared. Close it in the end."""

    session: Session
    tables: Sequence[type[SQLModel]]
    projectors: dict[Kind, Projector]
    aside: Rows
    kept: list[object] = field(default_factory=list[object])

    @classmethod
    def start(cls, tables: Sequence[type[SQLModel]], projectors: dict[Kind, Projector]) -> "Replay":
        """Make the empty tables."""
        # The empty name is a database that lives in SQLite's cache as long as it fits, and ends with its connection.
        engine = create_engine("sqlite:///", poolclass=StaticPool, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _set_cache)
        SQLModel.metadata.create_all(engine, tables=[table(model) for model in tables])
        session = Session(engine, expire_on_commit=False)
        replay = cls(session, tables, projectors, set_aside(session))

        def keep(_session: object, row: object) -> None:
            replay.kept.append(row)

        event.listen(session, "loaded_as_persistent", keep)
        event.listen(session, "pending_to_persistent", keep)
        return replay

    def close(self) -> None:
        """Let go of the file."""
        self.session.close()
        self.session.get_bind().engine.dispose()

    def apply(self, window: Window, stored: Session) -> Iterator[Flaw]:
        """Project the statements of a window; yield those that cannot be, and the stored rows that are others."""
        self._bring_near(window)
        for audited in window.audited:
            try:
                self.projectors[audited.entry.kind](self.session, audited)
            except (ShangengError, KeyError, StopIteration) as error:
                what = error.sentence("en") if isinstance(error, ShangengError) else repr(error)
                yield Flaw.of("ledger_statement", audited.receipt.digest, "body", f"cannot be projected: {what}")
        self.session.flush()
        for model in AT_ONCE:
            yield from self._compare_window(table(model), window, stored)

    def differences(self, stored: Session) -> Iterator[Flaw]:
        """Yield every other row and column in which the stored projections differ from the derived ones."""
        for model in self.tables:
            target = table(model)
            if model in AT_ONCE:
                recorded = exists().where(col(LedgerEntry.index) == target.c.index)
                strays = _rows(stored, _all(target).where(~recorded))
                yield from (_no_statement(target, key) for key in map(_key_of(target), strays))
            else:
                yield from _compare(target, _sorted(stored, target), _sorted(self.session, target))

    def _bring_near(self, window: Window) -> None:
        """Have the batches of a window at hand: asked for one by one they would cost more than all the rest."""
        forget_sight(self.session)
        if len(self.kept) > MOST_KEPT:
            self.session.expunge_all()
            self.kept.clear()
        chains = {link.chain for audited in window.audited for link in audited.entry.links}
        batches = [chain.removeprefix("batch:") for chain in chains if chain.startswith("batch:")]
        unknown = [batch for batch in batches if identity_key(Batch, batch) not in self.session.identity_map]
        for at in range(0, len(unknown), ROWS):
            self.session.exec(select(Batch).where(col(Batch.id).in_(unknown[at : at + ROWS]))).all()

    def _compare_window(self, target: SqlTable, window: Window, stored: Session) -> Iterator[Flaw]:
        key_of = _key_of(target)
        derived = {key_of(row): row for row in _stated(target, self.aside.pop(target, []))}
        within = _all(target).where(target.c.index.between(window.first, window.last))
        for row in _rows(stored, within):
            key = key_of(row)
            want = derived.pop(key, None)
            if want is None:
                yield _no_statement(target, key)
            elif row != want:
                yield from _different(target, key, row, want)
        yield from (_missing(target, key) for key in derived)


def _set_cache(connection: Any, _record: object) -> None:
    """Keep what is worked on in memory and no more; nothing is ever taken back, so nothing is kept for that."""
    for pragma in ("cache_size=-32768", "journal_mode=OFF", "synchronous=OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _compare(target: SqlTable, stored: Iterator[tuple[Key, Any]], derived: Iterator[tuple[Key, Any]]) -> Iterator[Flaw]:
    for key, have, want in in_step(stored, derived):
        if want is None:
            yield _no_statement(target, key)
        elif have is None:
            yield _missing(target, key)
        else:
            yield from _different(target, key, have, want)


def _no_statement(target: SqlTable, key: Key) -> Flaw:
    return Flaw(target.name, _name(key), target.primary_key.columns.keys()[0], "no statement says so")


def _missing(target: SqlTable, key: Key) -> Flaw:
    return Flaw(target.name, _name(key), target.primary_key.columns.keys()[0], "missing")


def _different(target: SqlTable, key: Key, have: Sequence[Any], want: Sequence[Any]) -> Iterator[Flaw]:
    for column, left, right in zip_longest(target.columns.keys(), have, want):
        if left != right:
            yield Flaw(target.name, _name(key), str(column), f"stored {left!s}, the statements say {right!s}")


def _name(key: Key) -> str:
    return " ".join(map(str, key))


def _all(target: SqlTable) -> Select[Any]:
    # Amounts are compared as the text they are stored as: 8.20 is not what the product writes for 8.2.
    return select_rows(
        *(type_coerce(each, String) if isinstance(each.type, Amount) else each for each in target.columns)
    ).select_from(target)


def _stated(target: SqlTable, rows: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Return derived rows as `_all` selects them."""
    take = itemgetter(*(each.name for each in target.columns))
    amounts = [at for at, each in enumerate(target.columns) if isinstance(each.type, Amount)]
    for row in rows:
        values = [*take(row)]
        for at in amounts:
            if values[at] is not None:
                values[at] = plain(values[at])
        yield tuple(values)


def _sorted(session: Session, target: SqlTable) -> Iterator[tuple[Key, Row[Any]]]:
    keys = (by_octets(session, column) for column in target.primary_key)
    key_of = _key_of(target)
    return ((key_of(row), row) for row in _rows(session, _all(target).order_by(*keys)))


def _rows(session: Session, wanted: Select[Any]) -> Iterator[Row[Any]]:
    return iter(session.connection().execute(wanted, execution_options={"yield_per": ROWS}))


def _key_of(target: SqlTable) -> Callable[[Sequence[Any]], Key]:
    """Return what takes the primary key out of a row."""
    places = [at for at, column in enumerate(target.columns) if column.primary_key]
    take = itemgetter(*places)
    return take if len(places) > 1 else lambda row: (take(row),)
