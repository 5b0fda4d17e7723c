"""Two words of the operator that bind the log for good: this is its last entry; its time is known to be ahead."""

from datetime import datetime

from sqlmodel import Session, col, update

from shangeng_trace.errors import ConflictError
from shangeng_trace.keyring import Keyring
from shangeng_trace.ledger import group_of, table
from shangeng_trace.log_keys import give_notice
from shangeng_trace.log_notice import LogNotice, Said
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.standstill import LogFrozen
from shangeng_trace.watch import TOLERANCE, ClockBehind


class TimeNotAhead(ConflictError):
    """The log's time is not ahead of this machine's clock."""

    code = "trace.time_not_ahead"
    zh = "账本的时间（{last}）没有超前，不需要这样做。"
    en = "The log's time ({last}) is not ahead; there is nothing to keep."


def freeze_log(session: Session, keyring: Keyring, platform: str, *, moment: datetime) -> int:
    """End the log: its last entry says so, and no process appends another. Return that entry's index.

    There is no way back: whoever removed the mark would be shown by every later entry. Raises `LogFrozen` a second
    time, and whatever else stops the log.
    """
    group = group_of(session)
    if group.frozen_index is not None:
        raise LogFrozen(index=group.frozen_index)
    notice = LogNotice(group.origin, Said.FROZEN)
    index = give_notice(session, keyring.signer(session, platform), platform, notice, moment=moment).index
    session.exec(update(table(LedgerState)).where(col(LedgerState.id) == 1).values(frozen_index=index))
    group.frozen_index = index
    return index


def keep_time(session: Session, keyring: Keyring, platform: str, *, moment: datetime) -> datetime:
    """Say in the log that its time is ahead, and let entries keep it until clocks have caught up; return it.

    The way out after a clock that ran ahead has stamped entries: time stands still, and never runs backwards.
    Raises `TimeNotAhead` where no clock is behind.
    """
    group = group_of(session)
    if group.time - moment <= TOLERANCE:
        raise TimeNotAhead(last=group.time.isoformat())
    group.standstill.resume(ClockBehind)
    notice = LogNotice(group.origin, Said.TIME_KEPT, time=group.time)
    give_notice(session, keyring.signer(session, platform), platform, notice, moment=moment)
    session.exec(update(table(LedgerState)).where(col(LedgerState.id) == 1).values(kept_time=group.time))
    return group.time
