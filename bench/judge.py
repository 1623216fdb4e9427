"""How well the judge and the quote do their work: Kita's real prices, replayed with slips.

    python -m bench.judge [seed]

First part: every month of every series, its prior the last month known; each kind of slip is put
on the true price and the judge is asked. Second part: reporters with 8 % of honest noise send the
month's price; some slip; the judge asks; most answer, and 85 % of those mend a true error; what is
published is held against the truth (`method.md` 2.3, the table and its assumptions). Field rates
will differ: these are the figures of a rehearsal.
"""

import csv
import math
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from importlib import resources

from service.prices.catalog import (
    Band,
    Catalog,
    Family,
    Measure,
    Product,
    Quantity,
    Stage,
    Unit,
    Weight,
)
from service.prices.judge import (
    Accept,
    Ask,
    Evidence,
    Option,
    after_answer,
    answer,
    corroborated,
    judge,
)
from service.prices.prior import Prior, best_prior, from_history
from service.prices.quote import Quote, compute
from service.prices.report import COUNTING, Money, Status, Vote
from service.prices.slips import readings
from service.prices.units import value_of

MARKET = "KITA"
NOISE = 0.08
ANSWERS = 0.90
MENDS = 0.85
OFF = 0.15
LARGE_MOVE = 0.25
SACK_KILOS = 100
TICK = 5

BOUNDS = {
    "groundnut": ("ARD", Family.OILSEED, Band(200, 1600)),
    "maize": ("MAI", Family.GRAIN, Band(60, 700)),
    "sorghum": ("SOR", Family.GRAIN, Band(70, 800)),
    "millet": ("MIL", Family.GRAIN, Band(75, 950)),
    "cowpea": ("NIE", Family.PULSE, Band(170, 1600)),
    "rice": ("RIZ", Family.GRAIN, Band(200, 1400)),
}
"""Codes, families and the staff's seed bounds, F/kg."""

PRODUCTS = {
    chain: Product(code, chain, "", family, {"fr": chain}, Quantity.KG, key, band)
    for key, (chain, (code, family, band)) in enumerate(BOUNDS.items(), 1)
}
KG = Unit("KG", {"fr": "kg"}, Measure.MASS, 1)
SAC = Unit("SAC", {"fr": "sac"}, Measure.VESSEL)
CATALOG = Catalog(
    products={each.code: each for each in PRODUCTS.values()},
    markets={},
    units={"KG": KG, "SAC": SAC},
    weights={
        ("SAC", each.code, MARKET): Weight(SACK_KILOS, 0.03, 5, date(2006, 12, 1))
        for each in PRODUCTS.values()
    },
)

SLIPS = ("x10", "/10", "x5", "/5", "sack as kg", "kg as sack")
"""A zero too many, one too few, francs as dorome, dorome as francs, and the two wrong units."""


@dataclass(frozen=True, slots=True)
class Month:
    """One survey price: the truth of a replay, F/kg."""

    product: Product
    on: date
    price: float


@dataclass(slots=True)
class Tally:
    """Shares are of what the name says; see `table`."""

    questioned: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    proposed: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Season:
    """Counts of one replay with so many reporters at such an error rate."""

    reports: int = 0
    true: int = 0
    needless: int = 0
    dropped: int = 0
    published: int = 0
    off: int = 0
    gross: int = 0
    moves: int = 0
    hidden: int = 0

    def share(self, part: int, whole: int) -> float:
        return part / whole if whole else 0.0


def series() -> list[list[Month]]:
    """Kita's survey prices by product, oldest first."""
    found: dict[str, list[Month]] = {}
    text = resources.files("service.prices.seed").joinpath("kita_prices.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        product = PRODUCTS[row["value_chain"]]
        on = date.fromisoformat(row["month"] + "-15")
        found.setdefault(product.chain, []).append(
            Month(product, on, float(row["price_xof_per_kg"]))
        )
    return [sorted(months, key=lambda month: month.on) for months in found.values()]


def slipped(price: int, slip: str) -> tuple[int, Unit, bool]:
    """The amount a reporter sends by mistake, its unit, and whether the unit was said."""
    match slip:
        case "x10":
            return price * 10, KG, False
        case "/10":
            return max(1, price // 10), KG, False
        case "x5":
            return price * 5, KG, False
        case "/5":
            return max(1, price // 5), KG, False
        case "sack as kg":
            return price * SACK_KILOS, KG, False
        case "kg as sack":
            return price, SAC, True
        case _:
            return price, KG, False


def case_of(product: Product, price: int, slip: str, prior: Prior | None) -> Evidence:
    amount, unit, said = slipped(price, slip)
    valued = value_of(amount, 1, unit, product, MARKET, CATALOG)
    return Evidence(
        product, MARKET, unit, amount, amount, valued, money=Money.BARE, unit_said=said, prior=prior
    )


def coin(price: float) -> int:
    return max(TICK, round(price / TICK) * TICK)


def prior_of(known: Month | None, month: Month, past: list[Month]) -> Prior | None:
    """The last month known, else the same calendar month of the years before."""
    same = [each.price for each in past if each.on.month == month.on.month]
    quote = Prior(known.price, (month.on - known.on).days / 7) if known else None
    return best_prior(quote, None, from_history(same))


def slips_caught() -> Tally:
    """Every true month with every slip, the judge knowing the last month."""
    tally = Tally()
    for months in series():
        for at, month in enumerate(months[1:], 1):
            prior = prior_of(months[at - 1], month, months[:at])
            for slip in ("none", *SLIPS):
                _try(tally, month, slip, prior)
    return tally


def bands_only() -> Tally:
    """The same with nothing known but the staff's bounds."""
    tally = Tally()
    for months in series():
        for month in months:
            for slip in ("none", *SLIPS):
                _try(tally, month, slip, None)
    return tally


def _try(tally: Tally, month: Month, slip: str, prior: Prior | None) -> None:
    price = coin(month.price)
    case = case_of(month.product, price, slip, prior)
    verdict = judge(case, readings(case, CATALOG))
    tally.tried[slip] += 1
    if isinstance(verdict, Ask):
        tally.questioned[slip] += 1
        offered = [each.value for each in verdict.question.options if each.kind != "wrong"]
        tally.proposed[slip] += any(abs(value / price - 1) < 0.05 for value in offered)


def season(reporters: int, rate: float, seed: int, rounds: int = 1) -> Season:
    """Whole histories replayed: what reporters send, what is asked, what is published."""
    dice, counts = random.Random(seed), Season()
    for _ in range(rounds):
        for months in series():
            _replay(months, reporters, rate, dice, counts)
    return counts


def _replay(
    months: list[Month], reporters: int, rate: float, dice: random.Random, counts: Season
) -> None:
    last: Quote | None = None
    before: Month | None = None
    for at, month in enumerate(months):
        known = Month(month.product, last.fair_on, last.value) if last else None
        prior = prior_of(known, month, months[:at])
        votes = _fair(month, reporters, rate, prior, dice, counts)
        stage, day = Stage.PRODUCER, month.on
        quote = compute(month.product, MARKET, stage, "kg", votes, (), day, day)
        if quote:
            _compare(quote, month, before, counts)
            last = quote
        before = month


def _compare(quote: Quote, month: Month, before: Month | None, counts: Season) -> None:
    error = abs(quote.value / month.price - 1)
    counts.published += 1
    counts.off += error > OFF
    counts.gross += not 1 / 2 < quote.value / month.price < 2
    if before and abs(month.price / before.price - 1) > LARGE_MOVE:
        counts.moves += 1
        counts.hidden += error > OFF


def _fair(
    month: Month,
    reporters: int,
    rate: float,
    prior: Prior | None,
    dice: random.Random,
    counts: Season,
) -> list[Vote]:
    sent = [_send(month, rate, prior, dice, counts) for _ in range(reporters)]
    values = [value for value, _ in sent]
    votes = []
    for at, (value, status) in enumerate(sent):
        others = values[:at] + values[at + 1 :]
        vouched = status is Status.ASKED and corroborated(value, others, prior, month.product.band)
        if vouched or status in COUNTING:
            votes.append(Vote(at + 1, at + 1, month.on, value))
    return votes


def _send(
    month: Month, rate: float, prior: Prior | None, dice: random.Random, counts: Season
) -> tuple[float, Status]:
    """One report, judged and, when asked, perhaps answered. ASKED: no answer came."""
    seen = coin(month.price * math.exp(dice.gauss(0, NOISE)))
    slip = dice.choice(SLIPS) if dice.random() < rate else "none"
    case = case_of(month.product, seen, slip, prior)
    verdict = judge(case, readings(case, CATALOG))
    counts.reports += 1
    counts.true += slip == "none"
    match verdict:
        case Accept():
            return case.value, Status.ACCEPTED
        case Ask():
            counts.needless += slip == "none"
            return _reply(verdict, case, seen, slip, prior, dice)
        case _:
            counts.dropped += slip == "none"
            return case.value, Status.HELD


def _reply(
    asked: Ask, case: Evidence, seen: int, slip: str, prior: Prior | None, dice: random.Random
) -> tuple[float, Status]:
    if dice.random() >= ANSWERS:
        return case.value, Status.ASKED
    mends = slip != "none" and dice.random() < MENDS
    meant = seen if slip == "none" or mends else case.value
    chosen = _choose(asked, meant)
    if chosen is None:  # "none of these": the price is sent anew, rightly
        return float(seen), after_answer(seen, prior, case.band)
    return chosen.value, after_answer(chosen.value, prior, case.band)


def _choose(asked: Ask, meant: float) -> Option | None:
    """The digit whose reading is nearest to what was meant; None when none is near."""
    offered = [answer(asked.question, digit) for digit in (1, 2, 3)]
    near = [
        each
        for each in offered
        if each and each.kind != "wrong" and abs(each.value / meant - 1) < 0.05
    ]
    return near[0] if near else None


def table(seed: int, rounds: int) -> Iterator[str]:
    """The lines printed: first the slips, then the seasons."""
    yield "slip          with a prior: asked  right reading offered   bounds only: asked"
    known, bare = slips_caught(), bands_only()
    for slip in ("none", *SLIPS):
        tried = known.tried[slip]
        asked, offered = known.questioned[slip] / tried, known.proposed[slip] / tried
        alone = bare.questioned[slip] / bare.tried[slip]
        yield f"{slip:12}  {asked:19.1%}  {offered:22.1%}   {alone:18.1%}"
    yield ""
    yield "reporters  errors  off >15 %  off x2  large moves hidden  needless asks  true dropped"
    for reporters in (1, 2, 3, 5):
        for rate in (0.03, 0.08):
            yield _line(reporters, rate, season(reporters, rate, seed, rounds))


def _line(reporters: int, rate: float, it: Season) -> str:
    off, gross = it.share(it.off, it.published), it.share(it.gross, it.published)
    hidden, needless = it.share(it.hidden, it.moves), it.share(it.needless, it.true)
    return (
        f"{reporters:9}  {rate:6.0%}  {off:9.2%}  {gross:6.2%}  {hidden:18.2%}"
        f"  {needless:13.2%}  {it.dropped:12}"
    )


if __name__ == "__main__":
    for printed in table(int(sys.argv[1]) if len(sys.argv) > 1 else 20261120, rounds=20):
        print(printed)
