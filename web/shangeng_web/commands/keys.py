"""`shangeng keys`: the keys that the log knows, and those in custody made, replaced and revoked.

Whoever runs the command holds the master key, so it may act for any key in custody; a revocation is the platform's
word, and never reaches back.
"""

import asyncio
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor
from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.enrolment import enrol_key, revoke_key, rotate_key
from shangeng_trace.errors import RejectedError
from shangeng_trace.ids import read_id
from shangeng_trace.keyring import known_key
from shangeng_trace.registry import get_organisation, platform_organisation
from shangeng_trace.registry_tables import Organisation, Role
from shangeng_trace.revocation import Reason
from shangeng_web import formats
from shangeng_web.cli import Voice
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings


class InstantUnreadable(RejectedError):
    """The text is no date or time."""

    code = "web.instant_unreadable"
    zh = "看不懂这个时间：{text}。请写成 2027-12-31 或 2027-12-31T12:00:00+08:00。"
    en = "This is no time: {text}. Write 2027-12-31 or 2027-12-31T12:00:00+08:00."


def run(arguments: Namespace, voice: Voice) -> int:
    """List keys, or make, replace or revoke one."""
    expires = _instant(arguments.expires) if arguments.action in ("new", "rotate") and arguments.expires else None
    platform = Platform.open(Settings.read())
    office = platform.office

    def new(session: Session) -> LedgerKey:
        organisation = get_organisation(session, read_id(arguments.organisation) or arguments.organisation)
        return enrol_key(session, office, _keeper(organisation), expires=expires)

    def rotate(session: Session) -> LedgerKey:
        row = known_key(session, read_id(arguments.key) or arguments.key)
        keeper = _keeper(get_organisation(session, row.controller))
        return rotate_key(session, office, keeper, key_id=row.id, expires=expires)

    def revoke(session: Session) -> LedgerKey:
        keeper = _keeper(platform_organisation(session))
        return revoke_key(
            session, office, keeper, key_id=read_id(arguments.key) or arguments.key, reason=Reason(arguments.reason)
        )

    acts: dict[str, Callable[[Session], LedgerKey]] = {"new": new, "rotate": rotate, "revoke": revoke}
    try:
        if arguments.action == "list":
            _list(platform, voice, arguments)
        else:
            key = platform.writer.run(acts[arguments.action])
            if arguments.json:
                voice.answer_json(_said(key), indent=None)
            else:
                voice.answer(key.id)
    finally:
        asyncio.run(platform.close())
    return 0


def _keeper(organisation: Organisation) -> Actor:
    return Actor(organisation.id, organisation.kind, frozenset({Role.MANAGER, Role.OPERATOR}))


def _instant(text: str) -> datetime:
    """Read a moment, or a day as its beginning in China."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise InstantUnreadable(text=text) from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _said(key: LedgerKey) -> dict[str, object]:
    shown: dict[str, object] = key.model_dump(mode="json")
    return shown


def _list(platform: Platform, voice: Voice, arguments: Namespace) -> None:
    wanted = select(LedgerKey).order_by(col(LedgerKey.registered_index))
    if arguments.organisation:
        wanted = wanted.where(LedgerKey.controller == read_id(arguments.organisation))
    with platform.database.session() as session:
        keys = session.exec(wanted).all()
    if arguments.json:
        voice.answer_json([_said(each) for each in keys])
        return
    for key in keys:
        voice.answer(
            f"{key.id}  {key.controller_kind:<12} {key.controller}  {key.custody:<9} {key.registered_index:>8}"
            f"  {_state(key, voice, platform.office.clock())}  {key.public}"
        )


def _state(key: LedgerKey, voice: Voice, moment: datetime) -> str:
    if key.last_valid_index is not None:
        return f"≤ {key.last_valid_index} {key.revoked_reason}"
    if key.expires_at is None:
        return voice.words("有效", "valid")
    day = formats.local(key.expires_at).isoformat(timespec="minutes")
    if key.expires_at <= moment:
        return voice.words(f"{day} 过期", f"expired {day}")
    return voice.words(f"有效至 {day}", f"valid until {day}")
