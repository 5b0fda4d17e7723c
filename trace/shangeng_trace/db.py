"""The database: one synchronous engine for the writer, one asynchronous engine for readers.

SQLite runs in WAL mode with `synchronous=FULL`: an acknowledged statement survives a power cut. Writers start with
BEGIN IMMEDIATE, because a transaction that reads first and writes later fails at once when another came between.
Readers see one snapshot per transaction on both engines and never wait for the writer.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Session

from shangeng_trace.glance import Glance

P = ParamSpec("P")
T = TypeVar("T")

_BUSY_MILLISECONDS = 15_000
_PAGES_IN_WAL = 16_000
"""Pages of 4 KiB after which SQLite carries the write-ahead log over into the database. Digests scatter over their
index, so that each group changes pages which the next changes again; at SQLite's own 1,000 each was carried over for
every second group, a sixth of what writing an event costs."""


class ReadSession(AsyncSession):
    """A session inside one read transaction; queries run through its `run_sync`."""

    sync_session_class = Session

    async def run_sync(self, fn: Callable[Concatenate[Session, P], T], *arg: P.args, **kw: P.kwargs) -> T:
        """Run a query, which takes the synchronous session first, and await its result."""
        query: Callable[..., T] = fn
        return await super().run_sync(query, *arg, **kw)


class Database:
    """Both engines over one URL, `sqlite:///path` or `postgresql://…`; `dispose` closes them."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if (file := sqlite_file(url)) is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self.engine = self._writer()
        self._async: AsyncEngine | None = None
        self._sessions: async_sessionmaker[ReadSession] | None = None
        self._glances: dict[str, Glance] = {}

    def _writer(self) -> Engine:
        if self.is_sqlite:
            url = self.url.set(drivername="sqlite+pysqlite")
            engine = create_engine(url, connect_args={"check_same_thread": False})
            _use_sqlite(engine, begin="BEGIN IMMEDIATE", read_only=False)
        else:
            engine = create_engine(self.url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        event.listen(engine, "handle_error", _drop_after_failed_commit)
        return engine

    def _reader(self) -> AsyncEngine:
        url: URL = self.url
        if not self.is_sqlite:
            return create_async_engine(
                url.set(drivername="postgresql+psycopg"),
                pool_size=16,
                isolation_level="REPEATABLE READ",
                execution_options={"postgresql_readonly": True},
            )
        engine = create_async_engine(url.set(drivername="sqlite+aiosqlite"), pool_size=8, max_overflow=8)
        _use_sqlite(engine.sync_engine, begin="BEGIN", read_only=True)
        return engine

    def session(self) -> Session:
        """Return a synchronous session for the writer, migrations and commands; its begin takes the write lock."""
        return Session(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[ReadSession]:
        """Open one read transaction: everything inside sees the same moment."""
        if self._sessions is None:
            self._async = self._reader()
            self._sessions = async_sessionmaker(
                self._async, class_=ReadSession, expire_on_commit=False, autoflush=False
            )
        async with self._sessions() as session, session.begin():
            yield session

    async def glance(self, question: str) -> int:
        """Ask SQL that answers with one number, as cheaply as the engine allows; raises `UnavailableError`."""
        if question not in self._glances:
            self._glances[question] = Glance.over(self.url, question)
        return await self._glances[question].number()

    async def dispose(self) -> None:
        """Close every connection of both engines; nobody uses one any more."""
        await self.dispose_readers()
        self.engine.dispose()

    async def dispose_readers(self) -> None:
        """Close what was opened for reading in this event loop; the writer goes on."""
        for glance in self._glances.values():
            await glance.close()
        self._glances.clear()
        if self._async is not None:
            await self._async.dispose()
            self._async = self._sessions = None


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite database, or None for PostgreSQL and for a database in memory."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database or parts.database == ":memory:":
        return None
    return Path(parts.database)


def _drop_after_failed_commit(failed: ExceptionContext) -> None:
    """Use a connection no more whose COMMIT failed: its transaction may still be open, and would hold up everybody."""
    if failed.statement is None:
        failed.is_disconnect = True
        failed.invalidate_pool_on_disconnect = False


def _use_sqlite(engine: Engine, *, begin: str, read_only: bool) -> None:
    """Take transaction control from the driver, which would begin too late, and set the pragmas."""

    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA wal_autocheckpoint={_PAGES_IN_WAL}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-65536")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", start)
