"""Batches: the list, and the page of one."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from shangeng_trace.registry_tables import OrganisationKind
from shangeng_web.console.batch_list import Wanted, find_batches
from shangeng_web.console.batch_page import read_batch_page
from shangeng_web.console.desk import DeskDep
from shangeng_web.console.states import STATES, read_lines
from shangeng_web.deps import PlatformDep, ReadDep
from shangeng_web.i18n import translator
from shangeng_web.public.batch import witnesses_of

router = APIRouter(prefix="/console", include_in_schema=False)

BATCHES = "/console/batches"


@router.get("/batches")
async def batches(request: Request, desk: DeskDep, platform: PlatformDep, session: ReadDep) -> Response:
    """List batches, with a search over lot and product and a choice of states."""
    asked, _ = request.query_params, translator(desk.language)
    states = {state.value: _(words) for state, words in STATES}
    wanted = Wanted(
        words=asked.get("q", "")[:60],
        state=asked.get("state", "") if asked.get("state") in states else "",
        after=asked.get("after", ""),
        before=asked.get("before", ""),
    )
    can_open = desk.login.organisation.kind is OrganisationKind.MEMBER
    tests = desk.login.organisation.kind is OrganisationKind.LAB and bool(wanted.words)
    found = await session.run_sync(find_batches, desk.login.actor, wanted)
    lines = await session.run_sync(
        read_lines, platform.office.catalogue, found.batches, language=desk.language, at=platform.office.clock()
    )
    return desk.page(
        "console/batches.html",
        open=BATCHES,
        wanted=wanted,
        found=found,
        lines=lines,
        states=states,
        can_open=can_open,
        tests=tests,
    )


@router.get("/batches/{batch_id}")
async def batch(batch_id: str, request: Request, desk: DeskDep, platform: PlatformDep, session: ReadDep) -> Response:
    """Show a batch: the gate, quantities, what happened, where it came from and went."""
    page = await session.run_sync(read_batch_page, platform.office, desk.login.actor, desk.language, batch_id)
    flash = page.saved(request.query_params.get("saved", ""), again="again" in request.query_params)
    witnesses = witnesses_of(page.heads.witnessed, platform.trust)
    return desk.page("console/batch.html", open=BATCHES, flash=flash, page=page, seen=page.seen, witnesses=witnesses)
