"""Storage that fails on purpose: the n-th thing a database engine, or the file system, is asked to do."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from errno import EIO
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy import Engine

from shangeng_trace import durable


class Shape(StrEnum):
    """What an error leaves behind."""

    NOT_STORED = "failed, and not stored"
    STORED = "failed, but stored"


@dataclass
class Faults:
    """Counts what passes, and fails one of it; `met` says which, once it has."""

    shape: Shape = Shape.NOT_STORED
    left: int = 0
    """How many more pass before one fails; below 0: all pass."""
    more: int = 0
    """How many fail after that one without being done, as when a connection is lost."""
    met: str = ""
    with_reads: bool = True

    def arm(self, point: int, shape: Shape, *, more: int = 0) -> None:
        """Let the `point`-th thing from now on fail, counted from 1."""
        self.shape, self.left, self.more, self.met = shape, point, more, ""

    def disarm(self) -> str:
        """Let everything pass; return what was met, if anything."""
        self.left, self.more = 0, 0
        return self.met

    def pass_through(self, what: str, do: Callable[[], object], error: Callable[[], Exception]) -> Any:
        """Do it, or fail."""
        if self.met and self.more:
            self.more -= 1
            raise error()
        self.left -= 1
        if self.left:
            return do()
        self.met = what
        if self.shape is Shape.STORED:
            do()
        raise error()


def in_database(engine: Engine) -> Faults:
    """Put faults between an engine and its database, for good: every statement and every COMMIT.

    Only what writes can fail and be stored all the same: a reading is not counted in that shape, nor where reads do
    not count.
    """
    faults, dialect = Faults(), engine.dialect
    names = ("do_execute", "do_executemany", "do_execute_no_params")
    executes = {name: getattr(dialect, name) for name in names}
    commit = dialect.do_commit

    def broken() -> Exception:
        assert dialect.loaded_dbapi is not None
        error: Exception = dialect.loaded_dbapi.OperationalError("injected: the storage failed")
        return error

    def patched(name: str) -> Callable[..., None]:
        def execute(cursor: Any, statement: str, *arguments: Any, **more: Any) -> None:
            do = executes[name]
            counts = faults.shape is Shape.NOT_STORED and faults.with_reads
            is_lost = faults.met and faults.more
            if not counts and not is_lost and statement.lstrip().upper().startswith(("SELECT", "WITH", "SHOW")):
                do(cursor, statement, *arguments, **more)
                return
            what = " ".join(statement.split())
            faults.pass_through(what, lambda: do(cursor, statement, *arguments, **more), broken)

        return execute

    for name in names:
        setattr(dialect, name, patched(name))
    dialect.do_commit = lambda connection: faults.pass_through("COMMIT", lambda: commit(connection), broken)  # type: ignore[method-assign, assignment]  # a test's fault
    return faults


@contextmanager
def in_files() -> Generator[Faults]:
    """Put faults under what writes files durably: every opening, writing, sync and rename."""
    faults = Faults()
    patch = pytest.MonkeyPatch()

    def call(name: str, true: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given, **named: faults.pass_through(name, lambda: true(*given, **named), _io_error)

    def opened(path: Path, mode: str, opener: Callable[[str, int], int] | None) -> Any:
        made: list[Any] = []

        def do() -> None:
            made.append(open(path, mode, opener=opener))  # noqa: SIM115 - what it stands for; its writer closes it

        try:
            faults.pass_through("open", do, _io_error)
        except OSError:
            for each in made:
                each.close()
            raise
        return _Written(made[0], call("write", made[0].write))

    patch.setattr(durable, "open", opened, raising=False)
    patch.setattr(os, "fsync", call("fsync", os.fsync))
    patch.setattr(Path, "replace", call("rename", Path.replace))
    patch.setattr(Path, "mkdir", call("mkdir", Path.mkdir))
    try:
        yield faults
    finally:
        patch.undo()


def _io_error() -> Exception:
    return OSError(EIO, "injected: Input/output error")


class _Written:
    """A file open for writing, each writing of which may fail."""

    def __init__(self, file: Any, write: Callable[..., Any]) -> None:
        self._file, self.write = file, write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        os.fspath(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
