"""Reading the entries of a tree that is verified, each bundle against its leaf hashes, each entry against the rules."""

from dataclasses import replace

from shangeng_trace.checkpoint import VerifiedCheckpoint
from shangeng_trace.entry import Entry
from shangeng_trace.logtext import HASH_SIZE
from shangeng_trace.merkle import leaf_hash
from shangeng_trace.monitor.entry_rules import Broken, Place, broken_rules, read
from shangeng_trace.monitor.examining import WATCHED
from shangeng_trace.monitor.findings import EntryUnsound, KeyOrStatusLogged
from shangeng_trace.monitor.look import Halted, Look, node_part
from shangeng_trace.monitor.memory import Known
from shangeng_trace.monitor.objects import hashes_in
from shangeng_trace.tiles import WIDTH, TilePath, read_bundle, width_at

_KEPT_AT_ONCE = 16
"""Bundles read in one step of the memory: what a kill costs to read again."""


def read_entries(look: Look, known: Known, head: VerifiedCheckpoint) -> Known:
    """Read every entry of the verified head that was not read yet, and tell what is wrong with any.

    Raises:
        Halted: a bundle is not served, or does not hold the entries that the tree is made of.
    """
    halted: Halted | None = None
    while known.checked < head.size and halted is None:
        last = min((known.checked // WIDTH + _KEPT_AT_ONCE) * WIDTH, head.size)
        with look.memory.step():
            try:
                while known.checked < last:
                    known = _read_bundle(look, known, head)
            except Halted as reason:  # what was read and told before it is kept
                halted = reason
            look.memory.know(known)
        look.progress("entries", known.checked, head.size)
    if halted is not None:
        raise halted
    return known


def fetch_entries(look: Look, number: int, head: VerifiedCheckpoint) -> list[bytes]:
    """Return the entries of a bundle, each of which hashes to its leaf in the remembered tree; raises `Halted`."""
    path = TilePath(None, number, width_at(head.size, 0, number))
    octets = look.served(path, head)
    own = look.memory.tile(0, number)[: path.width * HASH_SIZE]
    leaves = hashes_in(path, octets)
    if leaves is None:
        raise Halted(look.wrong(path, octets, head))
    if b"".join(leaves) != own:
        at = next(at for at, leaf in enumerate(leaves) if leaf != own[at * HASH_SIZE :][:HASH_SIZE])
        node = node_part(0, number * WIDTH + at, head.size, look.own_node(head.size))
        raise Halted(look.wrong(path, octets, head, node=node))
    return read_bundle(octets, path.width)


def _read_bundle(look: Look, known: Known, head: VerifiedCheckpoint) -> Known:
    number, skipped = divmod(known.checked, WIDTH)
    bodies = fetch_entries(look, number, head)[skipped:]
    entries = [read(body) for body in bodies]
    chains = {link.chain for entry in entries if entry is not None for link in entry.links}
    places = look.memory.places(chains)
    before = read(known.last) if known.last else None
    for index, (body, entry) in enumerate(zip(bodies, entries, strict=True), known.checked):
        time = None if before is None else before.time
        for broken in broken_rules(index, entry, origin=look.origin, places=places, before=time, now=look.seen):
            _tell_broken(look, head, index, body, broken)
        if entry is not None:
            _tell_watched(look, head, index, body, entry)
            leaf = leaf_hash(body).hex()
            places |= {link.chain: Place(link.seq, leaf, index) for link in entry.links}
        before = entry
    look.memory.keep_places(places)
    return replace(known, checked=known.checked + len(bodies), last=bodies[-1])


def _tell_broken(look: Look, head: VerifiedCheckpoint, index: int, body: bytes, broken: Broken) -> None:
    parts = {"entry": look.leaf_part(index, body, head.size), "rule": broken.rule.value}
    if broken.chain is not None:
        parts["chain"] = broken.chain
    if broken.earlier is not None:
        number, at = divmod(broken.earlier, WIDTH)
        parts["earlier"] = look.leaf_part(broken.earlier, fetch_entries(look, number, head)[at], head.size)
    key = f"{index} {broken.rule} {broken.chain or ''}".rstrip()
    look.tell(look.find(EntryUnsound, key, checkpoint=head.note, **parts))


def _tell_watched(look: Look, head: VerifiedCheckpoint, index: int, body: bytes, entry: Entry) -> None:
    if entry.kind in WATCHED:
        for chain in sorted({link.chain for link in entry.links} & look.watch):
            part = look.leaf_part(index, body, head.size)
            look.tell(look.find(KeyOrStatusLogged, f"{index} {chain}", checkpoint=head.note, entry=part, chain=chain))
