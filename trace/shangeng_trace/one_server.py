"""One server for one SQLite file: a lock beside it, which ends with the process, whatever ends the process.

A server keeps in memory where the log ends and what the pages show; two over one file would each know half. On
PostgreSQL the log's state row keeps several processes apart, so there is nothing to lock.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from shangeng_trace.db import sqlite_file
from shangeng_trace.errors import ConflictError, UnavailableError

_LONGEST_PID = 20


class AlreadyServed(ConflictError):
    """Another process serves this SQLite file."""

    code = "trace.already_served"
    zh = "另一个服务（进程 {process}）正在使用数据库 {path}。一个 SQLite 文件只能由一个服务使用：请先停掉它；需要几个服务，请改用 PostgreSQL。"
    en = "Another server (process {process}) is using the database {path}. A SQLite file has one server: stop that one first, or use PostgreSQL for several."


class NotLockable(UnavailableError):
    """The lock's file cannot be made."""

    code = "trace.not_lockable"
    zh = "不能在 {path} 旁边建锁文件：{reason}。请检查目录权限和磁盘空间。"
    en = "The lock beside {path} cannot be made: {reason}. Please check the folder's permissions and the disk."


@contextmanager
def sole_server(url: str) -> Generator[None]:
    """Be the one server of a database, as long as the block runs; raises `AlreadyServed` where there is one.

    `flock`, and not the POSIX locks that SQLite itself takes: those are lost when any descriptor of the file closes.
    """
    path = sqlite_file(url)
    if path is None:
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(_beside(path), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise NotLockable(path=path, reason=error.strerror) from error
    try:
        _take(lock, path)
        yield
    finally:
        os.close(lock)


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.truncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
    except BlockingIOError as error:
        raise AlreadyServed(path=path, process=os.read(lock, _LONGEST_PID).decode() or "?") from error
    except OSError as error:
        raise NotLockable(path=path, reason=error.strerror) from error


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.server")
