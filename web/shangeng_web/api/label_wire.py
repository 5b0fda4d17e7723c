"""Labels on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from shangeng_labels.lookup import Quota
from shangeng_labels.runs import MAX_COUNT
from shangeng_labels.tables import LabelRun
from shangeng_labels.void_reasons import VOID_REASONS
from shangeng_web.api.wire import BatchId, In, OrganisationId, ProductId, RunId, Whole

TEMPLATE = "a4-63x38"
CODE = "7X2K9M4QWB3TH8RZ"


class QuotaOut(BaseModel):
    """How many labels a batch may still get: a void label makes room for another."""

    packed: int = Field(examples=[164])
    issued: int = Field(examples=[100])
    voided: int = Field(examples=[2])
    left: int = Field(examples=[66])

    @classmethod
    def of(cls, quota: Quota) -> "QuotaOut":
        """Return a quota as the API gives it."""
        return cls(packed=quota.packed, issued=quota.issued, voided=quota.voided, left=quota.left)


class RunIn(In):
    """Labels to be issued for a packed batch."""

    count: Whole = Field(ge=1, le=MAX_COUNT, examples=[100])
    template: str = Field(max_length=40, description="A key of `GET /api/v1/label-templates`.", examples=[TEMPLATE])
    activate: bool = Field(
        default=True, description="False where the labels are not on the goods yet.", examples=[False]
    )


class RunOut(BaseModel):
    """Labels issued together; of `count`, so many were `activated` and so many `voided`."""

    id: RunId
    batch_id: BatchId
    product_id: ProductId
    owner: OrganisationId
    count: int = Field(examples=[100])
    activated: int = Field(examples=[0])
    voided: int = Field(examples=[0])
    template: str = Field(examples=[TEMPLATE])
    issued_at: datetime
    index: int = Field(description="Place of the run in the log.", examples=[1201])

    @classmethod
    def of(cls, row: LabelRun) -> "RunOut":
        """Return a run as the API gives it."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


class CodeOut(BaseModel):
    """A label's number in its run, its code, and the address in its QR symbol."""

    number: int = Field(examples=[1])
    code: str = Field(examples=[CODE])
    url: str = Field(examples=[f"https://trace.example.cn/t/{CODE}"])


class VoidIn(In):
    """Labels of a run that become void for good, by their numbers, by their codes, or both."""

    numbers: list[Annotated[Whole, Field(ge=1, le=MAX_COUNT)]] = Field(
        default_factory=list[int], max_length=MAX_COUNT, examples=[[1, 2]]
    )
    codes: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list[str], max_length=1000)
    reason: str = Field(
        max_length=24,
        description="One of " + ", ".join(f"`{key}` ({reason.zh})" for key, reason in VOID_REASONS.items()) + ".",
        examples=["damaged"],
    )


class TemplateOut(BaseModel):
    """A sheet of labels."""

    key: str = Field(examples=[TEMPLATE])
    zh: str = Field(examples=["A4 不干胶，每页 21 枚"])
    en: str = Field(examples=["A4 sheet, 21 labels"])
    per_page: int = Field(examples=[21])
