"""Altering a JSON document in one place, to see who notices."""

from typing import Any, TypeAlias, cast

Place: TypeAlias = tuple[str | int, ...]


def members(value: object) -> list[tuple[str | int, object]]:
    """Return what stands directly inside of a value, under its names or numbers."""
    if isinstance(value, dict):
        return list(cast("dict[str | int, object]", value).items())
    if isinstance(value, list):
        return [*enumerate(cast("list[object]", value))]
    return []


def places(value: object, at: Place = ()) -> list[Place]:
    """Return the place of every value inside of a document, its own first."""
    return [at, *(place for key, member in members(value) for place in places(member, (*at, key)))]


def found(value: Any, at: Place) -> Any:
    """Return what stands at a place."""
    for key in at:
        value = value[key]
    return value


def replaced(value: Any, at: Place, new: object) -> Any:
    """Return a copy of a document with another value at one place."""
    if not at:
        return new
    inner = {key: replaced(member, at[1:], new) if key == at[0] else member for key, member in members(value)}
    return inner if isinstance(value, dict) else list(inner.values())


def without(value: Any, at: Place) -> Any:
    """Return a copy of a document without what stands at one place."""
    parent = found(value, at[:-1])
    rest = {key: member for key, member in members(parent) if key != at[-1]}
    return replaced(value, at[:-1], rest if isinstance(parent, dict) else list(rest.values()))
