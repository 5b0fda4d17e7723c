"""`shangeng migrate`: the tables of this version."""

from argparse import Namespace

from shangeng_trace.db import Database
from shangeng_trace.one_server import sole_server
from shangeng_web.cli import Voice
from shangeng_web.migrations import migrate, wanted_revision
from shangeng_web.settings import Settings


def run(_arguments: Namespace, voice: Voice) -> int:
    """Migrate the database; a second time changes nothing. Refused beside a server on the same SQLite file."""
    settings = Settings.read()
    with sole_server(settings.database_url):  # a server of another version must not find its tables changed
        database = Database(settings.database_url)
        before, after = migrate(database), wanted_revision()
        database.engine.dispose()
    if before == after:
        voice.say(f"数据库已经是 {after}。", f"The database is at {after} already.")
    else:
        voice.say(
            f"数据库已从 {before or '空库'} 升级到 {after}。",
            f"The database went from {before or 'nothing'} to {after}.",
        )
    return 0
