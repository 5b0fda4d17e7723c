"""Photos of a form: kept before the event is written, not lost when the form is refused, shown to whoever may see.

A form that comes back names the photos it already sent. A name is good in the session it was given to and in no
other: what a photo is called would otherwise be enough to put somebody else's under one's own event.
"""

import asyncio
import hmac
from io import BytesIO
from pathlib import Path
from re import fullmatch

from fastapi import APIRouter
from PIL import Image
from sqlmodel import Session, col, select
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from shangeng_trace.acting import Actor
from shangeng_trace.attachments import AttachmentGone, Picture, keep_picture, read_attachment
from shangeng_trace.batch_tables import Batch, EventBatch, EventRecord
from shangeng_trace.errors import RejectedError
from shangeng_trace.private_tables import Attachment, EventAttachment
from shangeng_trace.registry_tables import OrganisationKind
from shangeng_web.deps import LoginDep, PlatformDep, ReadDep
from shangeng_web.settings import Settings

router = APIRouter(prefix="/console", include_in_schema=False)

MOST = 8
_KEPT = "private, max-age=86400, immutable"


class TooManyPhotos(RejectedError):
    """More photos than one event takes."""

    code = "web.too_many_photos"
    zh = "一次最多 {most} 张照片。"
    en = "At most {most} photos at a time."


class PhotoNotKept(RejectedError):
    """A form hands in a photo again that its session was not given, or that is gone."""

    code = "web.photo_not_kept"
    zh = "有一张照片没有留住，请重新添加。"
    en = "A photo was not kept. Please add it again."


def kept_name(csrf: str, sha256: str) -> str:
    """Return the name under which a session's forms may hand in a photo again."""
    return f"{sha256}.{hmac.digest(csrf.encode(), sha256.encode(), 'sha256').hex()}"


async def take_photos(settings: Settings, form: FormData, csrf: str) -> tuple[list[Picture], list[RejectedError]]:
    """Return the pictures of a form, those kept from an earlier try first, and what was wrong with new ones.

    `csrf` is the session's own token, which vouches for the names of the kept ones.
    """
    folder = settings.media_dir
    names = [value for value in form.getlist("kept") if isinstance(value, str)]
    pictures: list[Picture] = []
    problems: list[RejectedError] = []
    for name in names[:MOST]:
        try:
            pictures.append(await asyncio.to_thread(_kept_picture, folder, name, csrf))
        except RejectedError as problem:
            problems.append(problem)
    for upload in form.getlist("photo"):
        if not isinstance(upload, UploadFile) or not upload.filename:
            continue
        if len(pictures) >= MOST:
            problems.append(TooManyPhotos(field="photo", most=MOST))
            break
        try:
            pictures.append(await asyncio.to_thread(keep_picture, folder, await upload.read(), field="photo"))
        except RejectedError as problem:
            problems.append(problem)
    return list({picture.sha256: picture for picture in pictures}.values()), problems


def _kept_picture(folder: Path, name: str, csrf: str) -> Picture:
    """Return a picture kept by an earlier try of the same form; raises `PhotoNotKept`."""
    sha256, _, _ = name.partition(".")
    if not fullmatch(r"[0-9a-f]{64}\.[0-9a-f]{64}", name) or not hmac.compare_digest(name, kept_name(csrf, sha256)):
        raise PhotoNotKept(field="photo")
    try:
        data = read_attachment(folder, sha256)
    except AttachmentGone as exc:
        raise PhotoNotKept(field="photo") from exc
    with Image.open(BytesIO(data), formats=("JPEG",)) as opened:
        return Picture(sha256, opened.width, opened.height, len(data))


@router.get("/photos/{sha256}")
async def photo(sha256: str, login: LoginDep, platform: PlatformDep, session: ReadDep) -> Response:
    """Show a photo to the owners of the batches it belongs to, and to offices."""
    if not fullmatch(r"[0-9a-f]{64}", sha256) or not await session.run_sync(_may_see, login.actor, sha256):
        raise AttachmentGone
    data = await asyncio.to_thread(read_attachment, platform.settings.media_dir, sha256)
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": _KEPT, "Vary": "Cookie"})


def _may_see(session: Session, actor: Actor, sha256: str) -> bool:
    """Whether somebody may see a photo; one that no event has yet is seen by whoever knows its name."""
    row = session.get(Attachment, sha256)
    if row is None:
        return True
    owners = session.exec(
        select(Batch.owner)
        .join(EventBatch, col(EventBatch.batch_id) == col(Batch.id))
        .join(EventRecord, col(EventRecord.index) == col(EventBatch.index))
        .join(EventAttachment, col(EventAttachment.event_id) == col(EventRecord.event_id))
        .where(EventAttachment.sha256 == sha256)
    ).all()
    offices = actor.kind is not OrganisationKind.MEMBER
    return row.erased_at is None and (offices or actor.organisation_id in owners)
