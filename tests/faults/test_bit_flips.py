"""A single flipped bit anywhere in the stored ledger, in its export or in a bundle is found, and named."""

import json
import os
import random
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from sqlalchemy import Column, SmallInteger
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import IntegrityError

from shangeng_trace.columns import Digest
from shangeng_trace.errors import VerificationError
from shangeng_trace.head_clock import clock_vkey, head_time
from shangeng_trace.log_export import export_log
from shangeng_trace.note import Vkey
from shangeng_trace.policy import Policy, format_policy, parse_policy
from shangeng_trace.verifying import BundleUnusable, verify_bundle
from shangeng_web import cli
from shangeng_web.auditing import audit
from shangeng_web.platform import Platform
from shangeng_web.rollback import read_policy
from shangeng_web.tables import METADATA
from tests import outside_log
from tests.faults.injecting import contents
from tests.faults.servers import Scene, scene_on
from tests.faults.test_backup import grow
from tests.people import People
from tests.visiting import Guest
from tests.waiting import until_signed
from tests.web.test_audit import defer, unguard

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
SAMPLES = 1
"""Positions in each column; more find more, and take longer."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def scene(platform: Platform, people: People) -> Scene:
    made = scene_on(platform, people)
    grow(platform, made, 3)
    until_signed(platform.database)
    return made


def flipped(value: Any, column: "Column[Any]", chance: random.Random) -> Any:
    """Return a value with one bit of what is stored flipped; text stays text, since a database takes nothing else."""
    if isinstance(column.type, Digest):
        return _flipped(bytes.fromhex(value), chance).hex()
    if isinstance(value, bytes):
        return _flipped(value, chance)
    if isinstance(value, datetime):
        moved = (value - EPOCH) // timedelta(microseconds=1) ^ 1 << chance.randrange(40)
        return EPOCH + timedelta(microseconds=moved)
    if isinstance(value, int):
        return value ^ 1 << chance.randrange(15 if isinstance(column.type, SmallInteger) else 31)
    while True:
        other = _flipped(str(value).encode(), chance)
        try:
            text = other.decode()
        except UnicodeDecodeError:
            continue
        if "\0" not in text and len(text) == len(str(value)):
            return text


def _flipped(octets: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(8 * len(octets))
    return octets[: at // 8] + bytes([octets[at // 8] ^ 1 << at % 8]) + octets[at // 8 + 1 :]


def positions(chance: random.Random) -> Iterator[tuple[SqlTable, str]]:
    """Yield every column of the ledger's tables, so many times."""
    for table in METADATA.sorted_tables:
        if table.name.startswith("ledger_"):
            for column in table.columns:
                for _ in range(SAMPLES):
                    yield table, column.name
    assert chance


def test_in_the_ledgers_tables(platform: Platform, scene: Scene) -> None:
    # Integration says the same of the same code every time; at a desk every run looks elsewhere.
    seed = 20260412 if os.environ.get("CI") else int(scene.batch, 36)
    chance, unseen = random.Random(seed), list[str]()
    platform.writer.stop()
    unguard(platform.database)
    for table, name in positions(chance):
        column = table.columns[name]
        with platform.database.engine.connect() as connection:
            defer(connection)
            rows = connection.execute(table.select().where(column.is_not(None))).mappings().all()
            if not rows or (table.name, name) == ("ledger_state", "id"):  # a constraint refuses any other than 1
                continue
            row = dict(chance.choice(rows))
            other = flipped(row[name], column, chance)
            try:
                _write(connection, table, row, {**row, name: other})
            except IntegrityError:  # two rows of one key: the database itself says no
                continue
        with platform.database.session() as session:
            found = {flaw.table for flaw in audit(session, platform.settings, platform.office.keyring)}
        with platform.database.engine.connect() as connection:
            defer(connection)
            _write(connection, table, {**row, name: other}, row)
        if not any(each.startswith("ledger_") for each in found):
            unseen.append(f"{table.name}.{name}: {row[name]!r} as {other!r}")
    assert unseen == []
    with platform.database.session() as session:
        assert audit(session, platform.settings, platform.office.keyring) == []


def _write(connection: Any, table: SqlTable, old: dict[str, Any], new: dict[str, Any]) -> None:
    where = [table.c[key.name] == old[key.name] for key in table.primary_key]
    assert connection.execute(table.update().where(*where).values(new)).rowcount == 1
    connection.commit()


@SQLITE
def test_in_an_export(platform: Platform, scene: Scene, tmp_path: Path) -> None:
    """Every file of the folder, also the partial tiles of earlier exports; the reader knows the C2SP texts alone."""
    for _ in range(2):  # so that the folder holds the partial tiles of an earlier export too
        grow(platform, scene, 2)
        until_signed(platform.database)
        with platform.database.session() as session:
            export_log(session, tmp_path / "export")
    with platform.database.session() as session:
        clock = clock_vkey(session, platform.ledger.origin)
    assert clock is not None
    vkey, chance = str(platform.log_key), random.Random(1)
    files = contents(tmp_path / "export")
    assert [name for name in files if ".p/" in name]
    assert wrong_file(files, vkey, clock) == ""
    for name, data in files.items():
        for _ in range(12):
            other = _flipped(data, chance)
            assert wrong_file({**files, name: other}, vkey, clock) == name, f"{other!r} as {name}"


def wrong_file(files: dict[str, bytes], vkey: str, clock: Vkey) -> str:
    """Return the file of an exported log that does not fit the others, or nothing where all do.

    The reader knows the keys of the log and of its clock; it would pay no heed to a line by anybody else.
    """
    note = files["checkpoint"]
    try:
        _, size, head = outside_log.checkpoint(note, vkey)
        signatures = [line.split(" ")[2] for line in note.decode().rpartition("\n\n")[2].splitlines()]
        is_strict = all(b64encode(b64decode(each, validate=True)).decode() == each for each in signatures)
        if not is_strict or head_time(note.decode(), clock) is None:
            return "checkpoint"
    except (AssertionError, InvalidSignature, ValueError, IndexError, VerificationError):
        return "checkpoint"
    numbers = range(-(-size // 256))
    tiles, bundles = (
        [files[outside_log.path(kind, number, min(256, size - 256 * number))] for number in numbers]
        for kind in ("0", "entries")
    )
    by_entries = [leaf for bundle in bundles for leaf in split_bundle(bundle)]
    by_tiles = [tile[at : at + 32] for tile in tiles for at in range(0, len(tile), 32)]
    leaves = by_entries if outside_log.root(by_entries) == head else by_tiles
    assert outside_log.root(leaves) == head, "one of the two is as it was signed"
    for name, data in files.items():
        hashes = [data[at : at + 32] for at in range(0, len(data), 32)]
        own = list(split_bundle(data)) if "/entries/" in name else hashes
        if name != "checkpoint" and own != leaves[: len(own)]:
            return name
    return ""


def split_bundle(data: bytes) -> Iterator[bytes]:
    """Yield the leaf hash of every entry; what does not divide into entries gives one that fits nothing."""
    while data:
        length = int.from_bytes(data[:2], "big")
        yield outside_log.leaf(data[2 : 2 + length]) if len(data) >= 2 + length else b""
        data = data[2 + length :]


@pytest.fixture
async def bundle(scene: Scene, client: Guest) -> bytes:
    answer = await client.get(f"/b/{scene.batch}/bundle.json")
    assert answer.status_code == 200
    return answer.content


@SQLITE
@pytest.mark.anyio
async def test_in_a_bundle(
    platform: Platform, bundle: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = parse_policy(format_policy(read_policy(platform.settings, platform.log_key)).encode())
    assert verify_bundle(bundle, policy).is_good
    assert json.loads(bundle)
    chance = random.Random(2)
    (tmp_path / "policy").write_text(format_policy(policy))
    for number in range(SAMPLES * 250):
        at = chance.randrange(8 * len(bundle))
        other = bundle[: at // 8] + bytes([bundle[at // 8] ^ 1 << at % 8]) + bundle[at // 8 + 1 :]
        assert wrongs(other, policy), f"bit {at}: {other[at // 8 - 40 : at // 8 + 40]!r}"
        if number < 4:
            (tmp_path / "bundle").write_bytes(other)
            code = cli.main(["--lang=en", "verify", str(tmp_path / "bundle"), "--policy", str(tmp_path / "policy")])
            assert code in {1, 2}
            told = capsys.readouterr()
            assert told.out + told.err, "and it says what"


def wrongs(data: bytes, policy: Policy) -> list[str]:
    """Return what is wrong with a bundle, step by step."""
    try:
        report = verify_bundle(data, policy)
    except (BundleUnusable, VerificationError) as error:
        return [error.code]
    assert report.is_good == (not report.problems)
    return [f"{each.step}: {each.where}" for each in report.problems]
