"""`shangeng log`: the log as plain files, its keys, its end. All of it while servers run."""

import asyncio
from argparse import Namespace
from importlib import import_module
from pathlib import Path

from rich.progress import Progress
from sqlmodel import Session

from shangeng_trace.db import Database
from shangeng_trace.log_export import export_log
from shangeng_web.cli import Voice
from shangeng_web.migrations import check_schema
from shangeng_web.settings import Settings


def run(arguments: Namespace, voice: Voice) -> int:
    """Do what the action says."""
    if arguments.action == "export":
        return _export_to(arguments, voice)
    code: int = import_module("shangeng_web.commands.log_life").run(arguments, voice)
    return code


def _export_to(arguments: Namespace, voice: Voice) -> int:
    """Export what the folder lacks, and say how far the log has grown."""
    size = asyncio.run(_export(Settings.read(), Path(arguments.folder)))
    voice.answer(voice.words(f"已导出 {size} 条：{arguments.folder}", f"{size} entries in {arguments.folder}"))
    return 0


async def _export(settings: Settings, folder: Path) -> int:
    database = Database(settings.database_url)
    try:
        check_schema(database)
        async with database.read() as session:
            return await session.run_sync(_write, folder, witnessed=settings.witnesses is not None)
    finally:
        await database.dispose()


def _write(session: Session, folder: Path, *, witnessed: bool) -> int:
    with Progress(transient=True) as progress:
        task = progress.add_task("", total=None)
        return export_log(session, folder, witnessed=witnessed, progress=lambda _path: progress.advance(task))
