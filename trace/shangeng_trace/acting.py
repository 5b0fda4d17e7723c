"""Who acts, and what the platform holds for them: every verb's second and third argument."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlmodel import Session

from shangeng_trace.catalogue import Catalogue
from shangeng_trace.clock import Clock, now
from shangeng_trace.errors import ForbiddenError
from shangeng_trace.events import Event
from shangeng_trace.keyring import Keyring
from shangeng_trace.registry_tables import OrganisationKind, Role


class NotYours(ForbiddenError):
    """The thing belongs to another organisation."""

    code = "trace.not_yours"
    zh = "这是别的单位的，您不能查看或改动。"
    en = "This belongs to another organisation; you may not see or change it."


class WrongOffice(ForbiddenError):
    """Only another kind of organisation may do this."""

    code = "trace.wrong_office"
    zh = "这件事不由您的单位办理。"
    en = "This is not for your organisation to do."


class RoleMissing(ForbiddenError):
    """The person has not the role for it."""

    code = "trace.role_missing"
    zh = "您在本单位没有办这件事的权限，请找管理员。"
    en = "Your role here does not allow this. Please ask your manager."


@dataclass(frozen=True, slots=True)
class Actor:
    """A person acting for an organisation, or the organisation's program (`person_id` None)."""

    organisation_id: str
    kind: OrganisationKind
    roles: frozenset[Role]
    person_id: str | None = None

    def must_own(self, organisation_id: str) -> None:
        """Raise `NotYours` unless the thing belongs to the actor's organisation."""
        if organisation_id != self.organisation_id:
            raise NotYours

    def must_be(self, *kinds: OrganisationKind) -> None:
        """Raise `WrongOffice` unless the actor's organisation is of one of these kinds."""
        if self.kind not in kinds:
            raise WrongOffice

    def must_have(self, *roles: Role) -> None:
        """Raise `RoleMissing` unless the actor holds one of these roles."""
        if not self.roles.intersection(roles):
            raise RoleMissing


Objection = Callable[[Session, Event], None]
"""Raises what stands against an event that is right as far as this package knows."""


@dataclass(frozen=True, slots=True)
class Office:
    """What one server holds for all verbs: keys in custody, the step catalogue, a clock, and others' objections to events."""

    keyring: Keyring
    catalogue: Catalogue
    clock: Clock = field(default=now)
    objections: tuple[Objection, ...] = ()
