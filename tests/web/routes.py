"""Every route of the application, found by walking it: a new one cannot be forgotten by a test that asks here."""

from collections.abc import Iterator
from typing import Any

from shangeng_web.app import ROUTERS


def routes() -> list[tuple[str, str]]:
    """Return method and path pattern of every route, HEAD left out."""
    return sorted({found for router in ROUTERS for found in _walk(router, "")})


def _walk(router: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for route in router.routes:
        if getattr(route, "methods", None):
            for method in route.methods - {"HEAD"}:
                yield method, prefix + route.path
        elif hasattr(route, "original_router"):
            yield from _walk(route.original_router, prefix + route.include_context.prefix)
