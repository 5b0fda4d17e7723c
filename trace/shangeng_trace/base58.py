"""Base58 with Bitcoin's alphabet, as Multibase `z` and Multikey use it: short values only, one text per value."""

from shangeng_trace.errors import MalformedError

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGIT = {character: number for number, character in enumerate(_ALPHABET)}
_LONGEST = 128
"""Enough for a key or a signature; the work grows with the square, so a stranger's text must end somewhere."""


class NotBase58(MalformedError):
    """The text is not base58btc, or longer than any key or signature."""

    code = "trace.not_base58"
    zh = "密钥或签名的写法不对（不是 base58）。"
    en = "A key or signature is not written in base58."


def encode(data: bytes) -> str:
    """Write bytes in base58btc, a leading zero byte as `1`."""
    number = int.from_bytes(data)
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(_ALPHABET[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(digits))


def decode(text: str) -> bytes:
    """Read base58btc of at most 128 characters; raise NotBase58 for anything that `encode` does not write."""
    if len(text) > _LONGEST:
        raise NotBase58
    number = 0
    try:
        for character in text:
            number = number * 58 + _DIGIT[character]
    except KeyError:
        raise NotBase58 from None
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)
