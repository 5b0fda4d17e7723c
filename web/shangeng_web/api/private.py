"""What stands behind the commitments of a signed event: private values and pictures, handed in with it or later."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, JsonValue
from sqlmodel import Session

from shangeng_trace.acting import Actor
from shangeng_trace.attachments import Picture
from shangeng_trace.errors import InvalidError
from shangeng_trace.supplying import own_event, supply
from shangeng_web.api.answers import WRITING
from shangeng_web.api.events import EventPath
from shangeng_web.api.once import OnceDep
from shangeng_web.api.pictures import named_pictures
from shangeng_web.api.wire import PICTURE, Digest, In
from shangeng_web.platform import Platform

router = APIRouter(tags=["events"])

SALT = "5f2a7c1e9b3d4860a1c2e3f405162738"

Salt = Annotated[str, Field(pattern="^([0-9a-f]{2}){16,64}$", description="16 to 64 bytes in hex.", examples=[SALT])]
Name = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_]{0,39}$")]


class PrivateValueIn(In):
    """A private field of the step's record."""

    salt: Salt
    value: JsonValue = Field(
        description="As the record holds it; the commitment is SHA-256 over salt and its canonical form (RFC 8785).",
        examples=["景宁农资店"],
    )


class PrivatePictureIn(In):
    """A picture uploaded before; the commitment is SHA-256 over salt and its SHA-256, 32 bytes."""

    salt: Salt
    sha256: Digest = Field(examples=[PICTURE])


class PrivateIn(In):
    """By the names that the statement's `shangeng:commitments` has for them."""

    values: dict[Name, PrivateValueIn] = Field(
        default_factory=dict[Name, PrivateValueIn], max_length=200, examples=[{}]
    )
    photos: dict[Name, PrivatePictureIn] = Field(
        default_factory=dict[Name, PrivatePictureIn],
        max_length=200,
        examples=[{"photo_1": {"salt": SALT, "sha256": PICTURE}}],
    )


class PrivateOut(BaseModel):
    """Which of the event's commitments have something behind them now, and which have not."""

    there: list[str] = Field(examples=[["photo_1"]])
    missing: list[str] = Field(examples=[[]])


@router.post("/events/{event_id}/private", summary="补交私密内容 · Hand in what is private", responses=WRITING)
async def supply_private(event_id: EventPath, body: PrivateIn, once: OnceDep) -> PrivateOut:
    """Keep private values and pictures of an event that you signed yourself; each must fit its commitment.

    They stand beside the log, where they can be erased. Send the event first, and these when there is a signal.
    """
    office = once.platform.office
    await once.session.run_sync(own_event, once.actor, event_id)
    pictures = await _pictures(once.platform, once.actor, body)

    def command(session: Session) -> PrivateOut:
        values = {name: (bytes.fromhex(each.salt), each.value) for name, each in body.values.items()}
        now = supply(session, office, once.actor, event_id=event_id, values=values, pictures=pictures)
        return PrivateOut(there=list(now.there), missing=list(now.missing))

    return await once.run(command, PrivateOut, body)


async def _pictures(platform: Platform, actor: Actor, body: PrivateIn) -> dict[str, tuple[bytes, Picture]]:
    """Return the uploaded pictures under their names; an error is placed at the name."""
    names = list(body.photos)
    try:
        found = await named_pictures(platform, actor, [each.sha256 for each in body.photos.values()])
    except InvalidError as error:
        for problem in error.problems:
            index = int((problem.field or "").rpartition(".")[2])
            problem.field = f"photos.{names[index]}"
        raise
    known = {picture.sha256: picture for picture in found}
    return {name: (bytes.fromhex(each.salt), known[each.sha256]) for name, each in body.photos.items()}
