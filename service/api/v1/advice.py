"""Advice: where to sell and whether to wait, as farmers are told, with every reason."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from service.api.deps import Viewer
from service.api.errors import unknown
from service.api.letters import Answer
from service.api.v1.quotes import known

router = APIRouter(prefix="/advice", tags=["advice"])


class Home(Answer):
    value: int
    fair_on: date | None


class Option(Answer):
    """`net` is withheld (null) for the `reason` given; F per kg, `fixed_cost` F in all."""

    market: str
    price: int
    cost_per_kg: int | None
    fixed_cost: int | None
    net: int | None
    probability: float | None
    fair_on: date
    grade: str
    reason: str | None


class Lot(Answer):
    """The lightest lot, in kilos, with which a trip to `market` would be advised."""

    market: str
    kg: int


class Shelling(Answer):
    """Kernels against nuts in the shell at one market: `gain` and `cost` in F per kilo in the
    shell; `pays` when that is sure enough to be told as a gain."""

    made: str
    market: str
    share: float
    cost: int
    gain: int
    probability: float
    pays: bool
    measured_on: date


class Where(Answer):
    """Options best net first. `floor` is the best net: below it do not sell at home. `lot` is
    what neighbours must gather for a trip to be advised: null when no weight makes it sure, or
    no home price is known. `shelling` is null where no yield has been measured."""

    product: str
    village: str
    kg: int
    home: Home | None
    options: list[Option]
    floor: int | None
    break_even_kg: int | None
    verdict: Literal["go", "stay", "unknown"]
    market: str | None
    reasons: list[str]
    lot: Lot | None
    shelling: Shelling | None


class Season(Answer):
    clear: bool
    peak_month: int | None
    low_month: int | None
    gap: float | None
    years: int
    source: str


class Hold(Answer):
    """`odds` [k, n]: in k of n past seasons waiting gained more than `cost`, a share."""

    months: int
    odds: tuple[int, int]
    median_gain: float
    cost: float
    advised: bool


class When(Answer):
    product: str
    market: str
    season: Season
    holds: list[Hold]
    verdict: Literal["hold_part", "sell", "no_clear_season", "not_enough_history"]
    cautions: list[str]


@router.get("/where")
def advise_where(
    work: Viewer,
    product: str,
    village: str,
    kg: Annotated[int, Query(ge=1, le=1_000_000)] = 100,
    home: Annotated[
        int | None, Query(ge=1, le=1_000_000, description="F per kg offered at home, if any")
    ] = None,
) -> Where:
    """Where `kg` of a product brings most from a village, after the road."""
    book = work.state.book()
    if product.upper() not in book.catalog.products:
        raise unknown("product")
    found = book.where(product.upper(), village.upper(), kg, work.today, home)
    if found is None:
        raise unknown("village")
    return Where.model_validate(asdict(found))


@router.get("/when")
def advise_when(work: Viewer, product: str, market: str) -> When:
    """Whether waiting has paid in past seasons: odds counted in years, never a forecast."""
    book = work.state.book()
    goods, place = known(book, product, market)
    return When.model_validate(asdict(book.when(goods.code, place.code)))
