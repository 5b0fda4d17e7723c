"""The reference: complete, in both languages, valid by its own standard, and readable as a page."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from tests.people import People
from tests.visiting import Guest
from tests.web.api.operations import Operation, operations

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


async def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []


async def test_every_operation_says_what_it_does_in_both_languages(app: FastAPI) -> None:
    for operation in operations(app).values():
        chinese, _, english = operation.spec["summary"].partition(" · ")
        assert re.search(r"[\u4e00-\u9fff]", chinese), operation.id
        assert re.fullmatch(r"[A-Z][A-Za-z' ]+", english), operation.id
        assert operation.spec["description"].endswith((".", ")")), operation.id
        for parameter in operation.spec.get("parameters", []):
            assert parameter.get("description"), f"{operation.id}: {parameter['name']}"


async def test_every_operation_names_its_errors_and_needs_a_token(app: FastAPI) -> None:
    document = app.openapi()
    assert document["components"]["securitySchemes"]["token"] | {"description": ""} == {
        "type": "http",
        "scheme": "bearer",
        "description": "",
    }
    for operation in operations(app).values():
        assert operation.spec["security"] == [{"token": []}], operation.id
        errors = {status: each for status, each in operation.spec["responses"].items() if status >= "400"}
        assert errors.keys() >= {"400", "401", "403", "413", "422", "503"}, operation.id
        for status, answer in errors.items():
            assert list(answer["content"]) == ["application/problem+json"], f"{operation.id} {status}"
            schema = answer["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ProblemOut"}
        assert "WWW-Authenticate" in errors["401"]["headers"]
        assert "Retry-After" in errors["503"]["headers"]


async def test_every_tag_is_described(app: FastAPI) -> None:
    document = app.openapi()
    described = {tag["name"] for tag in document["tags"] if " · " in tag["description"]}
    assert described >= {tag for each in operations(app).values() for tag in each.spec["tags"]}


async def test_the_page_lists_every_operation(client: Guest, people: People, api: dict[str, Operation]) -> None:
    assert people.producer
    page = (await client.get("/api/docs")).text
    for operation in api.values():
        assert f'id="{operation.id}"' in page
        assert operation.spec["summary"].partition(" · ")[0] in page
