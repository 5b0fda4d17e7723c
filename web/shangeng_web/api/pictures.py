"""Pictures over the API: uploaded first, then named by the event they belong to."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, File, UploadFile
from sqlmodel import Session

from shangeng_trace.acting import Actor
from shangeng_trace.attachments import AttachmentGone, Picture, keep_picture, read_attachment
from shangeng_trace.errors import InvalidError, RejectedError
from shangeng_trace.registry_tables import Role
from shangeng_web.api.answers import problems
from shangeng_web.api.registry_wire import PictureOut
from shangeng_web.api.tables import ApiPicture
from shangeng_web.deps import ApiActor, PlatformDep, ReadDep
from shangeng_web.platform import Platform

router = APIRouter(tags=["pictures"])

LOGGERS = (Role.MANAGER, Role.CLERK, Role.FARMER, Role.ANALYST, Role.INSPECTOR, Role.SUPERVISOR)
"""Roles that record what happens; the same as the verbs ask for."""


class PictureNotUploaded(RejectedError):
    """An event names a picture that its organisation has not uploaded, or that was erased since."""

    code = "web.picture_not_uploaded"
    zh = "没有上传过这张照片，或已经删除。请先上传。"
    en = "This picture was not uploaded by you, or was erased since. Please upload it first."


@router.post("/pictures", status_code=201, summary="上传照片 · Upload a picture", responses=problems())
async def upload_picture(
    actor: ApiActor,
    platform: PlatformDep,
    session: ReadDep,
    photo: Annotated[UploadFile, File(description="A JPEG, PNG or WebP photo, of a report too; 12 MB at most.")],
) -> PictureOut:
    """Store a picture, turned upright and without its metadata; the same picture again gives the same answer.

    Events name it by its `sha256` in `pictures`; the statement holds no more than a salted commitment to it.
    """
    actor.must_have(*LOGGERS)
    await session.commit()  # nothing is held while the picture is worked on
    data = await photo.read()
    picture = await asyncio.to_thread(keep_picture, platform.settings.media_dir, data, field="photo")
    moment = platform.office.clock()

    def command(writing: Session) -> None:
        writing.merge(
            ApiPicture(
                organisation_id=actor.organisation_id,
                sha256=picture.sha256,
                width=picture.width,
                height=picture.height,
                size=picture.size,
                made_at=moment,
            )
        )

    await platform.write(command)
    return PictureOut.of(picture)


async def named_pictures(platform: Platform, actor: Actor, names: Sequence[str]) -> list[Picture]:
    """Return the pictures that an event names; raises `PictureNotUploaded` at each that is not there to be named."""
    found = [await _named(platform, actor, name) for name in dict.fromkeys(names)] if names else []
    missing = [name for name, picture in zip(dict.fromkeys(names), found, strict=True) if picture is None]
    if missing:
        raise InvalidError(PictureNotUploaded(field=f"pictures.{names.index(name)}") for name in missing)
    return [picture for picture in found if picture is not None]


async def _named(platform: Platform, actor: Actor, name: str) -> Picture | None:
    async with platform.read() as session:
        row = await session.run_sync(lambda reading: reading.get(ApiPicture, (actor.organisation_id, name)))
    if row is None:
        return None
    try:
        await asyncio.to_thread(read_attachment, platform.settings.media_dir, name)
    except AttachmentGone:
        return None
    return Picture(row.sha256, row.width, row.height, row.size)
