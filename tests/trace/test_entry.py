"""Entries are read in exactly one spelling, whichever way they are read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.canonical import canonical
from shangeng_trace.entry import (
    Entry,
    EntryMalformed,
    Kind,
    Link,
    entry_bytes,
    load_any_entry,
    load_entry,
    load_plain_entry,
)
from shangeng_trace.errors import MalformedError

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
CHAINS = st.builds(
    "{}:{}".format,
    st.sampled_from(["batch", "certificate", "licence", "member", "key", "run"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80),
)
LINKS = st.builds(Link, CHAINS, st.integers(0, 2**53 - 1), HEX)
ORIGINS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.integers(0, 10**13).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
ENTRIES = st.builds(Entry, ORIGINS, st.sampled_from(Kind), HEX, TIMES, st.lists(LINKS, max_size=3).map(tuple))
PLAIN = Entry(
    "example.org/log", Kind.EVENT, "ab" * 32, datetime(2026, 4, 12, tzinfo=UTC), (Link("batch:8K3M", 4, "cd" * 32),) * 2
)


def written(entry: Entry) -> bytes:
    return entry_bytes(origin=entry.origin, kind=entry.kind, digest=entry.digest, time=entry.time, links=entry.links)


@given(ENTRIES)
def test_what_is_written_is_the_canonical_form(entry: Entry) -> None:
    chains = [{"id": link.chain, "seq": link.seq, "prev": link.prev} for link in entry.links]
    members = {"v": 1, "origin": entry.origin, "kind": entry.kind.value, "digest": entry.digest, "chains": chains}
    time = entry.time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{entry.time.microsecond // 1000:03d}Z"
    assert written(entry) == canonical(members | {"time": time})


@given(ENTRIES)
def test_what_is_written_is_read(entry: Entry) -> None:
    assert load_entry(written(entry)) == entry
    assert load_any_entry(written(entry)) == entry
    assert load_plain_entry(written(entry)) in (entry, None)


def test_an_entry_like_most_takes_the_short_way() -> None:
    assert load_plain_entry(written(PLAIN)) == PLAIN


@given(st.integers(0, len(written(PLAIN)) - 1), st.sampled_from(["flip", "cut", "double", "comma"]), st.integers(0, 7))
def test_the_short_way_reads_nothing_that_the_long_way_refuses(at: int, change: str, bit: int) -> None:
    good = written(PLAIN)
    altered = {
        "flip": good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :],
        "cut": good[:at] + good[at + 1 :],
        "double": good[:at] + good[at : at + 1] + good[at:],
        "comma": good[:at] + b"," + good[at:],
    }[change]
    try:
        slowly = load_any_entry(altered)
    except MalformedError:
        assert load_plain_entry(altered) is None
        with pytest.raises(MalformedError):
            load_entry(altered)
    else:
        assert load_entry(altered) == slowly


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('"v":1', '"v":1.0'),
        ('"seq":4', '"seq":04'),
        ('"seq":4', '"seq":-4'),
        ('"kind":"event"', '"kind":"rumour"'),
        ("2026-04-12", "2026-02-30"),
        ("T00:00:00.000Z", "T00:00:00Z"),
        ("batch:8K3M", "barrel:8K3M"),
        ('"prev"', '"prev" '),
        ("},{", "}{"),
        ("}],", "},],"),
        ("example", r"\u0065xample"),
    ],
)
def test_another_spelling_is_refused(good: str, bad: str) -> None:
    text = written(PLAIN).decode()
    assert good in text
    with pytest.raises(EntryMalformed):
        load_entry(text.replace(good, bad, 1).encode())
