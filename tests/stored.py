"""What the tables hold of a statement, looked up by its digest."""

from sqlmodel import Session, select

from shangeng_trace.log_tables import LedgerStatement


def statement(session: Session, digest: str) -> bytes | None:
    """Return its canonical bytes, or None where it is withheld; raises `NoResultFound`."""
    return session.exec(select(LedgerStatement.body).where(LedgerStatement.digest == digest)).one()
