"""What the tests of the log's formats share: vector cases, the vectors' leaf rule, and a tree kept as tiles."""

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from shangeng_trace.merkle import leaf_hash
from shangeng_trace.note import Vkey, parse_vkey
from shangeng_trace.tiles import TileTree

Case: TypeAlias = dict[str, Any]


def cases(path: Path, member: str = "cases") -> list[Any]:
    """Return a file's cases as parameters, each named by its id or description."""
    found: list[Case] = json.loads(path.read_bytes())[member]
    return [
        pytest.param(case, id=str(case.get("id") or case.get("desc") or number)) for number, case in enumerate(found)
    ]


def hashes(encoded: list[str] | None) -> list[bytes]:
    """Return a proof written in hexadecimal."""
    return [bytes.fromhex(each) for each in encoded or []]


def base64_hashes(encoded: list[str] | None) -> list[bytes]:
    """Return a proof written in base64, whatever the length of its elements."""
    return [base64.b64decode(each) for each in encoded or []]


def keys(vkeys: list[str]) -> list[Vkey]:
    return [parse_vkey(each) for each in vkeys]


def named(vkey: Vkey) -> str:
    """Return how the vectors name a key that verified."""
    return f"{vkey.name}+{vkey.id.hex()}"


def entry(index: int) -> bytes:
    """Return entry `index` by the vectors' leaf rule."""
    return f'{{"batch":"B-{index // 7:05d}","seq":{index % 7}}}'.encode()


@cache
def leaves(count: int) -> list[bytes]:
    return [leaf_hash(entry(index)) for index in range(count)]


@cache
def stored_tiles(size: int) -> dict[tuple[int, int], bytes]:
    """Return every tile of the tree over `size` entries, as a ledger's table would hold them."""
    tree = TileTree()
    tree.append(leaves(size))
    return tree.changed()
