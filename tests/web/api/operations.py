"""The operations of the API as its own document describes them, each with the request of its example."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx
from fastapi import FastAPI

from shangeng_web.api import wire
from tests.pictures import photo
from tests.visiting import Guest

METHODS = {"get", "post", "patch"}


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    spec: dict[str, Any]

    @property
    def example(self) -> Any:
        """Return the example of the request's JSON body, None where it takes none."""
        content = self.spec.get("requestBody", {}).get("content", {})
        return content["application/json"]["example"] if "application/json" in content else None

    def url(self, names: Mapping[str, str]) -> str:
        values = {
            each["name"]: _example(self.path, each) for each in self.spec.get("parameters", []) if each["in"] == "path"
        }
        query = "?category=tea" if self.id == "list_steps" else ""
        return str(replaced(self.path.format_map(values), names)) + query

    async def call(self, client: Guest, names: Mapping[str, str], **change: Any) -> httpx.Response:
        """Send the request of the example, its ids replaced, members of its body changed."""
        if self.id == "upload_picture":
            return await client.post(self.path, files={"photo": ("leaf.jpg", photo(), "image/jpeg")})
        if self.example is None:
            return await client.request(self.method, self.url(names))
        body = replaced(self.example, names) | change
        return await client.request(self.method, self.url(names), json=body)


def operations(app: FastAPI) -> dict[str, Operation]:
    """Return the operations of the API by their ids."""
    found = [
        Operation(spec["operationId"], method.upper(), path, spec)
        for path, methods in app.openapi()["paths"].items()
        for method, spec in methods.items()
        if path.startswith("/api/v1/")
    ]
    assert {each.method.lower() for each in found} == METHODS
    return {each.id: each for each in found}


def replaced(example: Any, names: Mapping[str, str]) -> Any:
    """Return an example with the ids of the story in the place of its own."""
    text = json.dumps(example, ensure_ascii=False)
    for placeholder, real in names.items():
        text = text.replace(placeholder, real)
    return json.loads(text)


def _example(path: str, parameter: dict[str, Any]) -> str:
    if parameter["name"] == "number":
        return wire.CERTIFICATE if "/certificates/" in path else wire.LICENCE
    return cast("str", parameter["schema"]["examples"][0])
