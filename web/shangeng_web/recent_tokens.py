"""Tokens that this process has found valid a moment ago, so that a busy program costs one look a second.

A token revoked in this process is refused from then on; one revoked in another process at most `FRESH_SECONDS` later.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import event
from sqlmodel import Session

from shangeng_trace.acting import Actor
from shangeng_web.accounts import token_digest

FRESH_SECONDS = 1.0
_MOST = 4096


@dataclass(frozen=True, slots=True)
class Found:
    """A valid token: who acts with it, until when, and when its use was last noted."""

    token_id: str
    actor: Actor
    expires_at: datetime
    used_at: datetime | None


class RecentTokens:
    """What was found, under the digest of the token's text."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found: dict[str, tuple[float, Found]] = {}
        self._looking: dict[str, asyncio.Task[Found | None]] = {}

    async def find(
        self, token: str, look: Callable[[str], Awaitable[Found | None]], *, moment: datetime
    ) -> Found | None:
        """Return what was found less than a second ago and is valid at `moment`, else what `look` finds now.

        Of many who ask at once, one looks.
        """
        digest = token_digest(token)
        until, found = self._found.get(digest, (0.0, None))
        if found is None or self._clock() >= until:
            if (looking := self._looking.get(digest)) is None:
                looking = self._looking[digest] = asyncio.ensure_future(self._look(digest, look(token)))
            found = await asyncio.shield(looking)
        return found if found is not None and moment < found.expires_at else None

    def note_use(self, token: str, moment: datetime) -> None:
        """Remember that somebody notes the use of a token, so that nobody else does."""
        digest = token_digest(token)
        if digest in self._found:
            until, found = self._found[digest]
            self._found[digest] = until, replace(found, used_at=moment)

    def forget_with(self, session: Session) -> None:
        """Forget everything when this session commits: it has revoked a token."""
        event.listen(session, "after_commit", self._forget)

    async def _look(self, digest: str, looking: Awaitable[Found | None]) -> Found | None:
        until = self._clock() + FRESH_SECONDS
        try:
            found = await looking
            # Where a token was revoked meanwhile, this look may have come too early, and is not remembered.
            if found is not None and self._looking.get(digest) is asyncio.current_task():
                if len(self._found) >= _MOST:
                    self._found.clear()
                self._found[digest] = until, found
            return found
        finally:
            self._looking.pop(digest, None)

    def _forget(self, _session: Session) -> None:
        self._looking.clear()
        self._found.clear()


RECENT = RecentTokens()
"""This process's; a token is known by 256 random bits, so several platforms in one process may share it."""
