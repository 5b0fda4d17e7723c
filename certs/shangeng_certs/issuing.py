"""What issuing a certificate and granting a licence have in common: the holder, the products, the period, the seal."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import TypeVar

from sqlmodel import Session, col, func, select

from shangeng_certs.credentials import Credential, Party, ProductNamed, State, StatusChange
from shangeng_certs.projection import project_credential, project_status
from shangeng_certs.scheme import REASONS, START_WITHIN_DAYS, Numbering
from shangeng_certs.tables import Certificate, Licence
from shangeng_trace.acting import Actor, Office
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.entry import Kind as StatementKind
from shangeng_trace.errors import ConflictError, NotFoundError, RejectedError
from shangeng_trace.fields import Fields
from shangeng_trace.ids import new_id
from shangeng_trace.ledger import append
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Product
from shangeng_trace.statements import Signer, seal

Row = TypeVar("Row", Certificate, Licence)


class HolderUnknown(NotFoundError):
    """No such organisation."""

    code = "certs.holder_unknown"
    zh = "没有找到这家会员。"
    en = "There is no such member."


class HolderNotMember(RejectedError):
    """Only members hold certificates and licences."""

    code = "certs.holder_not_member"
    zh = "“{name}”不是会员，不能发给它。"
    en = "“{name}” is not a member and cannot hold this."


class ProductNotHolders(RejectedError):
    """A product is not registered, or belongs to somebody else."""

    code = "certs.product_not_holders"
    zh = "选的产品里有不属于这家会员的，请重新选。"
    en = "A chosen product does not belong to this member. Please choose again."


class ProductsMissing(RejectedError):
    """No product was chosen."""

    code = "certs.products_missing"
    zh = "请至少选一个产品。"
    en = "Please choose at least one product."


class StartInPast(RejectedError):
    """A permission cannot begin before it was decided."""

    code = "certs.start_in_past"
    zh = "开始日期不能早于今天（{today}）。"
    en = "This cannot begin before today ({today})."


class StartTooFar(RejectedError):
    """A permission begins too long after it was decided."""

    code = "certs.start_too_far"
    zh = "开始日期不能晚于 {latest}。"
    en = "This must begin by {latest}."


class ValidTooLong(RejectedError):
    """The period is longer than the scheme allows."""

    code = "certs.valid_too_long"
    zh = "有效期最长到 {latest}。"
    en = "This can be valid until {latest} at most."


class ReasonUnknown(RejectedError):
    """The reason is not one that leads to this state."""

    code = "certs.reason_unknown"
    zh = "请从列表中选一个原因。"
    en = "Please choose a reason from the list."


class WithdrawnIsFinal(ConflictError):
    """What was withdrawn stays withdrawn."""

    code = "certs.withdrawn_is_final"
    zh = "{number} 已经撤销，不能再变更；需要的话请重新办理。"
    en = "{number} has been withdrawn for good. If need be, a new one must be issued."


class StateAlready(ConflictError):
    """The state is already what was asked for."""

    code = "certs.state_already"
    zh = "{number} 已经是这个状态了。"
    en = "{number} is in this state already."


def today(office: Office) -> date:
    """Return the day it is in Shanghai."""
    return office.clock().astimezone(SHANGHAI).date()


def find_holder(session: Session, holder_id: str) -> Organisation:
    """Return a member; raises `HolderUnknown` or `HolderNotMember`."""
    holder = session.get(Organisation, holder_id)
    if holder is None:
        raise HolderUnknown(field="holder_id")
    if holder.kind != OrganisationKind.MEMBER:
        raise HolderNotMember(field="holder_id", name=holder.name)
    return holder


def holders_products(
    session: Session, fields: Fields, field: str, holder_id: str, ids: Collection[str]
) -> list[Product]:
    """Return the holder's products with these ids, in their order; problems go to `fields`."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        fields.problems.append(ProductsMissing(field=field))
    found = {row.id: row for row in session.exec(select(Product).where(col(Product.id).in_(wanted)))}
    if any(key not in found or found[key].organisation_id != holder_id for key in wanted):
        fields.problems.append(ProductNotHolders(field=field))
        return []
    return [found[key] for key in wanted]


def check_period(fields: Fields, *, today: date, valid_from: date, valid_until: date, latest: date) -> None:
    """Check that a period begins soon, ends after it begins and is no longer than allowed; problems go to `fields`."""
    if valid_from < today:
        fields.problems.append(StartInPast(field="valid_from", today=today))
    elif valid_from > today + timedelta(days=START_WITHIN_DAYS):
        fields.problems.append(StartTooFar(field="valid_from", latest=today + timedelta(days=START_WITHIN_DAYS)))
    fields.period("valid_until", valid_from, valid_until)
    if valid_until > latest:
        fields.problems.append(ValidTooLong(field="valid_until", latest=latest))


def next_number(session: Session, table: type[Certificate] | type[Licence], numbering: Numbering, year: int) -> str:
    """Return the next number of a year. Inside the writer, so that no two get the same."""
    number = col(table.number)
    last = session.exec(
        select(number)
        .where(number.startswith(numbering.start(year), autoescape=True))
        .order_by(func.length(number).desc(), number.desc())
        .limit(1)
    ).first()
    return numbering.after(last, year)


def party(holder: Organisation) -> Party:
    """Return the holder as a credential may name it."""
    return Party(holder.id, holder.number, None if holder.is_household else holder.name)


def named(product: Product) -> ProductNamed:
    """Return a product as a credential names it."""
    return ProductNamed(product.id, product.name, product.name_en)


def issuer_did(signer: Signer) -> str:
    """Return the issuer's `did:web` of the key it signs with."""
    return signer.method.partition("#")[0]


def issuer_name(session: Session, actor: Actor) -> str:
    """Return the name of the actor's organisation."""
    return session.get_one(Organisation, actor.organisation_id).name


def issue(
    session: Session, office: Office, signer: Signer, credential: Credential, author: str
) -> Certificate | Licence:
    """Seal a credential, append it to its own chain and the holder's, and return its row."""
    sealed = seal(credential.document(), signer, created=office.clock())
    receipt = append(
        session,
        kind=StatementKind.CREDENTIAL,
        digest=sealed.digest,
        body=sealed.body,
        chains=[credential.chain, f"member:{credential.holder.id}"],
    )
    return project_credential(session, sealed.document, receipt, key_id=signer.key_id, author=author)


def change_state(session: Session, office: Office, row: Row, state: State, reason: str) -> Row:
    """Say in the issuer's name, with effect from now, that a credential's state is another one.

    The caller has seen that the actor is the issuer. Raises `WithdrawnIsFinal`, `StateAlready` or `ReasonUnknown`.
    """
    if row.state == State.WITHDRAWN:
        raise WithdrawnIsFinal(number=row.number)
    if row.state == state:
        raise StateAlready(number=row.number)
    if reason not in {known.key for known in REASONS[state]}:
        raise ReasonUnknown(field="reason")
    kind, author = ("certificate", row.body_id) if isinstance(row, Certificate) else ("licence", row.association_id)
    change = StatusChange(id=new_id(), number=row.number, state=state, reason=reason, effective=office.clock())
    signer = office.keyring.signer(session, author)
    sealed = seal(change.document(), signer, created=change.effective)
    receipt = append(
        session,
        kind=StatementKind.STATUS,
        digest=sealed.digest,
        body=sealed.body,
        chains=[f"{kind}:{row.number}", f"member:{row.holder_id}"],
    )
    project_status(session, sealed.document, receipt, key_id=signer.key_id, author=author)
    return row
