"""The bulletin of a market: its prices as lines to print, and as a script to read on the radio.

Made from the same book that answers farmers: an expired price is never in it. The script says
numbers in words, in Bambara as dɔrɔmɛ, so that nobody has to reckon at the microphone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from service.encoding import SMS_SEPTETS, septets, to_gsm
from service.i18n import Say, day, month, weekday
from service.money import COUNTING_IN_DOROME, dorome, francs, to_coin, words_bm, words_fr
from service.prices.book import Book, Price
from service.prices.catalog import Market, Quantity
from service.prices.freshness import Freshness
from service.prices.quote import Quote, grade_on


@dataclass(frozen=True, slots=True)
class Bulletin:
    """What is known of one market on one day."""

    market: Market
    on: date
    fair_on: date | None
    prices: Sequence[Price]
    demo: bool


def bulletin(book: Book, market: Market, today: date) -> Bulletin:
    """The prices of a market that may be shown, in keypad order."""
    found = [book.price(goods.code, market.code, today) for goods in book.sold()]
    shown = [price for price in found if price.shown]
    days = [price.quote.fair_on for price in shown if price.quote]
    return Bulletin(market, today, max(days, default=None), shown, book.demo)


def text(made: Bulletin, say: Say, lang: str) -> str:
    """The bulletin as lines of text."""
    return "\n".join(
        [heading(made, say, lang), *(line(each, made, say, lang) for each in made.prices)]
    )


def heading(made: Bulletin, say: Say, lang: str) -> str:
    if made.fair_on is None:
        return say(
            "bulletin.none", "Marché de {market} : pas de prix récent", market=made.market.name
        )
    return say(
        "bulletin.heading",
        "Prix au marché de {market}, {day}",
        market=made.market.name,
        day=day(made.fair_on, lang),
    )


def line(price: Price, made: Bulletin, say: Say, lang: str) -> str:
    """`Arachide coque : 225 F/kg (210-240), 3 relevés, hausse`."""
    quote = _quote(price)
    amount = _amount(price, quote, say, lang)
    parts = [f"{price.product.name(lang)} : {amount}"]
    if quote.low != quote.high:
        parts[0] += f" ({francs(quote.low)}-{francs(quote.high)})"
    parts.append(say("bulletin.count", "relevés : {count}", count=quote.reporters))
    if trend := _trend(price, say):
        parts.append(trend)
    if grade_on(quote, made.on) == "D":
        parts.append(say("bulletin.estimated", "estimé"))
    if quote.fair_on != made.fair_on:
        parts.append(day(quote.fair_on, lang))
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Row:
    """One price of the printed table, in words."""

    product: str
    amount: str
    span: str
    count: int
    trend: str
    on: str


def rows(made: Bulletin, say: Say, lang: str) -> list[Row]:
    """The table of the printed page; a price that nobody vouches for says so."""
    return [_row(each, made, say, lang) for each in made.prices]


def _row(price: Price, made: Bulletin, say: Say, lang: str) -> Row:
    quote = _quote(price)
    doubt = say("bulletin.estimated", "estimé") if grade_on(quote, made.on) == "D" else ""
    return Row(
        product=price.product.name(lang),
        amount=_amount(price, quote, say, lang),
        span=f"{francs(quote.low)}-{francs(quote.high)}" if quote.low != quote.high else "",
        count=quote.reporters,
        trend=", ".join(filter(None, (_trend(price, say), doubt))),
        on=day(quote.fair_on, lang),
    )


def sms(made: Bulletin, say: Say, lang: str, village: str = "") -> str:
    """One SMS to be read aloud in a village: the prices of the last fair, as many as it holds."""
    if made.fair_on is None:
        return to_gsm(heading(made, say, lang))
    text = to_gsm(_opening(made, say, lang, village))
    for at, item in enumerate(_items(made, say, lang)):
        longer = to_gsm(f"{text}{', ' if at else ' '}{item}")
        if septets(longer) > SMS_SEPTETS:
            break
        text = longer
    return text


def _opening(made: Bulletin, say: Say, lang: str, village: str) -> str:
    on = day(made.fair_on or made.on, lang)
    if not village:
        return say("bulletin.sms", "À lire. {market}, {day} :", market=made.market.name, day=on)
    return say(
        "bulletin.sms_village",
        "À lire à {village}. {market}, {day} :",
        village=village,
        market=made.market.name,
        day=on,
    )


def _items(made: Bulletin, say: Say, lang: str) -> Iterator[str]:
    """Only prices of the day that is named, and that somebody vouches for."""
    for price in made.prices:
        quote = _quote(price)
        if quote.fair_on == made.fair_on and grade_on(quote, made.on) != "D":
            yield f"{price.product.name(lang)} {_amount(price, quote, say, lang)}"


def radio(made: Bulletin, say: Say, lang: str) -> str:
    """A script to read aloud: one sentence a price, numbers in words."""
    if made.fair_on is None:
        return say(
            "radio.none",
            "Nous n'avons pas de prix récent pour le marché de {market}.",
            market=made.market.name,
        )
    opening = say(
        "radio.opening",
        "Voici les prix du marché de {market}, foire du {weekday} {day} {month}.",
        market=made.market.name,
        weekday=weekday(made.fair_on.weekday(), lang),
        day=made.fair_on.day,
        month=month(made.fair_on.month, lang),
    )
    closing = say(
        "radio.closing",
        "Ce sont des prix relevés par des membres de coopératives. Ils aident à discuter,"
        " ils n'obligent personne.",
    )
    return "\n".join([opening, *(_sentence(each, say, lang) for each in made.prices), closing])


def _sentence(price: Price, say: Say, lang: str) -> str:
    quote = _quote(price)
    said = [_spoken(price, quote, say, price.product.name(lang), _words(quote.value, lang))]
    match price.trend:
        case "up":
            said.append(say("radio.up", "Le prix monte."))
        case "down":
            said.append(say("radio.down", "Le prix baisse."))
        case "stable":
            said.append(say("radio.stable", "Le prix est stable."))
    if price.freshness is not Freshness.FRESH:
        said.append(say("radio.old", "C'est le prix d'une foire plus ancienne."))
    return " ".join(said)


def _spoken(price: Price, quote: Quote, say: Say, product: str, words: str) -> str:
    said = {"product": product, "price": words}
    if _unweighed(price, quote):
        return say("radio.vessel", "{product} : {price} francs, mesure non pesée.", **said)
    match price.product.quantity:
        case Quantity.HEAD:
            return say("radio.head", "{product} : {price} francs la tête.", **said)
        case Quantity.PIECE:
            return say("radio.piece", "{product} : {price} francs la pièce.", **said)
        case Quantity.KG:
            return say("radio.kilo", "{product} : {price} francs le kilo.", **said)


def _words(amount: int, lang: str) -> str:
    return words_bm(amount) if lang == "bm" else words_fr(amount)


def _amount(price: Price, quote: Quote, say: Say, lang: str) -> str:
    """`225 F/kg`; in Bambara counted both ways."""
    said = _francs(price, quote, say)
    count = dorome(to_coin(quote.value)) if lang in COUNTING_IN_DOROME else None
    return said if count is None else f"{said} (dɔrɔmɛ {francs(count)})"


def _francs(price: Price, quote: Quote, say: Say) -> str:
    whole = francs(quote.value)
    if _unweighed(price, quote):
        return say("bulletin.vessel", "{price} F par {unit}", price=whole, unit=quote.unit.lower())
    match price.product.quantity:
        case Quantity.HEAD:
            return say("ussd.per_head", "{price} F la tête", price=whole)
        case Quantity.PIECE:
            return say("ussd.per_piece", "{price} F la pièce", price=whole)
        case Quantity.KG:
            return say("ussd.per_kg", "{price} F/kg", price=whole)


def _trend(price: Price, say: Say) -> str:
    match price.trend:
        case "up":
            return say("bulletin.up", "hausse")
        case "down":
            return say("bulletin.down", "baisse")
        case "stable":
            return say("bulletin.stable", "stable")
        case _:
            return ""


def _unweighed(price: Price, quote: Quote) -> bool:
    return quote.unit != price.product.quantity.value


def _quote(price: Price) -> Quote:
    if price.quote is None:
        raise ValueError("a price that is shown has a quote")
    return price.quote
