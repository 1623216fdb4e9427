"""The small chart of a printed bulletin: one product at one market over its last fairs.

An SVG in black, drawn by the server: it prints on any printer and needs no script.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from service.i18n import short_date
from service.money import francs
from service.prices.book import Book, Price
from service.prices.quote import Quote

FAIRS = 12
"""Fairs drawn: about a quarter of a year."""
FEWEST = 4
"""Fairs under which a line says nothing."""
WIDTH, HEIGHT = 640, 150
LEFT, RIGHT, TOP, BOTTOM = 10, 70, 18, 22
"""Margins: the last price stands on the right, days below."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing, with the product it is of and the days it spans."""

    product: str
    quotes: Sequence[Quote]
    svg: Markup


def chart(prices: Sequence[Price], book: Book, lang: str) -> Chart | None:
    """The first listed product with enough fairs behind it; None when there is none."""
    for price in prices:
        known = book.quotes.get((price.product.code, price.market.code), ())
        quotes = list(reversed(known[:FAIRS]))
        if len(quotes) >= FEWEST:
            return Chart(price.product.name(lang), quotes, _drawn(quotes))
    return None


def _drawn(quotes: Sequence[Quote]) -> Markup:
    low, high = min(q.value for q in quotes), max(q.value for q in quotes)
    dots = [_place(at, q.value, len(quotes), low, high) for at, q in enumerate(quotes)]
    line = " ".join(f"{x},{y}" for x, y in dots)
    marks = Markup("").join(Markup('<circle cx="{}" cy="{}" r="3"/>').format(*d) for d in dots)
    return Markup(
        '<svg viewBox="0 0 {w} {h}" role="img">'
        '<polyline points="{line}" fill="none" stroke="#111" stroke-width="2"/>{marks}{words}</svg>'
    ).format(w=WIDTH, h=HEIGHT, line=line, marks=marks, words=_words(quotes, dots, low, high))


def _place(at: int, value: int, count: int, low: int, high: int) -> tuple[float, float]:
    across = LEFT + at / max(1, count - 1) * (WIDTH - LEFT - RIGHT)
    up = (value - low) / ((high - low) or 1)
    return round(across, 1), round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1)


def _words(
    quotes: Sequence[Quote], dots: Sequence[tuple[float, float]], low: int, high: int
) -> Markup:
    """First and last day below, the last price beside, other extremes above their points."""
    text = Markup('<text x="{}" y="{}" font-size="13">{}</text>')
    (last_x, last_y), values = dots[-1], [q.value for q in quotes]
    told = [
        text.format(LEFT, HEIGHT - 4, short_date(quotes[0].fair_on)),
        text.format(last_x - 18, HEIGHT - 4, short_date(quotes[-1].fair_on)),
        text.format(last_x + 8, last_y + 4, f"{francs(values[-1])} F"),
    ]
    for value in dict.fromkeys((high, low)):
        at = values.index(value)
        if value != values[-1]:
            told.append(text.format(dots[at][0], dots[at][1] - 6, francs(value)))
    return Markup("").join(told)
