"""What a record says, as one sentence: amounts first, then its fields as the step catalogue names them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from shangeng_trace.events import Portion
from shangeng_trace.quantities import UNITS, Quantity, QuantityInvalid
from shangeng_trace.records import display_value
from shangeng_trace.steps import Effect, Field, FieldType, Group
from shangeng_web import formats
from shangeng_web.i18n import Language
from shangeng_web.public.dossier import Dossier, Told
from shangeng_web.public.words import amount, in_its_language, organisation_name, packs, share, wording
from shangeng_web.templating import keep_together

_SELF_EXPLAINING = {Group.SOURCE, Group.PROCESS, Group.MOVE}
"""Where a choice needs no label: 一芽一叶，手工，晴."""
_LABELS_OFF = {"reason", "finding", "seen", "what", "advice", "level", "input_name", "dose", "kind", "purpose"}
"""Fields that read as sentences of their own."""
_IN_BRIEF = {"input_name", "dose", "kind", "purpose"}
"""What the timeline says of an input; the rest stands with its interval further down."""


def said(one: Told, dossier: Dossier, language: Language) -> Markup:
    """Return what a record says, without its final stop."""
    teller = _Teller(one, dossier, language)
    if one.step.effect is Effect.TEST:
        return teller.tested()
    parts = [part for part in (teller.amounts(), *teller.fields()) if part]
    _ = wording(language)
    line = _("，").join(parts)
    # Chinese has no capitals, so only an English line can begin with a small letter.
    return Markup(line[:1].upper() + line[1:])  # noqa: S704 - the same markup


def right_amounts(one: Told, dossier: Dossier, language: Language) -> Markup:
    """Return the amounts that corrections have put in place of the recorded ones; nothing where these stand, or none."""
    standing = dossier.standing[one.event.event_id]
    portions = (*standing.subjects, *standing.inputs, *standing.outputs)
    if standing == one.event or not any(portion.amount for portion in portions):
        return Markup("")
    return _Teller(replace(one, event=standing), dossier, language).amounts()


@dataclass(frozen=True, slots=True)
class _Teller:
    one: Told
    dossier: Dossier
    language: Language

    def amounts(self) -> Markup:
        """Say what came in and went out, with the yield where one thing became less of the same measure."""
        event = self.one.event
        match self.one.step.effect:
            case Effect.PACK:
                return self._packed()
            case Effect.SHIP | Effect.RECEIVE:
                return self._moved()
            case Effect.OPEN | Effect.ADJUST:
                return self._sum(event.subjects)
            case Effect.TRANSFORM | Effect.SPLIT | Effect.MERGE:
                return self._made()
            case _:
                return Markup("")

    def fields(self) -> Iterator[Markup]:
        """Say each public field that was filled in; a date that is the event's own day is left out."""
        if self.one.step.effect is Effect.PACK:
            return  # they are the label's own words and stand at the top of the page
        day = formats.local(self.one.event.happened_at).date().isoformat()
        for field in self.one.step.fields:
            if self.one.step.group is Group.INPUT and field.key not in _IN_BRIEF:
                continue
            value = self.one.event.record.get(field.key)
            if field.key not in self.one.event.record or (value in (None, "", False) and field.blank is None):
                continue
            if field.type in (FieldType.REFERENCE, FieldType.TABLE) or (field.type is FieldType.DATE and value == day):
                continue
            yield self._field(field, value)

    def tested(self) -> Markup:
        """Say how many things a test looked at and what came of it; what failed is named."""
        _ = wording(self.language)
        record = self.one.event.record
        rows: list[dict[str, Any]] = record.get("results", [])
        failed = [in_its_language(str(row["parameter"]), self.language) for row in rows if row.get("verdict") == "fail"]
        if failed:
            line = _('共 %(n)s 项，<b class="no">%(names)s不合格</b>', n=len(rows), names=_("、").join(failed[:3]))
        elif record.get("verdict") == "fail":
            line = _('共 %(n)s 项，<b class="no">结论不合格</b>', n=len(rows))
        else:
            line = _('共 %(n)s 项，<b class="yes">全部合格</b>', n=len(rows))
        number = keep_together(str(record.get("report_no", "")))
        return _("%(line)s，报告 %(number)s", line=line, number=number)

    def _field(self, field: Field, value: Any) -> Markup:
        words = display_value(field, value, self.language).rstrip("。. ")
        shown = in_its_language(words, self.language)
        if field.type in (FieldType.NUMBER, FieldType.QUANTITY, FieldType.DATE, FieldType.DATETIME):
            shown = keep_together(words)
        bare = field.key in _LABELS_OFF or (field.type is FieldType.CHOICE and self.one.step.group in _SELF_EXPLAINING)
        if bare:
            return shown
        label = field.name(self.language)
        label = label[:1].lower() + label[1:]
        if field.type is FieldType.BOOL:
            return Markup("{}").format(label)
        return Markup("{}{}{}").format(label, wording(self.language)("："), shown)

    def _portion(self, portion: Portion) -> Markup:
        """Write a portion's amount in the words of its batch; the lot stands before another batch's."""
        batch = self.dossier.family[portion.batch]
        value = portion.amount or Decimal(0)
        if portion.packs:
            return packs(value, self.dossier.products[batch.product_id], self.language)
        return amount(value, batch.unit, self.language)

    def _known(self, portions: tuple[Portion, ...]) -> list[Portion]:
        return [one for one in portions if one.amount is not None and one.batch in self.dossier.family]

    def _sum(self, portions: tuple[Portion, ...]) -> Markup:
        return Markup(" + ").join(self._strong(self._portion(one)) for one in self._known(portions))

    def _strong(self, words: Markup) -> Markup:
        return Markup("<b>{}</b>").format(words)

    def _made(self) -> Markup:
        inputs, outputs = self._known(self.one.event.inputs), self._known(self.one.event.outputs)
        if not outputs:  # what was made belongs to other batches' stories
            return self._sum(self.one.event.inputs)
        sources = [
            Markup("{} {}").format(self.dossier.family[one.batch].lot, self._portion(one))
            if len(inputs) > 1
            else self._portion(one)
            for one in inputs
        ]
        made = Markup(" + ").join(self._strong(self._portion(one)) for one in outputs)
        whole, part = _total(inputs, self.dossier), _total(outputs, self.dossier)
        line = Markup("{} → {}").format(Markup(" + ").join(sources), made) if sources else made
        if self.one.step.effect is not Effect.TRANSFORM or whole is None or part is None or whole.unit != part.unit:
            return line
        if not whole or part >= whole:
            return line
        _ = wording(self.language)
        rate = keep_together(share(part.amount, whole.amount, self.language))
        return _("%(line)s，得率 %(rate)s", line=line, rate=rate)

    def _packed(self) -> Markup:
        _ = wording(self.language)
        count = self._sum(self.one.event.outputs)
        try:
            each = Quantity.from_json(self.one.event.record.get("pack_size"))
        except QuantityInvalid:
            return count
        unit = UNITS[self.dossier.products[self.dossier.family[self.one.event.outputs[0].batch].product_id].pack_unit]
        return _(
            "%(count)s，每%(unit)s %(each)s",
            count=count,
            unit=unit.en if self.language == "en" else unit.zh,
            each=keep_together(each.words(self.language)),
        )

    def _moved(self) -> Markup:
        _ = wording(self.language)
        event, receives = self.one.event, self.one.step.effect is Effect.RECEIVE
        party = self.dossier.organisations.get((event.sender if receives else event.recipient) or "")
        # Who sent the goods reads of the receipt too; there they still count as what was sent.
        line = self._sum(event.outputs) or self._sum(event.inputs) if receives else self._sum(event.subjects)
        if party is None:
            return line
        name = organisation_name(party, self.language)
        if receives:
            return _("%(line)s，来自%(name)s", line=line, name=name)
        return _("%(line)s，发往%(name)s", line=line, name=name)


def _total(portions: list[Portion], dossier: Dossier) -> Quantity | None:
    """Return the sum of bulk portions of one unit, or None where they cannot be added."""
    units = {dossier.family[one.batch].unit for one in portions}
    if len(units) != 1 or any(one.packs for one in portions):
        return None
    return Quantity(sum((one.amount or Decimal(0) for one in portions), Decimal(0)), units.pop())
