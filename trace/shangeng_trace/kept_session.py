"""The writer's session, kept from group to group with those rows that only entries of the log change.

A batch that a hundred phones write to is read from its table once and not in every transaction. What was read holds
while the log is where this process left it, which every group learns from the log's state, under the writers' lock; and
where something else has written, in another process or by hand of a command, all of it is forgotten. Rows of every
other kind are let go after each commit.
"""

from sqlalchemy import event
from sqlmodel import Session

from shangeng_trace.batch_tables import Batch, LedgerKey, Restriction
from shangeng_trace.db import Database
from shangeng_trace.ledger import Group
from shangeng_trace.pending import forget_changes, keep_pending
from shangeng_trace.sight import forget_sight

_CHANGED_BY_ENTRIES_ALONE = (Batch, LedgerKey, Restriction)

_MOST = 10_000
"""Rows kept, a kilobyte each."""


class KeptSession:
    """One session at a time; of the writing thread alone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session: Session | None = None
        self._kept: list[object] = []
        self._passing: list[object] = []

    def open(self) -> Session:
        """Return the session for the next group."""
        if self._session is None:
            self._session = self._database.session()
            keep_pending(self._session)
            # A session holds its rows weakly; these live until they are let go, so that none is read twice in a group.
            event.listen(self._session, "loaded_as_persistent", self._hold)
            event.listen(self._session, "pending_to_persistent", self._hold)
        return self._session

    def carry_over(self, group: Group) -> None:
        """Hear which group begins; what was kept is forgotten where the log is not where the last one left it."""
        if not group.continues or len(self._kept) > _MOST:
            group.session.expunge_all()
            forget_sight(group.session)
            self._kept.clear()

    def let_go(self) -> None:
        """After a commit, forget the rows that others may change before the next group."""
        if self._session is not None:
            forget_changes(self._session)
            for row in self._passing:
                if row in self._session:
                    self._session.expunge(row)
        self._passing.clear()

    def close(self) -> None:
        """Forget everything, and undo what was not committed; never fails, whatever became of the connection."""
        session, self._session = self._session, None
        self._kept.clear()
        self._passing.clear()
        if session is None:
            return
        try:
            session.close()
        except Exception:  # noqa: BLE001 - a connection that is gone cannot even be told to roll back
            session.invalidate()

    def _hold(self, _session: object, row: object) -> None:
        (self._kept if isinstance(row, _CHANGED_BY_ENTRIES_ALONE) else self._passing).append(row)
