"""The entry: what the ledger itself says of a statement, and the leaf of the log (design 4.3). Pure."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from shangeng_trace.clock import read_rfc3339, rfc3339
from shangeng_trace.errors import MalformedError

FIRST_PREV = "0" * 64
"""`prev` of a chain's entry 0."""

MAX_ENTRY_BYTES = 65_535
"""An entry bundle gives two bytes to an entry's length (C2SP tlog-tiles)."""


class Kind(StrEnum):
    """What a statement is."""

    EVENT = "event"
    CREDENTIAL = "credential"
    STATUS = "status"
    KEY = "key"
    RUN = "run"


_KINDS = frozenset(Kind)


class Link(Struct, frozen=True):
    """A place in a chain: `seq` from 0, `prev` the leaf hash (hex) of the entry before it."""

    chain: str
    seq: int
    prev: str


class Receipt(Struct, frozen=True):
    """What an acknowledged statement got: its digest, log index, entry time and links."""

    digest: str
    index: int
    time: datetime
    links: tuple[Link, ...]
    repeated: bool = False


class Entry(Struct, frozen=True):
    """A parsed entry."""

    origin: str
    kind: Kind
    digest: str
    time: datetime
    links: tuple[Link, ...]


class EntryMalformed(MalformedError):
    """Bytes that are not an entry of version 1 in canonical form."""

    code = "trace.entry_malformed"


def entry_bytes(*, origin: str, kind: Kind, digest: str, time: datetime, links: Sequence[Link]) -> bytes:
    """Return the canonical bytes of an entry, version 1, its members written out in their order."""
    chains = ",".join([f'{{"id":{_text(each.chain)},"prev":{_text(each.prev)},"seq":{each.seq}}}' for each in links])
    return (
        f'{{"chains":[{chains}],"digest":{_text(digest)},"kind":{_text(kind.value)},"origin":{_text(origin)},'
        f'"time":{_text(rfc3339(time))},"v":1}}'
    ).encode()


_text = json.JSONEncoder(ensure_ascii=False).encode

_HEX = re.compile(r"[0-9a-f]{64}")
_CHAIN = re.compile(r"(batch|certificate|licence|member|key|run):[!-~]{1,80}")


_PLAIN = re.compile(
    r'\{"chains":\[(?P<chains>[^]]*)\],"digest":"(?P<digest>[0-9a-f]{64})","kind":"(?P<kind>[a-z]+)",'
    r'"origin":"(?P<origin>[ !#-\[\]-~]*)","time":"(?P<time>[0-9T:.Z-]+)","v":1\}'
)
_PLAIN_LINK = re.compile(
    r'\{"id":"((?:batch|certificate|licence|member|key|run):[!#-\[^-~]{1,80})",'
    r'"prev":"([0-9a-f]{64})","seq":(0|[1-9][0-9]{0,14})\}(?:,(?=\{)|$)'
)
"""Canonical form has one spelling, so these read nothing but it: text without escapes, members in their order."""


def load_entry(data: bytes) -> Entry:
    """Parse an entry; raises `EntryMalformed` unless `data` is exactly what `entry_bytes` writes for its content."""
    return load_plain_entry(data) or load_any_entry(data)


def load_plain_entry(data: bytes) -> Entry | None:
    """Parse what nearly every entry is like, five times as fast as any; None for the rest, good and bad."""
    if not data.isascii() or (found := _PLAIN.fullmatch(data.decode())) is None or found["kind"] not in _KINDS:
        return None
    chains, links, at = found["chains"], list[Link](), 0
    while at < len(chains):
        if (link := _PLAIN_LINK.match(chains, at)) is None:
            return None
        links.append(Link(link[1], int(link[3]), link[2]))
        at = link.end()
    try:
        time = read_rfc3339(found["time"])
    except ValueError:
        return None
    return Entry(found["origin"], Kind(found["kind"]), found["digest"], time, tuple(links))


def load_any_entry(data: bytes) -> Entry:
    """Parse an entry of any content by writing it again; raises `EntryMalformed`."""
    try:
        match json.loads(data):  # any reader would do: what it lets pass is not written again alike
            case {
                "v": 1,
                "origin": str(origin),
                "kind": str(kind),
                "digest": str(digest),
                "time": str(time),
                "chains": [*chains],
            } if _HEX.fullmatch(digest):
                links = tuple(_load_link(chain) for chain in chains)
                entry = Entry(origin, Kind(kind), digest, read_rfc3339(time), links)
            case _:
                raise EntryMalformed(what="entry members")
    except (ValueError, RecursionError) as exc:
        raise EntryMalformed(what="entry time or kind") from exc
    again = entry_bytes(origin=entry.origin, kind=entry.kind, digest=entry.digest, time=entry.time, links=entry.links)
    if again != data:
        raise EntryMalformed(what="entry is not in canonical form")
    return entry


def _load_link(value: object) -> Link:
    match value:
        case {"id": str(chain), "seq": int(seq), "prev": str(prev)} if seq >= 0 and not isinstance(seq, bool):
            if _CHAIN.fullmatch(chain) and _HEX.fullmatch(prev):
                return Link(chain, seq, prev)
        case _:
            pass
    raise EntryMalformed(what="entry chain")
