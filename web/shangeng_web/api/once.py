"""Calls that change something happen once, however often they arrive.

The `Idempotency-Key` header names a call. Its answer is stored in the same transaction as what it did, so a repeat
after a lost connection finds the answer and does nothing; another body under the same key is refused. The writer
decides one call after the other, so of two that arrive together the second finds the answer of the first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlmodel import Session, col, delete

from shangeng_trace.acting import Actor
from shangeng_trace.db import ReadSession
from shangeng_trace.errors import ConflictError, ShangengError
from shangeng_web.api.places import IDEMPOTENCY_KEY, place
from shangeng_web.api.tables import ApiCall
from shangeng_web.api.wire import In
from shangeng_web.deps import ApiActor, PlatformDep, ReadDep
from shangeng_web.platform import Platform

Answer = TypeVar("Answer", bound=BaseModel)

REMEMBERED = timedelta(days=1)


class KeyReused(ConflictError):
    """An idempotency key came back with another call."""

    code = "web.idempotency_key_reused"
    zh = "这个 Idempotency-Key 已经用于另一个内容不同的请求。"
    en = "This Idempotency-Key was used for another request with different content."


@dataclass(frozen=True, slots=True)
class Once:
    """The way into the writer for one call."""

    platform: Platform
    actor: Actor
    session: ReadSession
    key: str | None
    fingerprint: str

    async def run(self, command: Callable[[Session], Answer], kind: type[Answer], body: In | None = None) -> Answer:
        """Run the command, or return what the same call was answered before.

        Raises `KeyReused`, and what the command raises with fields named as members of `body`.
        """
        await self.session.commit()  # whoever waits for the writer holds no connection
        try:
            return await self.platform.write(lambda session: self._in_writer(session, command, kind))
        except ShangengError as error:
            place(error, type(body).model_fields if body else ())
            raise

    def _in_writer(self, session: Session, command: Callable[[Session], Answer], kind: type[Answer]) -> Answer:
        if self.key is None:
            return command(session)
        moment = self.platform.office.clock()
        session.exec(delete(ApiCall).where(col(ApiCall.made_at) < moment - REMEMBERED))
        known = session.get(ApiCall, (self.actor.organisation_id, self.key))
        if known is not None:
            if known.fingerprint != self.fingerprint:
                raise KeyReused(field=IDEMPOTENCY_KEY)
            return kind.model_validate_json(known.answer)
        answer = command(session)
        session.add(
            ApiCall(
                organisation_id=self.actor.organisation_id,
                key=self.key,
                fingerprint=self.fingerprint,
                answer=answer.model_dump_json(),
                made_at=moment,
            )
        )
        session.flush()
        return answer


async def once(
    request: Request,
    platform: PlatformDep,
    actor: ApiActor,
    session: ReadDep,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=64,
            pattern=r"^[!-~]+$",
            description="Your own name for this call; sent again within a day it is answered as before and done once.",
            examples=["pack-HM20260412-1"],
        ),
    ] = None,
) -> Once:
    """Return the way into the writer for this request."""
    body = await request.body()
    path = f"{request.method} {request.url.path}\n".encode()
    return Once(platform, actor, session, idempotency_key, sha256(path + body).hexdigest())


OnceDep = Annotated[Once, Depends(once)]
