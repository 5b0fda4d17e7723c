"""Storage that refuses: no space, read only, broken. What stops the writing, and how it is found out that it is over."""

import logging
import os
from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shangeng_trace.db import Database, sqlite_file
from shangeng_trace.durable import NotWritten, write_whole
from shangeng_trace.standstill import Standstill, WritingStopped

ROOM = 1 << 20
"""Bytes that must fit beside a SQLite file before writing goes on: with less it would stop again at once."""

_log = logging.getLogger(__name__)


class StorageFull(WritingStopped):
    """There is no room left where the database is."""

    code = "trace.storage_full"
    zh = "服务器的存储空间满了，这次没有保存；查看不受影响。维护人员腾出空间后会自动恢复，请过一会儿再试。"
    en = "The server's disk is full and nothing was saved; reading goes on. Saving resumes by itself once the operator has made room. Please try again later."


class StorageReadOnly(WritingStopped):
    """The database, or the disk it is on, takes no writes."""

    code = "trace.storage_read_only"
    zh = "服务器的存储现在只能读，这次没有保存；查看不受影响。维护人员恢复写入权限后会自动恢复，请过一会儿再试。"
    en = "The server's storage is read-only at present and nothing was saved; reading goes on. Saving resumes by itself once the operator has made it writable. Please try again later."


class StorageBroken(WritingStopped):
    """The disk lost or garbled what was written. Until the next start, which looks at everything again, nothing is signed."""

    code = "trace.storage_broken"
    zh = "服务器的磁盘报告读写错误，为了不让账本出错，已停止保存。请维护人员检查磁盘，运行 shangeng audit，然后重新启动。"
    en = "The server's disk reports errors; so that the ledger stays sound, nothing more is saved. The operator should check the disk, run shangeng audit and restart."


_CAUSES: Mapping[str, type[WritingStopped]] = {
    # SQLite's extended result codes. IOERR_WRITE is a quota or a limit on the size of files.
    "SQLITE_FULL": StorageFull,
    "SQLITE_IOERR_WRITE": StorageFull,
    "SQLITE_IOERR_SHMSIZE": StorageFull,
    "SQLITE_READONLY": StorageReadOnly,
    "SQLITE_READONLY_DBMOVED": StorageBroken,
    "SQLITE_READONLY_DIRECTORY": StorageReadOnly,
    "SQLITE_READONLY_CANTINIT": StorageReadOnly,
    "SQLITE_READONLY_RECOVERY": StorageReadOnly,
    "SQLITE_IOERR_READ": StorageBroken,
    "SQLITE_IOERR_SHORT_READ": StorageBroken,
    # What was not synced may be gone from the disk and still be read from memory: nothing may be signed over it.
    "SQLITE_IOERR_FSYNC": StorageBroken,
    "SQLITE_IOERR_DIR_FSYNC": StorageBroken,
    "SQLITE_IOERR_CORRUPTFS": StorageBroken,
    "SQLITE_CORRUPT": StorageBroken,
    "SQLITE_CORRUPT_INDEX": StorageBroken,
    "SQLITE_NOTADB": StorageBroken,
    # PostgreSQL, appendix A: disk_full, read_only_sql_transaction, io_error, data_corrupted, index_corrupted.
    "53100": StorageFull,
    "25006": StorageReadOnly,
    "58030": StorageBroken,
    "XX001": StorageBroken,
    "XX002": StorageBroken,
}
_PASSING = (StorageFull, StorageReadOnly)


def cause_of(error: BaseException) -> WritingStopped | None:
    """Return why writing must stop after this error, or None where the next group may fare better."""
    if isinstance(error, WritingStopped):
        return error
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    told = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    kind = _CAUSES.get(str(told))
    return None if kind is None else kind()


def is_passing(standstill: Standstill) -> bool:
    """Whether writing has stopped for a cause that may pass by itself: `go_on` is to be asked now and then."""
    return any(standstill.has(kind) for kind in _PASSING)


def go_on(database: Database, standstill: Standstill) -> None:
    """Let writing go on where there is room again, and a write that changes nothing is committed."""
    try:
        if (file := sqlite_file(database.url.render_as_string(hide_password=False))) is not None:
            probe = file.with_name(f"{file.name}.room")
            write_whole(probe, os.urandom(ROOM))
            probe.unlink()
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE ledger_state SET size = size"))
    except (DBAPIError, NotWritten, OSError) as error:
        _log.debug("storage still refuses: %s", error)
        return
    for kind in _PASSING:
        standstill.resume(kind)
