"""The timeline: what happened, who says so, how it was entered, and what was said about it later. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from markupsafe import Markup

from shangeng_trace.private_tables import Attachment
from shangeng_trace.registry_tables import OrganisationKind
from shangeng_trace.steps import Effect, Group
from shangeng_web import formats
from shangeng_web.i18n import Language, translator
from shangeng_web.public.dossier import Dossier, Told
from shangeng_web.public.said import right_amounts, said
from shangeng_web.public.words import in_its_language, organisation_name, plot_place, wording
from shangeng_web.templating import keep_together

Who = Literal["phone", "staff", "clerk", "third", "gov"]
"""What stands behind a record, from an own phone to a supervisor."""
TIERS: tuple[Who, ...] = ("phone", "staff", "clerk", "third", "gov")

LATE = timedelta(hours=24)
"""A record logged later than this after it happened says so."""

_ABOUT_OTHERS = {Effect.CONFIRM, Effect.CORRECT}
_ELSEWHERE = {Effect.ADJUST, Effect.SHIP, Effect.CLOSE}
"""Of a source batch: where other parts of it went is not this batch's story."""


_IN_THE_FIELD = {Group.GROW, Group.INPUT, Group.SOURCE}
"""What happens on the plot; a test or a storage of its goods does not."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline. `note` stands in its margin; `struck` says the record was declared wrong, or counts no more."""

    id: str
    who: Who
    badge: str | None
    name: str
    at: datetime
    place: Markup
    said: Markup
    by: Markup
    note: Markup
    bad: bool
    struck: bool
    lot: str | None
    pictures: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What later events say of earlier ones: whether they were confirmed, and their corrections, by event id."""

    confirmed: Mapping[str, bool]
    corrected: Mapping[str, Told]

    @classmethod
    def among(cls, told: tuple[Told, ...]) -> "Answers":
        """Gather them; the last word counts."""
        about = [(one.event.record.get("event"), one) for one in told if one.step.effect in _ABOUT_OTHERS]
        return cls(
            {
                str(of): one.event.record.get("answer") == "yes"
                for of, one in about
                if one.step.effect is Effect.CONFIRM
            },
            {str(of): one for of, one in about if one.step.effect is Effect.CORRECT},
        )

    def unconfirmed(self, told: tuple[Told, ...]) -> tuple[int, int]:
        """Return how many records entered for somebody were denied, and how many were not answered."""
        entered = [one.event.event_id for one in told if is_for_another(one)]
        denied = sum(self.confirmed.get(event) is False for event in entered)
        return denied, sum(event not in self.confirmed for event in entered)


def who_says(one: Told) -> Who:
    """Return what stands behind a record: the kind of the key's owner, then where the key is and who typed."""
    match one.key.controller_kind:
        case OrganisationKind.LAB | OrganisationKind.BODY:
            return "third"
        case OrganisationKind.SUPERVISOR:
            return "gov"
        case _ if one.key.custody == "external":
            return "phone"
        case _:
            return "clerk" if is_for_another(one) else "staff"


def is_for_another(one: Told) -> bool:
    """Whether a clerk entered the record for somebody else."""
    return one.row.claimed_by is not None and one.row.claimed_by != one.row.entered_by


def shown(dossier: Dossier) -> list[Told]:
    """Return the events of this batch's story, oldest first; answers and corrections stand beside what they speak of."""
    known = {one.event.event_id for one in dossier.told}
    arrived = {one.event.shipment for one in dossier.told if one.step.effect is Effect.RECEIVE}

    def belongs(one: Told) -> bool:
        if one.step.effect in _ABOUT_OTHERS and one.event.record.get("event") in known:
            return False
        if dossier.batch.id in one.event.batches or one.step.effect not in _ELSEWHERE:
            return True
        return one.step.effect is Effect.SHIP and one.event.event_id in arrived

    return [one for one in dossier.told if belongs(one)]


def moment(one: Told, dossier: Dossier, answers: Answers, language: Language) -> Moment:
    """Return one line of the timeline."""
    _ = translator(language)
    event, effect, who = one.event, one.step.effect, who_says(one)
    own = dossier.batch.id in event.batches
    about = dossier.batch if own else dossier.family[next(each for each in event.batches if each in dossier.family)]
    is_decision = who == "gov" and effect in (Effect.HOLD, Effect.RELEASE, Effect.RECALL)
    failed = effect is Effect.TEST and event.record.get("verdict") == "fail"
    return Moment(
        id=f"e{one.row.index}",
        who=who,
        badge=_("监管决定") if is_decision else None,
        name=one.step.name(language),
        at=event.happened_at,
        place=_place(one, dossier, language),
        said=said(one, dossier, language),
        by=_by(one, dossier, answers, language),
        note=Markup("<br>").join(_notes(one, dossier, answers, language)),
        bad=failed or not one.counts or effect in (Effect.HOLD, Effect.RECALL),
        struck=not one.counts or event.event_id in answers.corrected,
        lot=None if own else about.lot,
        pictures=dossier.pictures.get(event.event_id, ()),
    )


def _place(one: Told, dossier: Dossier, language: Language) -> Markup:
    known = dossier.plots.get(one.event.plot or "")
    if known is None or one.step.group not in _IN_THE_FIELD:
        return Markup("")
    plot, base = known
    holder = dossier.organisations.get(plot.organisation_id)
    return plot_place(plot, base, holder, language)


def _by(one: Told, dossier: Dossier, answers: Answers, language: Language) -> Markup:
    _ = wording(language)
    name = organisation_name(dossier.organisations[one.row.author], language)
    if not is_for_another(one):
        return name
    match answers.confirmed.get(one.event.event_id):
        case True:
            return _("%(name)s代录，本人已确认", name=name)
        case False:
            return _("%(name)s代录，本人说不是自己做的", name=name)
        case None:
            return _("%(name)s代录，本人还没有确认", name=name)


def _notes(one: Told, dossier: Dossier, answers: Answers, language: Language) -> Iterator[Markup]:
    _ = wording(language)
    if not one.counts:
        yield _('<b class="no">签名已作废</b>：这把钥匙后来被追溯作废，这条不能当作证据。')
    late = one.row.logged_at - one.event.happened_at
    if late > LATE:
        when = keep_together(formats.day(one.row.logged_at, language))
        yield _("补记于 %(when)s，晚 %(n)s 天", when=when, n=late.days)
    correction = answers.corrected.get(one.event.event_id)
    if correction is not None:
        yield _(
            "%(when)s 由%(name)s更正：%(reason)s。原记录保留，可核验。",
            when=keep_together(formats.at(correction.event.happened_at, language)),
            name=organisation_name(dossier.organisations[correction.row.author], language),
            reason=in_its_language(str(correction.event.record.get("reason", "")).rstrip("。."), language),
        )
        if right := right_amounts(one, dossier, language):
            yield _("数量改为：%(right)s", right=right)
