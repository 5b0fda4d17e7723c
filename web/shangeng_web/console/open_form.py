"""The form that opens a batch: what it asks, what it holds at first, and what is done with the answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor, Office
from shangeng_trace.attachments import Picture
from shangeng_trace.batch_tables import Batch
from shangeng_trace.batches import open_batch
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.entry import Receipt
from shangeng_trace.recording import Telling
from shangeng_trace.registry_tables import Product
from shangeng_trace.steps import Step
from shangeng_web.console.answers import chosen_of, clock, days_of, last_values, lot_of, moment_of, take_of, values_of
from shangeng_web.console.asking import Question, Sheet, ask, circumstances, question, units, units_like
from shangeng_web.i18n import translator


@dataclass(slots=True)
class OpenForm:
    """The form that opens a batch of a product with its first step."""

    product: Product
    step: Step
    sheet: Sheet
    plots: Sequence[tuple[str, str]]
    farmers: Sequence[tuple[str, str]]
    pictures: list[Picture] = field(default_factory=list[Picture])

    def questions(self) -> list[Question]:
        """Return everything the form asks, in order."""
        _, sheet = translator(self.sheet.language), self.sheet
        hint = _("大写字母和数字，印在标签上；不能再改")
        asked = [question(sheet, "lot", _("批次号"), hint=hint, mono=True, maxlength=20)]
        if self.plots:
            where = _("没有地块，以后不能核对认证范围")
            asked.append(
                question(sheet, "plot", _("地块"), kind="select", options=list(self.plots), hint=where, required=False)
            )
        if self.step.weigh != "no":
            required = self.step.weigh == "must"
            shown = units(units_like(self.product.unit), "quantity", sheet)
            asked.append(question(sheet, "quantity", _("数量"), kind="number", required=required, **shown))
        fields = [ask(known, sheet) for known in self.step.fields]
        return [*asked, *fields, *circumstances(sheet, self.farmers)]

    def begin(self, session: Session, actor: Actor) -> None:
        """Fill a fresh form: a new lot, the plot used last, what was said last, today, now."""
        given = days_of(self.step, self.sheet.moment) | last_values(session, actor.organisation_id, self.step)
        given |= {
            "at": clock(self.sheet.moment),
            "lot": suggest_lot(session, self.product, actor, self.sheet.moment),
            "plot": _last_plot(session, self.product.id) or (self.plots[0][0] if len(self.plots) == 1 else ""),
        }
        self.sheet.given = given | self.sheet.given

    def command(self, session: Session, office: Office, actor: Actor, told: str) -> Receipt:
        """Open the batch; call `check` first."""
        sheet = self.sheet
        telling = Telling(moment_of(sheet), sheet.given.get("claimed_by") or None, tuple(self.pictures), told)
        return open_batch(
            session,
            office,
            actor,
            product_id=self.product.id,
            lot=lot_of(sheet),
            step=self.step.key,
            values=values_of(self.step, sheet),
            plot_id=sheet.given.get("plot") or None,
            take=take_of(sheet, self.product.unit, required=False) if self.step.weigh != "no" else None,
            telling=telling,
        )[1]

    def check(self) -> None:
        """Put what is wrong into the sheet, as far as one can say without the ledger."""
        sheet = self.sheet
        lot_of(sheet)
        chosen_of(sheet, "plot", self.plots, required=False)
        if self.step.weigh != "no":
            take_of(sheet, self.product.unit, required=self.step.weigh == "must")
        values_of(self.step, sheet)
        chosen_of(sheet, "claimed_by", self.farmers, required=False)
        moment_of(sheet)


def suggest_lot(session: Session, product: Product, actor: Actor, moment: datetime) -> str:
    """Return a lot that is free: the letters of the product's last lot, or its initials, and the day."""
    last = session.exec(
        select(Batch.lot)
        .where(Batch.owner == actor.organisation_id, Batch.product_id == product.id)
        .order_by(col(Batch.opened_at).desc())
    ).first()
    initials = "".join(word[0] for word in re.findall(r"[A-Za-z]+", product.name_en))[:4].upper() or "LS"
    letters = re.match(r"[A-Z]+", last or "")
    stem = f"{letters[0][:11] if letters else initials}{moment.astimezone(SHANGHAI):%Y%m%d}"
    taken = set(session.exec(select(Batch.lot).where(Batch.owner == actor.organisation_id)))
    return next(lot for n in range(1, len(taken) + 2) if (lot := stem if n == 1 else f"{stem}-{n}") not in taken)


def _last_plot(session: Session, product_id: str) -> str:
    row = session.exec(
        select(Batch.plot_id)
        .where(Batch.product_id == product_id, col(Batch.plot_id).is_not(None))
        .order_by(col(Batch.opened_at).desc())
    ).first()
    return row or ""
