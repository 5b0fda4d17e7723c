"""A key's revocation: the statement up to which index of the log a key counts (docs/keys.md). Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shangeng_trace.errors import MalformedError
from shangeng_trace.statements import CONTEXT

TYPE = "shangeng:KeyRevocation"


class Reason(StrEnum):
    """Why a key no longer counts."""

    ROTATED = "rotated"
    LOST = "lost"
    COMPROMISED = "compromised"
    LEFT = "left"
    OTHER = "other"


class KeyRevocationMalformed(MalformedError):
    """A key's revocation that does not say what it must."""

    code = "trace.key_revocation_malformed"
    zh = "作废钥匙的声明格式不对：{what}"
    en = "A key's revocation is malformed: {what}"


@dataclass(frozen=True, slots=True)
class Revocation:
    """What a revocation says. `last_valid_index` None means the index before the revocation's own entry."""

    key_id: str
    reason: Reason
    last_valid_index: int | None = None

    def document(self) -> dict[str, Any]:
        """Return the statement before it is signed."""
        document: dict[str, Any] = {
            "@context": CONTEXT,
            "type": TYPE,
            "shangeng:key": {"id": self.key_id},
            "shangeng:reason": self.reason.value,
        }
        if self.last_valid_index is not None:
            document["shangeng:lastValidIndex"] = self.last_valid_index
        return document

    @classmethod
    def read(cls, document: dict[str, Any]) -> "Revocation":
        """Read a revocation; raises `KeyRevocationMalformed`."""
        match document:
            case {"type": "shangeng:KeyRevocation", "shangeng:key": {"id": str(key_id)}, "shangeng:reason": str(why)}:
                last: object = document.get("shangeng:lastValidIndex")
                absent = "shangeng:lastValidIndex" not in document
                if why in set(Reason) and (absent or (isinstance(last, int) and not isinstance(last, bool))):
                    return cls(key_id, Reason(why), last if isinstance(last, int) else None)
            case _:
                pass
        raise KeyRevocationMalformed(what="key revocation")

    def last_valid(self, index: int) -> int:
        """Return the last index for which the key counts, for a revocation that stands at `index`."""
        return index - 1 if self.last_valid_index is None else self.last_valid_index


def counts(index: int, time: datetime, *, last: int | None, expires: datetime | None) -> bool:
    """Whether a key counts for the entry at `index` of this `time`, behind its registration.

    `last` is the last index that its revocations leave it, None without any; it counts before `expires`, if at all.
    """
    return (last is None or index <= last) and (expires is None or time < expires)


def may_revoke(*, kind: str, controller: str, of_kind: str, of_controller: str, reaches_back: bool) -> bool:
    """Whether a key of `controller`, an organisation of this `kind`, may revoke a key of `of_controller`.

    Its own organisation and the platform may end a key from here on. What reaches back undoes what was logged, and
    takes a certification body other than the key's own organisation: nobody undoes his own history. Nothing reaches
    back over a key of the platform, since the registrations of all others rest on it.
    """
    is_bodys_word = kind == "body" and controller != of_controller and of_kind != "platform"
    return is_bodys_word or (not reaches_back and (controller == of_controller or kind == "platform"))
