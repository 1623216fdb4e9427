"""What anyone may ask by SMS, answered in one segment; STOP works at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from service import encoding
from service.i18n import LANGS, Say, ago, day, short_date
from service.money import dorome, francs
from service.people import store as people
from service.people.store import Caller
from service.prices.advice import Where
from service.prices.book import Book, Price
from service.prices.catalog import Quantity
from service.prices.freshness import Freshness
from service.prices.quote import Quote
from service.sms import outbox
from service.sms.reading import Command, CommandKind, Doubt
from service.sms.template import ESTIMATE

USUAL_KILOS = 100
"""Quantity a "where" is reckoned for when the farmer never said one: one cereal sack."""
SHOWN = 3
"""Markets named in one answer."""
HOW = "sms"
WORDING = "sms-1"
"""Which words were agreed to: `sms.welcome` as it stands."""
SEGMENT = 160
TENTHS_BELOW = 10
"""Kilos of a vessel below which a tenth matters."""


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
    """One price, or a product's prices at the markets that have one."""
    if product is None:
        return usage(ask)
    people.remember_product(ask.session, ask.caller.contact_id, product, market, ask.now)
    if market or (market := ask.market):
        return _fit(price_text(ask.book.price(product, market, ask.today), ask))
    found = ask.book.prices(product, ask.today)
    if not found:
        return _fit(_none(ask, product))
    name = ask.book.catalog.products[product].name(ask.lang)
    told = "; ".join(f"{each.market.name} {_amount(each, ask)}" for each in found[:SHOWN])
    when = day(max(each.quote.fair_on for each in found[:SHOWN] if each.quote), ask.lang)
    return _fit(f"{name}: {told} ({when})")


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
        told += f". {say('sms.aged', 'Ancien : {age}', age=ago(found.age_days, say))}"
    told = f"{told}. {_trend(found.trend, say)}" if found.trend else told
    weighed = f"{told}. {sack}" if (sack := _sack(found, quote, ask)) else told
    return weighed if _one_sms(weighed) else told


def _sack(found: Price, quote: Quote, ask: Ask) -> str:
    """The sack as it was weighed here, and its price: `1 sac = 41 kg = 9 250 F`."""
    sack = ask.book.sack(quote.product, quote.market, ask.today)
    if sack is None or quote.unit != Quantity.KG:
        return ""
    return ask.say(
        "sms.sack",
        "1 {unit} = {kilos} kg = {price}",
        unit=sack.unit.name(ask.lang),
        kilos=round(sack.weight.kilos, 1 if sack.weight.kilos < TENTHS_BELOW else None),
        price=_money(sack.price(found.product, quote.value), ask),
    )


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
    say, mine = ask.say, ask.caller.subscriber
    if product is None:
        return usage(ask)
    if mine is None or mine.village is None:
        return _fit(
            say("sms.village_first", "Composez {code} pour donner votre village.", code=ask.code)
        )
    kilos = mine.kilos or USUAL_KILOS
    found = ask.book.where(product, mine.village, kilos, ask.today)
    if found is None or not found.options:
        return _fit(_none(ask, product))
    return _fit(_where_text(ask, found))


def _where_text(ask: Ask, found: Where) -> str:
    say, catalog = ask.say, ask.book.catalog
    name = catalog.products[found.product].name(ask.lang)
    nets = [each for each in found.options if each.net is not None][:SHOWN]
    if not nets:
        told = "; ".join(
            f"{catalog.markets[each.market].name} {francs(each.price)}"
            for each in found.options[:SHOWN]
        )
        why = say("sms.no_cost", "transport inconnu, prix sans le trajet")
        return f"{name}: {told} F/kg ({why})"
    told = "; ".join(
        f"{catalog.markets[each.market].name} {francs(each.net or 0)}" for each in nets
    )
    text = say("sms.where", "{name}, transport déduit : {prices} F/kg", name=name, prices=told)
    if found.verdict == "go" and found.market:
        market = catalog.markets[found.market].name
        text += ". " + say("sms.go", "Le trajet à {market} paie", market=market)
    elif found.verdict == "stay":
        text += ". " + say("sms.stay", "Vendez près : l'écart ne paie pas le trajet")
    floor = say("sms.floor", "Pas sous {price} F", price=francs(found.floor or 0))
    return f"{text}. {floor}" if found.floor else text


def alert(ask: Ask, command: Command) -> str:
    """ALERTE ARACHIDE 250: told once the price is there; without a number, each fair."""
    market = command.market or ask.market
    if command.product is None or market is None:
        return _fit(ask.say("sms.alert_how", "Écrivez par exemple : ALERTE ARACHIDE KITA 250"))
    contact = ask.caller.contact_id
    people.agree(ask.session, contact, ask.now, how=HOW, wording=WORDING)
    people.set_alert(
        ask.session, contact, command.product, market, ask.now,
        at_least=command.amount, expires_on=season_end(ask.today),
    )  # fmt: skip
    name = ask.book.catalog.products[command.product].name(ask.lang)
    place = ask.book.catalog.markets[market].name
    if command.amount:
        return _fit(
            ask.say(
                "sms.alert_set",
                "Inscrit : {name}, {market}, dès {price} F. Arrêter : STOP",
                name=name,
                market=place,
                price=francs(command.amount),
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
    """Alerts expire with the season: the end of September, before the next harvest."""
    year = today.year if today.month < 9 else today.year + 1
    return date(year, 9, 30)


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
        value = francs(found.estimate.value)
        return f"{told}. {say('sms.estimate', 'Estimé : {value} F/kg', value=value)}"
    mine = ask.caller.subscriber
    near = ask.book.nearest(
        found.product.code, found.market.code, mine.village if mine else None, ask.today
    )
    if near is None or near.quote is None:
        return told
    return f"{told}. {near.market.name} {_amount(near, ask)}, {day(near.quote.fair_on, ask.lang)}"


def _amount(found: Price, ask: Ask) -> str:
    """`225 F/kg`, in Bambara with the dorome count beside it."""
    if found.quote is None:
        return ""
    quote = found.quote
    unit = ask.book.catalog.units.get(quote.unit.upper())
    per = unit.name(ask.lang) if unit and quote.unit != Quantity.KG else "kg"
    told = f"{francs(quote.value)} F/{per}"
    count = dorome(quote.value)
    return f"{told} (dɔrɔmɛ {francs(count)})" if ask.lang == "bm" and count else told


def _money(amount: int, ask: Ask) -> str:
    count = dorome(amount) if ask.lang == "bm" else None
    whole = f"{francs(amount)} F"
    return f"{whole} (dɔrɔmɛ {francs(count)})" if count else whole


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
