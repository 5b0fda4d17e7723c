"""The association's permission to use the mark: granting, suspending, reinstating and withdrawing licences."""

from datetime import date

from sqlmodel import Session, col, select

from shangeng_certs.credentials import Credential, State
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
from shangeng_certs.scheme import LICENCE_MONTHS, LICENCE_NUMBERS, last_day
from shangeng_certs.tables import Licence
from shangeng_trace.acting import Actor, Office
from shangeng_trace.errors import ConflictError, NotFoundError
from shangeng_trace.fields import Fields
from shangeng_trace.registry_tables import OrganisationKind, Product, Role


class LicenceUnknown(NotFoundError):
    """No licence has this number."""

    code = "certs.licence_unknown"
    zh = "没有编号为 {number} 的商标使用许可。"
    en = "No mark licence has the number {number}."


class AlreadyLicensed(ConflictError):
    """Another licence covers the product for some of the time."""

    code = "certs.already_licensed"
    zh = "“{product}”已有商标使用许可 {number}，有效至 {until}，时间不能重叠。"
    en = "“{product}” already has mark licence {number} until {until}; the periods must not overlap."


def grant_licence(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    holder_id: str,
    product_id: str,
    valid_from: date,
    valid_until: date,
) -> Licence:
    """Permit a member to use the mark for one of its products, on days that are both included.

    An officer of the association alone may do this. Raises `HolderUnknown`, `HolderNotMember`, `AlreadyLicensed`,
    or `InvalidError` with every problem at its field.
    """
    actor.must_be(OrganisationKind.ASSOCIATION)
    actor.must_have(Role.OFFICER)
    holder = find_holder(session, holder_id)
    fields = Fields()
    products = holders_products(session, fields, "product_id", holder_id, [product_id] if product_id else [])
    check_period(
        fields,
        today=today(office),
        valid_from=valid_from,
        valid_until=valid_until,
        latest=last_day(valid_from, LICENCE_MONTHS),
    )
    fields.done()
    (product,) = products
    _must_be_alone(session, product, valid_from, valid_until)
    signer = office.keyring.signer(session, actor.organisation_id)
    credential = Credential(
        number=next_number(session, Licence, LICENCE_NUMBERS, today(office).year),
        host=office.keyring.host,
        issuer=issuer_did(signer),
        issuer_name=issuer_name(session, actor),
        valid_from=valid_from,
        valid_until=valid_until,
        holder=party(holder),
        products=(named(product),),
    )
    row = issue(session, office, signer, credential, actor.organisation_id)
    assert isinstance(row, Licence)
    return row


def suspend_licence(session: Session, office: Office, actor: Actor, *, number: str, reason: str) -> Licence:
    """Suspend a licence with effect from now; only the association that granted it may."""
    return change_state(session, office, _issued(session, actor, number), State.SUSPENDED, reason)


def reinstate_licence(session: Session, office: Office, actor: Actor, *, number: str, reason: str) -> Licence:
    """End a licence's suspension with effect from now; only the association that granted it may."""
    return change_state(session, office, _issued(session, actor, number), State.ACTIVE, reason)


def withdraw_licence(session: Session, office: Office, actor: Actor, *, number: str, reason: str) -> Licence:
    """Withdraw a licence for good with effect from now; only the association that granted it may."""
    return change_state(session, office, _issued(session, actor, number), State.WITHDRAWN, reason)


def _issued(session: Session, actor: Actor, number: str) -> Licence:
    actor.must_be(OrganisationKind.ASSOCIATION)
    actor.must_have(Role.OFFICER)
    row = session.get(Licence, number)
    if row is None:
        raise LicenceUnknown(number=number)
    actor.must_own(row.association_id)
    return row


def _must_be_alone(session: Session, product: Product, start: date, end: date) -> None:
    other = session.exec(
        select(Licence)
        .where(
            Licence.product_id == product.id,
            # A suspended one may come back; only withdrawal makes room.
            Licence.state != State.WITHDRAWN.value,
            col(Licence.valid_from) <= end,
            col(Licence.valid_until) >= start,
        )
        .order_by(col(Licence.index))
    ).first()
    if other is not None:
        raise AlreadyLicensed(field="product_id", product=product.name, number=other.number, until=other.valid_until)
