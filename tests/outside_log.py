"""A reader of the log that knows the C2SP texts alone: no import from the product.

`check(fetch, vkey)` rebuilds the tree from the entry bundles, checks every tile at full and partial width, the
checkpoint's signature and origin, and that each entry is in the tree.
"""

import base64
import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Fetch = Callable[[str], bytes]


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, as it stands there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node(root(leaves[:split]), root(leaves[split:]))


def spelled(number: int) -> str:
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03d}")
    return "/".join(parts)


def path(kind: str, number: int, width: int) -> str:
    return f"tile/{kind}/{spelled(number)}" + (f".p/{width}" if width < 256 else "")


def checkpoint(note: bytes, vkey: str) -> tuple[str, int, bytes]:
    """Return origin, size and root of a checkpoint that the log's key has signed."""
    name, key_id, encoded = vkey.split("+", 2)
    key = base64.b64decode(encoded)
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    assert key[0] == 1, "an Ed25519 key"
    assert hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() == key_id
    for line in signatures.decode().strip().split("\n"):
        dash, signer, blob = line.split(" ")
        raw = base64.b64decode(blob)
        if dash == "\u2014" and signer == name and raw[:4].hex() == key_id:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], text)
            origin, size, head = text.decode().split("\n")[:3]
            assert origin == name
            return origin, int(size), base64.b64decode(head)
    raise AssertionError("not signed by the log")


def entries(fetch: Fetch, size: int) -> list[bytes]:
    found: list[bytes] = []
    for number in range((size + 255) // 256):
        width = min(256, size - number * 256)
        bundle = fetch(path("entries", number, width))
        at = 0
        for _ in range(width):
            length = int.from_bytes(bundle[at : at + 2], "big")
            found.append(bundle[at + 2 : at + 2 + length])
            at += 2 + length
        assert at == len(bundle), "a bundle holds what its width says"
    return found


def check(fetch: Fetch, vkey: str) -> list[bytes]:
    """Check the whole log and return its entries; an AssertionError or InvalidSignature says what is wrong."""
    _, size, head = checkpoint(fetch("checkpoint"), vkey)
    found = entries(fetch, size)
    level = [leaf(entry) for entry in found]
    assert root(level) == head, "the entries are not the tree that was signed"
    number = 0
    while level:
        for tile in range((len(level) + 255) // 256):
            hashes = level[tile * 256 : tile * 256 + 256]
            assert fetch(path(str(number), tile, len(hashes))) == b"".join(hashes), f"tile {number}/{tile}"
        level = [root(level[at : at + 256]) for at in range(0, len(level) // 256 * 256, 256)]
        number += 1
    for index, entry in enumerate(found):
        assert included(found, index, entry, head), f"entry {index}"
    return found


def included(found: list[bytes], index: int, entry: bytes, head: bytes) -> bool:
    """Walk the proof of an entry from the leaf to the root (RFC 9162 2.1.3.2)."""
    proof = audit_path(index, [leaf(each) for each in found])
    position, last, value = index, len(found) - 1, leaf(entry)
    for sibling in proof:
        if position % 2 or position == last:
            value = node(sibling, value)
            while not position % 2 and position:
                position, last = position >> 1, last >> 1
        else:
            value = node(value, sibling)
        position, last = position >> 1, last >> 1
    return value == head


def audit_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) <= 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*audit_path(index, leaves[:split]), root(leaves[split:])]
    return [*audit_path(index - split, leaves[split:]), root(leaves[:split])]
