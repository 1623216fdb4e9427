"""The texts of a run: rendered once for a language and, when the words need it, a place.

An edition may be frozen when it is approved, or made when it is sent; either way it knows when
its prices were read, because a price has an age.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy
from sqlmodel import Session, col

from service.i18n import LANGS
from service.people.tables import Subscriber
from service.prices.book import Book
from service.sms.broadcasts import audience, filling, schedule, template
from service.sms.broadcasts.filling import Carried, Place, Scene
from service.sms.broadcasts.schedule import Fairs, Rule
from service.sms.broadcasts.template import Template
from service.sms.outbox.limits import Limits
from service.sms.refused import Refused
from service.sms.tables import Broadcast

FRESH_FOR = timedelta(hours=3)
"""After its due time a run has this long to be sent."""
PRICE_FOR = timedelta(hours=24)
"""A price leaves at most this long after it was read from the book."""


@dataclass(frozen=True, slots=True)
class Press:
    """What broadcasts are printed with. `rate` is messages per second, for the forecast."""

    limits: Limits
    book: Callable[[Session], Book]
    code: str = ""
    rate: float = 5.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """One text of a run: for a language and, when the words depend on it, a place."""

    language: str
    place: str
    text: str
    prices: tuple[Carried, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        return any(price.fresh for price in self.prices)

    @property
    def stale(self) -> bool:
        """It tells prices and none is fresh. Words without a price do not age."""
        return bool(self.prices) and not self.fresh


@dataclass(frozen=True, slots=True)
class Edition:
    """Every text of a run, and when its prices were read."""

    sheets: tuple[Sheet, ...]
    scope: str
    priced: bool
    as_of: datetime

    def sendable(self, *, needs_fresh: bool) -> list[Sheet]:
        """Texts worth sending: no price in them is missing, and of those told one is fresh."""
        whole = [sheet for sheet in self.sheets if not sheet.missing]
        return [sheet for sheet in whole if not (needs_fresh and sheet.stale)]


def fairs_of(book: Book) -> Fairs:
    def fairs(code: str) -> tuple[frozenset[int], frozenset[date]]:
        market = book.catalog.markets.get(code)
        return (market.fair_days, market.cancelled_on) if market else (frozenset(), frozenset())

    return fairs


def rule_of(broadcast: Broadcast, limits: Limits) -> Rule:
    rule = schedule.read(broadcast.rule, limits.zone)
    if not isinstance(rule, Refused):
        return rule
    raise ValueError(f"broadcast {broadcast.id} keeps a rule nobody can read")


def language_of() -> sqlalchemy.Case[str]:
    """The language a subscriber is written to in: theirs when we have it, else French."""
    spoken = col(Subscriber.language)
    return sqlalchemy.case((spoken.in_(LANGS), spoken), else_=LANGS[0])


def audience_of(broadcast: Broadcast) -> audience.Audience:
    chosen = audience.read(broadcast.audience)
    if not isinstance(chosen, Refused):
        return chosen
    raise ValueError(f"broadcast {broadcast.id} keeps an audience nobody can read")


def next_due(
    session: Session, broadcast: Broadcast, after: datetime, press: Press
) -> datetime | None:
    rule = rule_of(broadcast, press.limits)
    fairs = fairs_of(press.book(session))
    return schedule.next_fire(rule, after, press.limits.zone, fairs)


def edition(
    session: Session,
    body: Mapping[str, str],
    chosen: audience.Audience,
    rule: Rule,
    now: datetime,
    press: Press,
) -> Edition:
    """Render a broadcast once per language and place. A missing language reads the French."""
    book = press.book(session)
    limits = press.limits
    scene = Scene(book, limits.today(now), press.code, chosen.products, limits.drafts)
    templates = {lang: _template(body.get(lang) or body["fr"], book) for lang in LANGS}
    scope = _widest(templates.values())
    places = _places(session, chosen, scope)
    fallback = _fallback(rule, book, places)
    sheets = [
        _sheet(templates[lang], scene, lang, place, _place(book, scope, place, fallback))
        for lang in LANGS
        for place in places
    ]
    priced = any(each.priced for each in templates.values())
    return Edition(tuple(sheets), scope, priced, now)


def freeze(made: Edition) -> dict[str, Any]:
    """An edition as it is kept from approval to sending."""
    return {
        "as_of": made.as_of.isoformat(),
        "scope": made.scope,
        "priced": made.priced,
        "sheets": [
            {
                "language": sheet.language,
                "place": sheet.place,
                "text": sheet.text,
                "missing": list(sheet.missing),
                "prices": [_plain(price) for price in sheet.prices],
            }
            for sheet in made.sheets
        ],
    }


def thaw(kept: Mapping[str, Any]) -> Edition:
    sheets = [
        Sheet(
            each["language"],
            each["place"],
            each["text"],
            tuple(_carried(price) for price in each["prices"]),
            tuple(each["missing"]),
        )
        for each in kept["sheets"]
    ]
    as_of = datetime.fromisoformat(kept["as_of"])
    return Edition(tuple(sheets), kept["scope"], kept["priced"], as_of)


def edition_of(session: Session, broadcast: Broadcast, now: datetime, press: Press) -> Edition:
    if broadcast.frozen is not None:
        return thaw(broadcast.frozen)
    rule = rule_of(broadcast, press.limits)
    return edition(session, broadcast.body, audience_of(broadcast), rule, now, press)


def _template(body: str, book: Book) -> Template:
    read = template.read(body, book.catalog)
    if isinstance(read, Refused):
        # A product or market was removed after the text was saved: say nothing instead of "-".
        return Template((template.PriceOf("?", "?"),))
    return read


def _sheet(words: Template, scene: Scene, lang: str, place: str, where: Place) -> Sheet:
    made = filling.render(words, scene, lang, where)
    return Sheet(lang, place, made.text, made.prices, made.missing)


def _widest(templates: Iterable[Template]) -> str:
    scopes = {each.scope for each in templates}
    return next((scope for scope in ("village", "market") if scope in scopes), "")


def _places(session: Session, chosen: audience.Audience, scope: str) -> list[str]:
    if not scope:
        return [""]
    found = audience.people(chosen).subquery()
    return sorted(session.execute(sqlalchemy.select(found.c[scope]).distinct()).scalars())


def _fallback(rule: Rule, book: Book, places: Sequence[str]) -> str:
    """The market read by people of whom no market is known: the fair's, else the first."""
    if isinstance(rule, schedule.OnFair):
        return rule.market
    known = [place for place in places if place in book.catalog.markets]
    return known[0] if len(known) == 1 else next((each.code for each in book.fairs()), "")


def _place(book: Book, scope: str, place: str, fallback: str) -> Place:
    if scope != "village":
        return Place(market=place or fallback)
    card = book.villages.get(place)
    return Place(market=(card.market if card else None) or fallback, village=place)


def _plain(price: Carried) -> list[Any]:
    on = price.fair_on.isoformat()
    return [price.product, price.market, price.unit, on, price.value, price.fresh]


def _carried(kept: Sequence[Any]) -> Carried:
    product, market, unit, on, value, fresh = kept
    return Carried(product, market, unit, date.fromisoformat(on), value, fresh)
