"""`shangeng audit`: everything stored, read and computed again. It writes nothing and disturbs no server."""

import asyncio
from argparse import Namespace

from rich.console import Console
from rich.progress import Progress
from sqlmodel import Session, select

from shangeng_trace.db import Database
from shangeng_trace.errors import NotFoundError
from shangeng_trace.flaws import Flaw
from shangeng_trace.garbage import spare_the_collector
from shangeng_trace.keyring import Keyring
from shangeng_trace.log_tables import LedgerEntry, LedgerState
from shangeng_web.auditing import audit
from shangeng_web.cli import Voice
from shangeng_web.migrations import check_schema
from shangeng_web.platform import master_keys
from shangeng_web.settings import Settings


class NothingToAudit(NotFoundError):
    """The database holds no ledger."""

    code = "web.nothing_to_audit"
    zh = "这个数据库里没有账本：{url}"
    en = "There is no ledger in this database: {url}"


def run(arguments: Namespace, voice: Voice) -> int:
    """Name every row that does not hold; silent where all do."""
    settings = Settings.read()
    spare_the_collector()
    flaws = asyncio.run(_audit(settings))
    if arguments.json:
        voice.answer_json(
            [{"table": each.table, "row": each.row, "column": each.column, "what": each.what} for each in flaws]
        )
    else:
        for flaw in flaws:
            voice.answer(str(flaw))
    if flaws:
        voice.say(f"审计发现 {len(flaws)} 处不符。", f"Flaws found by the audit: {len(flaws)}.")
    return 1 if flaws else 0


async def _audit(settings: Settings) -> list[Flaw]:
    database = Database(settings.database_url)
    try:
        check_schema(database)
        async with database.read() as session:
            return await session.run_sync(_look, settings, Keyring(master_keys(settings), host=settings.hostname))
    finally:
        await database.dispose()


def _look(session: Session, settings: Settings, keyring: Keyring) -> list[Flaw]:
    state = session.get(LedgerState, 1)
    if state is None and session.exec(select(LedgerEntry.index).limit(1)).first() is None:
        raise NothingToAudit(url=session.get_bind().engine.url)
    # On standard error: the flaws are the answer.
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None if state is None else state.size)
        return audit(session, settings, keyring, progress=lambda count: progress.update(task, completed=count))
