"""`sugu seed demo`: a fictional world that says so, the same at every start but for its dates.

Past reports replay the monthly shape of the real Kita survey prices; fair days, transport costs,
weights and holding costs are invented (`seed/demo.toml`) and every row is marked `demo`.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.people import store
from service.people.seed import add_missing, facts, seed_kita
from service.people.tables import Cooperative, Reporter, Seeded, Subscriber, Village
from service.phone import Phone, Vault
from service.prices.catalog import Alias, Catalog, Market, Stage
from service.prices.quote import to_tick
from service.prices.reference import WEEK, read_catalog
from service.prices.report import Status
from service.prices.store import Window, bump, publish
from service.prices.tables import (
    MarketRow,
    ProductRow,
    ReferencePrice,
    ReportRow,
    RouteRow,
    ShellingRow,
    WeighingRow,
)

WEEKS = 12
"""Weeks of past reports."""
NOISE = 0.03
"""Spread (log) between the demo's reporters."""
SEED = 20261125
"""Of the pseudo-random noise: every demo world has the same."""
FARMERS = 20
SILENT = 5
"""Farmers who have never dialled, and have no language yet."""
TOWNS = {"KAYES": ("+22370000001", "+22370000002", "+22370000003"),
         "BAMAKO": ("+22370000004", "+22370000005", "+22370000006"),
         "FOUNIA": ("+22370000007",)}  # fmt: skip
"""Who also visits another market; TOUKOTO and BENDOUGOUBA stay silent, as some fairs do."""
TOWN_PRODUCTS = ("ARA", "ARD", "MAI", "NIE")
FARM_GATE = 0.85
"""What is offered at the farm gate, as a share of the price at the fair."""
APART = timedelta(minutes=15)
"""Between one reporter's message and the next's: two at once would look like one hand."""
WORLD = ("world", "demo")
"""What is marked as planted once the whole world stands: it is never planted again."""
TOWN_DAY = 5
"""The daily town markets are visited on Saturdays."""


class RealPeople(RuntimeError):
    """The database already serves real people: the demo must not be mixed in."""


@dataclass(frozen=True, slots=True)
class Level:
    """The price a product is drawn around, by month, in F per quoted quantity at Kita."""

    by_month: Mapping[int, float]

    def at(self, day: date) -> float:
        return self.by_month[day.month]


@dataclass(frozen=True, slots=True)
class Visit:
    """Who reports what at a market; `level` is the share of its producer price."""

    market: Market
    people: Sequence[Reporter]
    products: Sequence[str]
    stage: Stage = Stage.PRODUCER
    level: float = 1.0


def seed_demo(session: Session, vault: Vault, aliases: list[Alias], now: datetime) -> int:
    """Load the demo world; returns how many reports it holds. Safe to repeat: what visitors of a
    demo world changed, and the numbers they dialled from, stay as they are."""
    started = session.get(Seeded, WORLD)
    if started is None and _has_real_people(session):
        raise RealPeople("this database holds real reporters or subscribers: use another file")
    seed_kita(session, aliases)
    if started is None:
        demo = facts("demo.toml")
        _places(session, demo, now.date())
        _people(session, vault, demo, now)
        session.add(Seeded(kind=WORLD[0], key=WORLD[1]))
        session.flush()
        _past(session, demo, now)
    bump(session, catalog=True)
    return _reports(session)


def _has_real_people(session: Session) -> bool:
    real = (select(each.id).where(col(each.demo).is_(False)) for each in (Reporter, Subscriber))
    return any(session.exec(each.limit(1)).first() is not None for each in real)


def _reports(session: Session) -> int:
    return session.exec(select(func.count()).select_from(ReportRow)).one()


def _places(session: Session, demo: Mapping[str, Any], today: date) -> None:
    """What is invented about places, products and measures."""
    for code, days in demo["fair_days"].items():
        market = session.get_one(MarketRow, code)
        market.fair_days, market.daily, market.demo = days, not days, True
    for market in session.exec(select(MarketRow).where(col(MarketRow.demo).is_(False))):
        market.active = False  # real fairs have no place in a fictional world
    for code, (low, high) in demo["bands"].items():
        product = session.get_one(ProductRow, code)
        product.band_low, product.band_high = low, high
    for code, (loss, money, store_cost) in demo["holding"].items():
        product = session.get_one(ProductRow, code)
        product.loss_per_month, product.money_per_month = loss, money
        product.store_per_month, product.demo = store_cost, True
    add_missing(session, (Cooperative(**each, demo=True) for each in demo["cooperative"]))
    _villages(session, demo)
    if session.exec(select(RouteRow.id).limit(1)).first() is None:
        session.add_all(_routes(demo, today))
        session.add_all(_weighings(demo, today))
        session.add_all(_yields(demo, today))


def _villages(session: Session, demo: Mapping[str, Any]) -> None:
    for each in demo["village"]:
        if session.get(Village, each["code"]) is None:
            number = store.next_village_key(session)
            session.add(Village(**each, cercle="Kita", region="Kita", ussd_key=number, demo=True))
            session.flush()


def _routes(demo: Mapping[str, Any], today: date) -> Iterator[RouteRow]:
    for each in demo["route"]:
        for market, (per_kg, per_trip) in each["costs"].items():
            yield RouteRow(
                village=each["village"],
                market=market,
                mode="moto",
                per_kg=per_kg,
                per_trip=per_trip,
                as_of=today - timedelta(days=20),
                source="démo",
                demo=True,
            )


def _weighings(demo: Mapping[str, Any], today: date) -> Iterator[WeighingRow]:
    for each in demo["weighing"]:
        for ago, kilos in enumerate(each["kilos"]):
            yield WeighingRow(
                unit=each["unit"],
                product=each["product"],
                kilos=kilos,
                weighed_on=today - timedelta(days=14 + ago),
                actor="démo",
                source="démo",
                demo=True,
            )


def _yields(demo: Mapping[str, Any], today: date) -> Iterator[ShellingRow]:
    for each in demo["shelling"]:
        yield ShellingRow(**each, measured_on=today - timedelta(days=14), source="démo")


def _people(session: Session, vault: Vault, demo: Mapping[str, Any], now: datetime) -> None:
    for each in demo["reporter"]:
        extra = [market for market, phones in TOWNS.items() if each["phone"] in phones]
        store.enrol_reporter(
            session,
            vault,
            Phone(each["phone"]),
            now,
            name=each["name"],
            market=each["market"],
            sex=each["sex"],
            cooperative="demo",
            language="fr",
            habits={"markets": extra},
            demo=True,
        )
    villages = demo["village"]
    for number in range(1, FARMERS + 1):
        _farmer(session, vault, number, villages[(number - 1) % len(villages)], now)


def _farmer(
    session: Session, vault: Vault, number: int, village: Mapping[str, Any], now: datetime
) -> None:
    """Half are women; the last five have never dialled. The first of each village knows its
    market; the very first looks at groundnut in Kita."""
    phone = Phone(f"+223760000{number:02d}")
    known = number <= FARMERS - SILENT
    if store.find(session, vault, phone):
        return
    farmer = store.enrol_subscriber(
        session,
        vault,
        phone,
        now,
        language=("fr" if number % 3 else "bm") if known else None,
        village=village["code"],
        sex="f" if number % 2 else "m",
        product="ARA" if known else None,
        market=village["market"] if known else None,
        role="relay" if number == 4 else "farmer",
        demo=True,
    )
    if known:
        store.agree(session, farmer.contact_id, now, how="demo", ref="démo", actor="seed")


def _past(session: Session, demo: Mapping[str, Any], now: datetime) -> None:
    """Twelve weeks of reports, and the quotes they make."""
    catalog = read_catalog(session)
    chance = random.Random(SEED)  # noqa: S311 (noise of a demo, not a secret)
    levels = {code: _level(session, rule) for code, rule in demo["level"].items()}
    windows: set[Window] = set()
    for visit in _visits(session, catalog, demo):
        market = visit.market
        for day in _fairs(market, now.date()):
            for code in visit.products:
                usual = levels[code].at(day) * demo["market_level"][market.code] * visit.level
                for person in visit.people:
                    report = _report(catalog, person, code, visit, day, usual, chance)
                    session.add(report)
                    windows.add(Window(code, market.code, visit.stage, report.basis, day))
    session.flush()
    publish(session, catalog, windows, now)


def _visits(session: Session, catalog: Catalog, demo: Mapping[str, Any]) -> Iterator[Visit]:
    """Each market with its reporters and what they report; the farm gate of two communes last."""
    everyone = session.exec(
        select(Reporter).where(col(Reporter.demo)).order_by(col(Reporter.id))
    ).all()
    numbers = {
        each["phone"]: person for each, person in zip(demo["reporter"], everyone, strict=True)
    }
    for code in ("KITA", "SEBEKORO", "DJIDIAN"):
        mine = [each for each in everyone if each.market == code]
        yield Visit(catalog.markets[code], mine, list(demo["level"]))
    for code, phones in TOWNS.items():
        people = [numbers[phone] for phone in phones]
        yield Visit(catalog.markets[code], people, list(TOWN_PRODUCTS))
    for code in ("KITA", "SEBEKORO"):
        mine = [each for each in everyone if each.market == code]
        yield Visit(catalog.markets[code], mine, list(TOWN_PRODUCTS), Stage.FARMGATE, FARM_GATE)


def _fairs(market: Market, today: date) -> Iterator[date]:
    """Fair days of the last weeks, oldest first; today is left to whoever tries the demo."""
    days = market.fair_days or frozenset({TOWN_DAY})
    for ago in range(WEEKS * len(WEEK), 0, -1):
        day = today - timedelta(days=ago)
        if day.weekday() in days:
            yield day


def _report(
    catalog: Catalog,
    person: Reporter,
    code: str,
    visit: Visit,
    day: date,
    usual: float,
    chance: random.Random,
) -> ReportRow:
    product = catalog.products[code]
    unit = "HEAD" if product.quantity == "head" else "KG"
    amount = to_tick(usual * (1 + chance.gauss(0, NOISE)), product.tick)
    return ReportRow(
        received_at=datetime.combine(day, time(9), UTC) + store.key(person.id) * APART,
        observed_on=day,
        product=code,
        market=visit.market.code,
        stage=visit.stage.value,
        unit=unit,
        amount=amount,
        said=amount,
        money="franc",
        value=float(amount),
        basis=product.quantity.value,
        basis_value=float(amount),
        status=Status.ACCEPTED.value,
        reason="demo",
        reporter_id=store.key(person.id),
        channel="demo",
        text=f"{visit.market.code} {code} {amount}",
        parse_version="demo",
        demo=True,
    )


def _level(session: Session, rule: Mapping[str, Any]) -> Level:
    """The shape of the last survey years, scaled so that it ends near a given price."""
    if "flat" in rule:
        return Level(dict.fromkeys(range(1, 13), float(rule["flat"])))
    rows = session.exec(
        select(ReferencePrice)
        .where(ReferencePrice.product == rule["like"])
        .order_by(col(ReferencePrice.month))
    ).all()
    known = {row.month.month: row.price for row in rows}
    mean = sum(known.values()) / len(known)
    return Level({month: rule["now"] * known.get(month, mean) / mean for month in range(1, 13)})
