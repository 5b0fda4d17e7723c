"""The shape of the step catalogue: what a step, a field of its record and a category are."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, model_validator

from shangeng_trace.cbv import BIZ_STEPS, DISPOSITIONS
from shangeng_trace.quantities import UNITS

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$")]
Said = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Tile = Annotated[str, StringConstraints(min_length=1, max_length=1)]


class Effect(StrEnum):
    """What a step does to batches; the ledger's projections know each of these and no other.

    OPEN begins a batch, with a quantity unless the step is not weighed.
    OBSERVE says something about a batch and changes no quantity.
    TRANSFORM takes inputs and gives outputs; the output may be the same batch with another quantity.
    SPLIT makes several batches of one, MERGE one of several.
    PACK turns a quantity into units of a product.
    SHIP hands the batch to another member, RECEIVE takes it over.
    TEST adds a result with a verdict.
    ADJUST takes away what was sold, lost or used up.
    HOLD, RELEASE, RECALL and CLOSE change the state of a batch.
    CORRECT declares an earlier event wrong; CONFIRM answers one that somebody else entered.
    """

    OPEN = "open"
    OBSERVE = "observe"
    TRANSFORM = "transform"
    SPLIT = "split"
    MERGE = "merge"
    PACK = "pack"
    SHIP = "ship"
    RECEIVE = "receive"
    TEST = "test"
    ADJUST = "adjust"
    HOLD = "hold"
    RELEASE = "release"
    RECALL = "recall"
    CLOSE = "close"
    CORRECT = "correct"
    CONFIRM = "confirm"


class Group(StrEnum):
    """Steps that belong together on a page and in a rule; `after` may name a group as `@source`."""

    GROW = "grow"
    INPUT = "input"
    SOURCE = "source"
    PROCESS = "process"
    CHECK = "check"
    PACK = "pack"
    MOVE = "move"
    MANAGE = "manage"


class BatchState(StrEnum):
    """The states a batch can be in."""

    ACTIVE = "active"
    IN_TRANSIT = "in_transit"
    HELD = "held"
    RECALLED = "recalled"
    CLOSED = "closed"


class FieldType(StrEnum):
    """How a field is entered, checked and shown."""

    TEXT = "text"
    NUMBER = "number"
    QUANTITY = "quantity"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    BOOL = "bool"
    TABLE = "table"
    REFERENCE = "reference"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Data):
    """The same thing said in Chinese and in English."""

    zh: Said
    en: Said

    def name(self, language: str) -> str:
        """Return the words for a reader of `language` ("zh" or "en")."""
        return self.en if language.startswith("en") else self.zh


def _in_both(value: object) -> object:
    return {"zh": value, "en": value} if isinstance(value, str) else value


Unit = Annotated[Words, BeforeValidator(_in_both)]
"""Words, or one text where both languages write the same ("%")."""


class Choice(Words):
    """One of the answers a choice field takes; `key` is what a record holds."""

    key: Key


class Field(Words):
    """A field of a step's record.

    `public` fields stand in the statement itself, the others in erasable rows behind a commitment.
    `blank` is what an empty field means where that is an answer of its own (an interval that no
    label gives is unknown, never 0): such a field is always in the record, as null when empty.
    `only` names the categories that have the field; without it, all do.
    """

    key: Key
    type: FieldType
    required: bool = False
    public: bool = True
    offer_last: bool = False
    unit: Unit | None = None
    units: tuple[str, ...] = ()
    min: Decimal | None = None
    max: Decimal | None = None
    decimals: int = 3
    max_length: int = 200
    lines: bool = False
    choices: tuple[Choice, ...] = ()
    columns: "tuple[Field, ...]" = ()
    max_rows: int = 100
    refers: Literal["event", "batch"] | None = None
    future: bool = False
    not_before: Key | None = None
    only: tuple[Key, ...] = ()
    hint: Words | None = None
    placeholder: Words | None = None
    blank: Words | None = None

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        needs = {
            FieldType.CHOICE: bool(self.choices),
            FieldType.QUANTITY: bool(self.units) and set(self.units) <= UNITS.keys(),
            FieldType.TABLE: bool(self.columns) and not any(column.columns for column in self.columns),
            FieldType.REFERENCE: self.refers is not None,
        }
        if not needs.get(self.type, True):
            raise ValueError(f"a {self.type} field needs its choices, units, columns or refers")
        for entries in (self.choices, self.columns):
            if len({entry.key for entry in entries}) != len(entries):
                raise ValueError("two choices or columns share a key")
        if self.blank and self.required:
            raise ValueError("a required field cannot be blank")
        return self

    def choice(self, key: object) -> Choice | None:
        """Return the choice with this key, or None."""
        return next((choice for choice in self.choices if choice.key == key), None)


class Step(Words):
    """A kind of thing that happens to a batch, and how its event and record look.

    `after`: at least one of these steps must stand in the batch or its ancestors (empty: any time).
    `start`: may begin a batch. `weigh`: whether the quantity after it is asked.
    `gains`: goods may come out heavier than they went in (soaked, salted, sugared).
    `states`: the states of the batch in which it may be recorded.
    `others`: kinds of organisations that may record it on batches that are not theirs.
    """

    key: Key
    tile: Tile
    group: Group
    effect: Effect
    epcis: Literal["ObjectEvent", "TransformationEvent", "AggregationEvent"]
    action: Literal["ADD", "OBSERVE", "DELETE"] | None = None
    biz_step: str
    disposition: str | None = None
    start: bool = False
    weigh: Literal["must", "may", "no"] = "no"
    gains: bool = False
    states: tuple[BatchState, ...] = (BatchState.ACTIVE,)
    after: tuple[str, ...] = ()
    others: tuple[Literal["body", "lab", "supervisor"], ...] = ()
    fields: tuple[Field, ...] = ()

    @model_validator(mode="after")
    def _speaks_epcis(self) -> Self:
        if self.biz_step not in BIZ_STEPS:
            raise ValueError(f"{self.biz_step!r} is no business step of the CBV")
        if self.disposition is not None and self.disposition not in DISPOSITIONS:
            raise ValueError(f"{self.disposition!r} is no disposition of the CBV")
        if (self.epcis == "TransformationEvent") is not (self.action is None):
            raise ValueError("every event but a transformation has an action")
        if (self.effect is Effect.OPEN) is not (self.action == "ADD"):
            raise ValueError("a step that opens a batch, and no other, adds")
        keys = [field.key for field in self.fields]
        if len(set(keys)) != len(keys):
            raise ValueError("two fields share a key")
        if any(field.not_before not in {None, *keys} for field in self.fields):
            raise ValueError("not_before names a field that is not there")
        return self

    def field(self, key: str) -> Field | None:
        """Return the field with this key, or None."""
        return next((field for field in self.fields if field.key == key), None)


class CategoryStep(_Data):
    """A step as a category knows it: perhaps under its own name, bound to narrower predecessors, or never gaining weight."""

    key: Key
    tile: Tile | None = None
    zh: Said | None = None
    en: Said | None = None
    after: tuple[str, ...] | None = None
    gains: bool | None = None


class Category(Words):
    """One of the nine categories of the brand, or an extension; its steps in the order of the tiles."""

    id: Key
    tile: Tile
    extension: bool = False
    steps: tuple[CategoryStep, ...]
