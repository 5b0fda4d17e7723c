"""A key's registration: the statement that makes it known to the log (design 4.1, docs/keys.md). Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shangeng_trace.clock import read_rfc3339, rfc3339
from shangeng_trace.errors import MalformedError
from shangeng_trace.keys import Algorithm, VerifyKey
from shangeng_trace.statements import CONTEXT


class KeyRegistrationMalformed(MalformedError):
    """A key statement that does not say what it must."""

    code = "trace.key_registration_malformed"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose hands a key is in, within its organisation: a person or a device, by an id that says nothing else."""

    type: Literal["person", "device"]
    id: str


@dataclass(frozen=True, slots=True)
class Registration:
    """What a key statement says. `controller_name` is absent for a household: its name is personal data.

    The key counts for entries before `expires`. `replaces` names the key it takes the place of; nothing follows
    from it, that key is ended by its own revocation.
    """

    key_id: str
    algorithm: Algorithm
    public: str
    controller: str
    controller_kind: str
    controller_number: str
    controller_name: str | None
    custody: str
    expires: datetime | None = None
    holder: Holder | None = None
    replaces: str | None = None

    def document(self, host: str) -> dict[str, Any]:
        """Return the statement before it is signed."""
        controller = {"id": self.controller, "kind": self.controller_kind, "number": self.controller_number}
        if self.controller_name is not None:
            controller["name"] = self.controller_name
        document: dict[str, Any] = {
            "@context": CONTEXT,
            "type": "shangeng:KeyRegistration",
            "id": f"did:web:{host.replace(':', '%3A')}:keys:{self.key_id}",
            "shangeng:key": {
                "id": self.key_id,
                "algorithm": self.algorithm.value,
                "publicKeyMultibase": self.public,
                "custody": self.custody,
            },
            "shangeng:controller": controller,
        }
        if self.expires is not None:
            document["shangeng:expires"] = rfc3339(self.expires)
        if self.holder is not None:
            document["shangeng:holder"] = {"type": self.holder.type, "id": self.holder.id}
        if self.replaces is not None:
            document["shangeng:replaces"] = self.replaces
        return document

    @classmethod
    def read(cls, document: dict[str, Any]) -> "Registration":
        """Read a key statement; raises `KeyRegistrationMalformed`."""
        match document:
            case {
                "type": "shangeng:KeyRegistration",
                "shangeng:key": {
                    "id": str(key_id),
                    "algorithm": str(algorithm),
                    "publicKeyMultibase": str(public),
                    "custody": "server" | "external" as custody,
                },
                "shangeng:controller": {"id": str(controller), "kind": str(kind), "number": str(number), **rest},
            }:
                try:
                    name = rest.get("name")
                    return cls(
                        key_id,
                        Algorithm(algorithm),
                        VerifyKey.from_multikey(public).multikey,
                        controller,
                        kind,
                        number,
                        None if name is None else str(name),
                        str(custody),
                        _expires(document),
                        _holder(document),
                        _replaces(document),
                    )
                except ValueError as exc:
                    raise KeyRegistrationMalformed(what="key registration") from exc
            case _:
                raise KeyRegistrationMalformed(what="key registration")


def _expires(document: dict[str, Any]) -> datetime | None:
    if "shangeng:expires" not in document:
        return None
    text = document["shangeng:expires"]
    moment = read_rfc3339(text) if isinstance(text, str) else None
    if moment is None or rfc3339(moment) != text:
        raise ValueError("expires")
    return moment


def _holder(document: dict[str, Any]) -> Holder | None:
    if "shangeng:holder" not in document:
        return None
    match document["shangeng:holder"]:
        case {"type": "person" | "device" as kind, "id": str(holder)}:
            return Holder("person" if kind == "person" else "device", holder)
        case _:
            raise ValueError("holder")


def _replaces(document: dict[str, Any]) -> str | None:
    match document:
        case {"shangeng:replaces": str(key_id)}:
            return key_id
        case {"shangeng:replaces": _}:
            raise ValueError("replaces")
        case _:
            return None
