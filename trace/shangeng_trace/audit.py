"""`shangeng audit`: the whole database against itself, from the stored bytes up."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

from sqlmodel import Session, SQLModel, col, func, select

from shangeng_trace.attachments import AttachmentGone, read_attachment
from shangeng_trace.audit_ledger import LedgerAudit
from shangeng_trace.audit_statements import Examiners
from shangeng_trace.batch_tables import EventRecord, LedgerKey
from shangeng_trace.canonical import load
from shangeng_trace.entry import Kind
from shangeng_trace.errors import ShangengError
from shangeng_trace.flaws import Flaw
from shangeng_trace.keyring import CustodyKey, Keyring
from shangeng_trace.log_keys import Term
from shangeng_trace.log_tables import LedgerEntry, LedgerStatement
from shangeng_trace.merging import ROWS
from shangeng_trace.private_tables import Attachment, EventAttachment, PrivateValue
from shangeng_trace.recording import commitment
from shangeng_trace.replay import Projector, Replay

_STREAM = {"yield_per": ROWS}


def audit(
    session: Session,
    *,
    origin: str,
    log_keys: Sequence[Term],
    keyring: Keyring,
    media: Path,
    tables: Sequence[type[SQLModel]],
    projectors: dict[Kind, Projector],
    progress: Callable[[int], object] = lambda _count: None,
    examiners: Examiners | None = None,
) -> list[Flaw]:
    """Re-read every stored byte, compute everything again, and return all that does not hold, in a stable order.

    `session` sees one moment of the database; nothing is changed. However long the log, memory stays as it is.
    `progress` is told how many entries are done. `examiners` are closed; by default there are as many as the log's
    size asks for.
    """
    if examiners is None:
        examiners = Examiners.for_so_many(session.exec(select(func.count()).select_from(LedgerEntry)).one())
    ledger = LedgerAudit(session, origin, log_keys, examiners)
    replay = Replay.start(tables, projectors)
    projected: list[Flaw] = []
    try:
        for window in ledger.run():
            projected += replay.apply(window, session)
            progress(window.last + 1)
        flaws = [*ledger.flaws, *projected, *replay.differences(session)]
    finally:
        replay.close()
        ledger.close()
    return [*flaws, *_custody(session, keyring), *_private(session), *_attachments(session, media)]


def _custody(session: Session, keyring: Keyring) -> Iterator[Flaw]:
    """Every private key in custody opens, and fits its public half here and in its registration; none that signs is gone."""
    for row in session.exec(select(CustodyKey)):
        try:
            public = keyring.private(session, row.id).public.multikey
        except (ShangengError, ValueError) as error:
            what = error.sentence("en") if isinstance(error, ShangengError) else str(error)
            yield Flaw("custody_key", row.id, "wrapped", what)
            continue
        if public != row.public:
            yield Flaw("custody_key", row.id, "public", "does not fit the private key")
        registered = session.get(LedgerKey, row.id)
        if registered is not None and registered.public != public:
            yield Flaw("custody_key", row.id, "public", "not the key that was registered")
    signing = select(LedgerKey.id).where(LedgerKey.custody == "server", col(LedgerKey.revoked_index).is_(None))
    for key_id in session.exec(signing.where(col(LedgerKey.id).not_in(select(CustodyKey.id)))):
        yield Flaw("custody_key", key_id, "id", "missing")


def _private(session: Session) -> Iterator[Flaw]:
    """Every private value that is still there fits its commitment; an erased one is no flaw."""
    for row in session.exec(select(PrivateValue), execution_options=_STREAM):
        stated = _commitments(session, row.event_id)
        if stated.get(row.name) != commitment(row.salt, row.value):
            yield Flaw("private_value", f"{row.event_id} {row.name}", "value", "does not fit its commitment")


def _attachments(session: Session, media: Path) -> Iterator[Flaw]:
    for row in session.exec(select(EventAttachment), execution_options=_STREAM):
        name = f"{row.event_id} {row.name}"
        if _commitments(session, row.event_id).get(row.name) != commitment(row.salt, _digest(row.sha256)):
            yield Flaw("event_attachment", name, "sha256", "does not fit its commitment")
    for file in session.exec(select(Attachment).where(col(Attachment.erased_at).is_(None)), execution_options=_STREAM):
        try:
            read_attachment(media, file.sha256)
        except AttachmentGone:
            yield Flaw("attachment", file.sha256, "sha256", "the file is missing or was altered")


def _digest(text: str) -> bytes:
    """Return the octets of a digest; what is not its one spelling is none."""
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        return b""
    return digest if digest.hex() == text else b""


def _commitments(session: Session, event_id: str) -> dict[str, str]:
    body = session.exec(
        select(LedgerStatement.body)
        .join(EventRecord, col(EventRecord.index) == col(LedgerStatement.index))
        .where(EventRecord.event_id == event_id)
    ).one_or_none()
    if body is None:
        return {}
    try:
        document: object = load(body)
    except ShangengError:  # altered, as the ledger's part of the audit says
        return {}
    stated: object = cast("dict[str, object]", document).get("shangeng:commitments") if _is_object(document) else None
    return cast("dict[str, str]", stated) if _is_object(stated) else {}


def _is_object(value: object) -> bool:
    return isinstance(value, dict)
