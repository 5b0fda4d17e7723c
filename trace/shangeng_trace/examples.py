"""Products of Lishui to make demonstrations and tests with: data, nothing about producers."""

from functools import cache

from pydantic import BaseModel, ConfigDict

from shangeng_trace.data import read_data


class ExampleProduct(BaseModel):
    """A real kind of produce; `steps` in the order they usually happen, `units` those it is sold in.

    `altitude_m` is the lowest and highest plot in metres where the product's own rules name them.
    No entry entitles anybody to a geographical indication or to the brand.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    zh: str
    en: str
    category: str
    county_code: str
    units: tuple[str, ...]
    steps: tuple[str, ...]
    altitude_m: tuple[int, int | None] | None = None


@cache
def example_products() -> tuple[ExampleProduct, ...]:
    """Return the packaged examples, each with an `id` of its own."""
    return tuple(ExampleProduct.model_validate(entry) for entry in read_data("products.json")["products"])
