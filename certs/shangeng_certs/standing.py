"""Queries: may the mark be shown for a product, from these plots, at this moment?"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from shangeng_certs.credentials import Kind, State
from shangeng_certs.tables import Certificate, CertificatePlot, CertificateProduct, CredentialStatus, Licence
from shangeng_certs.validity import Change, MarkStanding, Permission, Standing, choose, packed_sentence
from shangeng_trace.batch_tables import Batch, EventBatch, EventRecord, LedgerKey, Part
from shangeng_trace.lineage import ancestors
from shangeng_trace.registry_tables import Product


@dataclass(frozen=True, slots=True)
class BatchMark:
    """The mark for a batch: as things stand at the moment asked about, and on the day of its last packing, if packed."""

    now: MarkStanding
    packed: MarkStanding | None

    @property
    def shown(self) -> bool:
        """Whether the mark may be shown at the moment asked about."""
        return self.now.shown

    def packed_sentence(self, language: str) -> str | None:
        """Say how things stood at packing, where that differs from now."""
        return None if self.packed is None else packed_sentence(self.now, self.packed, language)


def mark_standing(
    session: Session, *, holder_id: str, product_id: str, plot_id: str | None = None, at: datetime
) -> MarkStanding:
    """Return licence and certificate of a holder's product at a moment; with `plot_id`, for goods from that plot."""
    plots = None if plot_id is None else (plot_id,)
    return _mark(session, holder_id, product_id, plots, at)


def batch_mark(session: Session, *, batch_id: str, at: datetime) -> BatchMark:
    """Return the mark for a batch: of the member whose product it is, and for every plot it comes from.

    A batch of which no plot is on record is covered by no certificate. The batch must exist.
    """
    batch = session.get_one(Batch, batch_id)
    holder_id = session.get_one(Product, batch.product_id).organisation_id
    plots, packed_at = plots_of(session, batch_id), last_packing(session, batch_id)
    return BatchMark(
        _mark(session, holder_id, batch.product_id, plots, at),
        None if packed_at is None else _mark(session, holder_id, batch.product_id, plots, packed_at),
    )


def holder_mark(session: Session, *, batch_id: str, at: datetime) -> MarkStanding:
    """Return the mark for a batch in the hands of its present owner, who alone may label it. The batch must exist."""
    batch = session.get_one(Batch, batch_id)
    return _mark(session, batch.owner, batch.product_id, plots_of(session, batch_id), at)


def plots_of(session: Session, batch_id: str) -> frozenset[str]:
    """Return every plot that a batch and the batches it was made from come from."""
    family = [batch_id, *ancestors(session, batch_id)]
    rows = session.exec(select(Batch.plot_id).where(col(Batch.id).in_(family), col(Batch.plot_id).is_not(None)))
    return frozenset(plot for plot in rows if plot is not None)


def last_packing(session: Session, batch_id: str) -> datetime | None:
    """Return when packed units of a batch were last made, as the packer says, or None where none were."""
    return session.exec(
        select(func.max(EventRecord.happened_at))
        .join(EventBatch, col(EventBatch.index) == col(EventRecord.index))
        .where(
            EventBatch.batch_id == batch_id,
            EventBatch.part == Part.OUTPUT,
            col(EventBatch.packs).is_(True),
        )
    ).one()


def certificates_of(session: Session, holder_id: str) -> list[Certificate]:
    """Return a holder's certificates, newest first."""
    return list(
        session.exec(
            select(Certificate).where(Certificate.holder_id == holder_id).order_by(col(Certificate.index).desc())
        )
    )


def licences_of(session: Session, holder_id: str) -> list[Licence]:
    """Return a holder's mark licences, newest first."""
    return list(session.exec(select(Licence).where(Licence.holder_id == holder_id).order_by(col(Licence.index).desc())))


def standing_of(session: Session, rows: Iterable[Certificate | Licence], at: datetime) -> dict[str, Standing]:
    """Return number → how it stood at a moment, for certificates and licences as such, whatever they cover."""
    rows = list(rows)
    changes = _changes(session, [row.number for row in rows])
    standings: dict[str, Standing] = {}
    for row in rows:
        permission = _permission(row, changes)
        standings[row.number] = Standing(permission.kind, permission, at)
    return standings


def voided_numbers(session: Session, *permissions: Certificate | Licence | None) -> frozenset[str]:
    """Return which of these rest on a signature that no longer counts: their own, or one on a change of their state."""
    found = [row for row in permissions if row is not None]
    numbers = [row.number for row in found]
    changes = session.exec(select(CredentialStatus).where(col(CredentialStatus.number).in_(numbers))) if found else ()
    signed = [*found, *changes]
    wanted = select(LedgerKey).where(col(LedgerKey.id).in_({row.key_id for row in signed}))
    keys = {key.id: key for key in session.exec(wanted)} if signed else {}
    return frozenset(row.number for row in signed if not keys[row.key_id].counts(row.index, row.logged_at))


def _mark(
    session: Session, holder_id: str, product_id: str, plots: Collection[str] | None, at: datetime
) -> MarkStanding:
    licences = session.exec(select(Licence).where(Licence.holder_id == holder_id, Licence.product_id == product_id))
    certificates = session.exec(
        select(Certificate)
        .join(CertificateProduct, col(CertificateProduct.number) == col(Certificate.number))
        .where(Certificate.holder_id == holder_id, CertificateProduct.product_id == product_id)
    )
    rows: list[Certificate | Licence] = [*licences, *certificates]
    changes = _changes(session, [row.number for row in rows])
    covered = _covered(session, [row.number for row in rows if isinstance(row, Certificate)])
    permissions = [
        _permission(
            row,
            changes,
            covers=isinstance(row, Licence)
            or plots is None
            or (bool(plots) and covered.get(row.number, set()).issuperset(plots)),
        )
        for row in rows
    ]
    return MarkStanding(
        choose(Kind.LICENCE, (one for one in permissions if one.kind is Kind.LICENCE), at),
        choose(Kind.CERTIFICATE, (one for one in permissions if one.kind is Kind.CERTIFICATE), at),
        at,
    )


def _permission(row: Certificate | Licence, changes: dict[str, list[Change]], *, covers: bool = True) -> Permission:
    return Permission(
        Kind.CERTIFICATE if isinstance(row, Certificate) else Kind.LICENCE,
        row.number,
        row.valid_from,
        row.valid_until,
        tuple(changes.get(row.number, ())),
        covers,
    )


def _changes(session: Session, numbers: Collection[str]) -> dict[str, list[Change]]:
    changes: dict[str, list[Change]] = {}
    for row in session.exec(
        select(CredentialStatus).where(col(CredentialStatus.number).in_(numbers)).order_by(col(CredentialStatus.index))
    ):
        changes.setdefault(row.number, []).append(Change(State(row.state), row.reason, row.effective))
    return changes


def _covered(session: Session, numbers: Collection[str]) -> dict[str, set[str]]:
    plots: dict[str, set[str]] = {}
    for row in session.exec(select(CertificatePlot).where(col(CertificatePlot.number).in_(numbers))):
        plots.setdefault(row.number, set()).add(row.plot_id)
    return plots
