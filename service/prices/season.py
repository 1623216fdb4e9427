"""Season: what month prices are used to be low and high, and how old data must be to say so.

One wave a year through the logs of monthly prices, with a gate: `method.md` 2.8 and settled
reading 13. Monthly averages "find" a season in pure noise; one wave with a test does not.
A month is counted from year 0: `month_index(date(2026, 11, 20)) == 2026 * 12 + 10`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from math import cos, exp, hypot, log, pi, sin
from statistics import median
from typing import Literal

from service.prices.regression import Fit, least_squares, newey_west, pair_tail

Month = int
Series = Mapping[Month, float]
"""Monthly prices, F per quoted quantity. Missing months are gaps, never filled."""

YEAR = 12
LAG = 3
"""Months over which a price still resembles itself (Newey-West)."""
GATE = 0.05
"""Chance under which a wave is taken for a season."""
YEAR_ON_YEAR_MONTHS = 12
SEASON_MONTHS = 24
ANOMALY_MONTHS = 36
SECOND_WAVE_MONTHS = 60
"""The ladder by data age: months of grade A or B before each word may be said."""
SECOND_WAVE_GAIN = 2.0
"""AICc a second wave must win before it is used."""
EXACT = 1e-9
"""Below this a residual or a gap is rounding of the machine: prices that stand still."""
UNUSUAL = 1.0
"""Standard deviations from the usual level of the month: "alert" in the ALPS note of WFP."""
TRUSTED = frozenset("AB")


class Basis(StrEnum):
    """Whose prices a statement rests on: our own quotes, or an imported series."""

    OWN = "own"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the age of the data allows to say, and on whose prices (None: nothing)."""

    year_on_year: Basis | None = None
    season: Basis | None = None
    anomaly: Basis | None = None
    odds: Basis | None = None
    second_wave: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """A monthly series and who surveyed it. `same_series`: today's price continues it, so that
    it may be called high or low for the season; a survey of another stage may not."""

    prices: Series = field(default_factory=dict)
    source: str = ""
    same_series: bool = True

    def before(self, month: Month) -> "History":
        """What was known when the month began."""
        kept = {at: price for at, price in self.prices.items() if at < month}
        return History(kept, self.source, self.same_series)


@dataclass(frozen=True, slots=True)
class Season:
    """The usual year. Months are 1 to 12 and `gap` a share (0.42: the peak is 42 % above the
    trough); all three are None unless `clear`. `years` are calendar years with a price."""

    clear: bool
    peak_month: int | None
    low_month: int | None
    gap: float | None
    years: int
    source: str


@dataclass(frozen=True, slots=True)
class Anomaly:
    """How far a price is from the usual level of its month, in standard deviations."""

    score: float
    word: Literal["high", "low", "usual"]


def month_index(day: date) -> Month:
    return day.year * YEAR + day.month - 1


def calendar_month(month: Month) -> int:
    return month % YEAR + 1


def monthly(quotes: Iterable[tuple[date, float, str]]) -> dict[Month, float]:
    """Monthly medians of (fair day, value, grade), grades A and B only."""
    found: dict[Month, list[float]] = {}
    for fair_on, value, grade in quotes:
        if grade in TRUSTED:
            found.setdefault(month_index(fair_on), []).append(value)
    return {month: median(values) for month, values in sorted(found.items())}


def allowed(months_own: int, months_reference: int = 0) -> Allowed:
    """The ladder of `method.md` 2.8: months of data to what may be said.

    Imported prices lend their season and their years, never the level of today's price.
    """

    def basis(least: int) -> Basis | None:
        if months_own >= least:
            return Basis.OWN
        return Basis.REFERENCE if months_reference >= SEASON_MONTHS else None

    return Allowed(
        year_on_year=Basis.OWN if months_own >= YEAR_ON_YEAR_MONTHS else None,
        season=basis(SEASON_MONTHS),
        anomaly=Basis.OWN if months_own >= ANOMALY_MONTHS else None,
        odds=basis(SECOND_WAVE_MONTHS),
        second_wave=months_own >= SECOND_WAVE_MONTHS,
    )


def choose(own: History | None, reference: History | None) -> History | None:
    """The series that advice on waiting rests on: ours once it has five years of months, else
    an imported one long enough to have a season, else what we have."""
    if own is None or reference is None:
        return own or reference
    ladder = allowed(len(own.prices), len(reference.prices))
    return reference if ladder.odds is Basis.REFERENCE else own


def season(history: History) -> Season:
    """The season of a series, clear only from 24 months on and through the gate."""
    wave = Wave.through(history.prices)
    years = len({month // YEAR for month in history.prices})
    if wave is None or wave.chance >= GATE:
        return Season(
            clear=False,
            peak_month=None,
            low_month=None,
            gap=None,
            years=years,
            source=history.source,
        )
    peak, low = wave.extremes()
    return Season(
        clear=True,
        peak_month=peak,
        low_month=low,
        gap=wave.gap,
        years=years,
        source=history.source,
    )


def anomaly(series: Series, month: Month, price: float) -> Anomaly | None:
    """Whether a price is high or low for its month, judged on earlier months only.

    None under 36 earlier months. ALPS in logs, both signs; a second wave from 60 months on
    when AICc asks for it.
    """
    known = {at: each for at, each in series.items() if at < month}
    if len(known) < ANOMALY_MONTHS:
        return None
    wave = Wave.best(known)
    if wave is None or wave.fit.sigma < EXACT:
        return None
    score = (log(price) - wave.level(month)) / wave.fit.sigma
    return Anomaly(score, "high" if score >= UNUSUAL else "low" if score <= -UNUSUAL else "usual")


@dataclass(frozen=True, slots=True)
class Wave:
    """ln p = a + b t + one or two yearly waves + e, with t in years from the first month."""

    fit: Fit
    start: Month
    waves: int

    @classmethod
    def through(cls, series: Series, waves: int = 1) -> "Wave | None":
        """None under 24 months, or when the months present cannot tell a wave from a trend."""
        if len(series) < SEASON_MONTHS:
            return None
        months = sorted(series)
        rows = [_row(month, months[0], waves) for month in months]
        try:
            fit = least_squares(rows, [log(series[month]) for month in months])
        except ZeroDivisionError:
            return None
        return cls(fit, months[0], waves)

    @classmethod
    def best(cls, series: Series) -> "Wave | None":
        one = cls.through(series)
        if one is None or len(series) < SECOND_WAVE_MONTHS:
            return one
        two = cls.through(series, waves=2)
        if two is None or min(one.fit.sigma, two.fit.sigma) < EXACT:
            return one
        return two if two.fit.aicc < one.fit.aicc - SECOND_WAVE_GAIN else one

    @property
    def gap(self) -> float:
        """Peak over trough, less one: e^(2A) - 1, A the half-height of the first wave."""
        return exp(2 * hypot(*self.fit.coefficients[2:4])) - 1

    @property
    def chance(self) -> float:
        """Chance of such a wave in a series without season."""
        if self.fit.sigma < EXACT:
            return 0.0 if self.gap > EXACT else 1.0
        return pair_tail(self.fit, newey_west(self.fit, LAG), 2, 3)

    def level(self, month: Month) -> float:
        """Usual log price of a month."""
        row = _row(month, self.start, self.waves)
        return sum(a * b for a, b in zip(row, self.fit.coefficients, strict=True))

    def lift(self, month: Month) -> float:
        """Log distance of a month from the yearly middle: negative in the low half of the year."""
        row = _row(month, self.start, self.waves)[2:]
        return sum(a * b for a, b in zip(row, self.fit.coefficients[2:], strict=True))

    def extremes(self) -> tuple[int, int]:
        """Calendar months of the peak and of the trough."""
        months = range(YEAR)
        return calendar_month(max(months, key=self.lift)), calendar_month(
            min(months, key=self.lift)
        )


def _row(month: Month, start: Month, waves: int) -> list[float]:
    turn = 2 * pi * (month % YEAR) / YEAR
    row = [1.0, (month - start) / YEAR]
    for each in range(1, waves + 1):
        row += [cos(each * turn), sin(each * turn)]
    return row
