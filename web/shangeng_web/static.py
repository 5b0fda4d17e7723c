"""Style sheets, script and pictures: read once, named by their content, cached for ever.

The whole set is small, so it lives in memory and is looked up by exact name: no path ever reaches the
file system. What a page asks for has its content's hash in its address and may be kept for ever; the
few well-known addresses (`/favicon.ico`, `/robots.txt`) are revalidated.
"""

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shangeng_web.compression import takes_gzip

MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

SHEETS: Mapping[str, tuple[str, ...]] = {
    "public.css": ("css/tokens.css", "css/base.css", "css/public.css"),
    "verify.css": ("css/tokens.css", "css/base.css", "css/public.css", "css/verify.css"),
    "console.css": ("css/tokens.css", "css/base.css", "css/console.css", "css/batches.css"),
}
"""A page loads one sheet; it is put together from its parts, without their comments."""

_VERIFY = "failure bytes sha jcs base58 ed25519 keys merkle note policy proof entry bundle heads page"
SCRIPTS: Mapping[str, tuple[str, ...]] = {"verify.js": tuple(f"js/verify/{name}.js" for name in _VERIFY.split())}
"""Modules put together into one, each after those it imports from; their top-level names differ."""

FOR_EVER = "public, max-age=31536000, immutable"
REVALIDATE = "public, max-age=3600"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent: `digest` is the start of its SHA-256 in hex."""

    name: str
    media_type: str
    body: bytes
    zipped: bytes
    digest: str

    @property
    def address(self) -> str:
        """The address that changes whenever the content does."""
        return f"/static/{self.digest}/{self.name}"


def _asset(name: str, body: bytes) -> Asset:
    media_type = MEDIA_TYPES[name[name.rindex(".") :]]
    return Asset(name, media_type, body, gzip.compress(body, mtime=0), sha256(body).hexdigest()[:16])


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _without_comments(sheet: str) -> str:
    bare = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "\n", bare).strip() + "\n"


def _one_module(modules: str) -> str:
    """Leave out imports, exports, and the comments and indentation of whole lines."""
    bare = re.sub(r"^import [^;]*;$|^export |^ *//.*$", "", modules, flags=re.MULTILINE)
    return re.sub(r"\s*\n\s*", "\n", bare).strip() + "\n"


@cache
def assets() -> Mapping[str, Asset]:
    """Return every asset by its name (`public.css`, `js/console.js`, …)."""
    found = dict(_files(files("shangeng_web") / "static"))
    sheets = {
        sheet: _without_comments("\n".join(found[part].decode() for part in parts)).encode()
        for sheet, parts in SHEETS.items()
    }
    scripts = {
        script: _one_module("\n".join(found[part].decode() for part in parts)).encode()
        for script, parts in SCRIPTS.items()
    }
    return {name: _asset(name, body) for name, body in {**found, **sheets, **scripts}.items()}


def static(name: str) -> str:
    """Return the address of an asset; `KeyError` for a name that does not exist."""
    return assets()[name].address


def _answer(request: Request, asset: Asset, caching: str) -> Response:
    zipped = takes_gzip(request.headers.get("accept-encoding", ""))
    # A strong ETag names one sequence of bytes, so the two encodings have two.
    etag = f'"{asset.digest}-gzip"' if zipped else f'"{asset.digest}"'
    headers = {"Cache-Control": caching, "ETag": etag, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if etag in known:
        return Response(status_code=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return Response(asset.zipped if zipped else asset.body, media_type=asset.media_type, headers=headers)


async def _hashed(request: Request) -> Response:
    asset = assets().get(request.path_params["name"])
    if asset is None or asset.digest != request.path_params["digest"]:
        return Response(status_code=404)
    return _answer(request, asset, FOR_EVER)


async def _favicon(request: Request) -> Response:
    return _answer(request, assets()["favicon.svg"], REVALIDATE)


async def _robots(request: Request) -> Response:
    return _answer(request, assets()["robots.txt"], REVALIDATE)


def static_routes() -> list[Route]:
    """Return the routes to add to the application."""
    return [
        Route("/static/{digest}/{name:path}", _hashed, methods=["GET"]),
        Route("/favicon.ico", _favicon, methods=["GET"]),
        Route("/robots.txt", _robots, methods=["GET"]),
    ]
