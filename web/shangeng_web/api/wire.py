"""Wire types that every part of the API shares: identifiers, numbers, receipts, problems; and the ids of the examples.

Examples tell one story with fixed ids, so that a test can play them against the application with ids of its own.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from shangeng_trace.entry import Receipt
from shangeng_trace.rules import EARLIEST

MEMBER, SHOP, BODY, ASSOCIATION = "2J5YAVQZ6T8KM3WD", "7CH1N0RXBG4E9P5S", "5VTKQ8W2A6ZY0XHJ", "9GZ3M7DTR1KB4XQC"
PERSON, PRODUCT, BASE, PLOT = "3PWNE6G0HXJ8T5VA", "4M9TQZ2C7RYKD1H6", "8B3XSEV5JW0QG7NK", "6RDHY1KT9ZAP4CM2"
MARK, BATCH, OTHER_BATCH, RUN = "0WXQ7J4N5VEZ8GTB", "NB3M7NBXY06AXCYX", "C4T8HZQ2KJ6WPV9D", "TK2V9Y7XMZ4H0RCW"
KEY = "1QH8GJZ0C5NYV6MB"
EVENT, SHIPMENT = "urn:uuid:01a1f708-20c6-7c68-a05c-907e216434a0", "urn:uuid:01a1f7a4-9d11-7e02-8c3b-2f6a1d5b7c90"
PICTURE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
CERTIFICATE, LICENCE = "SG-2026-00042", "XK-2026-0031"
DIGEST = "4c1d9e0f5a7b3c2e8d6f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d"

ID_PATTERN = "^[0-9A-HJKMNP-TV-Z]{16}$"
EVENT_ID_PATTERN = "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
DIGEST_PATTERN = "^[0-9a-f]{64}$"

Id = Annotated[str, Field(pattern=ID_PATTERN)]
OrganisationId = Annotated[Id, Field(examples=[MEMBER])]
PersonId = Annotated[Id, Field(examples=[PERSON])]
ProductId = Annotated[Id, Field(examples=[PRODUCT])]
BaseId = Annotated[Id, Field(examples=[BASE])]
PlotId = Annotated[Id, Field(examples=[PLOT])]
BatchId = Annotated[Id, Field(examples=[BATCH])]
RunId = Annotated[Id, Field(examples=[RUN])]
KeyId = Annotated[Id, Field(examples=[KEY])]
EventId = Annotated[str, Field(pattern=EVENT_ID_PATTERN)]
Digest = Annotated[str, Field(pattern=DIGEST_PATTERN, examples=[DIGEST])]
Number = Annotated[Decimal, Field(max_digits=15, ge=0, le=10**9)]
County = Annotated[str, Field(max_length=10, examples=["331127"], description="GB/T 2260 code of the county.")]


def _within_reach(moment: datetime) -> datetime:
    """Refuse times that no calendar here can carry; the rules say the rest."""
    if not EARLIEST.year <= moment.year <= EARLIEST.year + 999:
        raise ValueError("beyond any record")
    return moment


def _no_truth(value: object) -> object:
    """Refuse true and false, which Python counts as 1 and 0."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


Whole = Annotated[int, BeforeValidator(_no_truth)]
Moment = Annotated[AwareDatetime, AfterValidator(_within_reach)]


class In(BaseModel):
    """What a request may hold, and nothing else."""

    model_config = ConfigDict(extra="forbid", str_max_length=4000)


class LinkOut(BaseModel):
    """A place in a chain; `prev` is the leaf hash of the entry before it there."""

    chain: str = Field(examples=[f"batch:{BATCH}"])
    seq: int = Field(examples=[4])
    prev: Digest


class ReceiptOut(BaseModel):
    """What the ledger gave: durable once you hold it, and under a signed checkpoint within a second.

    `GET /receipts/{digest}` says whether it is logged by now, and by whom witnessed.
    """

    digest: Digest
    index: int = Field(description="Place in the log.", examples=[1187])
    time: datetime
    links: list[LinkOut]
    repeated: bool = Field(description="Whether this very statement was there already.", examples=[False])

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptOut":
        """Return a receipt as the API gives it."""
        return cls(
            digest=receipt.digest,
            index=receipt.index,
            time=receipt.time,
            links=[LinkOut(chain=link.chain, seq=link.seq, prev=link.prev) for link in receipt.links],
            repeated=receipt.repeated,
        )


class ProblemField(BaseModel):
    """What is wrong at one member."""

    field: str = Field(
        description="Path of the member in the request: `values.temp_c`, `parts.0.lot`.", examples=["values.temp_c"]
    )
    code: str = Field(examples=["out_of_range"])
    detail: str = Field(examples=["锅温应在 100 到 400 之间。"])


class ProblemOut(BaseModel):
    """An error, as RFC 9457 describes it; `code` never changes, `detail` is in the language asked for."""

    type: str = Field(examples=["urn:shangeng:problem:invalid"])
    title: str = Field(examples=["需要更正"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["有 1 处需要更正。"])
    code: str = Field(examples=["invalid"])
    instance: str = Field(examples=["urn:shangeng:request:Z8C1K5QH0TNB7W3D"])
    errors: list[ProblemField] = Field(default_factory=list[ProblemField])


Statement = dict[str, Any]
"""A signed JSON document as it stands in the ledger."""
