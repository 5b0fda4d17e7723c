"""When the newest head was last signed, in the log's own words: a cosignature by a key of its own (C2SP tlog-cosignature).

A log's signature bears no time, so the head of a log that stands still looks the same whether its server is alive or
gone. The clock says "at this time this was the newest tree" with every head, and again and again while there is no
newer one. It is no witness: the same operator holds its key, so it stands in no quorum and under a name of its own.
"""

from datetime import datetime

from sqlalchemy import BigInteger, bindparam
from sqlmodel import Field, Session, col, insert, select, update

from shangeng_trace.columns import Table
from shangeng_trace.keyring import CustodyKey, Keyring
from shangeng_trace.keys import SigningKey, VerifyKey
from shangeng_trace.ledger import table
from shangeng_trace.log_tables import LedgerCheckpoint
from shangeng_trace.note import SignatureType, Vkey, open_note, sign_as_witness, split_note

CLOCK_KEY_ID = "clock"
_TIME_SIZE = 8


class HeadTime(Table, table=True):
    """The one row of the clock: of which head it spoke last, and its line."""

    size: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    line: str


_MOVE = update(table(HeadTime)).values(size=bindparam("head"), line=bindparam("said"))
_FIRST = insert(table(HeadTime))
_LAST = select(col(HeadTime.line))


class HeadClock:
    """Dates heads in one process, with the key in custody."""

    def __init__(self, keyring: Keyring, origin: str) -> None:
        self._keyring = keyring
        self._name = clock_name(origin)
        self._key: SigningKey | None = None

    def date(self, session: Session, head: LedgerCheckpoint, moment: datetime) -> None:
        """Say that `head` is the newest at `moment`; never an earlier time than was said before."""
        seconds = max(int(moment.timestamp()), last_dated(session))
        if self._key is None:
            self._key = self._keyring.private(session, CLOCK_KEY_ID)
        line = sign_as_witness(split_note(head.note)[0], name=self._name, key=self._key, time=seconds)
        # With every head, so in two plain statements.
        spoken = session.connection().execute(_MOVE, {"head": head.size, "said": str(line)})
        if not spoken.rowcount:
            session.connection().execute(_FIRST, {"size": head.size, "line": str(line)})


def found_clock(session: Session, keyring: Keyring) -> None:
    """Make the clock's key where there is none."""
    if session.get(CustodyKey, CLOCK_KEY_ID) is None:
        keyring.create(session, CLOCK_KEY_ID)


def clock_name(origin: str) -> str:
    """Return the name that the clock of a log signs under."""
    return f"{origin}/clock"


def clock_vkey(session: Session, origin: str) -> Vkey | None:
    """Return the clock's public half; None for a log that has no clock. Raises `KeyMalformed`."""
    kept = session.get(CustodyKey, CLOCK_KEY_ID)
    if kept is None:
        return None
    return Vkey(clock_name(origin), SignatureType.COSIGNATURE, VerifyKey.from_multikey(kept.public).raw)


def dated_note(session: Session, head: LedgerCheckpoint) -> str:
    """Return a head's note, with the clock's line where that is about this head."""
    found = session.get(HeadTime, head.size)
    return head.note if found is None else head.note + found.line


def head_time(note: str, clock: Vkey) -> int | None:
    """Return when the clock signed a head (POSIX seconds); None where it has not. Raises `NoteSignatureInvalid`."""
    lines = {(line.name, line.key_id) for line in split_note(note)[1]}
    if (clock.name, clock.id) not in lines:
        return None
    return open_note(note, [clock]).signed[0].time


def last_dated(session: Session) -> int:
    """Return when the clock last spoke, by its stored line (POSIX seconds); 0 where it has not."""
    line = session.connection().execute(_LAST).scalar_one_or_none()
    if line is None:
        return 0
    (read,) = split_note(f"head\n\n{line}")[1]
    return int.from_bytes(read.signature[:_TIME_SIZE], "big")
