"""Reasons why something cannot be printed, each with the field it belongs to."""

from typing import ClassVar

from shangeng_trace.errors import RejectedError, UnavailableError

FIELD_NAMES = {
    "brand": ("品牌", "brand"),
    "product": ("产品名称", "product name"),
    "net": ("净含量", "net content"),
    "lot": ("批次", "lot"),
    "packed": ("包装日期", "packing date"),
    "place": ("产地", "place of origin"),
    "producer": ("生产者", "producer"),
    "certificate": ("证书编号", "certificate number"),
    "until": ("认证有效期", "certificate validity"),
    "code": ("码", "code"),
    "site": ("网址", "site address"),
}
"""What a field of a label is called, in Chinese and in English."""


class FieldRefused(RejectedError):
    """One field of what is to be printed cannot be printed; `field` names it, as does the sentence."""

    def __init__(self, field: str, **parts: object) -> None:
        zh_name, en_name = FIELD_NAMES.get(field, (field, field))
        super().__init__(field=field, zh_name=zh_name, en_name=en_name, **parts)


class GlyphMissing(FieldRefused):
    """The font has no shape for a character; `parts["character"]` holds it."""

    code = "glyph_missing"
    zh = "“{zh_name}”里的“{character}”（{point}）字体里没有，印不出来。请换一个字，或换一种字体。"
    en = (
        "The font has no “{character}” ({point}), which stands in the {en_name}. Use another character or another font."
    )

    def __init__(self, field: str, character: str) -> None:
        super().__init__(field, character=character, point=f"U+{ord(character):04X}")


class TextTooLong(FieldRefused):
    """A text that must stand in full does not fit its place at the smallest legible size."""

    code = "label_text_too_long"
    zh = "“{zh_name}”太长，这种标签印不下：{text}。请写短些，或选大一些的标签。"
    en = "The {en_name} is too long for this label: {text}. Shorten it, or choose a larger label."


class SymbolTooDense(FieldRefused):
    """The QR symbol would have modules too small to be read from a printed label."""

    code = "symbol_too_dense"
    zh = "“{zh_name}”太长，二维码会密得扫不出来。请用短一些的网址，或选大一些的标签。"
    en = "The {en_name} is so long that the QR symbol could not be scanned. Use a shorter one, or a larger label."


class NothingToPrint(RejectedError):
    """A sheet was asked for without a single label."""

    code = "nothing_to_print"
    zh = "没有要印的标签。"
    en = "There is no label to print."


class CellNotOnSheet(RejectedError):
    """The first label was to stand where the sheet has none."""

    code = "cell_not_on_sheet"
    zh = "这种纸每页只有 {cells} 格，没有第 {cell} 格。"
    en = "This sheet has {cells} labels; there is no number {cell}."


class OffsetTooLarge(RejectedError):
    """A printer's correction is larger than any printer needs."""

    code = "offset_too_large"
    zh = "打印位置最多左右、上下各移 {limit} 毫米。"
    en = "The print may be moved by {limit} mm at most in each direction."


class FontUnusable(UnavailableError):
    """The font file cannot be read, or is no TrueType font."""

    code: ClassVar[str] = "font_unusable"
    zh = "字体文件用不了：{path}。请换一个 TrueType 字体。"
    en = "The font file cannot be used: {path}. Choose a TrueType font."


class TemplateInvalid(RejectedError):
    """A label template contradicts itself; `parts["what"]` says where."""

    code = "template_invalid"
    zh = "标签模板“{key}”有误：{what}"
    en = "The label template “{key}” is wrong: {what}"
