"""The application: everything put together, nothing at import.

uvicorn --factory shangeng_web.app:create_app
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from threading import get_native_id
from typing import Any

from fastapi import FastAPI

from shangeng_trace.garbage import spare_the_collector
from shangeng_trace.one_server import sole_server
from shangeng_web import health, log, public
from shangeng_web.api import routes as api
from shangeng_web.api.openapi import with_examples
from shangeng_web.console import (
    bases,
    changing,
    issuing,
    key_pages,
    labels,
    login,
    marks,
    me,
    members,
    people,
    permissions,
    registry,
    runs,
    token_pages,
)
from shangeng_web.console.everyday import ROUTERS as EVERYDAY
from shangeng_web.cores import Cores
from shangeng_web.deps import State
from shangeng_web.errors import handle_errors
from shangeng_web.mailbox import Mailbox
from shangeng_web.middleware import Counts, Limits, Reception
from shangeng_web.openers import CROWD, CROWD_FAR, Openers
from shangeng_web.platform import Platform
from shangeng_web.public.shelf import FromShelf, Shelf
from shangeng_web.reference import router as reference
from shangeng_web.settings import Settings
from shangeng_web.static import static_routes

ROUTERS = (
    health.router,
    log.router,
    public.router,
    login.router,
    registry.router,
    marks.router,
    bases.router,
    changing.router,
    members.router,
    issuing.router,
    permissions.router,
    people.router,
    token_pages.router,
    key_pages.router,
    labels.router,
    runs.router,
    me.router,
    *EVERYDAY,
    api.router,
    reference,
)


class Application(FastAPI):
    """The application, whose OpenAPI document has an example for every body."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI 3.1 document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = with_examples(super().openapi())
        return self.openapi_schema


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application for these settings, by default those of the environment.

    The platform is opened when the server starts, and closed when it stops.
    """
    settings = settings or Settings.read()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[State]:
        with sole_server(settings.database_url):
            cores = Cores()
            cores.spread(asyncio.get_running_loop())
            platform = await asyncio.to_thread(Platform.open, settings)
            openers = Openers(cores, crowd=CROWD if platform.database.is_sqlite else CROWD_FAR)
            spare_the_collector()
            try:
                with cores.taking_turns(get_native_id(), platform.writer.thread_id):
                    yield State(platform=platform, openers=openers, mailbox=Mailbox(platform.writer))
            finally:
                await openers.close()
                await platform.close()

    app = Application(
        title="丽水山耕 Lishui Shangeng",
        version=version("shangeng"),
        summary="Traceability and brand certification",
        openapi_url="/api/openapi.json",
        openapi_tags=api.TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.counts = Counts()
    app.state.shelf = Shelf()
    app.add_middleware(FromShelf, shelf=app.state.shelf)
    app.add_middleware(Limits, settings=settings)
    app.add_middleware(Reception, settings=settings, counts=app.state.counts)
    handle_errors(app)
    app.router.routes.extend((*api.BUSIEST, *static_routes()))
    for router in ROUTERS:
        app.include_router(router)
    return app
