"""Changing the master key under running servers; each step may be interrupted and done again.

prepare   the file holds the fresh key and the present one
rewrap    every private key is wrapped with the fresh one, in one transaction
forget    the file holds the fresh one alone
"""

import secrets

from sqlmodel import Session, col, select

from shangeng_trace.custody import MasterKey
from shangeng_trace.errors import ConflictError
from shangeng_trace.keyring import CustodyKey
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.master_keys import MasterKeys


class StillWrapped(ConflictError):
    """Private keys are still wrapped with the old master key."""

    code = "trace.still_wrapped"
    zh = "还有 {count} 把私钥用旧主密钥加密。请先执行 shangeng custody rotate。"
    en = "Private keys still wrapped with the old master key: {count}. Run shangeng custody rotate first."


def prepare(session: Session, masters: MasterKeys) -> bool:
    """Put a fresh key before the present one; False where one waits there already, its rewrapping not finished."""
    _take_turn(session)
    if _count_old(session, masters):
        return False
    masters.store(MasterKey(secrets.token_bytes(32)), masters.keys[0])
    return True


def rewrap(session: Session, masters: MasterKeys) -> int:
    """Wrap every private key with the newest master key and return how many were not; the caller commits."""
    _take_turn(session)
    changed = 0
    for row in session.exec(select(CustodyKey).order_by(col(CustodyKey.id))):
        if not masters.is_newest(row.wrapped, row.id):
            row.wrapped = masters.wrap(masters.unwrap(row.wrapped, row.id), row.id)
            session.add(row)
            changed += 1
    session.flush()
    return changed


def forget(session: Session, masters: MasterKeys) -> None:
    """Take the old key out of the file. Raises `StillWrapped` while anything needs it."""
    _take_turn(session)
    if count := _count_old(session, masters):
        raise StillWrapped(count=count)
    masters.store(masters.keys[0])


def _count_old(session: Session, masters: MasterKeys) -> int:
    return sum(not masters.is_newest(row.wrapped, row.id) for row in session.exec(select(CustodyKey)))


def _take_turn(session: Session) -> None:
    """Wait for the writers' turn: a server that makes a key holds it, and reads the file anew while it does."""
    session.exec(select(LedgerState.id).with_for_update()).one_or_none()
