"""The four charts of a product, from what the API says of it: series in, drawings out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp

from markupsafe import Markup

from service.api.console import charts
from service.api.console.charts import Line, Point, Strip
from service.api.console.voice import Voice
from service.api.v1.advice import Where
from service.api.v1.history import ReferenceLine
from service.api.v1.quotes import Quote
from service.prices.catalog import Catalog
from service.prices.season import (
    SEASON_MONTHS,
    Series,
    Wave,
    anomaly,
    calendar_month,
    month_index,
    monthly,
)

BAND_YEARS = 5
"""Years behind the band: what FEWS NET and the official observatory compare with."""
SEASON_SHOWN = 36
"""Months of the season chart: three turns of the year."""


@dataclass(frozen=True, slots=True)
class Table:
    """A chart with its table; `note` says what it rests on, and `empty` why there is none."""

    chart: Markup
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    note: str = ""


def by_market(found: Sequence[Quote], catalog: Catalog, say: Voice, today: date) -> Table:
    """The last twelve months, a line for each market."""
    groups: dict[str, list[Quote]] = defaultdict(list)
    for each in reversed(found):
        groups[each.market].append(each)
    codes = [each for each in catalog.markets if each in groups]
    lines = [
        Line(catalog.markets[code].name, [_point(each, say) for each in groups[code]], tone)
        for tone, code in enumerate(codes)
    ]
    first = min((each.fair_on for each in found), default=today)
    return Table(charts.lines(lines, _month_ticks(first, today, say), say.t("12 derniers mois")))


def years(
    own: Sequence[Quote], references: Sequence[ReferenceLine], say: Voice, today: date
) -> Table:
    """This year over last year and the five years before, month by month."""
    ours = monthly((each.fair_on, float(each.value), each.grade_then) for each in own)
    theirs = {month_index(each.month): each.price for each in references}
    past = _before(ours, today.year)
    strip_of, note = (past, "") if past else (_last_years(theirs), _source(references, say))
    strip = _strip(strip_of, say)
    place = f"{own[0].product}?market={own[0].market}" if own else ""
    lines = [
        _year_line(ours, today.year, str(today.year), (0, place), say),
        _year_line(ours, today.year - 1, str(today.year - 1), (2, place), say),
    ]
    ticks = [(float(month), say.short_month(month)) for month in range(1, 13)]
    drawn = charts.lines(
        lines, ticks, say.t("Cette année, l'an dernier, cinq ans"), strip, charts.NARROW
    )
    rows = [_year_row(month, ours, strip_of, today, say) for month in range(1, 13)]
    columns = [
        say.t("Mois"), str(today.year), str(today.year - 1),
        say.t("le plus bas"), say.t("le plus haut"),
    ]  # fmt: skip
    return Table(drawn, columns, rows, note)


def season(own: Sequence[Quote], references: Sequence[ReferenceLine], say: Voice) -> Table:
    """Price beside the usual level of its month, each point with its state in words."""
    ours = monthly((each.fair_on, float(each.value), each.grade_then) for each in own)
    theirs = {month_index(each.month): each.price for each in references}
    enough = len(ours) >= SEASON_MONTHS
    series: Series = ours if enough else theirs
    wave = Wave.best(series)
    if wave is None:
        return Table(Markup(""), note=say.t("Il faut 24 mois de prix pour parler de saison."))
    shown = sorted(series)[-SEASON_SHOWN:]
    states = {month: _state(series, month) for month in shown}
    place = f"{own[0].product}?market={own[0].market}" if own and enough else ""
    lines = [
        Line(say.t("attendu"), [Point(m, exp(wave.level(m))) for m in _run(shown)], 5, thin=True)
    ]
    for word, tone in (("usual", 0), ("high", 1), ("low", 2)):
        points = [
            Point(
                m,
                series[m],
                f"{_label(m, say)}: {say.francs(series[m])} F, {_word(word, say)}",
                _fairs_of(place, m),
            )
            for m in shown
            if states[m] == word
        ]
        lines.append(Line(_word(word, say), points, tone, dots=True))
    ticks = [(float(m), _label(m, say)) for m in _run(shown) if calendar_month(m) in (1, 7)]
    rows = [
        [
            _label(month, say),
            say.francs(series[month]),
            say.francs(exp(wave.level(month))),
            _word(states[month], say),
        ]
        for month in reversed(shown)
    ]
    columns = [say.t("Mois"), say.t("Prix"), say.t("Attendu"), say.t("État")]
    note = "" if enough else _source(references, say)
    return Table(
        charts.lines(lines, ticks, say.t("Prix et saison"), size=charts.NARROW), columns, rows, note
    )


def net(found: Where, catalog: Catalog, say: Voice) -> Markup:
    """Net prices of the markets one can reckon with, the cost of the road beyond."""
    rows = [
        (
            catalog.markets[each.market].name if each.market in catalog.markets else each.market,
            float(each.net),
            float(each.price - each.net),
        )
        for each in found.options
        if each.net is not None
    ]
    return charts.spread(rows, say.t("Prix net après transport"))


# --- pieces ---------------------------------------------------------------------------------------


def _point(quote: Quote, say: Voice) -> Point:
    title = f"{say.day(quote.fair_on)}: {say.francs(quote.value)} F ({quote.grade_then})"
    href = f"/console/prices/{quote.product}/{quote.market}?on={quote.fair_on}"
    return Point(float(quote.fair_on.toordinal()), float(quote.value), title, href)


def _month_ticks(first: date, last: date, say: Voice) -> list[tuple[float, str]]:
    months = range(month_index(first) + 1, month_index(last) + 1)
    every = 1 if len(months) <= 12 else 2
    days = [date(month // 12, calendar_month(month), 1) for month in months[::every]]
    return [(float(day.toordinal()), say.short_month(day.month)) for day in days]


def _label(month: int, say: Voice) -> str:
    return f"{say.short_month(calendar_month(month))} {month // 12 % 100:02}"


def _word(state: str, say: Voice) -> str:
    words = {"usual": "habituel", "high": "haut", "low": "bas", "": "sans avis"}
    return say.t(words[state])


def _state(series: Series, month: int) -> str:
    """How the price of a month stood, judged by the months before it; usual when they are few."""
    found = anomaly(series, month, series[month])
    return found.word if found else "usual"


def _run(months: Sequence[int]) -> range:
    return range(months[0], months[-1] + 1)


def _source(references: Sequence[ReferenceLine], say: Voice) -> str:
    if not references:
        return ""
    return say.t(
        "Autre relevé, autre stade ({source}) : comparez la forme, pas le niveau.",
        source=references[0].source,
    )


def _before(series: Series, year: int) -> Mapping[int, float]:
    """Months of the five years before this one."""
    return {m: price for m, price in series.items() if year - BAND_YEARS <= m // 12 < year}


def _last_years(series: Series) -> Mapping[int, float]:
    if not series:
        return {}
    return _before(series, max(series) // 12 + 1)


def _edges(series: Mapping[int, float], month: int) -> tuple[float, float] | None:
    found = [price for m, price in series.items() if calendar_month(m) == month]
    return (min(found), max(found)) if found else None


def _strip(series: Mapping[int, float], say: Voice) -> Strip | None:
    edges: list[tuple[float, float, float]] = []
    for month in range(1, 13):
        found = _edges(series, month)
        if found:
            edges.append((float(month), *found))
    return Strip(say.t("bas et haut de cinq ans"), edges) if len(edges) > 1 else None


def _year_line(series: Series, year: int, name: str, look: tuple[int, str], say: Voice) -> Line:
    """`look`: the tone of the line, and the product and market whose fairs explain a month."""
    tone, place = look
    points = [
        Point(
            float(calendar_month(m)),
            series[m],
            f"{_label(m, say)}: {say.francs(series[m])} F",
            _fairs_of(place, m),
        )
        for m in _months_of(series, year)
    ]
    return Line(name, points, tone)


def _fairs_of(place: str, month: int) -> str:
    """Where a month's price comes from: its fairs, each with its own explanation."""
    named = f"{month // 12}-{calendar_month(month):02}"
    return f"/console/prices/{place}&month={named}#h-past" if place else ""


def _months_of(series: Series, year: int) -> Iterable[int]:
    return sorted(month for month in series if month // 12 == year)


def _year_row(
    month: int, ours: Series, band: Mapping[int, float], today: date, say: Voice
) -> list[str]:
    low, high = _edges(band, month) or (None, None)
    this, last = (ours.get(year * 12 + month - 1) for year in (today.year, today.year - 1))
    return [say.month(month), *(say.francs(each) for each in (this, last, low, high))]
