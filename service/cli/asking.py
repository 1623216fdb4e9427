"""`explain` and `replay`: why a number is what it is, and whether it still is."""

import json
from typing import Annotated

import typer
from sqlmodel import Session, col, select

from service.cli.said import Failure, app, command, database, day_of, settings
from service.db import reading
from service.i18n import day
from service.money import francs
from service.people.tables import Reporter
from service.prices.catalog import Stage
from service.prices.quote import Workings
from service.prices.reference import read_catalog
from service.prices.store import Window, current, uncounted, workings
from service.prices.store import replay as replays
from service.prices.tables import ReportRow
from service.prices.units import kilos_used


@command(app)
def explain(
    product: str, market: str, on: Annotated[str | None, typer.Argument(metavar="[DATE]")] = None
) -> None:
    """Why a published number is what it is: reports, weights, what was dropped and why."""
    asked = day_of(on) if on else None
    with reading(database(settings())) as session:
        catalog = read_catalog(session)
        product, market = product.upper(), market.upper()
        if product not in catalog.products or market not in catalog.markets:
            raise Failure(f"No product {product} or no market {market} is known")
        quote = current(session, product, market, asked)
        if quote is None:
            raise Failure(f"{product} at {market} has never had a price")
        window = Window(product, market, Stage.PRODUCER, quote.unit, quote.fair_on)
        found = workings(session, catalog, window)
        rows = _rows(session, found)
        others = uncounted(session, window, found) if found else []
    typer.echo(
        f"{product} {market} {day(quote.fair_on, 'fr')}: {francs(quote.value)} F/{quote.unit}"
        f" ({francs(quote.low)}-{francs(quote.high)}), grade {quote.grade},"
        f" {quote.reporters} reporters, method {quote.method}"
    )
    for share in found.shares if found else ():
        vote = share.vote
        typer.echo(
            f"  counts   report {vote.report}: {vote.value:g} F on {vote.on},"
            f" weight {share.share:.0%}, trust {vote.trust:g}; {_said(*rows[vote.report])}"
        )
    for left in found.dropped if found else ():
        vote = left.vote
        typer.echo(
            f"  dropped  report {vote.report}: {vote.value:g} F, {left.reason};"
            f" {_said(*rows[vote.report])}"
        )
    for row in others:
        typer.echo(
            f"  unheard  report {row.id}: {row.basis_value:g} F/{row.basis}, {row.status},"
            f" {row.reason}"
        )


def _rows(session: Session, found: Workings | None) -> dict[int, tuple[ReportRow, str]]:
    """Each report that was looked at, with its reporter's name."""
    if found is None:
        return {}
    votes = [*(each.vote for each in found.shares), *(each.vote for each in found.dropped)]
    query = (
        select(ReportRow, Reporter.name)
        .join(Reporter, col(Reporter.id) == col(ReportRow.reporter_id))
        .where(col(ReportRow.id).in_([vote.report for vote in votes]))
    )
    return {row.id or 0: (row, name) for row, name in session.exec(query)}


def _said(row: ReportRow, name: str) -> str:
    """Who said what, and the kilos that made a price per kilo of it."""
    said = f"{name} said {francs(row.amount)} F for {row.quantity} {row.unit}"
    if row.weighed_on is None:
        return f"{said}, not weighed" if row.value is None else said
    kilos = kilos_used(row.amount, row.quantity, row.basis_value)
    return f"{said} of {kilos:g} kg (weighed {row.weighed_on}, cv {row.cv:.0%})"


@command(app)
def replay(first: str, last: str) -> None:
    """Make every quote of these days again from its reports; fails if one byte differs."""
    differing = 0
    with reading(database(settings())) as session:
        catalog = read_catalog(session)
        start, end = day_of(first), day_of(last)
        for quote in replays(session, catalog, start, end):
            same = quote.pop("same")
            differing += not same
            typer.echo(json.dumps(quote, default=str, sort_keys=True, ensure_ascii=False))
    if differing:
        raise Failure(f"{differing} published quotes are not what their reports give")
