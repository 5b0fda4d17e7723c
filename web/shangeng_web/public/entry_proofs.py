"""One entry's proof as a file (C2SP tlog-proof): small enough for a message, checked offline years later."""

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import Response

from shangeng_trace.entry_proof import file_name
from shangeng_trace.ids import read_id
from shangeng_trace.logtext import LogTextMalformed, read_decimal
from shangeng_trace.merkle import NotInTree
from shangeng_trace.proof_files import build_proof
from shangeng_trace.tlogproof import format_proof
from shangeng_web.deps import PlatformDep, ReadDep
from shangeng_web.public.batch import BUNDLE, known_batch
from shangeng_web.public.shelf import etag, revalidated

router = APIRouter(include_in_schema=False)


@router.get("/b/{batch}/entry-{index}.tlog-proof")
@router.get("/B/{batch}/entry-{index}.tlog-proof")
async def entry_proof(batch: str, index: str, request: Request, platform: PlatformDep, session: ReadDep) -> Response:
    """The proof that an entry of a batch is in the log, under the checkpoint that is published now."""
    number = _read_index(index)

    def build(reading: Session) -> tuple[str, bytes]:
        row = known_batch(reading, read_id(batch))
        return row.lot, format_proof(build_proof(reading, row.id, number, witnessed=platform.witnessed)).encode()

    lot, body = await session.run_sync(build)
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{lot}-{file_name(number)}"',
        "Cache-Control": BUNDLE,
        "Access-Control-Allow-Origin": "*",
        "ETag": etag(body),
    }
    return revalidated(request.headers, body, headers)


def _read_index(text: str) -> int:
    try:
        return read_decimal(text, "index")
    except LogTextMalformed as error:
        raise NotInTree from error
