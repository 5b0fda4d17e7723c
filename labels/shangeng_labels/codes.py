"""Unit codes: made, written, read back, and committed to.

A code is 16 characters of Crockford base32 holding 80 random bits: with a hundred million labels in the
field, one guess in 10^16 hits one. It is never derived from a counter, a lot or another code.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from shangeng_trace.ids import new_id, read_id


def new_codes(count: int) -> list[str]:
    """Return `count` fresh codes, all different, in no meaningful order.

    Raises ValueError where `count` is negative.
    """
    if count < 0:
        raise ValueError(f"cannot make {count} codes")
    codes: dict[str, None] = {}
    while len(codes) < count:
        codes[new_id()] = None
    return list(codes)


def spell_code(code: str) -> str:
    """Return the code as a person reads it from a label: 7K3M-9QXT-2HVB-4R8N."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def read_code(text: str) -> str | None:
    """Return the code in what a person typed or a scanner delivered, or None where there is none.

    Takes the code alone in any case and grouping, full-width letters from a Chinese keyboard, every kind
    of dash, and a whole printed address. The address's host is not looked at: a code is looked up here,
    wherever it was printed.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if "/" in plain:
        found = re.search(r"/t/([^/?#]+)", plain, re.IGNORECASE)
        if found is None:
            return None
        plain = found[1]
    return read_id("".join("-" if unicodedata.category(char) == "Pd" else char for char in plain))


def unit_address(site: str, code: str, *, upper: bool = True) -> str:
    """Return the address printed in a unit label's symbol, `HTTPS://LSSG.CN/T/7K3M9QXT2HVB4R8N`.

    Upper case keeps it within the QR alphanumeric set and so in a 25-module symbol; scheme and host ignore
    case (RFC 3986 3.1, 3.2.2) and our server matches `/t/` in either. `site` is the deployment's origin.
    Raises ValueError where `site` has a path, credentials or no host.
    """
    address = f"{_origin(site)}/t/{code}"
    return address.upper() if upper else address


def batch_address(site: str, batch: str) -> str:
    """Return the address of a batch's page, `https://lssg.cn/b/...`.

    A batch's symbol stands on cartons and pages, where size does not press: it keeps the ordinary case.
    Raises ValueError as `unit_address` does.
    """
    return f"{_origin(site)}/b/{batch}"


def printed_host(site: str) -> str:
    """Return the host a label names, so that a sticker that leads elsewhere is noticed: `lssg.cn`.

    Raises ValueError as `unit_address` does.
    """
    return urlsplit(_origin(site)).netloc


def commit_one(code: str) -> str:
    """Return the commitment to one code: SHA-256 of its 16 characters, in lower-case hex.

    80 random bits cannot be searched, so no salt is needed to publish it before the code is known.
    """
    return hashlib.sha256(code.encode("ascii")).hexdigest()


def commit(codes: Iterable[str]) -> str:
    """Return the commitment to all codes of a run, in lower-case hex: logged at issue, opened on demand.

    SHA-256 over the concatenated 32-byte digests SHA-256(code), sorted as bytes. The order of printing does
    not show, and anyone who is given the digests can check one code without learning the others.
    Raises ValueError where a code stands twice.
    """
    digests = sorted(hashlib.sha256(code.encode("ascii")).digest() for code in codes)
    if len(set(digests)) != len(digests):
        raise ValueError("a run holds each code once")
    return hashlib.sha256(b"".join(digests)).hexdigest()


def _origin(site: str) -> str:
    parts = urlsplit(site.strip().rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or not parts.netloc.isascii():
        raise ValueError(f"not the origin of a site: {site}")
    if parts.path or parts.query or parts.fragment:
        raise ValueError(f"an origin has no path: {site}")
    return f"{parts.scheme}://{parts.netloc.lower()}"
