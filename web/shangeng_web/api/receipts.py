"""Receipts asked for again, with how far the statement has come meanwhile: signed, logged, witnessed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from shangeng_trace.errors import NotFoundError
from shangeng_trace.ledger import receipt_of
from shangeng_trace.log_tables import LedgerCheckpoint, LedgerEntry, LedgerStatement
from shangeng_trace.policy import Policy
from shangeng_trace.witnessing import Standing, read_heads, witness_times
from shangeng_web.api.answers import READING
from shangeng_web.api.wire import DIGEST, DIGEST_PATTERN, ReceiptOut
from shangeng_web.deps import ApiActor, PlatformDep, ReadDep

router = APIRouter(tags=["receipts"])

DigestPath = Annotated[
    str, Path(pattern=DIGEST_PATTERN, description="The statement's digest, as its receipt gave it.", examples=[DIGEST])
]


class WitnessOut(BaseModel):
    """A witness that has cosigned the log, and when it says it did."""

    name: str = Field(examples=["浙江质检院"])
    time: datetime


class StandingOut(BaseModel):
    """How far a statement has come.

    `signed`: by its author, and durable here. `logged`: under a head that the log has signed. `witnessed`: under one
    that enough independent witnesses have cosigned.
    """

    state: Standing
    signed_size: int | None = Field(
        description="Entries under the newest head that the log has signed.", examples=[1201]
    )
    witnessed_size: int | None = Field(description="Entries under the newest witnessed head.", examples=[1190])
    witnesses: list[WitnessOut] = Field(description="Who has cosigned a head that this statement is under.")


class StandingReceiptOut(ReceiptOut):
    """A statement's receipt, and how far it has come by now."""

    standing: StandingOut


@router.get("/receipts/{digest}", summary="回执和见证 · A receipt and its witnesses", responses=READING)
async def get_receipt(
    digest: DigestPath, _actor: ApiActor, platform: PlatformDep, session: ReadDep
) -> StandingReceiptOut:
    """The receipt of any statement in the log, whoever made it: entries are public, and hold no more than this."""
    return await session.run_sync(_receipt, digest, platform.trust)


def _receipt(session: Session, digest: str, trust: Policy) -> StandingReceiptOut:
    found = select(LedgerEntry).join(LedgerStatement, col(LedgerStatement.index) == col(LedgerEntry.index))
    entry = session.exec(found.where(LedgerStatement.digest == digest)).one_or_none()
    if entry is None:
        raise NotFoundError
    receipt, heads = receipt_of(entry.index, entry.body), read_heads(session)
    state = heads.standing(receipt.index)
    witnesses: Mapping[str, int] = {}
    if state is Standing.WITNESSED:
        witnesses = witness_times(heads.witnessed, trust)
    return StandingReceiptOut(
        **ReceiptOut.of(receipt).model_dump(),
        standing=StandingOut(
            state=state,
            signed_size=_size(heads.signed),
            witnessed_size=_size(heads.witnessed),
            witnesses=[
                WitnessOut(name=name, time=datetime.fromtimestamp(time, UTC)) for name, time in witnesses.items()
            ],
        ),
    )


def _size(head: LedgerCheckpoint | None) -> int | None:
    return None if head is None else head.size
