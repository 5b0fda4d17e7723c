"""Growing a witnessed log in tests, and waiting for its witnesses."""

import hashlib

import pytest
from sqlmodel import Session, select

from shangeng_trace.entry import Kind
from shangeng_trace.ledger import append
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.witness_tables import CheckpointCosignature
from shangeng_trace.witnessing import (
    witnessed_checkpoint,
)
from shangeng_web.platform import Platform
from tests.waiting import until
from tests.web.witnessing.network import (
    Lab,
)

ONE_ENGINE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def write(platform: Platform, name: str) -> None:
    """Append one statement."""

    def command(session: Session) -> None:
        body = name.encode()
        digest = hashlib.sha256(body).hexdigest()
        append(session, kind=Kind.EVENT, digest=digest, body=body, chains=["batch:test"])

    platform.writer.run(command)


def sizes(platform: Platform) -> tuple[int, int]:
    """Return how far the log is signed, and how far witnessed."""
    with platform.database.session() as session:
        signed, met = latest_checkpoint(session), witnessed_checkpoint(session)
    return signed.size if signed else 0, met.size if met else 0


def catches_up(platform: Platform) -> None:
    """Wait until everything that is in the log is witnessed."""
    with platform.database.session() as session:
        size = session.exec(select(LedgerState.size)).one()
    until(lambda: sizes(platform) == (size, size))


def kept_line(platform: Platform, lab: Lab, size: int) -> str | None:
    """Return a witness's cosignature of a head, as the log keeps it."""
    vkey = lab.known.vkey
    with platform.database.session() as session:
        row = session.get(CheckpointCosignature, (size, f"{vkey.name}+{vkey.id.hex()}"))
    return None if row is None else row.line
