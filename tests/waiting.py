"""Waiting for what the product does by itself, a little later: signing the log, above all."""

import time
from collections.abc import Callable

from sqlmodel import select

from shangeng_trace.db import Database
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.publishing import latest_checkpoint

PATIENCE = 60.0
"""Seconds; a disk may stall for a few, and a test must not fail for that."""


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def until_signed(database: Database) -> None:
    """Wait until a checkpoint covers the whole log."""
    with database.session() as session:
        size = session.exec(select(LedgerState.size)).one()

    def is_signed() -> bool:
        with database.session() as session:
            signed = latest_checkpoint(session)
        return signed is not None and signed.size >= size

    until(is_signed)
