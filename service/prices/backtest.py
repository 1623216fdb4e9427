"""Back-test: what the advice would have been worth, month by month, with what was known then.

*When* walks forward through a real monthly series. *Where* needs two markets surveyed together;
with one series it can only be simulated, from that series and an assumed gap, and says so.
Goals (`method.md` 5): "go" right in 80 % of the times it is said, "hold" in 67 %.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import fmean, median

from service.prices.advice import Home, Offer, When, where
from service.prices.season import YEAR, History, Month, calendar_month, month_index
from service.prices.trip import RouteCost
from service.prices.waiting import HOLDS, StorageCost, nearest, when

HARVEST = frozenset({11, 12, 1})
"""Months in which the naive rule of keeping the harvest starts: the usual trough at Kita."""

SURVEYED = 3
"""Reporters behind each simulated price."""

QUOTE_NOISE = 0.08
"""Spread of one reporter around the truth, on the log (`method.md` 2.3)."""

WEEK_MOVE = 0.05
"""Move of a price between the advice and the sale a week later, on the log."""

SE_LN = 1.2533 * QUOTE_NOISE / SURVEYED**0.5
"""Error of a median of three reporters, as published (`method.md` 2.4)."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of one rule: net gains in F/kg against selling at once (or at home).

    `given` counts every time the rule said so; `gains` those whose end is known.
    """

    rule: str
    given: int
    gains: tuple[float, ...]

    @property
    def hit_rate(self) -> float | None:
        return sum(each > 0 for each in self.gains) / len(self.gains) if self.gains else None

    @property
    def mean_gain_per_kg(self) -> float | None:
        return fmean(self.gains) if self.gains else None

    @property
    def loss_when_wrong(self) -> float | None:
        """Mean net gain of the times it was wrong, F/kg (negative or nought)."""
        wrong = [each for each in self.gains if each <= 0]
        return fmean(wrong) if wrong else None

    @property
    def worst(self) -> float | None:
        return min(self.gains, default=None)


@dataclass(frozen=True, slots=True)
class Backtest:
    """A walk through a series: `decisions` asked, `held` answered by hold_part, and the rules.

    `advice` counts each wait that was advised; `naive` keeps always, or from each harvest.
    `years` holds, per calendar year of the advice, (right, known): one year's luck is seen there.
    """

    product: str
    decisions: int
    held: int
    advice: Tally
    naive: tuple[Tally, ...]
    years: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def given(self) -> int:
        return self.advice.given

    @property
    def hit_rate(self) -> float | None:
        return self.advice.hit_rate

    @property
    def mean_gain_per_kg(self) -> float | None:
        return self.advice.mean_gain_per_kg


def backtest(
    history: History, costs: StorageCost, start_after: date, product: str = "", chain: str = ""
) -> Backtest:
    """Ask for advice in every surveyed month after `start_after`; judge it by what came later.

    A sale month without a price is judged by its nearest neighbour, as the advice itself does.
    """
    asked = [month for month in sorted(history.prices) if month > month_index(start_after)]
    answers = {month: _asked(history, costs, month, product, chain) for month in asked}
    advised = [
        (month, hold.months)
        for month, answer in answers.items()
        for hold in answer.holds
        if hold.advised
    ]
    harvest = [month for month in asked if calendar_month(month) in HARVEST]
    judged = [(month, _net(history, costs, month, months)) for month, months in advised]
    return Backtest(
        product=product,
        years=_by_year((month // YEAR, gain > 0) for month, gain in judged if gain is not None),
        decisions=len(asked),
        held=sum(each.verdict == "hold_part" for each in answers.values()),
        advice=_tally("advice", history, costs, advised),
        naive=(
            *(_tally(f"always keep {h}", history, costs, [(m, h) for m in asked]) for h in HOLDS),
            *(
                _tally(f"keep harvest {h}", history, costs, [(m, h) for m in harvest])
                for h in HOLDS
            ),
        ),
    )


def _by_year(judged: Iterable[tuple[int, bool]]) -> dict[int, tuple[int, int]]:
    """(right, known) per year, from (year, was it right)."""
    found: dict[int, tuple[int, int]] = {}
    for year, good in judged:
        right, known = found.get(year, (0, 0))
        found[year] = right + good, known + 1
    return dict(sorted(found.items()))


def _asked(history: History, costs: StorageCost, month: Month, product: str, chain: str) -> When:
    """The advice of that month: its price, and only what came before."""
    day = date(month // YEAR, calendar_month(month), 1)
    return when(product, "", history.prices[month], day, history.before(month), costs, chain)


def _tally(
    rule: str, history: History, costs: StorageCost, waits: Sequence[tuple[Month, int]]
) -> Tally:
    gains = (_net(history, costs, month, months) for month, months in waits)
    return Tally(rule, len(waits), tuple(each for each in gains if each is not None))


def _net(history: History, costs: StorageCost, month: Month, months: int) -> float | None:
    """F/kg that waiting left over selling at once; None when the end is not known."""
    price, later = history.prices[month], nearest(history.prices, month + months)
    return None if later is None else later - price - price * costs.share(months, price)


def pooled(tests: Iterable[Backtest]) -> Backtest:
    """Several products as one."""
    every = list(tests)
    columns = zip(*(each.naive for each in every), strict=True)
    return Backtest(
        product="all",
        decisions=sum(each.decisions for each in every),
        held=sum(each.held for each in every),
        advice=_joined([each.advice for each in every]),
        naive=tuple(_joined(column) for column in columns),
        years=_summed(each.years for each in every),
    )


def _summed(tests: Iterable[Mapping[int, tuple[int, int]]]) -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    for years in tests:
        for year, (right, known) in years.items():
            before = found.get(year, (0, 0))
            found[year] = before[0] + right, before[1] + known
    return dict(sorted(found.items()))


def _joined(tallies: Sequence[Tally]) -> Tally:
    gains = tuple(gain for each in tallies for gain in each.gains)
    rule = tallies[0].rule if tallies else "advice"
    return Tally(rule, sum(each.given for each in tallies), gains)


@dataclass(frozen=True, slots=True)
class TwoMarkets:
    """A simulated pair: the surveyed market is home, the other is dearer by `gap` F/kg on
    average, the gap itself varying by half; `route` and `kg` are one farmer's trip."""

    name: str
    gap: float
    route: RouteCost
    kg: int


def simulate_where(
    history: History, pair: TwoMarkets, draw: Callable[[], float], rounds: int = 10
) -> tuple[Tally, Tally]:
    """(advice, always going) over every month of a series, `rounds` times.

    Both prices are the medians of three noisy reporters, and the far price moves on before the
    sale. `draw` gives standard normal numbers. Not a back-test: the gap is assumed.
    """
    trips = [_trip(price, pair, draw) for price in history.prices.values() for _ in range(rounds)]
    gone = tuple(gain for went, gain in trips if went)
    return (
        Tally(f"go, {pair.name}", len(gone), gone),
        Tally(f"always, {pair.name}", len(trips), tuple(gain for _, gain in trips)),
    )


def _trip(home: float, pair: TwoMarkets, draw: Callable[[], float]) -> tuple[bool, float]:
    """Whether the advice was to go, and what going left over selling at home, F/kg."""
    far = max(1.0, home + pair.gap * (1 + draw() / 2))
    today = pair.route.as_of
    told = where(
        "",
        "",
        pair.kg,
        Home(_surveyed(home, draw), today, SE_LN),
        [Offer(pair.route.market, _surveyed(far, draw), "A", today, SE_LN)],
        [pair.route],
        today,
    )
    sold = far * (1 + WEEK_MOVE * draw())
    return told.verdict == "go", pair.route.net(sold, pair.kg) - home


def _surveyed(truth: float, draw: Callable[[], float]) -> int:
    """What three reporters make of a price."""
    return round(median(truth * (1 + QUOTE_NOISE * draw()) for _ in range(SURVEYED)))


def advice_table(
    series: Mapping[str, History],
    costs: Mapping[str, StorageCost],
    start_after: date,
    pairs: Sequence[tuple[str, TwoMarkets]],
    draw: Callable[[], float],
) -> str:
    """The text of `sugu bench advice`. `pairs` are (product, simulated pair); a product without
    costs is left out, as it is left without advice."""
    tests = [
        backtest(history, costs[product], start_after, product)
        for product, history in series.items()
        if product in costs
    ]
    simulated = [
        tally for product, pair in pairs for tally in simulate_where(series[product], pair, draw)
    ]
    every = pooled(tests)
    lines = [
        "WHEN: back-test on surveyed prices, each month with what was known then",
        HEAD,
        *(line for each in [*tests, every] for line in _when_lines(each)),
        *_year_lines(every),
        "",
        "WHERE: one market is surveyed, so the second is SIMULATED from an assumed gap",
        HEAD,
        *(_line(each) for each in simulated),
        "",
        "right: net gain above nought; F/kg against selling at once, or at home",
        "the rule for WHEN was chosen on Kita 2012-2019: on those years its figures flatter it",
    ]
    return "\n".join(lines) + "\n"


HEAD = f"{'rule':<34}{'given':>7}{'known':>7}{'right':>8}{'F/kg':>8}{'wrong':>8}{'worst':>8}"


def _when_lines(test: Backtest) -> list[str]:
    asked = f"{test.product}: hold_part {test.held} times of {test.decisions} asked"
    return [asked, *(_line(each) for each in (test.advice, *test.naive))]


def _year_lines(test: Backtest) -> list[str]:
    """`right by year: 2013 2/2, 2014 7/8`; wrong advice comes in bad years, not one by one."""
    told = ", ".join(f"{year} {right}/{known}" for year, (right, known) in test.years.items())
    return [f"  right by year: {told}"] if told else []


def _line(tally: Tally) -> str:
    right = "-" if tally.hit_rate is None else f"{tally.hit_rate:.0%}"
    sums = (tally.mean_gain_per_kg, tally.loss_when_wrong, tally.worst)
    cells = "".join(f"{'-' if each is None else f'{each:+.0f}':>8}" for each in sums)
    return f"  {tally.rule:<32}{tally.given:>7}{len(tally.gains):>7}{right:>8}{cells}"
