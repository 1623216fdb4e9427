"""Gaps: what was asked and not answered. The map of where a reporter is missing."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import func
from sqlmodel import col, select

from service.api.deps import Viewer
from service.api.letters import Answer
from service.api.pages import Page, Paging, paged
from service.prices.tables import Gap as GapRow

router = APIRouter(prefix="/gaps", tags=["gaps"])

Week = Annotated[str | None, Query(pattern=r"^\d{4}-W\d{2}$", examples=["2026-W47"])]


class Gap(Answer):
    """`asked` times in one ISO week, with no price to show. An empty village is not known."""

    week: str
    village: str
    product: str
    market: str
    asked: int


class Demand(Answer):
    """What is missing most, over all villages and the weeks asked for."""

    product: str
    market: str
    villages: int
    asked: int


class Demands(Page[Demand]):
    """The first few: no next page."""


@router.get("")
def list_gaps(
    work: Viewer,
    ask: Paging,
    since: Annotated[Week, Query(alias="from")] = None,
    until: Annotated[Week, Query(alias="to")] = None,
    village: str | None = None,
    product: str | None = None,
) -> Page[Gap]:
    """Village x product x week, newest week first."""
    query = select(GapRow)
    if since:
        query = query.where(GapRow.week >= since)
    if until:
        query = query.where(GapRow.week <= until)
    if village:
        query = query.where(GapRow.village == village.upper())
    if product:
        query = query.where(GapRow.product == product.upper())
    keys = [GapRow.week, GapRow.village, GapRow.product, GapRow.market]
    return paged(work.session, query, keys, ask, Gap.model_validate, newest_first=True)


@router.get("/top")
def top_gaps(
    work: Viewer,
    since: Annotated[Week, Query(alias="from")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Demands:
    """The prices most asked for in vain."""
    asked = func.sum(GapRow.asked)
    villages = func.count(func.distinct(GapRow.village))
    query = select(GapRow.product, GapRow.market, villages, asked)
    if since:
        query = query.where(GapRow.week >= since)
    query = query.group_by(col(GapRow.product), col(GapRow.market))
    rows = work.session.execute(query.order_by(asked.desc(), col(GapRow.product)).limit(limit))
    return Demands(
        items=[
            Demand(product=product, market=market, villages=places, asked=count)
            for product, market, places, count in rows
        ]
    )
