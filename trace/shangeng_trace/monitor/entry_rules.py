"""What every entry of the log must keep to, as far as it can be seen from outside (design 4.3). Pure.

An entry's bytes are canonical and of this log; its chains go on without a gap or a fork; time does not run back.
Statements are not seen here, only their digests.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shangeng_trace.entry import FIRST_PREV, Entry, Kind, Link, load_entry
from shangeng_trace.errors import MalformedError

AHEAD = timedelta(hours=1)
"""How far clocks may differ before an entry counts as written in the future."""


class Rule(StrEnum):
    """A rule that an entry can break."""

    FORM = "form"
    """Its bytes are not an entry in canonical form."""
    ORIGIN = "origin"
    """It names another log."""
    FIRST = "first"
    """Entry 0 is not the platform's key registration."""
    TWICE = "twice"
    """It stands twice in one chain."""
    CHAIN = "chain"
    """It contradicts an earlier entry of a chain: the same place taken twice, or another predecessor named."""
    GAP = "gap"
    """A chain goes on as if an entry between had been there."""
    TIME = "time"
    """It is older than the entry before it."""
    FUTURE = "future"
    """Its time had not come when it was seen."""


WORDS = {
    Rule.FORM: ("格式不对", "its bytes are not an entry in canonical form"),
    Rule.ORIGIN: ("写的是另一本账本", "it names another log"),
    Rule.FIRST: ("第一条不是平台的密钥登记", "the first entry is not the platform's key"),
    Rule.TWICE: ("在同一条链里出现两次", "it stands twice in one chain"),
    Rule.CHAIN: ("与链上先前的记录矛盾", "it contradicts an earlier entry of the chain"),
    Rule.GAP: ("链上缺了中间的记录", "the chain lacks what came between"),
    Rule.TIME: ("时间早于前一条", "its time runs back"),
    Rule.FUTURE: ("时间在未来", "its time had not come"),
}
"""Each rule as it is broken, in Chinese and in English."""


@dataclass(frozen=True, slots=True)
class Place:
    """The newest entry of a chain: its seq, its leaf hash (hex) and its index in the log."""

    seq: int
    leaf: str
    index: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that is broken, perhaps in a chain, perhaps against an earlier entry."""

    rule: Rule
    chain: str | None = None
    earlier: int | None = None


def read(body: bytes) -> Entry | None:
    """Return an entry, or None where the bytes are none."""
    try:
        return load_entry(body)
    except MalformedError:
        return None


def broken_rules(
    index: int,
    entry: Entry | None,
    *,
    origin: str,
    places: Mapping[str, Place],
    before: datetime | None,
    now: datetime,
) -> Iterator[Broken]:
    """Yield each rule that the entry at `index` breaks.

    `places` holds the chains it may continue, `before` the time of the entry before it where that could be read.
    """
    if entry is None:
        yield Broken(Rule.FORM)
        return
    if entry.origin != origin:
        yield Broken(Rule.ORIGIN)
    if index == 0 and entry.kind is not Kind.KEY:
        yield Broken(Rule.FIRST)
    chains = [link.chain for link in entry.links]
    for link in entry.links:
        if chains.count(link.chain) == 1:
            yield from broken_link(link, places.get(link.chain))
    for chain in sorted({chain for chain in chains if chains.count(chain) > 1}):
        yield Broken(Rule.TWICE, chain)
    if before is not None and entry.time < before:
        yield Broken(Rule.TIME, earlier=index - 1)
    if entry.time > now + AHEAD:
        yield Broken(Rule.FUTURE)


def broken_link(link: Link, place: Place | None) -> Iterator[Broken]:
    """Yield the rule that a link breaks, given the newest earlier entry of its chain."""
    if place is None:
        if link.seq == 0 and link.prev != FIRST_PREV:
            yield Broken(Rule.CHAIN, link.chain)
        elif link.seq > 0:
            yield Broken(Rule.GAP, link.chain)
    elif link.seq > place.seq + 1:
        yield Broken(Rule.GAP, link.chain, place.index)
    elif link.seq <= place.seq or link.prev != place.leaf:
        yield Broken(Rule.CHAIN, link.chain, place.index)
