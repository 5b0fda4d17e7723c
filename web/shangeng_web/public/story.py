"""The page of a batch as what it says, in one language: composed from a dossier. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from shangeng_certs.validity import MarkStanding
from shangeng_trace.batch_tables import Restriction
from shangeng_trace.records import display_value
from shangeng_trace.registry_tables import OrganisationKind
from shangeng_trace.steps import Effect
from shangeng_trace.witnessing import Standing
from shangeng_web.i18n import Language
from shangeng_web.public.dossier import Dossier, Told
from shangeng_web.public.goods import Balance, Packing, Place, balance, package_lot, packing, place
from shangeng_web.public.inputs import Input, Test, inputs, tests
from shangeng_web.public.moments import TIERS, Answers, Moment, Who, moment, shown, who_says
from shangeng_web.public.permits import Mark, Permit, certificate, licence, marks
from shangeng_web.public.verdict import Known, State, Verdict, verdict
from shangeng_web.public.words import (
    in_its_language,
    organisation_name,
    product_name,
)

MOST_MOMENTS = 12
"""Moments shown at first; the page must stay under 50 KB. The rest is one link away."""


@dataclass(frozen=True, slots=True)
class Stop:
    """An open hold or recall: what was decided, by whom, why, and what to do."""

    is_recall: bool
    lot: str
    is_own_lot: bool
    by: Markup
    phone: str
    is_official: bool
    since: datetime
    reason: Markup
    level: str
    advice: Markup
    moment: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the page says."""

    id: str
    lot: str
    at: datetime
    verdict: Verdict
    package_lot: str
    name: Markup
    plain_name: str
    gtin: str | None
    category: str
    place: Place
    packing: Packing | None
    producer: Markup
    plain_producer: str
    seller: Markup | None
    tiers: tuple[tuple[Who, int], ...]
    mark: MarkStanding
    packed_sentence: str | None
    stops: tuple[Stop, ...]
    certificate: Permit | None
    licence: Permit | None
    tests: tuple[Test, ...]
    inputs: tuple[Input, ...]
    moments: tuple[Moment, ...]
    hidden: int
    marks: tuple[Mark, ...]
    balance: Balance
    contact: Markup | None
    phone: str
    labels: int
    first_index: int
    last_index: int
    steps: int
    credentials: int
    standing: Standing
    """How far the newest of its statements has come."""
    signed_size: int | None
    witnessed_size: int | None
    disputed: int
    unconfirmed: int
    voided: int

    @property
    def state(self) -> State:
        """What the page says first."""
        return self.verdict.state

    @property
    def newest_first(self) -> bool:
        """Whether what happened last is what matters most."""
        return bool(self.stops)


def compose(dossier: Dossier, packed_mark: MarkStanding | None, language: Language, *, whole: bool = False) -> Story:
    """Return the story of a batch; `packed_mark` is how the mark stood on the day of packing, `whole` hides nothing."""
    told, answers = shown(dossier), Answers.among(dossier.told)
    disputed, unconfirmed = answers.unconfirmed(dossier.told)
    mark = dossier.mark.now
    voided = sum(not one.counts for one in dossier.told) + len(dossier.voided)
    recalled = any(row.kind == "recall" for row in dossier.restrictions)
    known = Known(
        recalled=recalled,
        held=bool(dossier.restrictions),
        licence=mark.licence.validity,
        certificate=mark.certificate.validity,
        mark_at_packing=None if packed_mark is None else packed_mark.shown,
        test=_worst_test(dossier),
        disputed=disputed,
        unconfirmed=unconfirmed,
        voided=voided,
    )
    decided = verdict(known)
    picked = _picked(told, newest_first=bool(dossier.restrictions), whole=whole)
    heads = dossier.heads
    indexes = [one.row.index for one in dossier.told] + [
        row.index for row in (dossier.certificate, dossier.licence) if row is not None
    ]
    return Story(
        id=dossier.batch.id,
        lot=dossier.batch.lot,
        at=dossier.at,
        verdict=decided,
        package_lot=package_lot(dossier),
        name=product_name(dossier.product, language),
        plain_name=dossier.product.name_en if language == "en" and dossier.product.name_en else dossier.product.name,
        gtin=dossier.product.gtin,
        category=dossier.product.category,
        place=place(dossier, language),
        packing=packing(dossier, language),
        producer=organisation_name(dossier.producer, language),
        plain_producer=organisation_name(dossier.producer, language).striptags(),
        seller=None
        if dossier.batch.owner == dossier.producer.id
        else organisation_name(dossier.organisations[dossier.batch.owner], language),
        tiers=_tiers(told),
        mark=mark,
        packed_sentence=dossier.mark.packed_sentence(language),
        stops=tuple(_stop(row, dossier, language) for row in dossier.restrictions),
        certificate=certificate(dossier, language),
        licence=licence(dossier, language),
        tests=tuple(tests(told, language)),
        inputs=tuple(inputs(told, language)),
        moments=tuple(moment(one, dossier, answers, language) for one in picked),
        hidden=len(told) - len(picked),
        marks=marks(dossier),
        balance=balance(dossier, language),
        contact=None if dossier.office is None else organisation_name(dossier.office, language),
        phone="" if dossier.office is None else dossier.office.phone,
        labels=dossier.labels,
        first_index=min(indexes),
        last_index=max(indexes),
        steps=len(dossier.told),
        credentials=len(dossier.chains),
        standing=heads.standing(max(indexes)),
        signed_size=None if heads.signed is None else heads.signed.size,
        witnessed_size=None if heads.witnessed is None else heads.witnessed.size,
        disputed=disputed,
        unconfirmed=unconfirmed,
        voided=voided,
    )


def _worst_test(dossier: Dossier) -> bool | None:
    """Return whether every batch's own latest test was passed: a good one downstream does not undo a bad one upstream."""
    latest: dict[str, bool] = {}
    for one in dossier.told:
        if one.step.effect is Effect.TEST:
            rows: list[dict[str, Any]] = one.event.record.get("results", [])
            passed = one.event.record.get("verdict") == "pass" and all(row.get("verdict") == "pass" for row in rows)
            if one.counts or not passed:  # a good result that nobody signed for is none
                latest |= dict.fromkeys(one.event.batches, passed)
    return all(latest.values()) if latest else None


def _picked(told: Sequence[Told], *, newest_first: bool, whole: bool) -> list[Told]:
    """Choose the moments to show: all, or the newest of a batch that is stopped, or first and last of a good one."""
    if newest_first:
        newest = list(reversed(told))
        return newest if whole else newest[:MOST_MOMENTS]
    if whole or len(told) <= MOST_MOMENTS:
        return list(told)
    half = MOST_MOMENTS // 2
    return [*told[:half], *told[-half:]]


def _tiers(told: Sequence[Told]) -> tuple[tuple[Who, int], ...]:
    counts = Counter(who_says(one) for one in told)
    return tuple((who, counts[who]) for who in TIERS if counts[who])


def _stop(row: Restriction, dossier: Dossier, language: Language) -> Stop:
    one = next(each for each in dossier.told if each.event.event_id == row.event_id)
    record, author = one.event.record, dossier.organisations[row.author]
    level = one.step.field("level")
    is_official = author.kind is not OrganisationKind.MEMBER
    return Stop(
        is_recall=row.kind == "recall",
        lot=dossier.family[row.batch_id].lot,
        is_own_lot=row.batch_id == dossier.batch.id,
        by=organisation_name(author, language),
        phone=author.phone if is_official else "",
        is_official=is_official,
        since=row.since,
        reason=in_its_language(str(record.get("reason", "")), language),
        level=display_value(level, record["level"], language) if level and "level" in record else "",
        advice=in_its_language(str(record.get("advice", "")), language),
        moment=f"e{one.row.index}",
    )
