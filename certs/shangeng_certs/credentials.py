"""Certificates and licences as W3C Verifiable Credentials 2.0, and the statements that change their status. Pure.

A credential names organisations, products and plots by our own identifiers. A household is named by its number
alone and its plots by identifier, because both names are personal data (design 4.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, cast

from shangeng_trace.canonical import Document
from shangeng_trace.clock import SHANGHAI, read_rfc3339, rfc3339
from shangeng_trace.errors import MalformedError
from shangeng_trace.statements import CONTEXT

ORGANISATION, PRODUCT, PLOT, STATUS = (
    f"urn:shangeng:{thing}:" for thing in ("organisation", "product", "plot", "status")
)


class Kind(StrEnum):
    """Which of the two permissions a credential is."""

    CERTIFICATE = "certificate"
    LICENCE = "licence"


TYPES = {Kind.CERTIFICATE: "shangeng:Certificate", Kind.LICENCE: "shangeng:MarkLicence"}
_KINDS = {name: kind for kind, name in TYPES.items()}


class State(StrEnum):
    """What the issuer last said of a credential; whether it is valid depends on its dates too."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class CredentialMalformed(MalformedError):
    """A document that is not a certificate or licence as we write them."""

    code = "certs.credential_malformed"


class StatusMalformed(MalformedError):
    """A document that is not a status statement as we write them."""

    code = "certs.status_malformed"


@dataclass(frozen=True, slots=True)
class Party:
    """The holder: `name` is absent for a household."""

    id: str
    number: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ProductNamed:
    """A product in a credential."""

    id: str
    zh: str
    en: str = ""


@dataclass(frozen=True, slots=True)
class PlotNamed:
    """A plot in a certificate, with the altitude it was certified at; `name` is absent for a household's."""

    id: str
    altitude_m: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class StandardCited:
    """What a certificate certifies: a standard's edition, with its number and title as they were that day."""

    key: str
    number: str
    edition: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate (`standard` given) or a mark licence, valid from and until days in Shanghai, both included.

    `issuer` is `did:web:<host>:keys:<key id>` of the key that signs it.
    """

    number: str
    host: str
    issuer: str
    issuer_name: str
    valid_from: date
    valid_until: date
    holder: Party
    products: tuple[ProductNamed, ...]
    plots: tuple[PlotNamed, ...] = ()
    standard: StandardCited | None = None

    @property
    def kind(self) -> Kind:
        """Say which of the two it is: only a certificate cites a standard."""
        return Kind.LICENCE if self.standard is None else Kind.CERTIFICATE

    @property
    def chain(self) -> str:
        """Return its chain in the ledger."""
        return f"{self.kind}:{self.number}"

    def document(self) -> Document:
        """Return the credential before it is signed (VC Data Model 2.0, section 4)."""
        holder: Document = {"id": ORGANISATION + self.holder.id, "shangeng:number": self.holder.number}
        if self.holder.name is not None:
            holder["name"] = self.holder.name
        subject: Document = holder | {
            "shangeng:products": [
                {"id": PRODUCT + product.id, "name": _names(product.zh, product.en)} for product in self.products
            ]
        }
        if self.standard is not None:
            subject["shangeng:plots"] = [_plot(plot) for plot in self.plots]
            subject["shangeng:standard"] = {
                "shangeng:key": self.standard.key,
                "shangeng:number": self.standard.number,
                "shangeng:edition": self.standard.edition,
                "name": _names(self.standard.zh, self.standard.en),
            }
        return {
            "@context": CONTEXT,
            "type": ["VerifiableCredential", TYPES[self.kind]],
            "id": f"https://{self.host}/c/{self.number}",
            "issuer": {"id": self.issuer, "name": self.issuer_name},
            "validFrom": _midnight(self.valid_from),
            # The moment it ceases to hold: the end of its last day.
            "validUntil": _midnight(self.valid_until + timedelta(days=1)),
            "credentialSubject": subject,
        }


def read_credential(document: Document) -> Credential:
    """Read a credential; raises `CredentialMalformed` unless it is exactly what we would write for its content."""
    match document:
        case {
            "type": ["VerifiableCredential", str(type_name)],
            "id": str(address),
            "issuer": {"id": str(issuer), "name": str(issuer_name)},
            "validFrom": str(valid_from),
            "validUntil": str(valid_until),
            "credentialSubject": {
                "id": str(holder),
                "shangeng:number": str(holder_number),
                "shangeng:products": [*products],
                **rest,
            },
        } if type_name in _KINDS and products:
            pass
        case _:
            raise CredentialMalformed(what="credential members")
    host, _, number = address.removeprefix("https://").partition("/c/")
    credential = Credential(
        number=number,
        host=host,
        issuer=issuer,
        issuer_name=issuer_name,
        valid_from=_day(valid_from),
        valid_until=_day(valid_until) - timedelta(days=1),
        holder=Party(holder.removeprefix(ORGANISATION), holder_number, _read_name(rest)),
        products=tuple(_read_product(product) for product in products),
        plots=tuple(_read_plot(plot) for plot in _listed(rest.get("shangeng:plots", []))),
        standard=_read_standard(rest["shangeng:standard"]) if "shangeng:standard" in rest else None,
    )
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    if credential.document() != unsigned or credential.valid_until < credential.valid_from:
        raise CredentialMalformed(what="credential is not in our form")
    return credential


def read_certificate(document: Document) -> Credential:
    """Read a certificate; raises `CredentialMalformed` for anything else, a licence too."""
    credential = read_credential(document)
    if credential.kind is not Kind.CERTIFICATE:
        raise CredentialMalformed(what="not a certificate")
    return credential


def read_licence(document: Document) -> Credential:
    """Read a mark licence; raises `CredentialMalformed` for anything else, a certificate too."""
    credential = read_credential(document)
    if credential.kind is not Kind.LICENCE:
        raise CredentialMalformed(what="not a licence")
    return credential


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The issuer's statement that a credential's state is another one from a moment on, with the reason's code."""

    id: str
    number: str
    state: State
    reason: str
    effective: datetime

    def document(self) -> Document:
        """Return the statement before it is signed."""
        return {
            "@context": CONTEXT,
            "type": "shangeng:StatusChange",
            "id": STATUS + self.id,
            "shangeng:of": self.number,
            "shangeng:state": self.state.value,
            "shangeng:reason": self.reason,
            "shangeng:effective": rfc3339(self.effective),
        }


def read_status(document: Document) -> StatusChange:
    """Read a status statement; raises `StatusMalformed` unless it is exactly what we would write for its content."""
    match document:
        case {
            "id": str(name),
            "shangeng:of": str(number),
            "shangeng:state": "active" | "suspended" | "withdrawn" as state,
            "shangeng:reason": str(reason),
            "shangeng:effective": str(effective),
        }:
            pass
        case _:
            raise StatusMalformed(what="status members")
    try:
        change = StatusChange(name.removeprefix(STATUS), number, State(state), reason, read_rfc3339(effective))
    except ValueError as exc:
        raise StatusMalformed(what="status time") from exc
    if change.document() != {name: value for name, value in document.items() if name != "proof"}:
        raise StatusMalformed(what="status statement is not in our form")
    return change


def _names(zh: str, en: str) -> list[Document]:
    """Write a name as language value objects (VC Data Model 2.0, section 11.1)."""
    names = [{"@language": "zh", "@value": zh}, {"@language": "en", "@value": en}]
    return names if en else names[:1]


def _read_names(value: Any) -> tuple[str, str]:
    match value:
        case [{"@value": str(zh)}]:
            return zh, ""
        case [{"@value": str(zh)}, {"@value": str(en)}]:
            return zh, en
        case _:
            raise CredentialMalformed(what="name")


def _plot(plot: PlotNamed) -> Document:
    document: Document = {"id": PLOT + plot.id, "shangeng:altitude": plot.altitude_m}
    return document if plot.name is None else document | {"name": plot.name}


def _read_product(value: Any) -> ProductNamed:
    match value:
        case {"id": str(name), "name": names}:
            return ProductNamed(name.removeprefix(PRODUCT), *_read_names(names))
        case _:
            raise CredentialMalformed(what="product")


def _read_plot(value: Any) -> PlotNamed:
    match value:
        case {"id": str(name), "shangeng:altitude": int(altitude), **rest}:
            return PlotNamed(name.removeprefix(PLOT), altitude, _read_name(rest))
        case _:
            raise CredentialMalformed(what="plot")


def _read_standard(value: Any) -> StandardCited:
    match value:
        case {
            "shangeng:key": str(key),
            "shangeng:number": str(number),
            "shangeng:edition": str(edition),
            "name": names,
        }:
            return StandardCited(key, number, edition, *_read_names(names))
        case _:
            raise CredentialMalformed(what="standard")


def _read_name(members: Mapping[Any, Any]) -> str | None:
    match members.get("name"):
        case None | str() as name:
            return name
        case _:
            raise CredentialMalformed(what="name")


def _listed(value: Any) -> list[object]:
    if not isinstance(value, list):
        raise CredentialMalformed(what="plots")
    return cast("list[object]", value)


def _midnight(day: date) -> str:
    """Write the beginning of a day in Shanghai as a dateTimeStamp."""
    return datetime.combine(day, time(), SHANGHAI).isoformat()


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text[:10])
        if day == date.min or _midnight(day) != text:
            raise CredentialMalformed(what="dates are not midnights in Shanghai")
    except ValueError as exc:
        raise CredentialMalformed(what="dates") from exc
    return day
