"""What the operator says of the log itself, as a statement in it: a new log key, an old one's end, the log's end.

A notice is an entry of kind `status` in the chain `member:<platform>`, signed by the platform's statement key. So
whoever reads the log learns of each change in its place, and none can be taken back unseen. Pure.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shangeng_trace.canonical import Document
from shangeng_trace.clock import read_rfc3339, rfc3339
from shangeng_trace.errors import MalformedError, VerificationError
from shangeng_trace.note import SignatureType, Vkey, parse_vkey
from shangeng_trace.statements import CONTEXT

TYPE = "shangeng:LogNotice"


class NoticeMalformed(MalformedError):
    """A notice that does not say what it must."""

    code = "trace.notice_malformed"


class Said(StrEnum):
    """What a notice says."""

    KEY_NEXT = "key-next"
    """From this entry on heads are signed by this key too."""
    KEY_RETIRED = "key-retired"
    """Heads over this entry are no longer signed by this key."""
    FROZEN = "frozen"
    """This is the last entry."""
    TIME_KEPT = "time-kept"
    """The time of the entries before is known to be ahead; entries keep it until clocks have caught up."""


@dataclass(frozen=True, slots=True)
class LogNotice:
    """One notice about the log `origin`; `vkey` is the key that it is about, `time` the time that is kept."""

    origin: str
    said: Said
    vkey: Vkey | None = None
    time: datetime | None = None

    def document(self) -> Document:
        """Return the statement before it is signed."""
        log: dict[str, Any] = {"origin": self.origin, "notice": self.said.value}
        if self.vkey is not None:
            log["vkey"] = str(self.vkey)
        if self.time is not None:
            log["time"] = rfc3339(self.time)
        return {"@context": CONTEXT, "type": TYPE, "shangeng:log": log}

    @classmethod
    def read(cls, document: Document) -> "LogNotice":
        """Read a notice; raises `NoticeMalformed`."""
        try:
            match document:
                case {"type": "shangeng:LogNotice", "shangeng:log": {"origin": str(origin), "notice": str(said)}}:
                    log: dict[str, Any] = document["shangeng:log"]
                    notice = cls(origin, Said(said), _vkey(_text(log, "vkey")), _time(_text(log, "time")))
                case _:
                    raise NoticeMalformed(what="log notice")
        except (VerificationError, ValueError) as error:
            raise NoticeMalformed(what="log notice") from error
        about_key = notice.said in {Said.KEY_NEXT, Said.KEY_RETIRED}
        if (notice.vkey is not None) != about_key or (notice.time is not None) != (notice.said is Said.TIME_KEPT):
            raise NoticeMalformed(what="log notice")
        if notice.vkey is not None and (notice.vkey.name != origin or notice.vkey.type is not SignatureType.ED25519):
            raise NoticeMalformed(what="log key")
        return notice


def _text(log: dict[str, Any], name: str) -> str | None:
    text = log.get(name)
    if text is None or isinstance(text, str):
        return text
    raise NoticeMalformed(what=name)


def _vkey(text: str | None) -> Vkey | None:
    return None if text is None else parse_vkey(text)


def _time(text: str | None) -> datetime | None:
    return None if text is None else read_rfc3339(text)
