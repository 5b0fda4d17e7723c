"""Certificates and licences on the wire."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from shangeng_certs.credentials import State
from shangeng_certs.scheme import REASONS
from shangeng_certs.tables import Certificate, Licence
from shangeng_certs.validity import Validity
from shangeng_web.api.wire import (
    ASSOCIATION,
    BODY,
    CERTIFICATE,
    LICENCE,
    PLOT,
    PRODUCT,
    Digest,
    In,
    OrganisationId,
    PlotId,
    ProductId,
)

PermissionNumber = Annotated[
    str, Path(pattern="^[A-Z]{1,8}-[0-9]{4}-[0-9]{1,9}$", description="The number in the public register.")
]


def reasons(state: State) -> str:
    """Return the reasons that lead to a state, for the reference."""
    return "Reasons: " + ", ".join(f"`{reason.key}` ({reason.zh})" for reason in REASONS[state])


class CertificateIn(In):
    """A decision that a member's products from its plots meet a standard's edition; both days are included."""

    holder_id: OrganisationId
    product_ids: list[ProductId] = Field(max_length=100, examples=[[PRODUCT]])
    plot_ids: list[PlotId] = Field(max_length=500, examples=[[PLOT]])
    standard: str = Field(max_length=40, examples=["tea"])
    edition: str = Field(max_length=40, examples=["2025"])
    valid_from: date = Field(examples=["2026-05-01"])
    valid_until: date | None = Field(
        default=None, description="As long as the edition allows where absent.", examples=["2027-04-30"]
    )


class LicenceIn(In):
    """The association's permission to use the mark for one product; both days are included."""

    holder_id: OrganisationId
    product_id: ProductId
    valid_from: date = Field(examples=["2026-05-01"])
    valid_until: date = Field(examples=["2027-04-30"])


class ReasonIn(In):
    """Why a state changes, as one of the reasons the scheme knows."""

    reason: str = Field(max_length=40, examples=["holder_request_pause"])


class CertificateOut(BaseModel):
    """A certificate as it stands: `state` is what its body last said, `validity` what that means today."""

    number: str = Field(examples=[CERTIFICATE])
    body_id: OrganisationId = Field(examples=[BODY])
    holder_id: OrganisationId
    standard: str = Field(examples=["tea"])
    edition: str = Field(examples=["2025"])
    product_ids: list[ProductId]
    plot_ids: list[PlotId]
    valid_from: date = Field(examples=["2026-05-01"])
    valid_until: date = Field(examples=["2027-04-30"])
    state: State = Field(examples=["active"])
    validity: Validity = Field(examples=["valid"])
    digest: Digest
    index: int = Field(description="Place of the credential in the log.", examples=[40])
    logged_at: datetime

    @classmethod
    def of(
        cls, row: Certificate, validity: Validity, products: Collection[str], plots: Collection[str]
    ) -> "CertificateOut":
        """Return a certificate as the API gives it."""
        return cls(**row.model_dump(exclude={"key_id"}), validity=validity, product_ids=[*products], plot_ids=[*plots])


class LicenceOut(BaseModel):
    """A licence as it stands: `state` is what the association last said, `validity` what that means today."""

    number: str = Field(examples=[LICENCE])
    association_id: OrganisationId = Field(examples=[ASSOCIATION])
    holder_id: OrganisationId
    product_id: ProductId
    valid_from: date = Field(examples=["2026-05-01"])
    valid_until: date = Field(examples=["2027-04-30"])
    state: State = Field(examples=["active"])
    validity: Validity = Field(examples=["valid"])
    digest: Digest
    index: int = Field(description="Place of the credential in the log.", examples=[39])
    logged_at: datetime

    @classmethod
    def of(cls, row: Licence, validity: Validity) -> "LicenceOut":
        """Return a licence as the API gives it."""
        return cls(**row.model_dump(exclude={"key_id"}), validity=validity)
