"""Visiting the application over HTTP, in process: as a guest, or signed in as one of the cast."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from shangeng_web.app import create_app
from shangeng_web.platform import Platform
from tests.people import Somebody

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Guest(httpx.AsyncClient):
    """A browser of a sort: keeps its cookies, follows no redirect by itself."""

    csrf = ""

    async def log_in(self, somebody: Somebody) -> "Guest":
        """Sign in through the form, and keep the session's form token."""
        form = {"username": somebody.username, "password": somebody.password}
        answer = await self.post("/console/login", data=form)
        assert answer.status_code == 303, answer.text
        found = _CSRF.search((await self.get("/console/password")).text)
        assert found is not None
        self.csrf = found[1]
        return self

    async def submit(self, url: str, /, **fields: Any) -> httpx.Response:
        """Post a form with the session's token, as a page of the console would."""
        return await self.post(url, data={"csrf": self.csrf, **fields})


@asynccontextmanager
async def guest(platform: Platform, *, app: FastAPI | None = None, address: str = "127.0.0.1") -> AsyncGenerator[Guest]:
    """Open a visit from `address` to an application over `platform`, which stays open afterwards."""
    app = app or create_app(platform.settings)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"platform": platform}}, receive, send)

    transport = httpx.ASGITransport(serve, client=(address, 50_000))
    async with Guest(transport=transport, base_url=platform.settings.origin) as visitor:
        yield visitor
