"""The registry on the wire: organisations, people, products, bases, plots, marks, pictures."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from shangeng_trace.attachments import Picture
from shangeng_trace.columns import plain
from shangeng_trace.numbers import MarkKind
from shangeng_trace.registry_changes import version_of
from shangeng_trace.registry_tables import Base, Organisation, OrganisationKind, OtherMark, Person, Plot, Product, Role
from shangeng_web.api.wire import (
    MARK,
    PICTURE,
    PRODUCT,
    BaseId,
    County,
    Digest,
    Id,
    In,
    Number,
    OrganisationId,
    PersonId,
    PlotId,
    ProductId,
)


class OrganisationOut(BaseModel):
    """An organisation; a household's name is shown to its own programs and to offices only."""

    id: OrganisationId
    kind: OrganisationKind
    number: str = Field(description="统一社会信用代码, or our number of a household.", examples=["93331127MA2E900010"])
    is_household: bool = Field(examples=[False])
    name: str = Field(examples=["景宁惠明茶合作社"])
    name_en: str = Field(examples=["Jingning Huiming Tea Cooperative"])
    county: County

    @classmethod
    def of(cls, row: Organisation, *, named: bool = True) -> "OrganisationOut":
        """Return an organisation as the API gives it, `named` unless it is a household that stays unnamed."""
        shown: dict[str, Any] = row.model_dump(include=set(cls.model_fields))
        if row.is_household and not named:
            shown |= {"name": "", "name_en": ""}
        return cls(**shown)


class PersonIn(In):
    """A person of an organisation."""

    name: str = Field(max_length=200, examples=["蓝惠明"])
    phone: str = Field(default="", max_length=40, examples=["13857800000"])
    roles: list[Role] = Field(min_length=1, max_length=6, examples=[["manager"]])


class PersonOut(BaseModel):
    """A person of yours, for `claimed_by`."""

    id: PersonId
    name: str = Field(examples=["蓝惠明"])
    roles: list[Role] = Field(examples=[["manager"]])

    @classmethod
    def of(cls, row: Person, roles: Collection[Role]) -> "PersonOut":
        """Return a person as the API gives them."""
        return cls(id=row.id, name=row.name, roles=sorted(roles))


class MemberIn(In):
    """A member to be registered, perhaps with the first person who acts for it; a household has no `number`."""

    name: str = Field(max_length=200, examples=["景宁惠明茶合作社"])
    name_en: str = Field(default="", max_length=200, examples=["Jingning Huiming Tea Cooperative"])
    number: str = Field(default="", max_length=40, description="统一社会信用代码.", examples=["93331127MA2E900010"])
    county: County
    township: str = Field(default="", max_length=200, examples=["红星街道"])
    phone: str = Field(default="", max_length=40)
    person: PersonIn | None = Field(default=None, examples=[{"name": "蓝惠明", "roles": ["manager"]}])


class MemberOut(OrganisationOut):
    """A registered member, with the id of the person registered with it."""

    person_id: PersonId | None = None


class Change(In):
    """A change: members that are absent stay as they are. What batches or certificates rest on is refused."""

    empties: ClassVar[frozenset[str]] = frozenset()
    """Members of which null means nothing there; of others it means nothing said."""

    version: str = Field(default="", max_length=40, description="The version you have seen; another one is refused.")
    retired: bool | None = Field(default=None, description="Take it out of use, or bring it back.", examples=[False])

    def changes(self) -> dict[str, Any]:
        """Return what is to be different, as the verbs take it."""
        said = self.model_dump(exclude_unset=True, exclude={"version", "retired"})
        return {name: value for name, value in said.items() if value is not None or name in self.empties}


class ProductIn(In):
    """A product of your organisation."""

    name: str = Field(max_length=200, examples=["景宁惠明茶"])
    name_en: str = Field(default="", max_length=200, examples=["Jingning Huiming tea"])
    category: str = Field(max_length=40, examples=["tea"])
    unit: str = Field(max_length=20, description="What its batches are measured in.", examples=["kg"])
    gtin: str = Field(default="", max_length=20, examples=["09521234543213"])
    net_amount: Number = Field(description="What a pack holds.", examples=["50"])
    net_unit: str = Field(max_length=20, examples=["g"])
    pack_unit: str = Field(max_length=20, examples=["tin"])
    shelf_life: str = Field(default="", max_length=200, examples=["18 个月"])


class ProductChange(Change):
    """A change of a product."""

    name: str | None = Field(default=None, max_length=200, examples=["景宁惠明茶"])
    name_en: str | None = Field(default=None, max_length=200, examples=["Jingning Huiming tea"])
    category: str | None = Field(default=None, max_length=40)
    unit: str | None = Field(default=None, max_length=20)
    gtin: str | None = Field(default=None, max_length=20)
    net_amount: Number | None = None
    net_unit: str | None = Field(default=None, max_length=20)
    pack_unit: str | None = Field(default=None, max_length=20)
    shelf_life: str | None = Field(default=None, max_length=200, examples=["24 个月"])


class ProductOut(BaseModel):
    """A registered product."""

    id: ProductId
    name: str = Field(examples=["景宁惠明茶"])
    name_en: str = Field(examples=["Jingning Huiming tea"])
    category: str = Field(examples=["tea"])
    unit: str = Field(examples=["kg"])
    gtin: str | None = Field(examples=["09521234543213"])
    net_amount: str = Field(examples=["50"])
    net_unit: str = Field(examples=["g"])
    pack_unit: str = Field(examples=["tin"])
    shelf_life: str = Field(examples=["18 个月"])
    retired: bool = Field(description="No longer offered; still to be read.", examples=[False])
    version: str = Field(
        description="Changes whenever the row does; send it with a change.", examples=["a1b2c3d4e5f60718"]
    )

    @classmethod
    def of(cls, row: Product) -> "ProductOut":
        """Return a product as the API gives it."""
        shown = row.model_dump(exclude={"organisation_id", "net_amount", "retired_at"})
        return cls(**shown, net_amount=plain(row.net_amount), **_state(row))


class BaseIn(In):
    """A base of your organisation."""

    name: str = Field(max_length=200, examples=["惠明寺基地"])
    county: County
    township: str = Field(max_length=200, examples=["红星街道"])
    village: str = Field(default="", max_length=200, examples=["惠明寺村"])


class BaseChange(Change):
    """A change of a base."""

    name: str | None = Field(default=None, max_length=200, examples=["惠明寺基地"])
    county: str | None = Field(default=None, max_length=10)
    township: str | None = Field(default=None, max_length=200, examples=["红星街道"])
    village: str | None = Field(default=None, max_length=200, examples=["惠明寺村"])


class BaseOut(BaseModel):
    """A registered base."""

    id: BaseId
    name: str = Field(examples=["惠明寺基地"])
    county: County
    township: str = Field(examples=["红星街道"])
    village: str = Field(examples=["惠明寺村"])
    retired: bool = Field(description="No longer offered; still to be read.", examples=[False])
    version: str = Field(
        description="Changes whenever the row does; send it with a change.", examples=["a1b2c3d4e5f60718"]
    )

    @classmethod
    def of(cls, row: Base) -> "BaseOut":
        """Return a base as the API gives it."""
        return cls(**row.model_dump(exclude={"organisation_id", "retired_at"}), **_state(row))


class PlotIn(In):
    """A plot on one of your bases; its coordinates stay private."""

    base_id: BaseId
    name: str = Field(max_length=200, examples=["3 号地块"])
    area_mu: Number = Field(examples=["12.5"])
    altitude_m: Number = Field(examples=["680"])
    latitude: Decimal | None = Field(default=None, max_digits=12, examples=["27.98"])
    longitude: Decimal | None = Field(default=None, max_digits=12, examples=["119.63"])


class PlotChange(Change):
    """A change of a plot; it stays on its base. Coordinates of null are taken away."""

    empties = frozenset({"latitude", "longitude"})

    name: str | None = Field(default=None, max_length=200, examples=["3 号地块"])
    area_mu: Number | None = None
    altitude_m: Number | None = None
    latitude: Decimal | None = Field(default=None, max_digits=12)
    longitude: Decimal | None = Field(default=None, max_digits=12)


class PlotOut(BaseModel):
    """A registered plot."""

    id: PlotId
    base_id: BaseId
    name: str = Field(examples=["3 号地块"])
    area_mu: str = Field(examples=["12.5"])
    altitude_m: int = Field(examples=[680])
    retired: bool = Field(description="No longer offered; still to be read.", examples=[False])
    version: str = Field(
        description="Changes whenever the row does; send it with a change.", examples=["a1b2c3d4e5f60718"]
    )

    @classmethod
    def of(cls, row: Plot) -> "PlotOut":
        """Return a plot as the API gives it."""
        shown = row.model_dump(include={"id", "base_id", "name", "altitude_m"})
        return cls(**shown, area_mu=plain(row.area_mu), **_state(row))


class MarkIn(In):
    """Another mark that you hold, for one product or for all of them."""

    kind: MarkKind = Field(examples=["green_food"])
    number: str = Field(max_length=60, examples=["LB-44-2601112345A"])
    valid_from: date = Field(examples=["2026-01-01"])
    valid_until: date = Field(examples=["2028-12-31"])
    product_id: ProductId | None = Field(default=None, examples=[PRODUCT])


class MarkChange(Change):
    """A change of another mark; a product of null means all of them."""

    empties = frozenset({"product_id"})

    kind: MarkKind | None = None
    number: str | None = Field(default=None, max_length=60, examples=["LB-44-2601112345A"])
    valid_from: date | None = None
    valid_until: date | None = Field(default=None, examples=["2029-12-31"])
    product_id: ProductId | None = None


class MarkOut(BaseModel):
    """A registered mark."""

    id: Id = Field(examples=[MARK])
    kind: MarkKind = Field(examples=["green_food"])
    number: str = Field(examples=["LB-44-2601112345A"])
    valid_from: date = Field(examples=["2026-01-01"])
    valid_until: date = Field(examples=["2028-12-31"])
    product_id: ProductId | None
    retired: bool = Field(description="No longer offered; still to be read.", examples=[False])
    version: str = Field(
        description="Changes whenever the row does; send it with a change.", examples=["a1b2c3d4e5f60718"]
    )

    @classmethod
    def of(cls, row: OtherMark) -> "MarkOut":
        """Return a mark as the API gives it."""
        return cls(**row.model_dump(exclude={"organisation_id", "retired_at"}), **_state(row))


class PictureOut(BaseModel):
    """A stored picture, re-encoded and without metadata; name it in `pictures` of an event."""

    sha256: Digest = Field(examples=[PICTURE])
    width: int = Field(examples=[1600])
    height: int = Field(examples=[1200])
    size: int = Field(description="Bytes.", examples=[214_500])

    @classmethod
    def of(cls, picture: Picture) -> "PictureOut":
        """Return a picture as the API gives it."""
        return cls(sha256=picture.sha256, width=picture.width, height=picture.height, size=picture.size)


def _state(row: Product | Base | Plot | OtherMark) -> dict[str, Any]:
    return {"retired": row.retired_at is not None, "version": version_of(row)}
