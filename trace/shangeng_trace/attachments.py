"""Photos and report pages: re-encoded without metadata, kept under their SHA-256 in files that can be erased.

A file is durable before the row that names it is committed; a file without a row is waste, never a loss.
"""

import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor, NotYours, Office
from shangeng_trace.batch_tables import EventRecord
from shangeng_trace.durable import write_whole
from shangeng_trace.errors import NotFoundError, RejectedError
from shangeng_trace.private_tables import Attachment, EventAttachment

MAX_BYTES = 12 << 20
MAX_PIXELS = 50_000_000
LONGEST_EDGE = 1600
QUALITY = 80
FORMATS = ("JPEG", "PNG", "WEBP")

_BROKEN = (UnidentifiedImageError, OSError, ValueError, SyntaxError, TypeError, EOFError, LookupError, struct.error)
"""What Pillow raises on files that are no pictures, or are cut, or carry broken metadata."""


class NotAPicture(RejectedError):
    """A file that is not one of the pictures we read, or is broken."""

    code = "trace.not_a_picture"
    zh = "这个文件不是照片。请上传 JPG、PNG 或 WebP 格式的照片或报告照片。"
    en = "This file is not a picture. Please upload a JPG, PNG or WebP photo, of the report too."


class PictureTooLarge(RejectedError):
    """More bytes or pixels than we read."""

    code = "trace.picture_too_large"
    zh = "照片太大，最多 12 MB、5000 万像素。请先缩小再上传。"
    en = "The picture is too large: at most 12 MB and 50 megapixels. Please shrink it first."


class AttachmentGone(NotFoundError):
    """The file was erased, or never was."""

    code = "trace.attachment_gone"
    zh = "照片已按要求删除，或不存在。"
    en = "This picture was erased on request, or never existed."


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded picture that is already on disk."""

    sha256: str
    width: int
    height: int
    size: int


def keep_picture(folder: Path, data: bytes, *, field: str = "photo") -> Picture:
    """Re-encode an upload as JPEG, turned upright and without any metadata, and store it durably under its SHA-256.

    Raises `NotAPicture` or `PictureTooLarge`; nothing is stored then.
    """
    if len(data) > MAX_BYTES:
        raise PictureTooLarge(field=field)
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise PictureTooLarge(field=field)
            opened.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))  # a JPEG need not be decoded at its full size
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise PictureTooLarge(field=field) from exc
    except _BROKEN as exc:
        raise NotAPicture(field=field) from exc
    upright.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    out = BytesIO()
    clean.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    encoded = out.getvalue()
    name = sha256(encoded).hexdigest()
    write_whole(_path(folder, name), encoded)
    return Picture(name, clean.width, clean.height, len(encoded))


def read_attachment(folder: Path, name: str) -> bytes:
    """Return a stored file's bytes; raises `AttachmentGone`, also where they no longer fit their name."""
    try:
        data = _path(folder, name).read_bytes()
    except FileNotFoundError as exc:
        raise AttachmentGone from exc
    if sha256(data).hexdigest() != name:
        raise AttachmentGone
    return data


def restore_attachment(folder: Path, name: str, data: bytes) -> None:
    """Put a file back under its name, which the caller has compared with its bytes."""
    write_whole(_path(folder, name), data)


def erase_attachment(session: Session, office: Office, actor: Actor, folder: Path, *, sha256: str) -> None:
    """Erase a file for good; its commitment stays in the ledger and every proof still holds.

    Only an organisation whose events alone carry the attachment may erase it: the same picture uploaded by another
    is one file, and nobody may take away what another's statement rests on.
    """
    row = session.get(Attachment, sha256)
    if row is None:
        raise AttachmentGone
    authors = session.exec(
        select(EventRecord.author)
        .join(EventAttachment, col(EventAttachment.event_id) == col(EventRecord.event_id))
        .where(EventAttachment.sha256 == sha256)
    ).all()
    if set(authors) != {actor.organisation_id}:
        raise NotYours
    row.erased_at = office.clock()
    with suppress(FileNotFoundError):
        _path(folder, sha256).unlink()


def attach(session: Session, picture: Picture, moment: datetime) -> None:
    """Write the row of a stored picture; one that was erased before and is uploaded again is there again."""
    row = session.get(Attachment, picture.sha256)
    if row is None:
        row = Attachment(
            sha256=picture.sha256,
            media_type="image/jpeg",
            width=picture.width,
            height=picture.height,
            size=picture.size,
            stored_at=moment,
        )
        session.add(row)
    row.erased_at = None


def _path(folder: Path, name: str) -> Path:
    return folder / name[:2] / f"{name}.jpg"
