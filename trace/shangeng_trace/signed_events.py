"""Events signed elsewhere, opened: read strictly, their signature checked, and understood as events. Pure."""

from collections.abc import Callable
from typing import Any, cast

from msgspec import Struct

from shangeng_trace.canonical import Document
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import Event
from shangeng_trace.keys import VerifyKey
from shangeng_trace.statements import Sealed, open_sealed, open_strict
from shangeng_trace.strict import StatementNotObject


class SignedEvent(Struct, frozen=True, array_like=True):
    """An event with the canonical bytes of its statement, their digest and the id of the key that signed them."""

    event: Event
    body: bytes
    digest: str
    key_id: str

    @classmethod
    def read(cls, sealed: Sealed) -> "SignedEvent":
        """Read the event in a statement whose signature holds; raises `EventMalformed`."""
        return cls(read_event(sealed.document), sealed.body, sealed.digest, sealed.key_id)


def open_event(
    document: Any, key_of: Callable[[str], VerifyKey], *, host: str, is_strict: bool, body: bytes | None = None
) -> SignedEvent:
    """Check a signed event; raises a `VerificationError` that names what does not hold, and what `key_of` raises.

    `is_strict` says that `load_statement` has read it, alone or as a part of what it read; `body` is then its canonical
    form, where that is at hand.
    """
    if not isinstance(document, dict):
        raise StatementNotObject
    if is_strict:
        return SignedEvent.read(open_strict(cast("Document", document), key_of, host=host, body=body))
    return SignedEvent.read(open_sealed(cast("Document", document), key_of, host=host))
