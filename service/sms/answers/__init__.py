"""What anyone may ask by SMS, answered in one segment; STOP works at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from service import encoding
from service.i18n import LANGS, Say, ago, day, short_date
from service.money import francs, priced
from service.people import store as people
from service.people.store import Caller
from service.prices.book import Book, Price
from service.prices.freshness import Freshness
from service.prices.quote import Quote
from service.sms import outbox
from service.sms.answers import listing
from service.sms.answers.selling import where_text
from service.sms.broadcasts.template import ESTIMATE
from service.sms.reading import Command, CommandKind, Doubt

USUAL_KILOS = 100
"""Quantity a "where" is reckoned for when the farmer never said one: one cereal sack."""
SHOWN = 3
"""Markets named in one answer."""
HOW = "sms"
WORDING = "sms-1"
"""Which words were agreed to: `sms.welcome` as it stands."""
SEGMENT = 160


@dataclass(frozen=True, slots=True)
class Ask:
    """A question by SMS with what answering it takes."""

    session: Session
    book: Book
    caller: Caller
    say: Say
    lang: str
    now: datetime
    today: date
    code: str

    @property
    def market(self) -> str | None:
        """The caller's usual market: asked for before, their village's, or a reporter's own."""
        mine = self.caller.subscriber
        if mine and mine.market:
            return mine.market
        card = self.book.villages.get(mine.village or "") if mine else None
        if card and card.market:
            return card.market
        return self.caller.reporter.market if self.caller.reporter else None


def answer(ask: Ask, command: Command) -> str:
    """The reply to one command; its effects are done in the session."""
    if command.doubts:
        return _unsure(ask, command.doubts[0])
    match command.kind:
        case CommandKind.PRICE:
            return price(ask, command.product, command.market)
        case CommandKind.WHERE:
            return where(ask, command.product)
        case CommandKind.ALERT:
            return alert(ask, command)
        case CommandKind.LANGUAGE:
            return language(ask, command.lang or LANGS[0])
        case CommandKind.STOP:
            return stop(ask)
        case CommandKind.START | CommandKind.YES:
            return start(ask)
        case CommandKind.NO | CommandKind.CANCEL | CommandKind.HELP:
            return usage(ask)


def price(ask: Ask, product: str | None, market: str | None) -> str:
    """One price; a product's prices at the markets that have one; a market's prices; or, with
    neither named, the price of home."""
    if product is None and market:
        return _fit(listing.of_market(ask.book, market, ask.today, ask.say, ask.lang))
    if product is None:
        return home(ask) or usage(ask)
    if market or (at := ask.market):
        found = ask.book.price(product, market or str(at), ask.today)
        if found.shown:
            _remember(ask, product, market)
        return _fit(price_text(found, ask))
    return _everywhere(ask, product)


def home(ask: Ask) -> str | None:
    """What the caller is answered with no word said: their remembered price, else the first
    product with a price at their market; None for who has neither."""
    market, mine = ask.market, ask.caller.subscriber
    if market not in ask.book.catalog.markets:
        return None
    if mine and mine.product in ask.book.catalog.products:
        return _fit(price_text(ask.book.price(str(mine.product), str(market), ask.today), ask))
    sold = (ask.book.price(each.code, str(market), ask.today) for each in ask.book.sold())
    first = next((each for each in sold if each.shown), None)
    return _fit(price_text(first, ask)) if first else None


def _remember(ask: Ask, product: str, market: str | None) -> None:
    """The price asked for is the one shown on the next first screen: only one that was there."""
    people.remember_product(ask.session, ask.caller.contact_id, product, market, ask.now)


def _everywhere(ask: Ask, product: str) -> str:
    """A product's prices at the markets that have one, as many as one SMS holds."""
    found = ask.book.prices(product, ask.today)[:SHOWN]
    if not found:
        return _fit(_none(ask, product))
    _remember(ask, product, None)
    texts = listing.by_market(product, found, ask.book.catalog, ask.lang)
    return next(filter(listing.fits, texts), "") or _fit(price_text(found[0], ask))


def price_text(found: Price, ask: Ask) -> str:
    """`Arachide coque, Kita: 225 F/kg (210-240), ven 20/11, 3 relevés. STABLE`."""
    heading = f"{found.product.name(ask.lang)}, {found.market.name}"
    if not found.shown or found.quote is None:
        return f"{heading}: {_no_price(found, ask)}"
    quote, say = found.quote, ask.say
    spread = f" ({francs(quote.low)}-{francs(quote.high)})" if quote.low < quote.high else ""
    told = f"{heading}: {_amount(found, ask)}{spread}, {day(quote.fair_on, ask.lang)}"
    told = ", ".join((told, *_behind(quote, say)))
    if found.freshness is not Freshness.FRESH:
        told += ". " + say("sms.aged", "Ancien : {age}", age=ago(found.age_days, say))
    told = f"{told}. {_trend(found.trend, say)}" if found.trend else told
    weighed = (
        f"{told}. {sack}"
        if (sack := listing.sack(found, ask.book, ask.today, say, ask.lang))
        else told
    )
    return weighed if _one_sms(weighed) else told


def _behind(quote: Quote, say: Say) -> Iterator[str]:
    """What stands behind a price: how many said it, and the word for one nobody vouches for."""
    yield reports(quote.reporters, say)
    if quote.grade == ESTIMATE:
        yield say("sms.estimated", "estimé")


def reports(count: int, say: Say) -> str:
    """`1 relevé`, `3 relevés`."""
    if count == 1:
        return say("sms.one_report", "{n} relevé", n=1)
    return say("sms.reports", "{n} relevés", n=count)


def where(ask: Ask, product: str | None) -> str:
    """The floor price and where the trip pays, for the caller's village."""
    mine = ask.caller.subscriber
    product = product or (mine.product if mine else None)
    if product not in ask.book.catalog.products or product is None:
        return usage(ask)
    if mine is None or mine.village not in ask.book.villages:
        return _no_village(ask, product)
    kilos = mine.kilos or USUAL_KILOS
    found = ask.book.where(product, str(mine.village), kilos, ask.today)
    if found is None or not found.options:
        return _fit(_none(ask, product))
    return where_text(found, ask.book.catalog, ask.say, ask.lang)


def _no_village(ask: Ask, product: str) -> str:
    """Without a village no road is known: the prices as they are, and how to give it."""
    how = ask.say("sms.village_first", "Composez {code} pour donner votre village.", code=ask.code)
    found = ask.book.prices(product, ask.today)[:SHOWN]
    listings = listing.by_market(product, found, ask.book.catalog, ask.lang)
    return next((text for each in listings if listing.fits(text := f"{each}. {how}")), _fit(how))


def alert(ask: Ask, command: Command) -> str:
    """ALERTE ARACHIDE 250: told once the price is there; without a number, each fair."""
    market = command.market or ask.market
    if command.product is None or market is None:
        return _fit(ask.say("sms.alert_how", "Écrivez par exemple : ALERTE ARACHIDE KITA 250"))
    contact = ask.caller.contact_id
    people.agree(ask.session, contact, ask.now, how=HOW, wording=WORDING)
    people.set_alert(
        ask.session, contact, command.product, market, ask.now,
        at_least=command.amount,
        expires_on=season_end(ask.today) if command.amount else None,
    )  # fmt: skip
    name = ask.book.catalog.products[command.product].name(ask.lang)
    place = ask.book.catalog.markets[market].name
    if command.amount:
        return _fit(
            ask.say(
                "sms.alert_set",
                "Inscrit : {name}, {market}, dès {price}, jusqu'au {day}. Arrêter : STOP",
                name=name,
                market=place,
                price=priced(command.amount, ask.lang),
                day=short_date(season_end(ask.today)),
            )
        )
    return _fit(
        ask.say(
            "sms.alert_fair",
            "Inscrit : {name}, {market}, chaque foire. Arrêter : STOP",
            name=name,
            market=place,
        )
    )


def language(ask: Ask, chosen: str) -> str:
    people.set_language(ask.session, ask.caller.contact_id, chosen, ask.now)
    return _fit("Sugu : Français" if chosen == "fr" else "Sugu: Bamanankan")


def stop(ask: Ask) -> str:
    """Effective at once, on rows already queued too; this goodbye is the last message."""
    people.stop(ask.session, ask.caller.contact_id, ask.now, how=HOW)
    outbox.suppress(ask.session, ask.caller.contact_id, ask.now)
    return _fit(
        ask.say(
            "sms.stopped",
            "C'est arrêté. Vous ne recevrez plus nos SMS. Reprendre : envoyez OUI.",
        )
    )


def start(ask: Ask) -> str:
    people.agree(ask.session, ask.caller.contact_id, ask.now, how=HOW, wording=WORDING)
    return _fit(
        ask.say(
            "sms.welcome",
            "Bienvenue. Vous recevrez les prix par SMS, gratuit. Arrêter : envoyez STOP.",
        )
    )


def usage(ask: Ask) -> str:
    return _fit(
        ask.say(
            "sms.help",
            "Sugu : composez {code}. Ou SMS : PRIX ARACHIDE KITA. STOP pour arrêter.",
            code=ask.code,
        )
    )


def season_end(today: date) -> date:
    """A price hoped for expires with the season: the end of September, before the harvest."""
    end = date(today.year, 9, 30)
    return end if today <= end else date(today.year + 1, 9, 30)


def _unsure(ask: Ask, doubt: Doubt) -> str:
    """A word that may mean several things: name them, in the words to send back."""
    catalog = ask.book.catalog
    names = [(catalog.products.get(each) or catalog.markets.get(each)) for each in doubt.candidates]
    known = [_name(each, ask.lang) for each in names if each is not None]
    if not known:
        return usage(ask)
    return _fit(
        ask.say("sms.which", "{word} : {names} ?", word=doubt.word, names=" / ".join(known))
    )


def _name(thing: object, lang: str) -> str:
    named = getattr(thing, "name", "")
    return named(lang) if callable(named) else str(named)


def _none(ask: Ask, product: str) -> str:
    name = ask.book.catalog.products[product].name(ask.lang)
    return ask.say("sms.none", "{name} : pas de prix récent.", name=name)


def _no_price(found: Price, ask: Ask) -> str:
    """An expired price is never shown; an estimate is labelled; else the nearest fresh market."""
    say = ask.say
    since = short_date(found.quote.fair_on) if found.quote else ""
    told = (
        say("sms.none_since", "pas de prix depuis le {day}", day=since)
        if found.quote
        else say("sms.no_price", "pas de prix")
    )
    if found.estimate:
        per = listing.unit(found.product.quantity.value, ask.book.catalog, ask.lang)
        value = priced(found.estimate.value, ask.lang, f"/{per}")
        return told + ". " + say("sms.estimate", "Estimé : {value}", value=value)
    mine = ask.caller.subscriber
    near = ask.book.nearest(
        found.product.code, found.market.code, mine.village if mine else None, ask.today
    )
    if near is None or near.quote is None:
        return told
    return f"{told}. {near.market.name} {_amount(near, ask)}, {day(near.quote.fair_on, ask.lang)}"


def _amount(found: Price, ask: Ask) -> str:
    return listing.amount(found, ask.book.catalog, ask.lang)


def _trend(word: str | None, say: Say) -> str:
    match word:
        case "up":
            return say("sms.up", "MONTE")
        case "down":
            return say("sms.down", "BAISSE")
        case _:
            return say("sms.stable", "STABLE")


def _fit(text: str) -> str:
    return encoding.fit(text, SEGMENT)


def _one_sms(text: str) -> bool:
    return encoding.septets(encoding.to_gsm(text)) <= SEGMENT
