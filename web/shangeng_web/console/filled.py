"""A form of the console as somebody filled it in: what stands in its fields, and what is wrong with them."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from http import HTTPStatus
from typing import TypeVar

from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from shangeng_trace.errors import ConflictError, InvalidError, NotFoundError, RejectedError, ShangengError
from shangeng_trace.fields import Missing, NotAChoice
from shangeng_trace.ids import new_id
from shangeng_web.console.desk import PRIVATE, Desk
from shangeng_web.console.sent_forms import form_key, once
from shangeng_web.errors import status_of
from shangeng_web.i18n import Language, translator

Choice = TypeVar("Choice", bound=StrEnum)


class NotADay(RejectedError):
    """A text is not a date."""

    code = "web.not_a_day"
    zh = "请填真实的日期，例如 2026-04-20。"
    en = "Please give a date that exists, such as 2026-04-20."


class NotAWholeNumber(RejectedError):
    """A text is not a whole number."""

    code = "web.not_a_whole_number"
    zh = "请填整数。"
    en = "Please give a whole number."


class Filled:
    """`values` by field name, and problems; `labels` are the fields' names as msgids, for the summary of errors.

    `offered` is what a fresh form already holds.
    """

    def __init__(
        self,
        language: Language,
        labels: Mapping[str, str],
        sent: FormData | None = None,
        *,
        offered: Mapping[str, str | list[str]] | None = None,
    ) -> None:
        self.language = language
        self.status = HTTPStatus.OK
        self.repeated = False
        self._say = translator(language)
        self._labels = labels
        self._problems: list[ShangengError] = []
        self.values: dict[str, list[str]] = {}
        if sent is None:
            given = offered or {}
            self.values = {name: [value] if isinstance(value, str) else value for name, value in given.items()}
        else:
            for name, value in sent.multi_items():
                if isinstance(value, str):
                    self.values.setdefault(name, []).append(value)
        self.id = self.values.setdefault("form_id", [new_id()])[0]

    def text(self, name: str) -> str:
        """Return what stands in a field; nothing where there is no such field."""
        return next(iter(self.values.get(name, ())), "")

    def texts(self, name: str) -> list[str]:
        """Return every value of a field that takes several."""
        return self.values.get(name, [])

    def day(self, name: str, otherwise: date) -> date:
        """Return a date; what is none becomes a problem, and `otherwise` lets the remaining fields be checked."""
        text = self.text(name).strip()
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.refuse((NotADay if text else Missing)(field=name))
            return otherwise

    def count(self, name: str, otherwise: int = 0) -> int:
        """Return a whole number; what is none becomes a problem."""
        text = self.text(name).strip()
        if text.isdecimal() and len(text) < 10:  # noqa: PLR2004 - nine digits fit every column and count of ours
            return int(text)
        self.refuse((NotAWholeNumber if text else Missing)(field=name))
        return otherwise

    def choice(self, name: str, choices: type[Choice], otherwise: Choice) -> Choice:
        """Return one of an enumeration; what is none becomes a problem."""
        text = self.text(name)
        found = next((choice for choice in choices if choice.value == text), None)
        if found is None:
            self.refuse((NotAChoice if text else Missing)(field=name))
        return found or otherwise

    def need(self, *names: str) -> None:
        """Hold that these fields are not empty."""
        for name in names:
            if not self.text(name).strip():
                self.refuse(Missing(field=name))

    def refuse(self, error: ShangengError) -> None:
        """Remember what was wrong; the first problem of a field stands for all of it."""
        # A field that names what does not exist is a mistake in the form: the form itself was found.
        unknown = isinstance(error, NotFoundError)
        self.status = HTTPStatus.UNPROCESSABLE_ENTITY if unknown else HTTPStatus(status_of(error))
        found = error.problems if isinstance(error, InvalidError) else (error,)
        known = {problem.field for problem in self._problems if problem.field}
        self._problems += [problem for problem in found if problem.field not in known]

    def check(self) -> None:
        """Raise what was found so far."""
        if self._problems:
            raise InvalidError([each for each in self._problems if isinstance(each, RejectedError)])

    def error(self, name: str) -> str | None:
        """Return the sentence at a field."""
        return next((each.sentence(self.language) for each in self._problems if each.field == name), None)

    def label(self, name: str) -> str:
        """Return a field's name in the reader's language."""
        return self._say(self._labels[name])

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """Return the summary in the order of the fields: field, label, sentence; a problem of no field has neither."""
        order = list(self._labels)
        found = sorted(self._problems, key=lambda each: order.index(each.field) if each.field in order else -1)
        return [
            (each.field, self.label(each.field), each.sentence(self.language))
            if each.field and each.field in self._labels
            else ("", "", each.sentence(self.language))
            for each in found
        ]


async def carry_out(desk: Desk, filled: Filled, command: Callable[[Session], str]) -> str | None:
    """Run a form's command in the writer, once; return the page it leads to, or None where it was refused.

    Everything wrong with the fields is then in `filled`. Raises what is not about the form: a thing that is not
    there, or that the person may not do.
    """
    platform, moment = desk.visitor.platform, desk.visitor.platform.office.clock()

    def checked(session: Session) -> str:
        place = command(session)
        filled.check()  # a field may be unreadable although the verb could do with what stood in for it
        return place

    key = form_key(desk.login.person.id, desk.visitor.request.url.path, filled.values)
    try:
        place, filled.repeated = await platform.write(
            lambda session: once(session, key=key, moment=moment, command=checked)
        )
    except ShangengError as error:
        if error.field is None and not isinstance(error, RejectedError | ConflictError):
            raise
        filled.refuse(error)
        return None
    return place


def see(place: str) -> RedirectResponse:
    """Answer a form that was carried out with the page to look at now."""
    return RedirectResponse(place, HTTPStatus.SEE_OTHER, headers=PRIVATE)


async def save(desk: Desk, filled: Filled, command: Callable[[Session], str]) -> RedirectResponse | None:
    """Carry a form out and answer with the page it leads to, or None where it was refused."""
    place = await carry_out(desk, filled, command)
    return None if place is None else see(place)
