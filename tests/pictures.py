"""Small pictures for tests, made on the spot."""

from io import BytesIO

from PIL import Image


def photo(width: int = 320, height: int = 200, *, shade: int = 90) -> bytes:
    """Return a JPEG as a phone would send it, with metadata that must not survive."""
    out = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", (width, height), (shade, 120, 80)).save(out, "JPEG", exif=exif)
    return out.getvalue()
