"""Keys on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.keys import Algorithm
from shangeng_trace.revocation import Reason
from shangeng_trace.statements import CONTEXT
from shangeng_web.api.event_wire import EVENT_EXAMPLE, METHOD
from shangeng_web.api.wire import KEY, PERSON, In, KeyId, Moment, PersonId, Statement, Whole

PUBLIC_KEY = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"

REVOCATION_EXAMPLE: Statement = {
    "@context": CONTEXT,
    "type": "shangeng:KeyRevocation",
    "shangeng:key": {"id": KEY},
    "shangeng:reason": "lost",
    "proof": {**EVENT_EXAMPLE["proof"], "@context": CONTEXT},
}


class PublicKeyIn(In):
    """The public half of a key of your own, with proof that you hold the private one."""

    public_key: str | None = Field(
        default=None,
        max_length=80,
        description="W3C Multikey: Ed25519 (`z6Mk…`) or P-256 (`zDn…`).",
        examples=[PUBLIC_KEY],
    )
    signature: str | None = Field(
        default=None,
        max_length=100,
        description="Base64 of the key's signature (64 bytes; r and s for P-256) over the UTF-8 text "
        "`shangeng key <organisation id> <public_key>`.",
        examples=["hBqJ6Zg0yQz1v2p8m0Nq1oXc5uG7l3k9s4f6d8a0b2c4e6g8i0k2m4o6q8s0u2w4y6A8C0E2G4I6K8M0OQ=="],
    )
    expires_at: Moment | None = Field(
        default=None, description="Nothing that is logged from then on counts as signed.", examples=[None]
    )


class KeyIn(PublicKeyIn):
    """A key to register, and whose hands it is in: the organisation's, a person's, or a device's."""

    custody: Literal["external", "server"] = Field(
        default="external",
        description="`server`: the server makes a key and keeps it, and no `public_key` is sent.",
        examples=["external"],
    )
    person_id: PersonId | None = Field(default=None, description="Who holds it, or uses the device.", examples=[None])
    device: str | None = Field(
        default=None,
        min_length=1,
        max_length=40,
        description="Your name for the phone or machine; kept beside the log, which learns an id alone.",
        examples=["大棚的手机"],
    )


class RotationIn(PublicKeyIn):
    """The successor of a key. Of one that the server keeps, the server makes it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"expires_at": None}]})


class RevocationIn(In):
    """Why a key shall count no longer, and from where on."""

    reason: Reason = Field(examples=["lost"])
    last_valid_index: Whole | None = Field(
        default=None,
        ge=0,
        le=2**53,
        description="The last entry for which it counts; all there are, if absent. What is lower undoes what was "
        "logged since, and is for certification bodies alone.",
        examples=[None],
    )


class HolderOut(BaseModel):
    """Whose hands a key is in."""

    type: Literal["person", "device"]
    id: str = Field(examples=[PERSON])
    name: str | None = Field(description="Of a device, unless erased.", examples=["大棚的手机"])


class KeyOut(BaseModel):
    """A key the log knows."""

    id: KeyId
    algorithm: Algorithm
    public_key: str = Field(examples=[PUBLIC_KEY])
    custody: str = Field(description="`external` for your own, `server` for ours.", examples=["external"])
    registered_index: int = Field(examples=[57])
    expires_at: datetime | None = Field(examples=[None])
    holder: HolderOut | None
    replaces: str | None = Field(description="The key it took the place of.", examples=[None])
    revoked: bool = Field(examples=[False])
    last_valid_index: int | None = Field(description="The last entry for which it counts.", examples=[None])
    reason: Reason | None = Field(description="Why it was revoked.", examples=[None])
    verification_method: str = Field(
        description="What `proof.verificationMethod` of your events must be.", examples=[METHOD]
    )

    @classmethod
    def of(cls, row: LedgerKey, method: str, device: str | None = None) -> "KeyOut":
        """Return a key as the API gives it; `device` is the name of the one that holds it."""
        kind: Literal["person", "device"] = "device" if row.holder_type == "device" else "person"
        return cls(
            id=row.id,
            algorithm=Algorithm(row.algorithm),
            public_key=row.public,
            custody=row.custody,
            registered_index=row.registered_index,
            expires_at=row.expires_at,
            holder=None if row.holder_id is None else HolderOut(type=kind, id=row.holder_id, name=device),
            replaces=row.replaces,
            revoked=row.last_valid_index is not None,
            last_valid_index=row.last_valid_index,
            reason=None if row.revoked_reason is None else Reason(row.revoked_reason),
            verification_method=method,
        )
