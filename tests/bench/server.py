"""The product's server with more addresses, against which its own are measured: a fixed answer, and an idle POST."""

from functools import cache

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from shangeng_web.app import create_app


def create() -> FastAPI:
    """Return the application with the fixed answer, and the idle POST twice: found at once, and found last."""
    app = create_app()

    @cache
    def body(size: int) -> bytes:
        return b"x" * size

    @app.get("/bench/static/{size}", include_in_schema=False)
    async def fixed(size: int) -> Response:
        return Response(body(size), media_type="text/html")

    async def idle(request: Request) -> JSONResponse:
        await request.body()
        return JSONResponse({"done": True}, 201)

    app.post("/bench/idle", include_in_schema=False)(idle)

    # First, so that neither is slowed by a search through all the product's own addresses.
    routes = app.router.routes
    routes[:] = [*routes[-2:], *routes[:-2]]
    app.post("/bench/last/idle", include_in_schema=False)(idle)
    return app
