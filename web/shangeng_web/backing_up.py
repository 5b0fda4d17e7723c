"""Backing a deployment up while it runs: every row at one moment, and the photos, in one file.

What is not in it: the settings, and, unless it is asked for, the master key, without which the private keys in it stay
shut (docs/backup.md).
"""

import asyncio
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session

from shangeng_trace.attachments import AttachmentGone, read_attachment
from shangeng_trace.backup_file import Backup, BackupWriter, Manifest, writing
from shangeng_trace.backup_rows import dump, tables_of
from shangeng_trace.clock import now
from shangeng_trace.db import Database
from shangeng_trace.durable import writing_whole
from shangeng_trace.errors import NotFoundError, RejectedError
from shangeng_web.migrations import current_revision
from shangeng_web.platform import master_key_file, master_keys
from shangeng_web.settings import Settings

Progress = Callable[[str], object]
"""Is told of each table, and of the photos."""


class NothingToBackUp(NotFoundError):
    """The database holds no ledger."""

    code = "web.nothing_to_back_up"
    zh = "这个数据库里没有账本，没有可备份的。"
    en = "There is no ledger in this database; there is nothing to back up."


class MasterKeyNotInFile(RejectedError):
    """The backup was to hold the master key, which comes from a setting."""

    code = "web.master_key_not_in_file"
    zh = "主密钥由 SHANGENG_SECRET 得出，没有文件可放进备份。请把这个设置另行妥善保管。"
    en = "The master key comes from SHANGENG_SECRET: there is no file to put into the backup. Keep that setting safely elsewhere."


def back_up(settings: Settings, target: Path, *, with_key: bool = False, progress: Progress = lambda _: None) -> Path:
    """Write a backup and read all of it again; return its path, a name of its own where `target` is a folder.

    It shows one moment of the database and disturbs no server. The file is there whole or not at all.
    """
    if target.is_dir():
        target /= f"shangeng-{now():%Y%m%dT%H%M%SZ}.zip"
    key = _master_key(settings) if with_key else None
    with writing_whole(target, private=True) as file:
        with writing(file) as backup:
            asyncio.run(_write(settings, backup, key, progress))
        file.seek(0)
        Backup(file).check()
        file.seek(0, os.SEEK_END)
    return target


async def _write(settings: Settings, backup: BackupWriter, key: bytes | None, progress: Progress) -> None:
    database = Database(settings.database_url)
    try:
        async with database.read() as session:
            await session.run_sync(_write_moment, settings, backup, key, progress)
    finally:
        await database.dispose()


def _write_moment(
    session: Session, settings: Settings, backup: BackupWriter, key: bytes | None, progress: Progress
) -> None:
    """Write what one moment of the database holds, and the photos it names; the tables may be an older version's."""
    connection = session.connection()
    tables = {table.name: table for table in tables_of(connection)}
    if "ledger_state" not in tables or (state := connection.execute(tables["ledger_state"].select()).first()) is None:
        raise NothingToBackUp
    for name, table in tables.items():
        backup.table(name, table.columns.keys(), dump(connection, table))
        progress(name)
    kept = tables["attachment"].columns
    for photo in connection.execute(select(kept.sha256).where(kept.erased_at.is_(None))).scalars():
        try:
            backup.photo(photo, read_attachment(settings.media_dir, photo))
        except AttachmentGone:
            continue  # erased a moment ago, or lost: the audit of what is restored will name it
    progress("media")
    if key is not None:
        backup.master_key(key)
    heads = tables["ledger_checkpoint"].columns
    backup.manifest(
        Manifest(
            origin=state.origin,
            size=state.size,
            root=state.root.hex(),
            checkpoint=connection.execute(select(heads.note).order_by(heads.size.desc()).limit(1)).scalar(),
            schema=current_revision(connection),
            made=f"{now():%Y-%m-%dT%H:%M:%SZ}",
            software=version("shangeng"),
            master_key=key is not None,
            media=backup.media,
            tables=backup.tables,
        )
    )


def _master_key(settings: Settings) -> bytes:
    path = master_key_file(settings)
    if path is None:
        raise MasterKeyNotInFile
    master_keys(settings)  # says in words what is wrong with it
    return path.read_bytes()
