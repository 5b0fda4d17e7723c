"""The step catalogue: which steps there are, what each category calls them, and what may follow what."""

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from pydantic import BaseModel, ValidationError

from shangeng_trace.data import read_data
from shangeng_trace.errors import ConflictError, RejectedError, ShangengError
from shangeng_trace.records import Record, check_record, display_value
from shangeng_trace.steps import BatchState, Category, Choice, Effect, Field, FieldType, Group, Step, Words

_Entry = TypeVar("_Entry", bound=BaseModel)

__all__ = [
    "BatchBegunAlready",
    "BatchState",
    "Catalogue",
    "CatalogueBroken",
    "Category",
    "CategoryUnknown",
    "Choice",
    "Effect",
    "Field",
    "FieldType",
    "Group",
    "Record",
    "Step",
    "StepNotNow",
    "StepOutOfOrder",
    "StepUnknown",
    "Words",
    "check_record",
    "display_value",
]

_STATE_WORDS = {
    BatchState.ACTIVE: Words(zh="在做", en="active"),
    BatchState.IN_TRANSIT: Words(zh="在途", en="in transit"),
    BatchState.HELD: Words(zh="已暂停", en="on hold"),
    BatchState.RECALLED: Words(zh="已召回", en="recalled"),
    BatchState.CLOSED: Words(zh="已结束", en="closed"),
}


class CatalogueBroken(ShangengError):
    """The catalogue data contradict themselves; the service must not start on them."""

    code = "catalogue_broken"
    zh = "环节目录有错：{what}"
    en = "The step catalogue is broken: {what}"


class StepUnknown(RejectedError):
    """A step that the catalogue does not have."""

    code = "step_unknown"
    zh = "没有这个环节，请从列表里选。"
    en = "There is no such step. Please choose one from the list."


class CategoryUnknown(RejectedError):
    """A category that the catalogue does not have."""

    code = "category_unknown"
    zh = "没有这个类别，请从列表里选。"
    en = "There is no such category. Please choose one from the list."


class StepOutOfOrder(RejectedError):
    """What must have happened before has not been recorded."""

    code = "step_out_of_order"
    zh = "记“{zh_step}”之前，要先记{zh_needed}。"
    en = "Before “{en_step}”, please record {en_needed}."


class BatchBegunAlready(RejectedError):
    """A step that begins a batch, on a batch that exists."""

    code = "batch_begun_already"
    zh = "这一批已经开始了，“{zh_step}”要另开一批。"
    en = "This batch has begun already; “{en_step}” begins another one."


class StepNotNow(ConflictError):
    """The state of the batch does not allow the step."""

    code = "step_not_now"
    zh = "这一批{zh_state}，现在不能记“{zh_step}”。"
    en = "This batch is {en_state}; “{en_step}” cannot be recorded now."


@dataclass(frozen=True)
class Catalogue:
    """All steps and categories, checked; make one with `Catalogue.load`."""

    steps: Mapping[str, Step]
    categories: tuple[Category, ...]
    _known: dict[tuple[str, str], Step] = field(default_factory=dict[tuple[str, str], Step], repr=False, compare=False)
    """Steps as their categories know them, once asked for: every event asks."""

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Return the packaged catalogue, with the overlay file at `path` laid over it.

        An overlay has the shape of the packaged files: `fields`, `steps` and `categories`, each
        optional. A step replaces the one with its key or is new; a category's members replace
        those of the packaged one, and its steps are renamed in place or added at the end.

        Raises:
            CatalogueBroken: anything that does not fit, every problem named at once.
        """
        data = {**read_data("steps.json"), "categories": read_data("categories.json")["categories"]}
        if path is not None:
            data = _overlaid(data, _read_overlay(path))
        try:
            steps = _read_all(Step, [_with_shared_fields(entry, data["fields"]) for entry in data["steps"]])
            categories = _read_all(Category, data["categories"])
        except (AttributeError, KeyError, TypeError) as error:
            raise CatalogueBroken(what=f"{type(error).__name__}: {error}") from error
        loaded = cls(
            {step.key: step.model_copy(update={"after": _without_groups(step.after, steps)}) for step in steps},
            tuple(_resolved(category, steps) for category in categories),
        )
        if problems := list(loaded._problems()):
            raise CatalogueBroken(what="; ".join(problems))
        return loaded

    def step(self, key: str, category: str | None = None) -> Step:
        """Return a step, under the name and with the fields it has in `category`.

        A category need not list a step to have it.

        Raises:
            StepUnknown, CategoryUnknown: no such key.
        """
        if key not in self.steps:
            raise StepUnknown(field="step")
        step = self.steps[key]
        if category is None:
            return step
        if (key, category) not in self._known:
            entry = next((entry for entry in self.category(category).steps if entry.key == key), None)
            changes = entry.model_dump(exclude={"key"}, exclude_none=True) if entry else {}
            fields = tuple(each for each in step.fields if not each.only or category in each.only)
            self._known[key, category] = step.model_copy(update={**changes, "fields": fields})
        return self._known[key, category]

    def category(self, category_id: str) -> Category:
        """Return a category; raises `CategoryUnknown`."""
        for category in self.categories:
            if category.id == category_id:
                return category
        raise CategoryUnknown(field="category")

    def steps_for(self, category: str) -> tuple[Step, ...]:
        """Return the steps a category lists, as it knows them, in the order of its tiles."""
        return tuple(self.step(entry.key, category) for entry in self.category(category).steps)

    def manage_steps(self) -> tuple[Step, ...]:
        """Return the steps that every batch has and no category lists: hold, release, recall, close, correct, confirm."""
        return tuple(step for step in self.steps.values() if step.group is Group.MANAGE)

    def next_steps(
        self, category: str, done: AbstractSet[str], state: BatchState = BatchState.ACTIVE
    ) -> tuple[Step, ...]:
        """Return the listed steps that may be recorded now.

        `done` holds the keys of the steps in the batch and all its ancestors; empty asks how a
        batch of this category may begin.
        """
        return tuple(step for step in self.steps_for(category) if self._objection(step, category, done, state) is None)

    def check_possible(
        self, key: str, category: str, done: AbstractSet[str], state: BatchState = BatchState.ACTIVE
    ) -> Step:
        """Return the step as `category` knows it where it may be recorded now, as in `next_steps`.

        A step the category does not list is unusual, not forbidden.

        Raises:
            StepUnknown, CategoryUnknown: no such key.
            StepOutOfOrder, BatchBegunAlready, StepNotNow: with the sentence that says why not.
        """
        step = self.step(key, category)
        if objection := self._objection(step, category, done, state):
            raise objection
        return step

    def _objection(self, step: Step, category: str, done: AbstractSet[str], state: BatchState) -> ShangengError | None:
        names = {"zh_step": step.zh, "en_step": step.en}
        if not done:
            return None if step.start else self._out_of_order(step, category)
        if step.effect is Effect.OPEN and not step.after:
            return BatchBegunAlready(field="step", **names)
        if state not in step.states:
            words = _STATE_WORDS[state]
            return StepNotNow(field="step", zh_state=words.zh, en_state=words.en, **names)
        if step.after and done.isdisjoint(step.after):
            return self._out_of_order(step, category)
        return None

    def _out_of_order(self, step: Step, category: str) -> StepOutOfOrder:
        needed = [self.step(key, category) for key in step.after] or [
            each for each in self.steps_for(category) if each.start
        ]
        listed = {entry.key for entry in self.category(category).steps}
        usual = [each for each in needed if each.key in listed] or needed
        return StepOutOfOrder(
            field="step",
            zh_step=step.zh,
            en_step=step.en,
            zh_needed="或".join(f"“{each.zh}”" for each in usual),
            en_needed=" or ".join(f"“{each.en}”" for each in usual),
        )

    def _problems(self) -> Iterable[str]:
        """Yield what single entries cannot know: references, and tiles that one page cannot tell apart."""
        ids = {category.id for category in self.categories}
        for step in self.steps.values():
            for key in set(step.after) - self.steps.keys():
                yield f"{step.key}: after names {key!r}, which is no step"
            for key in {key for each in step.fields for key in each.only} - ids:
                yield f"{step.key}: only names {key!r}, which is no category"
        for category in self.categories:
            tiles: dict[str, str] = {}
            for entry in category.steps:
                if entry.key not in self.steps:
                    yield f"{category.id}: {entry.key!r} is no step"
                    continue
                tile = entry.tile or self.steps[entry.key].tile
                if (other := tiles.setdefault(tile, entry.key)) != entry.key:
                    yield f"{category.id}: {other} and {entry.key} share the tile {tile}"
                for key in set(entry.after or ()) - self.steps.keys():
                    yield f"{category.id}: {entry.key} after names {key!r}, which is no step"


def _read_all(model: type[_Entry], entries: Iterable[Mapping[str, Any]]) -> list[_Entry]:
    read: list[_Entry] = []
    problems: list[str] = []
    for entry in entries:
        try:
            read.append(model.model_validate(entry))
        except ValidationError as error:
            name = entry.get("key", entry.get("id", "?"))
            problems += [f"{name}: {_place(entry, each['loc'])}: {each['msg']}" for each in error.errors()]
    if problems:
        raise CatalogueBroken(what="; ".join(problems))
    return read


def _place(entry: Mapping[str, Any], path: tuple[int | str, ...]) -> str:
    """Name the place of a problem; a field by its key, which people know, not by its number."""
    match path:
        case ("fields", int() as number, *rest):
            return ".".join(map(str, (entry["fields"][number]["key"], *rest)))
        case _:
            return ".".join(map(str, path)) or "entry"


def _read_overlay(path: Path) -> dict[str, Any]:
    try:
        overlay: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogueBroken(what=f"{path.name}: {error}") from error
    if not isinstance(overlay, dict) or not set(cast("dict[str, Any]", overlay)) <= {
        "_meta",
        "fields",
        "steps",
        "categories",
    }:
        raise CatalogueBroken(what=f"{path.name}: an overlay has fields, steps and categories")
    return cast("dict[str, Any]", overlay)


def _overlaid(data: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    try:
        categories = {entry["id"]: entry for entry in data["categories"]}
        for entry in overlay.get("categories", []):
            known = categories.get(entry["id"], {"steps": []})
            categories[entry["id"]] = {**known, **entry, "steps": _by_key(known["steps"], entry.get("steps", []))}
        return {
            "fields": {**data["fields"], **overlay.get("fields", {})},
            "steps": _by_key(data["steps"], overlay.get("steps", [])),
            "categories": list(categories.values()),
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise CatalogueBroken(what=f"overlay: {type(error).__name__}: {error}") from error


def _by_key(entries: Iterable[Mapping[str, Any]], laid_over: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({entry["key"]: entry for entry in [*entries, *laid_over]}.values())


def _with_shared_fields(entry: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    fields = [{**shared.get(field["key"], {}), **field} for field in entry.get("fields", [])]
    return {**entry, "fields": fields}


def _without_groups(after: Iterable[str], steps: Iterable[Step]) -> tuple[str, ...]:
    """Replace `@group` by the keys of its steps, each key once, in order."""
    named: list[str] = []
    for key in after:
        members = [step.key for step in steps if key == f"@{step.group}"]
        named += members or [key]
    return tuple(dict.fromkeys(named))


def _resolved(category: Category, steps: Iterable[Step]) -> Category:
    entries = (
        entry.model_copy(update={"after": _without_groups(entry.after, steps)}) if entry.after is not None else entry
        for entry in category.steps
    )
    return category.model_copy(update={"steps": tuple(entries)})
