"""Whether a permission held at a moment, and what to say of it. Pure.

A licence and a certificate are two things; the mark may be shown only while both hold (design 2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from shangeng_certs.credentials import Kind, State
from shangeng_certs.scheme import reason_text
from shangeng_trace.clock import SHANGHAI, day_text


class Validity(StrEnum):
    """How a permission stood at a moment. OUTSIDE: it held, but does not cover the plot that was asked about."""

    VALID = "valid"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    OUTSIDE = "outside"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state, in force from `effective`."""

    state: State
    reason: str
    effective: datetime


@dataclass(frozen=True, slots=True)
class Permission:
    """A certificate or licence as dated facts; both days are included, `changes` are in the log's order."""

    kind: Kind
    number: str
    valid_from: date
    valid_until: date
    changes: tuple[Change, ...] = ()
    covers: bool = True

    def last_change(self, at: datetime) -> Change | None:
        """Return the change of state that was in force at a moment, or None while it was as issued."""
        return next((change for change in reversed(self.changes) if change.effective <= at), None)

    def validity(self, at: datetime) -> Validity:
        """Say how it stood at a moment. What is final goes first: withdrawn, then expired, then suspended."""
        change, day = self.last_change(at), _day(at)
        if change is not None and change.state is State.WITHDRAWN:
            return Validity.WITHDRAWN
        if day > self.valid_until:
            return Validity.EXPIRED
        if change is not None and change.state is State.SUSPENDED:
            return Validity.SUSPENDED
        if day < self.valid_from:
            return Validity.NOT_YET
        return Validity.VALID if self.covers else Validity.OUTSIDE


_NAMES = {Kind.CERTIFICATE: ("认证证书", "certificate"), Kind.LICENCE: ("商标使用许可", "mark licence")}

_SENTENCES = {
    Validity.VALID: ("{name} {number} 有效，至 {until}。", "{Name} {number} is valid until {until}."),
    Validity.NOT_YET: ("{name} {number} 自 {start} 起才有效。", "{Name} {number} is valid only from {start}."),
    Validity.EXPIRED: ("{name} {number} 已于 {until} 到期。", "{Name} {number} expired on {until}."),
    Validity.SUSPENDED: (
        "{name} {number} 自 {since} 起暂停：{reason}。",
        "{Name} {number} is suspended since {since}: {reason}.",
    ),
    Validity.WITHDRAWN: (
        "{name} {number} 已于 {since} 撤销：{reason}。",
        "{Name} {number} was withdrawn on {since}: {reason}.",
    ),
    Validity.OUTSIDE: (
        "{name} {number} 不包括这批产品的地块。",
        "{Name} {number} does not cover the plot this comes from.",
    ),
    Validity.NONE: ("这个产品没有{name}。", "This product has no {name}."),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How the one permission that matters stood at a moment; `permission` is None where there is none at all."""

    kind: Kind
    permission: Permission | None
    at: datetime

    @property
    def validity(self) -> Validity:
        """Say how it stood."""
        return Validity.NONE if self.permission is None else self.permission.validity(self.at)

    @property
    def holds(self) -> bool:
        """Whether it was valid and covered what was asked about."""
        return self.validity is Validity.VALID

    @property
    def number(self) -> str | None:
        """Return the number of the permission, for a link to the register."""
        return None if self.permission is None else self.permission.number

    def sentence(self, language: str) -> str:
        """Say it in one sentence, with number, date and reason."""
        english = language.startswith("en")
        name = _NAMES[self.kind][english]
        parts = {"name": name, "Name": name.capitalize()}
        if self.permission is not None:
            change = self.permission.last_change(self.at)
            parts |= {
                "number": self.permission.number,
                "start": day_text(self.permission.valid_from, language),
                "until": day_text(self.permission.valid_until, language),
                "since": "" if change is None else day_text(_day(change.effective), language),
                "reason": "" if change is None else reason_text(change.reason, language),
            }
        return _SENTENCES[self.validity][english].format_map(parts)


@dataclass(frozen=True, slots=True)
class MarkStanding:
    """Licence and certificate at a moment."""

    licence: Standing
    certificate: Standing
    at: datetime

    @property
    def shown(self) -> bool:
        """Whether the mark may be shown: only while both hold."""
        return self.licence.holds and self.certificate.holds

    @property
    def failing(self) -> tuple[Standing, ...]:
        """Return what does not hold, the licence first."""
        return tuple(standing for standing in (self.licence, self.certificate) if not standing.holds)

    def sentence(self, language: str) -> str:
        """Say whether the mark may be shown, and each reason why not."""
        english = language.startswith("en")
        if self.shown:
            return (
                "The mark may be shown: licence and certificate are both valid."
                if english
                else "可以使用“丽水山耕”标志：许可和认证都有效。"
            )
        reasons = [standing.sentence(language) for standing in self.failing]
        if english:
            return " ".join(("The mark may not be shown.", *reasons))
        return "".join(("不能使用“丽水山耕”标志。", *reasons))


def choose(kind: Kind, permissions: Iterable[Permission], at: datetime) -> Standing:
    """Return the standing of the permission that matters at a moment.

    One that holds, if any; else one that covers the plot; else one that has begun; else the newest.
    """
    day = _day(at)
    best = max(
        permissions,
        key=lambda one: (
            one.validity(at) is Validity.VALID,
            one.covers,
            one.valid_from <= day,
            one.valid_from,
            one.number,
        ),
        default=None,
    )
    return Standing(kind, best, at)


def packed_sentence(now: MarkStanding, packed: MarkStanding, language: str) -> str | None:
    """Say how things stood on the day of packing where that differs from now; None where nothing need be said."""
    if now.shown == packed.shown:
        return None
    english, day = language.startswith("en"), day_text(_day(packed.at), language)
    if packed.shown:
        return (
            f"These goods were packed on {day}, while licence and certificate were valid."
            if english
            else f"这批产品于 {day} 包装，当时许可和认证都有效。"
        )
    reasons = [standing.sentence(language) for standing in packed.failing]
    if english:
        return " ".join((f"When these goods were packed on {day}, the mark was not permitted.", *reasons))
    return "".join((f"这批产品于 {day} 包装，当时不能使用标志。", *reasons))


def _day(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()
