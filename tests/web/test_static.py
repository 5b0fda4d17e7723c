import asyncio
import gzip
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from shangeng_web.static import assets, static, static_routes

CSS = Path(__file__).resolve().parents[2] / "web" / "shangeng_web" / "static" / "css"


async def get(path: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=Starlette(routes=static_routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://trace.example", follow_redirects=True) as client:
        return await client.get(path, headers={"accept-encoding": "identity", **headers})


def fetch(path: str, **headers: str) -> httpx.Response:
    return asyncio.run(get(path, **headers))


def test_a_sheet_may_be_kept_for_ever() -> None:
    answer = fetch(static("public.css"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "--paper" in answer.text


def test_what_the_reader_has_is_not_sent_again() -> None:
    address = static("public.css")
    etag = fetch(address).headers["etag"]
    again = fetch(address, **{"if-none-match": f'"other", W/{etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert fetch(address, **{"if-none-match": '"other"'}).status_code == 200


def test_a_sheet_travels_compressed() -> None:
    address = static("console.css")
    small = fetch(address, **{"accept-encoding": "gzip"})
    assert small.headers["content-encoding"] == "gzip"
    assert small.content == fetch(address).content
    assert int(small.headers["content-length"]) < len(small.content) / 3
    assert small.headers["etag"] != fetch(address).headers["etag"]
    assert "Accept-Encoding" in small.headers["vary"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/0000000000000000/public.css",
        "/static/{digest}/../static.py",
        "/static/{digest}/..%2f..%2fstatic.py",
        "/static/{digest}/%2e%2e/%2e%2e/settings.py",
        "/static/{digest}//etc/passwd",
        "/static/{digest}/css",
        "/static/{digest}/",
        "/static/public.css",
    ],
)
def test_nothing_else_is_served(path: str) -> None:
    digest = static("public.css").split("/")[2]
    assert fetch(path.format(digest=digest)).status_code == 404


def test_well_known_addresses() -> None:
    icon = fetch("/favicon.ico")
    assert icon.headers["content-type"] == "image/svg+xml"
    assert "immutable" not in icon.headers["cache-control"]
    assert "Disallow: /console/" in fetch("/robots.txt").text


def test_a_name_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        static("css/nothing.css")


def test_sheets_use_only_colours_that_the_tokens_name() -> None:
    for sheet in ("base.css", "public.css", "console.css"):
        text = (CSS / sheet).read_text()
        named = re.findall(r"#[0-9a-f]{3,8}\b", text)
        assert set(named) <= {"#000"}, sheet


def test_sheets_name_only_tokens_that_exist() -> None:
    known = set(re.findall(r"(--[\w-]+):", (CSS / "tokens.css").read_text()))
    for name in ("public.css", "console.css"):
        assert set(re.findall(r"var\((--[\w-]+)", assets()[name].body.decode())) <= known


def test_sheets_lose_only_their_comments() -> None:
    sheet = assets()["public.css"].body.decode()
    assert "/*" not in sheet
    assert sheet.count("{") == sheet.count("}")
    assert gzip.decompress(assets()["public.css"].zipped).decode() == sheet


def test_the_script_stays_small() -> None:
    assert len(assets()["js/console.js"].body) <= 3_000
