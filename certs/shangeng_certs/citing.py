"""Queries: whether certificates and licences name something, so that it may not become something else."""

from sqlmodel import Session, col, select

from shangeng_certs.tables import CertificatePlot, CertificateProduct, Licence
from shangeng_trace.registry_tables import Plot


def cites_product(session: Session, product_id: str) -> bool:
    """Whether a certificate or licence, of whatever state, names a product."""
    certified = select(CertificateProduct.product_id).where(CertificateProduct.product_id == product_id)
    licensed = select(Licence.product_id).where(Licence.product_id == product_id)
    return any(session.exec(query.limit(1)).first() for query in (certified, licensed))


def cites_plot(session: Session, plot_id: str) -> bool:
    """Whether a certificate, of whatever state, names a plot."""
    named = select(CertificatePlot.plot_id).where(CertificatePlot.plot_id == plot_id)
    return session.exec(named.limit(1)).first() is not None


def cites_base(session: Session, base_id: str) -> bool:
    """Whether a certificate, of whatever state, names a plot of a base."""
    plots = select(Plot.id).where(Plot.base_id == base_id)
    named = select(CertificatePlot.plot_id).where(col(CertificatePlot.plot_id).in_(plots))
    return session.exec(named.limit(1)).first() is not None
