"""The standards a certificate can cite, each by number and edition; all of it is data. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, cast

from shangeng_certs.data import read_data
from shangeng_trace.errors import MalformedError, NotFoundError

StandardClass = Literal["national", "industry", "local", "group", "enterprise"]
CLASSES: tuple[StandardClass, ...] = ("national", "industry", "local", "group", "enterprise")
"""国家、行业、地方、团体、企业标准."""


class StandardUnknown(NotFoundError):
    """No such standard, or not in this edition."""

    code = "certs.standard_unknown"
    zh = "没有这个标准或这个版本。"
    en = "There is no such standard, or not in this edition."


class StandardsMalformed(MalformedError):
    """The register of standards is not in its form."""

    code = "certs.standards_malformed"


@dataclass(frozen=True, slots=True)
class Clause:
    """One requirement. `min_altitude_m` is what every plot of a certificate must reach, where the clause is about that."""

    key: str
    zh: str
    en: str
    min_altitude_m: int | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """The text of a standard as of one edition; a certificate to it is valid for at most `months`."""

    edition: str
    months: int
    clauses: tuple[Clause, ...]

    @property
    def min_altitude_m(self) -> int | None:
        """Return the highest altitude that a clause demands of every plot, or None where none does."""
        return max(
            (clause.min_altitude_m for clause in self.clauses if clause.min_altitude_m is not None), default=None
        )


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard; `placeholder` says that its number is an example and not one that was published."""

    key: str
    kind: StandardClass
    number: str
    placeholder: bool
    zh: str
    en: str
    categories: frozenset[str]
    editions: tuple[Edition, ...]

    def title(self, language: str) -> str:
        """Return the title for a reader of `language` ("zh" or "en")."""
        return self.en if language.startswith("en") else self.zh

    @property
    def newest(self) -> Edition:
        """Return the edition that new certificates cite."""
        return self.editions[-1]

    def in_edition(self, edition: str) -> Edition:
        """Return one edition; raises `StandardUnknown`."""
        for candidate in self.editions:
            if candidate.edition == edition:
                return candidate
        raise StandardUnknown(field="edition")


def load_standards(data: Any) -> Mapping[str, Standard]:
    """Read a register of standards, `data/standards.json` or a deployment's own, into key → standard.

    Keys are unique, editions run from old to new, every text is there in both languages. Raises `StandardsMalformed`.
    """
    match data:
        case {"standards": [*entries]} if entries:
            standards = [_standard(entry) for entry in entries]
        case _:
            raise StandardsMalformed(what="standards")
    if len({standard.key for standard in standards}) < len(standards):
        raise StandardsMalformed(what="a key stands twice")
    return MappingProxyType({standard.key: standard for standard in standards})


def _standard(data: Any) -> Standard:
    match data:
        case {
            "key": str(key),
            "class": "national" | "industry" | "local" | "group" | "enterprise" as kind,
            "number": str(number),
            "placeholder": bool(placeholder),
            "zh": str(zh),
            "en": str(en),
            "categories": [*categories],
            "editions": [*editions],
        } if all((key, number, zh, en, categories, editions)) and all(isinstance(item, str) for item in categories):
            texts = tuple(_edition(key, edition) for edition in editions)
        case _:
            raise StandardsMalformed(what=f"standard {_key(data)}")
    names = [text.edition for text in texts]
    if names != sorted(set(names)):
        raise StandardsMalformed(what=f"order of editions of {key}")
    return Standard(key, kind, number, placeholder, zh, en, frozenset(cast("list[str]", categories)), texts)


def _edition(standard: str, data: Any) -> Edition:
    match data:
        case {"edition": str(edition), "months": int(months), "clauses": [*clauses]} if (
            edition and not isinstance(months, bool) and months > 0 and clauses
        ):
            read = tuple(_clause(standard, clause) for clause in clauses)
        case _:
            raise StandardsMalformed(what=f"edition of {standard}")
    if len({clause.key for clause in read}) < len(read):
        raise StandardsMalformed(what=f"a clause of {standard} stands twice")
    return Edition(edition, months, read)


def _clause(standard: str, data: Any) -> Clause:
    match data:
        case {"key": str(key), "zh": str(zh), "en": str(en), **rest} if key and zh and en:
            pass
        case _:
            raise StandardsMalformed(what=f"clause of {standard}")
    match rest:
        case {} if not rest:
            return Clause(key, zh, en)
        case {"min_altitude_m": int(altitude)} if len(rest) == 1 and not isinstance(altitude, bool) and altitude > 0:
            return Clause(key, zh, en, altitude)
        case _:
            raise StandardsMalformed(what=f"clause {key} of {standard}")


def _key(data: Any) -> object:
    return cast("dict[object, object]", data).get("key") if isinstance(data, dict) else data


STANDARDS = load_standards(read_data("standards.json"))
"""Key → standard, in the order of the register."""


def standard(key: str) -> Standard:
    """Return a standard by its key; raises `StandardUnknown`."""
    if key not in STANDARDS:
        raise StandardUnknown(field="standard")
    return STANDARDS[key]
