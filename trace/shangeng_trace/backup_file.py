"""One file that holds a whole deployment: the rows of every table, the photos, and a manifest with every digest.

A ZIP, so that anybody can look into it. `backup.json` comes last: a file that was cut off is no backup. Rows are JSON
arrays, a line each, and mean the same on every engine, so that what one wrote another can restore.
"""

import json
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import IO, Any

from shangeng_trace.errors import MalformedError

FORMAT = "shangeng-backup/1"
MANIFEST = "backup.json"
MASTER_KEY = "master.key"
_CHUNK = 1 << 20
_BROKEN = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    NotImplementedError,
    RuntimeError,
)
"""What reading a ZIP with flipped bits may raise: also of passwords and methods that nobody used."""


class BackupBroken(MalformedError):
    """A file is no backup, or not as it was written; `what` names the part."""

    code = "trace.backup_broken"
    zh = "备份文件不完整或被改动过：{what}"
    en = "The backup is incomplete or was altered: {what}"


@dataclass(frozen=True, slots=True)
class Part:
    """One table: its columns, how many rows, and the SHA-256 of its lines."""

    columns: list[str]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `size`, `root` and `checkpoint` are the log's at the one moment it shows."""

    origin: str
    size: int
    root: str
    checkpoint: str | None
    schema: str
    made: str
    software: str
    master_key: bool
    media: list[str]
    """SHA-256 of each photo, which is also its name."""
    tables: dict[str, Part]
    format: str = FORMAT


@dataclass(slots=True)
class BackupWriter:
    """A backup being written."""

    _zip: zipfile.ZipFile
    tables: dict[str, Part] = field(default_factory=dict[str, Part])
    media: list[str] = field(default_factory=list[str])

    def table(self, name: str, columns: list[str], rows: Iterable[list[Any]]) -> None:
        """Write the rows of a table, as JSON values."""
        digest, count = sha256(), 0
        with self._zip.open(f"tables/{name}.jsonl", "w", force_zip64=True) as member:
            for row in rows:
                line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                digest.update(line)
                member.write(line)
                count += 1
        self.tables[name] = Part(columns, count, digest.hexdigest())

    def photo(self, name: str, data: bytes) -> None:
        """Write a photo, which does not get smaller by compressing it again."""
        self._zip.writestr(f"media/{name}.jpg", data, zipfile.ZIP_STORED)
        self.media.append(name)

    def master_key(self, data: bytes) -> None:
        """Write the key that opens all others."""
        self._zip.writestr(MASTER_KEY, data)

    def manifest(self, manifest: Manifest) -> None:
        """Write what closes the backup."""
        self._zip.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))


@contextmanager
def writing(file: IO[bytes]) -> Generator[BackupWriter]:
    """Write a backup into a file that is open for writing."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        yield BackupWriter(archive)


class Backup:
    """A backup in a file that is open for reading; raises `BackupBroken` where it cannot be read."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
            self.manifest = _read_manifest(self._zip.read(MANIFEST))
        except _BROKEN as error:
            raise BackupBroken(what=error) from error

    def check(self) -> None:
        """Read every byte and compare it with the manifest; raises `BackupBroken`, naming the first part that differs."""
        names = {MANIFEST, *(f"tables/{name}.jsonl" for name in self.manifest.tables)}
        names |= {f"media/{name}.jpg" for name in self.manifest.media}
        names |= {MASTER_KEY} if self.manifest.master_key else set()
        if sorted(self._zip.namelist()) != sorted(names):
            raise BackupBroken(what="parts")
        for name, part in self.manifest.tables.items():
            if _digest(self._chunks(f"tables/{name}.jsonl")) != part.sha256:
                raise BackupBroken(what=name)
        for name in self.manifest.media:
            self.photo(name)
        if self.manifest.master_key:
            self.master_key()

    def rows(self, name: str) -> Iterator[list[Any]]:
        """Yield the rows of a table."""
        count = 0
        try:
            with self._zip.open(f"tables/{name}.jsonl") as member:
                for line in member:
                    yield json.loads(line)
                    count += 1
        except _BROKEN as error:
            raise BackupBroken(what=f"{name}: {error}") from error
        if count != self.manifest.tables[name].rows:
            raise BackupBroken(what=name)

    def photo(self, name: str) -> bytes:
        """Return a photo."""
        data = b"".join(self._chunks(f"media/{name}.jpg"))
        if sha256(data).hexdigest() != name:
            raise BackupBroken(what=f"media/{name}.jpg")
        return data

    def master_key(self) -> bytes:
        """Return the master key, where the backup holds it."""
        return b"".join(self._chunks(MASTER_KEY))

    def _chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as member:
                while chunk := member.read(_CHUNK):
                    yield chunk
        except _BROKEN as error:
            raise BackupBroken(what=f"{name}: {error}") from error


def _read_manifest(data: bytes) -> Manifest:
    said = json.loads(data)
    if said.get("format") != FORMAT:
        raise BackupBroken(what="format")
    return Manifest(**said | {"tables": {name: Part(**part) for name, part in said["tables"].items()}})


def _digest(chunks: Iterable[bytes]) -> str:
    digest = sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
