"""Photos: re-encoded without what they tell of place and person, refused where they are none, erasable."""

import struct
import zlib
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from sqlmodel import select

from shangeng_trace.acting import NotYours
from shangeng_trace.attachments import (
    LONGEST_EDGE,
    MAX_BYTES,
    AttachmentGone,
    NotAPicture,
    PictureTooLarge,
    erase_attachment,
    keep_picture,
    read_attachment,
)
from shangeng_trace.batches import Take, open_batch
from shangeng_trace.canonical import canonical
from shangeng_trace.ids import new_event_id
from shangeng_trace.private_tables import Attachment, EventAttachment
from shangeng_trace.recording import commitment
from shangeng_trace.verifying import verify_bundle
from tests.trace.desk import DAY, Desk

ORIENTATION, ARTIST, GPS = 0x0112, 0x013B, 0x8825
SECRET = "雷阿福 13857812345"


def drawing(size: tuple[int, int] = (80, 60)) -> Image.Image:
    """A picture with a red top left corner."""
    picture = Image.new("RGB", size, "white")
    picture.paste((200, 20, 20), (0, 0, size[0] // 2, size[1] // 2))
    return picture


def encoded(kind: str = "JPEG", size: tuple[int, int] = (80, 60), **options: Any) -> bytes:
    out = BytesIO()
    drawing(size).save(out, kind, **options)
    return out.getvalue()


def with_exif(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[ARTIST] = SECRET
    exif.get_ifd(GPS).update({1: "N", 2: (27.0, 58.0, 48.0), 3: "E", 4: (119.0, 37.0, 48.0)})
    return encoded(exif=exif, comment=SECRET.encode())


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_metadata_is_gone(tmp_path: Path) -> None:
    upload = with_exif()
    assert SECRET.encode() in upload
    picture = keep_picture(tmp_path, upload)
    kept = read_attachment(tmp_path, picture.sha256)
    assert sha256(kept).hexdigest() == picture.sha256
    assert len(kept) == picture.size
    with Image.open(BytesIO(kept)) as opened:
        assert opened.format == "JPEG"
        assert not opened.getexif()
        assert not opened.info.keys() & {"exif", "comment", "icc_profile", "xmp"}
    assert SECRET.encode() not in kept
    assert stored(tmp_path) == [tmp_path / picture.sha256[:2] / f"{picture.sha256}.jpg"]


def test_text_in_a_png_is_gone(tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("Author", SECRET)
    picture = keep_picture(tmp_path, encoded("PNG", pnginfo=text))
    assert SECRET.encode() not in read_attachment(tmp_path, picture.sha256)


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (1, 1)), (6, (1, 0)), (8, (0, 1))])
def test_a_turned_picture_stands_upright(tmp_path: Path, orientation: int, corner: tuple[int, int]) -> None:
    picture = keep_picture(tmp_path, with_exif(orientation))
    with Image.open(BytesIO(read_attachment(tmp_path, picture.sha256))) as opened:
        assert opened.size == ((60, 80) if orientation > 4 else (80, 60)) == (picture.width, picture.height)
        at = corner[0] * (opened.width - 8) + 3, corner[1] * (opened.height - 8) + 3
        red, green, _ = opened.convert("RGB").getpixel(at) or (0, 0, 0)  # type: ignore[misc]  # three bands
    assert red > 150
    assert green < 100


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(4000, 3000), (1, 1), (1700, 3)])
def test_every_kind_and_size_becomes_a_small_jpeg(tmp_path: Path, kind: str, size: tuple[int, int]) -> None:
    picture = keep_picture(tmp_path, encoded(kind, size))
    assert max(picture.width, picture.height) == min(max(size), LONGEST_EDGE)
    assert abs(picture.width * size[1] - picture.height * size[0]) <= max(size)


def test_the_same_upload_is_one_file(tmp_path: Path) -> None:
    upload = encoded("PNG")
    assert keep_picture(tmp_path, upload) == keep_picture(tmp_path, upload)
    assert len(stored(tmp_path)) == 1


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(7100, 7100), (10_000, 10_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_unopened(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(PictureTooLarge) as caught:
        keep_picture(tmp_path, png_header(*size), field="photo")
    assert caught.value.field == "photo"
    assert not stored(tmp_path)


def test_thirty_megabytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureTooLarge):
        keep_picture(tmp_path, encoded() + bytes(30 << 20))
    keep_picture(tmp_path, encoded() + bytes(MAX_BYTES - len(encoded())))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"GIF89a" + bytes(100),
        b"\xff\xd8\xff" + bytes(100),
        b"<html><script>alert(1)</script>",
        png_header(0, 10),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(NotAPicture):
        keep_picture(tmp_path, data)
    assert not stored(tmp_path)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_kinds_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(NotAPicture):
        keep_picture(tmp_path, encoded(kind))


UPLOADS = [with_exif(), encoded("PNG"), encoded("WEBP")]


@settings(max_examples=200, deadline=None)
@given(upload=st.sampled_from(UPLOADS), data=st.data())
def test_a_broken_picture_is_kept_or_refused(
    tmp_path_factory: pytest.TempPathFactory, upload: bytes, data: st.DataObject
) -> None:
    """Cut anywhere, or with any few bytes altered: a clean JPEG or a refusal, never another exception."""
    broken = bytearray(upload[: data.draw(st.integers(1, len(upload)))])
    for _ in range(data.draw(st.integers(0, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("broken")
    try:
        picture = keep_picture(folder, bytes(broken))
    except (NotAPicture, PictureTooLarge):
        assert not stored(folder)
        return
    with Image.open(BytesIO(read_attachment(folder, picture.sha256))) as opened:
        assert not opened.getexif()


def test_a_cut_picture_is_refused(tmp_path: Path) -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        upload = encoded(kind, (300, 200))
        with pytest.raises(NotAPicture):
            keep_picture(tmp_path, upload[: len(upload) // 2])


def test_an_altered_file_is_gone(tmp_path: Path) -> None:
    picture = keep_picture(tmp_path, encoded())
    [path] = stored(tmp_path)
    path.write_bytes(encoded("PNG"))
    with pytest.raises(AttachmentGone):
        read_attachment(tmp_path, picture.sha256)


def test_an_erased_picture_leaves_every_proof_good(desk: Desk, tmp_path: Path) -> None:
    batch, event_id = desk.leaf(), new_event_id()
    picture = keep_picture(tmp_path, with_exif())
    telling = desk.at(1, event_id=event_id, pictures=[picture])
    desk.step("tea", batch, "fix", {"temp_c": "280"}, telling=telling)
    row = desk.read(lambda s: s.exec(select(EventAttachment).where(EventAttachment.event_id == event_id)).one())
    bundle = desk.bundle(batch)
    [event] = [one for one in bundle["statements"] if one.get("eventID") == event_id]
    assert event["shangeng:commitments"] == {row.name: commitment(row.salt, bytes.fromhex(picture.sha256))}
    assert picture.sha256 not in str(bundle)
    for who in ("rival", "supervisor"):
        with pytest.raises(NotYours):
            desk.do(erase_attachment, who, tmp_path, sha256=picture.sha256)
    assert read_attachment(tmp_path, picture.sha256)
    desk.do(erase_attachment, "tea", tmp_path, sha256=picture.sha256)
    with pytest.raises(AttachmentGone):
        read_attachment(tmp_path, picture.sha256)
    assert not stored(tmp_path)
    assert desk.read(lambda s: s.get_one(Attachment, picture.sha256)).erased_at is not None
    assert verify_bundle(canonical(desk.bundle(batch))).is_good
    with pytest.raises(AttachmentGone):
        desk.do(erase_attachment, "tea", tmp_path, sha256="0" * 64)


def test_nobody_erases_what_anothers_statement_rests_on(desk: Desk, tmp_path: Path) -> None:
    """The same file uploaded by the rival is stored once; the rival's erasing would take it from both."""
    picture = keep_picture(tmp_path, with_exif())
    desk.step("tea", desk.leaf(), "fix", {"temp_c": "280"}, telling=desk.at(1, pictures=[picture]))
    theirs, _ = desk.do(
        open_batch,
        "rival",
        product_id=desk.rival_product,
        lot="RIVAL-1",
        step="harvest",
        values={"harvest_date": DAY},
        take=Take("1"),
        telling=desk.at(1, pictures=[picture]),
    )
    assert theirs
    for who in ("rival", "tea"):
        with pytest.raises(NotYours):
            desk.do(erase_attachment, who, tmp_path, sha256=picture.sha256)
    assert read_attachment(tmp_path, picture.sha256)


def test_an_erased_picture_may_come_again(desk: Desk, tmp_path: Path) -> None:
    batch, upload = desk.leaf(), encoded("PNG", (33, 44))
    for hour in (1, 2):
        picture = keep_picture(tmp_path, upload)
        telling = desk.at(hour, pictures=[picture, picture])
        desk.step("tea", batch, "fix", {"temp_c": "280"}, telling=telling)
        assert desk.read(lambda s: s.get_one(Attachment, picture.sha256)).erased_at is None  # noqa: B023 - run at once
        desk.do(erase_attachment, "tea", tmp_path, sha256=picture.sha256)
    assert (
        len(
            desk.read(
                lambda s: s.exec(select(EventAttachment.name).where(EventAttachment.sha256 == picture.sha256)).all()
            )
        )
        == 4
    )
