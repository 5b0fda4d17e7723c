"""Writing a file so that after a power cut it is there whole, or not at all."""

import errno
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from shangeng_trace.errors import UnavailableError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


class NotWritten(UnavailableError):
    """A file could not be written; the one that was there, if any, still is."""

    code = "trace.not_written"
    zh = "文件没有存下来：{path}（{reason}）。"
    en = "The file was not stored: {path} ({reason})."


class NoRoom(NotWritten):
    """The disk is full, or the quota is used up."""

    code = "trace.no_room"
    zh = "存储空间满了，文件没有存下来：{path}。请联系平台维护人员。"
    en = "The disk is full and the file was not stored: {path}. Please tell the operator."


class NotWritable(NotWritten):
    """The folder or disk takes no writes."""

    code = "trace.not_writable"
    zh = "存储现在只能读，文件没有存下来：{path}。请联系平台维护人员。"
    en = "The storage is read-only and the file was not stored: {path}. Please tell the operator."


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file durably, as `writing_whole` does. Raises `NotWritten`, and leaves no draft behind."""
    with writing_whole(path, private=private) as file:
        file.write(data)


@contextmanager
def writing_whole(path: Path, *, private: bool = False) -> Generator[IO[bytes]]:
    """Open a draft beside a file; when the block ends it is synced, renamed over it, and the folder synced.

    After that the file survives a crash; until then, and where anything is raised, the old one or none is there, and
    no draft. A `private` file is its owner's alone (mode 0600) from the first moment. Raises `NotWritten`.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(draft, "x+b", opener=_for_owner if private else None) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            with suppress(OSError):  # where the disk is read-only by now the draft stays; what went wrong first is said
                draft.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise not_written(path, error) from error


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; raises OSError."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def not_written(path: Path, error: OSError) -> NotWritten:
    """Return what to say of a file that the system did not store."""
    kind = NoRoom if error.errno in _NO_ROOM else NotWritable if error.errno in _READ_ONLY else NotWritten
    return kind(path=path, reason=error.strerror or error)
