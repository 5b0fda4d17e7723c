"""What `shangeng audit` looks at: the ledger, the projections of every package, and the codes behind each run."""

from collections.abc import Callable, Iterator

from sqlmodel import Session, SQLModel, col, select

import shangeng_certs.projection
import shangeng_labels.projection
import shangeng_trace.audit
import shangeng_trace.replay
from shangeng_certs.tables import Certificate, CertificatePlot, CertificateProduct, CredentialStatus, Licence
from shangeng_labels.statement import STATUS_TYPE
from shangeng_labels.tables import LabelCode, LabelRun, LabelStatus
from shangeng_trace.audit_ledger import Audited
from shangeng_trace.audit_log import audit_log
from shangeng_trace.audit_statements import Examiners
from shangeng_trace.audit_values import misfits
from shangeng_trace.audit_witnesses import audit_witnesses
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.entry import Kind
from shangeng_trace.errors import VerificationError
from shangeng_trace.flaws import Flaw
from shangeng_trace.keyring import Keyring
from shangeng_trace.log_notice import TYPE as NOTICE_TYPE
from shangeng_trace.replay import Projector
from shangeng_web.rollback import read_policy
from shangeng_web.settings import Settings
from shangeng_web.tables import METADATA

TABLES: tuple[type[SQLModel], ...] = (
    *shangeng_trace.replay.TABLES,
    Certificate,
    CertificateProduct,
    CertificatePlot,
    Licence,
    CredentialStatus,
    LabelRun,
    LabelStatus,
)


def projectors(catalogue: Catalogue) -> dict[Kind, Projector]:
    """Return what projects each kind of statement."""
    return {
        **shangeng_trace.replay.projectors(catalogue),
        Kind.CREDENTIAL: _credential,
        Kind.STATUS: _status,
        Kind.RUN: _run,
    }


def audit(
    session: Session,
    settings: Settings,
    keyring: Keyring,
    *,
    progress: Callable[[int], object] = lambda _count: None,
    examiners: Examiners | None = None,
) -> list[Flaw]:
    """Audit everything that a deployment stores; see `shangeng_trace.audit`.

    Values that their columns cannot hold are told of alone, since nothing can be read beside them.
    """
    if unreadable := list(misfits(session, METADATA.sorted_tables)):
        return unreadable
    log_keys, life = audit_log(session, settings.log_origin)
    flaws = shangeng_trace.audit.audit(
        session,
        origin=settings.log_origin,
        log_keys=log_keys,
        keyring=keyring,
        media=settings.media_dir,
        tables=TABLES,
        projectors=projectors(Catalogue.load()),
        progress=progress,
        examiners=examiners,
    )
    return [*flaws, *life, *audit_witnesses(session, read_policy(settings)), *_codes(session)]


def _credential(session: Session, audited: Audited) -> None:
    shangeng_certs.projection.project_credential(
        session, audited.document, audited.receipt, key_id=audited.key_id, author=audited.author
    )


def _status(session: Session, audited: Audited) -> None:
    """Certificates, licences and labels each have their changes of state; notices of the log are audited apart."""
    if audited.document.get("type") == NOTICE_TYPE:
        return
    of_labels = audited.document.get("type") == STATUS_TYPE
    owner = shangeng_labels.projection if of_labels else shangeng_certs.projection
    owner.project_status(session, audited.document, audited.receipt, key_id=audited.key_id, author=audited.author)


def _run(session: Session, audited: Audited) -> None:
    shangeng_labels.projection.project_run(
        session, audited.document, audited.receipt, key_id=audited.key_id, author=audited.author
    )


def _codes(session: Session) -> Iterator[Flaw]:
    """The secret codes of every run are those that its statement commits to, and no others are kept."""
    for run in session.exec(select(LabelRun).order_by(LabelRun.id)):
        try:
            shangeng_labels.projection.check_codes(session, run)
        except VerificationError as error:
            yield Flaw("label_code", run.id, "code", error.sentence("en"))
    for code in session.exec(select(LabelCode).where(col(LabelCode.run_id).not_in(select(LabelRun.id)))):
        yield Flaw("label_code", str(code.run_id), "run_id", "no such run")
