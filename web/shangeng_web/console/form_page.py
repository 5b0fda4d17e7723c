"""The one page that every form of the everyday work is: heading, what is wrong, questions, photos, one button."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from shangeng_trace.attachments import Picture
from shangeng_web.console.asking import Question, Sheet, fold
from shangeng_web.console.desk import Desk
from shangeng_web.console.seeing import Seen
from shangeng_web.i18n import translator

START = "/console/"


def show_form(
    desk: Desk,
    sheet: Sheet,
    questions: Sequence[Question],
    *,
    title: str,
    action: str,
    event_id: str,
    pictures: Sequence[Picture] = (),
    status: int = 200,
    seen: Seen | None = None,
    lead: str = "",
    notice: str = "",
    hidden: Mapping[str, str] | None = None,
    tiles: Sequence[tuple[str, str, str]] = (),
    all_steps: str = "",
    kind: str = "main",
    words: str = "",
    template: str = "console/form.html",
    **more: Any,
) -> Response:
    """Render a form. `seen` names its batch in the heading, `lead` says something else there instead."""
    _ = translator(desk.language)
    shown, folded = fold(questions)
    return desk.page(
        template,
        open=START,
        status=status,
        title=title,
        action=action,
        event_id=event_id,
        questions=shown,
        folded=folded,
        problems=sheet.summary(questions),
        pictures=pictures,
        seen=seen,
        lead=lead,
        notice=notice,
        hidden=hidden or {},
        tiles=tiles,
        all_steps=all_steps,
        kind=kind,
        words=words or _("保存并签名"),
        **more,
    )
