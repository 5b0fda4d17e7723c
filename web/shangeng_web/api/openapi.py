"""What the OpenAPI document says beyond what the framework finds out: an example for every body.

Examples stand at the members of the wire types; a body's example is put together from those of its members. An
optional member is in it only where it has an example of its own. Pure.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_BY_FORMAT = {"date-time": "2026-04-15T01:12:05Z", "date": "2026-04-15", "binary": ""}
_BY_TYPE: dict[str, Any] = {"boolean": False, "integer": 0, "number": 0, "string": "", "object": {}, "null": None}


def with_examples(document: Schema) -> Schema:
    """Add an example to every JSON body of a request or an answer that has none, and words to what says none."""
    schemas: Schema = document["components"]["schemas"]
    for answer in _answers(document):
        if answer["description"] == "Successful Response":
            answer["description"] = "成功 · Success."
    for content in _contents(document):
        for kind, media in content.items():
            if kind.endswith("json") and "example" not in media:
                media["example"] = example_of(media["schema"], schemas)
    return document


def example_of(schema: Schema, schemas: Schema) -> Any:
    """Return the example that stands at a schema, or one put together from those of its members."""
    if known := schema.get("examples") or schema.get("enum"):
        return known[0]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], schemas)
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)] if "items" in schema else []
    if "properties" in schema:
        return {
            name: example_of(member, schemas)
            for name, member in schema["properties"].items()
            if name in schema.get("required", ()) or _has_example(member)
        }
    return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE.get(schema.get("type", "object")))


def _has_example(member: Schema) -> bool:
    return bool(member.get("examples"))


def _operations(document: Schema) -> Iterator[Schema]:
    for operations in document["paths"].values():
        yield from operations.values()


def _answers(document: Schema) -> Iterator[Schema]:
    for operation in _operations(document):
        yield from operation["responses"].values()


def _contents(document: Schema) -> Iterator[Schema]:
    bodies = (operation.get("requestBody", {}) for operation in _operations(document))
    for holder in (*bodies, *_answers(document)):
        if "content" in holder:
            yield holder["content"]
