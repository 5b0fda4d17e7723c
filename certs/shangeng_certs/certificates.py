"""A certification body's decisions: issuing, suspending, reinstating and withdrawing certificates."""

from collections.abc import Collection
from datetime import date

from sqlmodel import Session, col, select

from shangeng_certs.credentials import Credential, PlotNamed, StandardCited, State
from shangeng_certs.issuing import (
    change_state,
    check_period,
    find_holder,
    holders_products,
    issue,
    issuer_did,
    issuer_name,
    named,
    next_number,
    party,
    today,
)
from shangeng_certs.scheme import CERTIFICATE_NUMBERS, last_day
from shangeng_certs.standards import Edition, Standard
from shangeng_certs.standards import standard as find_standard
from shangeng_certs.tables import Certificate, CertificateProduct
from shangeng_trace.acting import Actor, Office
from shangeng_trace.errors import ConflictError, NotFoundError, RejectedError
from shangeng_trace.fields import Fields
from shangeng_trace.registry_tables import OrganisationKind, Plot, Product, Role


class CertificateUnknown(NotFoundError):
    """No certificate has this number."""

    code = "certs.certificate_unknown"
    zh = "没有编号为 {number} 的证书。"
    en = "No certificate has the number {number}."


class PlotsMissing(RejectedError):
    """No plot was chosen."""

    code = "certs.plots_missing"
    zh = "请至少选一个地块。"
    en = "Please choose at least one plot."


class PlotNotHolders(RejectedError):
    """A plot is not registered, or belongs to somebody else."""

    code = "certs.plot_not_holders"
    zh = "选的地块里有不属于这家会员的，请重新选。"
    en = "A chosen plot does not belong to this member. Please choose again."


class CategoryNotCovered(RejectedError):
    """The standard is not about such products."""

    code = "certs.category_not_covered"
    zh = "《{zh_standard}》不适用于“{product}”。"
    en = "“{en_standard}” does not apply to “{product}”."


class PlotTooLow(RejectedError):
    """A plot lies lower than the standard demands."""

    code = "certs.plot_too_low"
    zh = "地块“{plot}”海拔 {altitude} 米，低于标准要求的 {least} 米。"
    en = "Plot “{plot}” lies at {altitude} m, below the {least} m that the standard demands."


class AlreadyCertified(ConflictError):
    """Another certificate to the same standard covers the product for some of the time."""

    code = "certs.already_certified"
    zh = "“{product}”已有同一标准的证书 {number}，有效至 {until}，时间不能重叠。"
    en = "“{product}” already has certificate {number} to this standard until {until}; the periods must not overlap."


def issue_certificate(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    holder_id: str,
    product_ids: Collection[str],
    plot_ids: Collection[str],
    standard: str,
    edition: str,
    valid_from: date,
    valid_until: date | None = None,
) -> Certificate:
    """Certify that a member's products from its plots meet a standard's edition, on days that are both included.

    Without `valid_until` it holds for as long as the edition allows. A body's decider alone may do this.
    Raises `HolderUnknown`, `HolderNotMember`, `StandardUnknown`, `AlreadyCertified`, or `InvalidError` with every
    problem at its field.
    """
    actor.must_be(OrganisationKind.BODY)
    actor.must_have(Role.DECIDER)
    holder = find_holder(session, holder_id)
    cited = find_standard(standard)
    text = cited.in_edition(edition)
    longest = last_day(valid_from, text.months)
    end = longest if valid_until is None else valid_until
    fields = Fields()
    products = holders_products(session, fields, "product_ids", holder_id, product_ids)
    plots = _holders_plots(session, fields, holder_id, plot_ids)
    _check_scope(fields, cited, text, products, plots)
    check_period(fields, today=today(office), valid_from=valid_from, valid_until=end, latest=longest)
    fields.done()
    _must_be_alone(session, cited, products, valid_from, end)
    signer = office.keyring.signer(session, actor.organisation_id)
    credential = Credential(
        number=next_number(session, Certificate, CERTIFICATE_NUMBERS, today(office).year),
        host=office.keyring.host,
        issuer=issuer_did(signer),
        issuer_name=issuer_name(session, actor),
        valid_from=valid_from,
        valid_until=end,
        holder=party(holder),
        products=tuple(named(product) for product in products),
        plots=tuple(PlotNamed(plot.id, plot.altitude_m, None if holder.is_household else plot.name) for plot in plots),
        standard=StandardCited(cited.key, cited.number, text.edition, cited.zh, cited.en),
    )
    row = issue(session, office, signer, credential, actor.organisation_id)
    assert isinstance(row, Certificate)
    return row


def suspend_certificate(session: Session, office: Office, actor: Actor, *, number: str, reason: str) -> Certificate:
    """Suspend a certificate with effect from now; only the body that issued it may."""
    return change_state(session, office, _issued(session, actor, number), State.SUSPENDED, reason)


def reinstate_certificate(session: Session, office: Office, actor: Actor, *, number: str, reason: str) -> Certificate:
    """End a certificate's suspension with effect from now; only the body that issued it may."""
    return change_state(session, office, _issued(session, actor, number), State.ACTIVE, reason)


def withdraw_certificate(session: Session, office: Office, actor: Actor, *, number: str, reason: str) -> Certificate:
    """Withdraw a certificate for good with effect from now; only the body that issued it may."""
    return change_state(session, office, _issued(session, actor, number), State.WITHDRAWN, reason)


def _issued(session: Session, actor: Actor, number: str) -> Certificate:
    actor.must_be(OrganisationKind.BODY)
    actor.must_have(Role.DECIDER)
    row = session.get(Certificate, number)
    if row is None:
        raise CertificateUnknown(number=number)
    actor.must_own(row.body_id)
    return row


def _holders_plots(session: Session, fields: Fields, holder_id: str, ids: Collection[str]) -> list[Plot]:
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        fields.problems.append(PlotsMissing(field="plot_ids"))
    found = {row.id: row for row in session.exec(select(Plot).where(col(Plot.id).in_(wanted)))}
    if any(key not in found or found[key].organisation_id != holder_id for key in wanted):
        fields.problems.append(PlotNotHolders(field="plot_ids"))
        return []
    return [found[key] for key in wanted]


def _check_scope(fields: Fields, cited: Standard, text: Edition, products: list[Product], plots: list[Plot]) -> None:
    for product in products:
        if product.category not in cited.categories:
            fields.problems.append(
                CategoryNotCovered(
                    field="product_ids", zh_standard=cited.zh, en_standard=cited.en, product=product.name
                )
            )
    least = text.min_altitude_m
    for plot in plots:
        if least is not None and plot.altitude_m < least:
            fields.problems.append(PlotTooLow(field="plot_ids", plot=plot.name, altitude=plot.altitude_m, least=least))


def _must_be_alone(session: Session, cited: Standard, products: list[Product], start: date, end: date) -> None:
    names = {product.id: product.name for product in products}
    other = session.exec(
        select(Certificate, CertificateProduct.product_id)
        .join(CertificateProduct, col(CertificateProduct.number) == col(Certificate.number))
        .where(
            col(CertificateProduct.product_id).in_(list(names)),
            Certificate.standard == cited.key,
            # A suspended one may come back; only withdrawal makes room.
            Certificate.state != State.WITHDRAWN.value,
            col(Certificate.valid_from) <= end,
            col(Certificate.valid_until) >= start,
        )
        .order_by(col(Certificate.index))
    ).first()
    if other is not None:
        certificate, product_id = other
        raise AlreadyCertified(
            field="product_ids", product=names[product_id], number=certificate.number, until=certificate.valid_until
        )
