"""The prices of one market, or of one product, as many as one SMS holds."""

from collections.abc import Iterator, Sequence
from datetime import date

from service import encoding
from service.i18n import Say, day, span
from service.money import priced
from service.prices.book import Book, Price
from service.prices.catalog import Catalog, Quantity

TENTHS_BELOW = 10
"""Kilos of a vessel below which a tenth matters."""


def fits(text: str) -> bool:
    """Whether a text is one SMS."""
    return encoding.septets(encoding.to_gsm(text)) <= encoding.SMS_SEPTETS


def amount(found: Price, catalog: Catalog, lang: str) -> str:
    """`225 F/kg`, in Bambara with the dorome count beside it; nothing without a quote."""
    if found.quote is None:
        return ""
    return priced(found.quote.value, lang, f"/{unit(found.quote.unit, catalog, lang)}")


def unit(code: str, catalog: Catalog, lang: str) -> str:
    known = catalog.units.get(code.upper())
    return known.name(lang) if known and code != Quantity.KG else "kg"


def sack(found: Price, book: Book, today: date, say: Say, lang: str) -> str:
    """The sack as it was weighed there, and its price: `1 sac = 41 kg = 9 250 F`."""
    quote = found.quote
    weighed = book.sack(quote.product, quote.market, today) if quote else None
    if quote is None or weighed is None or quote.unit != Quantity.KG:
        return ""
    return say(
        "sms.sack",
        "1 {unit} = {kilos} kg = {price}",
        unit=weighed.unit.name(lang),
        kilos=round(weighed.weight.kilos, 1 if weighed.weight.kilos < TENTHS_BELOW else None),
        price=priced(weighed.price(found.product, quote.value), lang),
    )


def by_market(product: str, found: Sequence[Price], catalog: Catalog, lang: str) -> Iterator[str]:
    """A product's price at each market, then at one market less, and so on."""
    name = catalog.products[product].name(lang)
    for count in range(len(found), 0, -1):
        told = ", ".join(f"{p.market.name} {amount(p, catalog, lang)}" for p in found[:count])
        yield f"{name}: {told} ({span([q.fair_on for p in found[:count] if (q := p.quote)])})"


def of_market(book: Book, market: str, today: date, say: Say, lang: str) -> str:
    """What a market's last fair paid, in keypad order; only prices of the day that is named."""
    found = [book.price(each.code, market, today) for each in book.sold()]
    quoted = [(each, each.quote) for each in found if each.shown and each.quote]
    name = book.catalog.markets[market].name
    if not quoted:
        return say("bulletin.none", "Marché de {market} : pas de prix récent", market=name)
    on = max(quote.fair_on for _, quote in quoted)
    text = f"{name}, {day(on, lang)}:"
    for each, quote in quoted:
        item = f"{each.product.name(lang)} {amount(each, book.catalog, lang)}"
        longer = f"{text}{' ' if text.endswith(':') else ', '}{item}"
        if quote.fair_on != on:
            continue
        if not fits(longer):
            break
        text = longer
    return text
