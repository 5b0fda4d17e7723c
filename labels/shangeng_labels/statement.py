"""What a run of labels puts into the ledger: that it was issued, and what became of its labels. Pure.

Neither statement holds a code. A run commits to all of them at once; a label is its number in the run, which is the
place of its code's SHA-256 among the run's digests in ascending order. So the commitment also says which code has
which number, and nobody can later void one label and call it another.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shangeng_trace.canonical import Document
from shangeng_trace.clock import read_rfc3339, rfc3339
from shangeng_trace.errors import MalformedError
from shangeng_trace.statements import CONTEXT

RUN_TYPE = "shangeng:LabelRun"
STATUS_TYPE = "shangeng:LabelStatus"

_RUN = "urn:shangeng:run:"
_STATUS = "urn:shangeng:status:"


class RunMalformed(MalformedError):
    """A statement about labels that does not say what it must."""

    code = "labels.run_malformed"


class LabelState(StrEnum):
    """What a label is: issued to its owner, applied to the goods, or void for good."""

    ISSUED = "issued"
    ACTIVE = "active"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Labels with consecutive numbers, both ends included."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))


def stretches(numbers: Iterable[int]) -> tuple[Stretch, ...]:
    """Return numbers as the fewest stretches, ascending; a number that stands twice counts once."""
    out: list[Stretch] = []
    for number in sorted(set(numbers)):
        if out and number == out[-1].last + 1:
            out[-1] = Stretch(out[-1].first, number)
        else:
            out.append(Stretch(number, number))
    return tuple(out)


@dataclass(frozen=True, slots=True)
class RunIssued:
    """So many labels of a template were issued for a batch; `commitment` is that of `shangeng_labels.codes.commit`."""

    id: str
    batch: str
    product: str
    count: int
    commitment: str
    template: str
    issued: datetime

    def document(self) -> Document:
        """Return the statement before it is signed."""
        return {
            "@context": CONTEXT,
            "type": RUN_TYPE,
            "id": _RUN + self.id,
            "shangeng:batch": self.batch,
            "shangeng:product": self.product,
            "shangeng:count": self.count,
            "shangeng:commitment": self.commitment,
            "shangeng:template": self.template,
            "shangeng:issued": rfc3339(self.issued),
        }


@dataclass(frozen=True, slots=True)
class LabelsChanged:
    """Labels of a run were applied (`ACTIVE`) or became void; `reason` is a code, and empty for what is applied."""

    id: str
    run: str
    state: LabelState
    numbers: tuple[Stretch, ...]
    reason: str
    since: datetime

    def document(self) -> Document:
        """Return the statement before it is signed."""
        document: Document = {
            "@context": CONTEXT,
            "type": STATUS_TYPE,
            "id": _STATUS + self.id,
            "shangeng:run": self.run,
            "shangeng:state": self.state.value,
            "shangeng:numbers": [[stretch.first, stretch.last] for stretch in self.numbers],
            "shangeng:effective": rfc3339(self.since),
        }
        return document | {"shangeng:reason": self.reason} if self.reason else document


def read_run(document: Document) -> RunIssued:
    """Read a run statement; raises `RunMalformed` unless it is exactly what we would write for its content."""
    match document:
        case {
            "id": str(name),
            "shangeng:batch": str(batch),
            "shangeng:product": str(product),
            "shangeng:count": int(count),
            "shangeng:commitment": str(commitment),
            "shangeng:template": str(template),
            "shangeng:issued": str(issued),
        } if not isinstance(count, bool) and count > 0:
            pass
        case _:
            raise RunMalformed(what="run members")
    run = RunIssued(name.removeprefix(_RUN), batch, product, count, commitment, template, _moment(issued))
    if run.document() != _unsigned(document):
        raise RunMalformed(what="run statement is not in our form")
    return run


def read_change(document: Document) -> LabelsChanged:
    """Read a statement on a run's labels; raises `RunMalformed` unless it is exactly what we would write for it."""
    match document:
        case {
            "id": str(name),
            "shangeng:run": str(run),
            "shangeng:state": "active" | "void" as state,
            "shangeng:numbers": [*numbers],
            "shangeng:effective": str(since),
            **rest,
        } if numbers:
            reason = rest.get("shangeng:reason", "")
        case _:
            raise RunMalformed(what="label status members")
    if not isinstance(reason, str):
        raise RunMalformed(what="reason")
    change = LabelsChanged(
        name.removeprefix(_STATUS),
        run,
        LabelState(state),
        tuple(_stretch(item) for item in numbers),
        reason,
        _moment(since),
    )
    if change.document() != _unsigned(document):
        raise RunMalformed(what="label status is not in our form")
    end = 0
    for stretch in change.numbers:
        if not end < stretch.first <= stretch.last:
            raise RunMalformed(what="numbers are not in ascending order")
        end = stretch.last + 1
    return change


def _stretch(value: Any) -> Stretch:
    match value:
        case [int(first), int(last)] if not isinstance(first, bool) and not isinstance(last, bool):
            return Stretch(first, last)
        case _:
            raise RunMalformed(what="numbers")


def _moment(text: str) -> datetime:
    try:
        return read_rfc3339(text)
    except ValueError as exc:
        raise RunMalformed(what="time") from exc


def _unsigned(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "proof"}
