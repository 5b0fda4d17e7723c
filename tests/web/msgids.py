"""Every sentence the web package asks to have translated, read from its source.

Run as a program, it prints what no catalogue has yet, ready to be pasted into one.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_from_file

from shangeng_web.i18n import catalogues

PACKAGE = Path(__file__).resolve().parents[2] / "web" / "shangeng_web"

_KEYWORDS: dict[str, Any] = {
    "_": None,
    "N_": None,
    "pgettext": ((1, "c"), 2),
}


@dataclass(frozen=True)
class Asked:
    """A msgid as it stands in the source."""

    place: str
    context: str | None
    message: str


def _extracted(path: Path) -> Iterator[Asked]:
    if path.suffix == ".html":
        method, options = (
            "jinja2.ext:babel_extract",
            {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"},
        )
    else:
        method, options = "python", {}
    # Babel leaves the element type of this list open.
    messages: Any = extract_from_file(method, path, keywords=_KEYWORDS, options=options)
    for line, message, _comments, context in messages:
        yield Asked(f"{path.relative_to(PACKAGE)}:{line}", context, str(message))


def asked() -> list[Asked]:
    """Return all msgids of the templates and of the Python code."""
    return [ask for path in sorted([*PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.py")]) for ask in _extracted(path)]


def answered() -> dict[tuple[str | None, str], list[tuple[str, tuple[str, ...]]]]:
    """Return for each (context, msgid) the catalogues that translate it, and their words."""
    found: dict[tuple[str | None, str], list[tuple[str, tuple[str, ...]]]] = {}
    for name, catalogue in catalogues("en").items():
        for message in (message for message in catalogue if message.id):
            one = message.id if isinstance(message.id, str) else message.id[0]
            words = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
            found.setdefault((message.context, one), []).append((name, words))
    return found


def missing() -> list[Asked]:
    """Return what is asked and not answered, each msgid once."""
    have = {key for key, answers in answered().items() if all(all(words) for _, words in answers)}
    wanted = {(ask.context, ask.message): ask for ask in reversed(asked()) if (ask.context, ask.message) not in have}
    return sorted(wanted.values(), key=lambda ask: ask.place)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def main() -> None:
    """Print the missing entries in the format of a catalogue."""
    for ask in missing():
        lines = [f"#: {ask.place}"]
        if ask.context:
            lines.append(f"msgctxt {_quoted(ask.context)}")
        lines.append(f"msgid {_quoted(ask.message)}")
        if "%(n)s" in ask.message:
            lines += [f"msgid_plural {_quoted(ask.message)}", 'msgstr[0] ""', 'msgstr[1] ""']
        else:
            lines.append('msgstr ""')
        sys.stdout.write("\n".join(lines) + "\n\n")


if __name__ == "__main__":
    main()
