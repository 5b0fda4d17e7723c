"""A platform behind a real socket, and what an operator with the true key can do to its database."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from sqlalchemy import Connection, select, text
from starlette.types import Receive, Scope, Send

from shangeng_trace.checkpoint import Checkpoint, sign_checkpoint
from shangeng_trace.keyring import LOG_KEY_ID
from shangeng_trace.ledger import table
from shangeng_trace.log_tables import LedgerCheckpoint, LedgerEntry, LedgerTile
from shangeng_trace.merkle import leaf_hash
from shangeng_trace.tiles import TileTree
from shangeng_web.app import create_app
from shangeng_web.platform import Platform
from tests.waiting import until
from tests.web.witnessing.network import free_port

_entry, _tile, _checkpoint = table(LedgerEntry), table(LedgerTile), table(LedgerCheckpoint)


@contextmanager
def served(platform: Platform) -> Generator[str]:
    """Serve a platform at an address; it is closed afterwards, in the loop that read from it."""
    app = create_app(platform.settings)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"platform": platform}}, receive, send)

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(serve, port=port, log_config=None, access_log=False, lifespan="off"))

    async def run() -> None:
        await server.serve()
        await platform.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(60)


def forge(platform: Platform, *, rewritten: int | None = None, size: int | None = None) -> None:
    """Change the stored log, make its tree fit again, and sign it with the log's own key."""
    with platform.database.session() as session:
        key = platform.office.keyring.private(session, LOG_KEY_ID)
    with platform.database.engine.begin() as connection:
        _unguard(connection)
        entries = connection.execute(select(_entry.c.body).order_by(_entry.c["index"]))
        bodies = list(entries.scalars())[:size]
        if rewritten is not None:
            bodies[rewritten] = bodies[rewritten].replace(b'"kind":"event"', b'"kind":"status"')
            connection.execute(_entry.update().where(_entry.c["index"] == rewritten).values(body=bodies[rewritten]))
        tree = TileTree()
        tree.append([leaf_hash(body) for body in bodies])
        connection.execute(_tile.delete())
        for (level, number), hashes in tree.changed().items():
            connection.execute(_tile.insert().values(level=level, number=number, hashes=hashes))
        note = sign_checkpoint(Checkpoint(platform.ledger.origin, len(bodies), tree.root()), key)
        here = _checkpoint.c.size == len(bodies)
        if not connection.execute(_checkpoint.update().where(here).values(root=tree.root(), note=note)).rowcount:
            connection.execute(_checkpoint.insert().values(size=len(bodies), root=tree.root(), note=note))
        connection.execute(_checkpoint.delete().where(_checkpoint.c.size > len(bodies)))


def _unguard(connection: Connection) -> None:
    """Take away what keeps an honest program from mistakes; it never kept out an operator."""
    if connection.dialect.name == "sqlite":
        for name in list(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()):
            connection.execute(text(f"DROP TRIGGER {name}"))
    else:
        connection.execute(text("SET session_replication_role = replica"))
