"""Reading pages as a browser without script would: forms, their values, and what stands where."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from httpx import Response

from tests.visiting import Guest


@dataclass
class Form:
    """A form of a page: where it goes, and what a browser would send if nothing were changed."""

    action: str
    values: dict[str, str] = field(default_factory=dict[str, str])
    offered: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    async def send(self, guest: Guest, **changed: str) -> Response:
        """Press the button, with some fields changed."""
        return await guest.post(self.action, data={**self.values, **changed})


class _Forms(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = self._area = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._form = Form(given.get("action", ""))
            if given.get("method") == "post":
                self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "input" and name and given.get("type") != "file":
            self._input(self._form, given)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            offered = self._form.offered.setdefault(self._select, [])
            if not offered or "selected" in given:
                self._form.values[self._select] = given["value"]
            offered.append(given["value"])
        elif tag == "textarea":
            self._area, self._form.values[name] = name, ""

    @staticmethod
    def _input(form: Form, given: dict[str, str]) -> None:
        name, value = given["name"], given.get("value", "")
        is_box = given.get("type") in ("radio", "checkbox")
        if is_box:
            form.offered.setdefault(name, []).append(value)
        if not is_box or "checked" in given:
            form.values[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form.values[self._area] += data.removeprefix("\n")


def forms(html: str) -> list[Form]:
    """Return the forms of a page that change something."""
    return _Forms(html).forms


async def open_form(guest: Guest, url: str) -> Form:
    """Open a page and return its one form."""
    answer = await guest.get(url)
    assert answer.status_code == 200, (answer.status_code, answer.headers.get("location"), answer.text[:2000])
    (form,) = forms(answer.text)
    return form


async def follow(guest: Guest, answer: Response) -> Response:
    """Go where an answer leads."""
    assert answer.status_code == 303, answer.text
    return await guest.get(answer.headers["location"])
