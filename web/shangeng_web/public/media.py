"""Photographs that belong to an event: named by their content, kept for ever, gone once erased."""

import asyncio
import re

from fastapi import APIRouter
from sqlmodel import Session, select
from starlette.responses import Response

from shangeng_trace.attachments import AttachmentGone, read_attachment
from shangeng_trace.private_tables import Attachment, EventAttachment
from shangeng_web.deps import PlatformDep
from shangeng_web.static import FOR_EVER

router = APIRouter(include_in_schema=False)


@router.get("/media/{name}.jpg")
async def photograph(name: str, platform: PlatformDep) -> Response:
    """One photograph; raises `AttachmentGone` for one that is erased or belongs to no event."""
    if re.fullmatch("[0-9a-f]{64}", name) is None:
        raise AttachmentGone
    async with platform.read() as session:
        media_type = await session.run_sync(_media_type, name)
    data = await asyncio.to_thread(read_attachment, platform.settings.media_dir, name)
    return Response(data, media_type=media_type, headers={"Cache-Control": FOR_EVER, "ETag": f'"{name}"'})


def _media_type(session: Session, name: str) -> str:
    row = session.get(Attachment, name)
    is_public = session.exec(select(EventAttachment.event_id).where(EventAttachment.sha256 == name)).first()
    if row is None or row.erased_at is not None or is_public is None:
        raise AttachmentGone
    return row.media_type
