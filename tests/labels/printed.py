"""What comes out of a printer and into a scanner: PDF pages as pictures, symbols read back, text as a reader finds it."""

from datetime import date
from typing import Any

import pypdfium2  # type: ignore[import-untyped]  # ships no types
import zxingcpp
from PIL import Image

from shangeng_labels.sheets import LabelFace

SITE = "https://lssg.cn"
CODE = "7K3M9QXT2HVB4R8N"


def label_face(code: str = CODE, **changed: Any) -> LabelFace:
    said: dict[str, Any] = {
        "product": "景宁惠明茶",
        "net": "50 g",
        "lot": "HM20260412",
        "packed": date(2026, 4, 20),
        "place": "浙江景宁 惠明寺村",
        "producer": "景宁惠明茶专业合作社",
        "certificate": "SG-2026-00207",
        "until": date(2027, 3, 31),
        "site": SITE,
    }
    return LabelFace(code=code, **{**said, **changed})


def pages(pdf: bytes, dpi: int) -> list[Image.Image]:
    """Return every page as a grey picture."""
    document: Any = pypdfium2.PdfDocument(pdf)
    return [page.render(scale=dpi / 72).to_pil().convert("L") for page in document]


def text_of(pdf: bytes) -> str:
    """Return what a reader copies out of all pages, line ends left out."""
    document: Any = pypdfium2.PdfDocument(pdf)
    found = "\n".join(page.get_textpage().get_text_range() for page in document)
    return (
        found.replace("\r", "").replace("\n", "").replace("\ufffe", "-")
    )  # how the reader marks a hyphen at a line's end


def metadata(pdf: bytes) -> dict[str, str]:
    document: Any = pypdfium2.PdfDocument(pdf)
    return dict(document.get_metadata_dict())


def decoded(picture: Image.Image) -> list[str]:
    """Return the texts of all QR symbols in a picture, in no particular order."""
    kinds = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    found: Any = zxingcpp.read_barcodes(picture, formats=kinds)
    return [symbol.text for symbol in found]


def darkest(picture: Image.Image) -> int:
    """Return the value of the darkest pixel, 0 for black."""
    low, _ = picture.getextrema()
    assert isinstance(low, int)
    return low
