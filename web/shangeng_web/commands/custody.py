"""`shangeng custody`: the master key that wraps the private keys, changed while servers run."""

from argparse import Namespace
from pathlib import Path

from sqlmodel import Session, select

from shangeng_trace.db import Database
from shangeng_trace.durable import write_whole
from shangeng_trace.errors import ConflictError
from shangeng_trace.keyring import CustodyKey
from shangeng_trace.master_keys import MasterKeys
from shangeng_trace.rewrapping import forget, prepare, rewrap
from shangeng_web.cli import Voice
from shangeng_web.migrations import check_schema
from shangeng_web.platform import master_key_file, master_keys
from shangeng_web.settings import Settings


class FromSecret(ConflictError):
    """The master key comes from the secret, which stays as it is."""

    code = "web.master_key_from_secret"
    zh = "主密钥由 SHANGENG_SECRET 得出，不能直接更换。请先执行 shangeng custody save 文件，把 SHANGENG_MASTER_KEY_FILE 指向它并重启服务，然后再换。"
    en = "The master key comes from SHANGENG_SECRET and cannot be changed as it is. Run shangeng custody save FILE, point SHANGENG_MASTER_KEY_FILE to it and restart, then change it."


class KeptInFile(ConflictError):
    """The master key is in a file already, or the file named is there."""

    code = "web.master_key_kept"
    zh = "主密钥已经在文件里，或者文件已存在：{path}"
    en = "The master key is in a file already, or the file is there: {path}"


def run(arguments: Namespace, voice: Voice) -> int:
    """Do what the action says."""
    settings = Settings.read()
    masters = master_keys(settings)
    if arguments.action == "save":
        _save(Path(arguments.file), settings, masters)
        return 0
    database = Database(settings.database_url)
    try:
        check_schema(database)
        with database.session() as session:
            _change(session, masters, arguments, voice)
            session.commit()
    finally:
        database.engine.dispose()
    return 0


def _change(session: Session, masters: MasterKeys, arguments: Namespace, voice: Voice) -> None:
    if arguments.action == "list":
        for row in session.exec(select(CustodyKey)):
            newest = masters.is_newest(row.wrapped, row.id)
            voice.answer(
                f"{row.id:<16} {voice.words('新', 'new') if newest else voice.words('旧', 'old')}  {row.public}"
            )
        return
    if masters.path is None:
        raise FromSecret
    if arguments.action == "forget":
        forget(session, masters)
        voice.say("旧主密钥已从文件里去掉。", "The old master key has left the file.")
        return
    fresh = prepare(session, masters)
    if arguments.prepare:
        voice.say(
            f"{masters.path} 里有新旧两把主密钥，请分发到每台服务器，再执行 shangeng custody rotate。",
            f"{masters.path} holds the new and the old master key: copy it to every machine, then run shangeng custody rotate.",
        )
        return
    changed = rewrap(session, masters)
    again = "" if fresh else voice.words("（接着上次）", " (going on where it stopped)")
    voice.say(
        f"{changed} 把私钥已改用新主密钥{again}。旧主密钥还在 {masters.path} 里，旧备份都不要了之后执行 shangeng custody forget。",
        f"Private keys now wrapped with the new master key{again}: {changed}. The old one is still in {masters.path}; run shangeng custody forget once no backup needs it.",
    )


def _save(path: Path, settings: Settings, masters: MasterKeys) -> None:
    kept = master_key_file(settings)
    if kept is not None or path.exists():
        raise KeptInFile(path=kept or path)
    write_whole(path, masters.keys[0].to_bytes(), private=True)
