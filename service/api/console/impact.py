"""Impact: who is reached, by village, sex and language, and what was asked in vain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import Response
from markupsafe import Markup

from service.api.console import charts
from service.api.console.desk import Reader, pages, show, voice_of
from service.api.console.voice import Voice
from service.api.deps import Work
from service.api.v1 import gaps, stats
from service.api.v1.stats import Count

router = pages()

VAIN = 15
"""Prices asked for in vain that are listed."""
LINES = 40
"""Lines of one table: every village served, and a few more."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a table of counts, with its part of the whole."""

    name: str
    count: int
    share: float
    drawn: Markup


@router.get("/impact")
def impact_page(work: Reader, since: date | None = None, until: date | None = None) -> Response:
    found = stats.read_stats(work, since, until)
    voice = voice_of(work.request, work.state)
    names = _names(work, voice)
    return show(
        work,
        "impact.html",
        stats=found,
        reach={
            "village": bars(found.reach.by_village, names, voice),
            "sex": bars(found.reach.by_sex, names, voice),
            "language": bars(found.reach.by_language, names, voice),
        },
        use={
            "village": bars(found.use.by_village, names, voice),
            "sex": bars(found.use.by_sex, names, voice),
            "language": bars(found.use.by_language, names, voice),
            "product": bars(found.use.by_product, names, voice),
            "market": bars(found.use.by_market, names, voice),
            "screen": bars(found.use.by_screen, names, voice),
        },
        grades={each.name: each.count for each in found.prices.by_grade},
        vain=gaps.top_gaps(work, limit=VAIN).items,
    )


def bars(counts: Sequence[Count], names: Mapping[str, str], say: Voice) -> list[Bar]:
    """Counts as lines with bars, the largest first; an empty name is not known."""
    whole = sum(each.count for each in counts) or 1
    most = max((each.count for each in counts), default=1) or 1
    return [
        Bar(
            name := names.get(each.name, each.name) or say.t("inconnu"),
            each.count,
            each.count / whole,
            charts.bar(each.count / most, f"{name}: {each.count}"),
        )
        for each in counts[:LINES]
    ]


def _names(work: Work, say: Voice) -> Mapping[str, str]:
    """What codes are called: villages, products, markets, languages, sexes."""
    book = work.state.book()
    return {
        **{code: card.name for code, card in book.villages.items()},
        **{code: say.name(goods) for code, goods in book.catalog.products.items()},
        **{code: place.name for code, place in book.catalog.markets.items()},
        **{code: say.code(code) for code in ("fr", "bm", "f", "m")},
    }
