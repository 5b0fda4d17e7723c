"""`shangeng log key`, `freeze` and `keep-time`: what binds the log, written into it as an entry.

Running servers need not be told: which keys sign and whether the log goes on is read with every group of entries.
"""

import asyncio
import time
from argparse import Namespace

from sqlmodel import Session

from shangeng_trace.errors import RejectedError
from shangeng_trace.keyring import CustodyKey
from shangeng_trace.log_ending import freeze_log, keep_time
from shangeng_trace.log_keys import LogKey, destroy_log_key, log_keys, next_log_key, retire_log_key
from shangeng_trace.registry import platform_organisation
from shangeng_trace.witnessing import published_checkpoint
from shangeng_web.cli import Voice
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings

_WITNESSES_SECONDS = 10.0
_LOOK_SECONDS = 0.1


class NotConfirmed(RejectedError):
    """The log's name was not given, or another's."""

    code = "web.not_confirmed"
    zh = "封存不能撤销。确实要封存，请写明日志名称：--confirm {origin}"
    en = "There is no way back from this. If it is meant, give the log's name: --confirm {origin}"


def run(arguments: Namespace, voice: Voice) -> int:
    """Do it, and wait until the published head covers it."""
    platform = Platform.open(Settings.read())
    try:
        match arguments.action:
            case "freeze":
                _freeze(platform, voice, confirmed=arguments.confirm)
            case "keep-time":
                kept = platform.writer.run(
                    lambda session: keep_time(
                        session, platform.office.keyring, _operator(session), moment=platform.office.clock()
                    )
                )
                voice.say(
                    f"账本时间保持在 {kept:%Y-%m-%d %H:%M:%S} UTC。", f"The log keeps {kept:%Y-%m-%d %H:%M:%S} UTC."
                )
            case _:
                _keys(platform, voice, arguments)
    finally:
        asyncio.run(platform.close())
    return 0


def _freeze(platform: Platform, voice: Voice, *, confirmed: str) -> None:
    origin = platform.ledger.origin
    if confirmed != origin:
        raise NotConfirmed(origin=origin)
    index = platform.writer.run(
        lambda session: freeze_log(session, platform.office.keyring, _operator(session), moment=platform.office.clock())
    )
    published = _published(platform, index + 1)
    voice.say(
        f"账本 {origin} 已封存，最后一条是第 {index} 条；对外公布到 {published} 条。",
        f"The log {origin} has ended with entry {index}; {published} entries are published.",
    )


def _keys(platform: Platform, voice: Voice, arguments: Namespace) -> None:
    match arguments.key_action:
        case "next":
            row = platform.writer.run(lambda session: _next(session, platform))
            published = _published(platform, row.first_size)
            voice.answer(row.vkey)
            if published < row.first_size:
                voice.say(
                    "见证方还没有签过新的检查点；签过之后才能让旧密钥退役。",
                    "The witnesses have not cosigned the new head yet; the old key can be retired after that.",
                )
            voice.say(
                "请通知见证方和核验者加上这一行公钥；大家都加上之后再退役旧的。",
                "Ask witnesses and verifiers to add this key, and retire the old one when they have.",
            )
        case "retire":
            published = _published(platform, 0)
            row = platform.writer.run(lambda session: _retire(session, platform, published, destroy=arguments.destroy))
            voice.answer(row.vkey)
        case "destroy":
            platform.writer.run(lambda session: destroy_log_key(session, arguments.key))
        case _:
            with platform.database.session() as session:
                for row in log_keys(session):
                    _tell(session, row, voice)


def _next(session: Session, platform: Platform) -> LogKey:
    return next_log_key(
        session,
        platform.office.keyring,
        _operator(session),
        platform.ledger.origin,
        moment=platform.office.clock(),
    )


def _retire(session: Session, platform: Platform, published: int, *, destroy: bool) -> LogKey:
    row = retire_log_key(
        session,
        platform.office.keyring,
        _operator(session),
        platform.ledger.origin,
        published=published,
        moment=platform.office.clock(),
    )
    if destroy:
        destroy_log_key(session, row.id)
    return row


def _tell(session: Session, row: LogKey, voice: Voice) -> None:
    kept = session.get(CustodyKey, row.id) is not None
    state = voice.words("在用", "signs") if row.last_size is None else voice.words("已退役", "retired")
    private = "" if kept else voice.words("  私钥已销毁", "  private half destroyed")
    until = "" if row.last_size is None else row.last_size
    voice.answer(f"{row.id:<8} {row.first_size}–{until}  {state}{private}  {row.vkey}")


def _operator(session: Session) -> str:
    return platform_organisation(session).id


def _published(platform: Platform, size: int) -> int:
    """Wait a little for the published head to have this size, and return which it has."""
    end = time.monotonic() + _WITNESSES_SECONDS
    while True:
        with platform.database.session() as session:
            head = published_checkpoint(session, witnessed=platform.witnessed)
        reached = head.size if head else 0
        if reached >= size or time.monotonic() >= end:
            return reached
        time.sleep(_LOOK_SECONDS)
