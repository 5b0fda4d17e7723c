"""The API's reference as a page of ours: rendered from the OpenAPI document, without a script."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from shangeng_web.deps import Visit

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter, or a member of a body: where it stands, its type in words, whether it must be there."""

    name: str
    place: str
    type: str
    required: bool
    words: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address."""

    id: str
    method: str
    path: str
    summary: str
    words: str
    members: tuple[Member, ...]
    answers: tuple[tuple[str, str], ...]


@router.get("/api/docs")
async def reference(request: Request, visit: Visit) -> HTMLResponse:
    """Show every operation of the API with its members and answers."""
    document = request.app.openapi()
    return visit.page("pages/reference.html", title=document["info"]["title"], operations=list(operations(document)))


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Return what an OpenAPI 3.1 document describes, in its order."""
    for path, methods in document["paths"].items():
        for method, each in methods.items():
            yield Operation(
                id=each["operationId"],
                method=method.upper(),
                path=path,
                summary=each.get("summary", ""),
                words=each.get("description", ""),
                members=(*_parameters(each), *_body(document, each)),
                answers=tuple((status, answer["description"]) for status, answer in each["responses"].items()),
            )


def _parameters(operation: dict[str, Any]) -> Iterator[Member]:
    for each in operation.get("parameters", []):
        yield Member(
            each["name"],
            each["in"],
            type_words(each["schema"]),
            each.get("required", False),
            each.get("description", ""),
        )


def _body(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[Member]:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(document, media["schema"])
        for name, each in schema.get("properties", {}).items():
            yield Member(
                name, "body", type_words(each), name in schema.get("required", ()), each.get("description", "")
            )


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def type_words(schema: dict[str, Any]) -> str:
    """Return a schema's type as words: `string (date)`, `array of Quantity`, `string or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(type_words(each) for each in choices))
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {type_words(schema.get('items', {}))}"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
