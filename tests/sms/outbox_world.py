"""People, a book with two prices and a broadcast: what the tests of sending start from."""

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from service.db import writing
from service.people.tables import Contact, Subscriber, Village
from service.phone import Phone, Vault
from service.prices.book import Book, VillageCard
from service.prices.catalog import Catalog, Family, Market, Product, Quantity, Stage
from service.prices.quote import Quote
from service.prices.tables import MarketRow
from service.sms import broadcasts
from service.sms.broadcasts.editions import Press
from service.sms.gateway import Outcome, Sent
from service.sms.outbox.circuits import Way
from service.sms.outbox.claim import Batch, claim
from service.sms.outbox.limits import Limits
from service.sms.outbox.settle import settle
from service.sms.tables import Broadcast, Delivery

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""A Friday, the fair day of KITA in this world."""
VAULT = Vault("0123456789abcdef0123456789abcdef")
LIMITS = Limits()
WAY = Way("pigeon", 20, 1000.0)
CHANCE = Random(7)


def phone(number: int) -> str:
    return f"+2237{number:07}"


def the_book(fair_on: date = date(2026, 11, 20)) -> Book:
    products = {
        "ARA": _product("ARA", "Arachide coque", "Tiga faraman", 1),
        "MIL": _product("MIL", "Mil", "Sanyo", 2),
    }
    markets = {
        "KITA": Market("KITA", "Kita", "Kita", 1, frozenset({4})),
        "KAYES": Market("KAYES", "Kayes", "Kayes", 2),
    }
    quotes = {
        ("ARA", "KITA"): [a_quote("ARA", "KITA", 225, fair_on)],
        ("MIL", "KITA"): [a_quote("MIL", "KITA", 150, fair_on)],
    }
    return Book(
        version=1,
        day=NOON.date(),
        catalog=Catalog(products, markets, {}),
        quotes=quotes,
        villages={
            "SIBI": VillageCard("SIBI", "Sibi", "Kita", "KITA", 1),
            "LOIN": VillageCard("LOIN", "Loin", "Kayes", "KAYES", 2),
        },
    )


def _product(code: str, fr: str, bm: str, key: int) -> Product:
    return Product(code, fr, "", Family.OILSEED, {"fr": fr, "bm": bm}, Quantity.KG, key)


def a_quote(product: str, market: str, value: int, on: date) -> Quote:
    return Quote(
        product=product,
        market=market,
        stage=Stage.PRODUCER,
        unit="kg",
        value=value,
        low=value - 10,
        high=value + 10,
        reporters=3,
        grade="A",
        fair_on=on,
        method="test",
        n_eff=3.0,
        se_ln=0.05,
        reports=(1, 2, 3),
    )


def press(limits: Limits = LIMITS, book: Book | None = None) -> Press:
    the = book or the_book()
    return Press(limits, lambda _: the, "*384*77#", 20.0)


def people(
    session: Session,
    count: int,
    *,
    village: str = "SIBI",
    first: int = 1,
    language: str | None = "fr",
) -> list[int]:
    """Subscribers who agreed; their contact ids."""
    for code, market in (("SIBI", "KITA"), ("LOIN", "KAYES")):
        if session.get(Village, code) is None:
            session.add(MarketRow(code=market, name=market.title(), ussd_key=len(market)))
            session.add(Village(code=code, name=code.title(), commune="Kita", market=market))
    session.flush()
    made = []
    for number in range(first, first + count):
        real = Phone(phone(number))
        contact = Contact(
            lookup=VAULT.lookup(real), sealed=VAULT.seal(real), prefix=real.prefix, created_at=NOON
        )
        session.add(contact)
        session.flush()
        session.add(
            Subscriber(
                contact_id=contact.id,
                language=language,
                village=village,
                sex="f" if number % 2 else "m",
                consented=True,
                created_at=NOON,
            )
        )
        made.append(contact.id)
    session.flush()
    return made


def a_broadcast(session: Session, now: datetime = NOON, **said: object) -> Broadcast:
    facts = {
        "name": "Foire de Kita",
        "body": {"fr": "Reunion samedi"},
        "whom": {"villages": ["*"]},
        "when": "now",
        "actor": "op",
        "press": press(),
    } | said
    made = broadcasts.create(session, now=now, **facts)
    assert isinstance(made, Broadcast), made
    return made


def a_run(session: Session, now: datetime = NOON, limits: Limits = LIMITS, **said: object) -> int:
    """A broadcast sent "now", without need of approval; its run."""
    the = press(replace(limits, approval_above=10**9))
    made = a_broadcast(session, now, press=the, **said)
    step = broadcasts.submit(session, made.id, "op", now, the, confirm=True)
    assert isinstance(step, broadcasts.Step), step
    assert step.run_id is not None
    return step.run_id


def take(
    session: Session,
    now: datetime = NOON,
    limits: Limits = LIMITS,
    ways: Sequence[Way] = (WAY,),
    owner: str = "w1",
):
    return claim(session, owner, ways, now, replace(limits, gateway=ways[0].name), VAULT)


def accept(batch: Batch) -> list[Sent]:
    return [Sent(str(row.id), Outcome.ACCEPTED, provider_id=f"p-{row.id}") for row in batch.rows]


def settled(
    session: Session,
    batch: Batch,
    answer,
    now: datetime = NOON,
    limits: Limits = LIMITS,
    owner: str = "w1",
):
    return settle(session, owner, batch, answer, now, limits, CHANCE)


def drain(
    engine: Engine, now: datetime = NOON, limits: Limits = LIMITS, owner: str = "w1", answer=accept
) -> list[Batch]:
    """Take and settle until nothing is left that may leave now; pace is not waited for."""
    batches = []
    while True:
        with writing(engine) as session:
            found = take(session, now, limits, [Way("pigeon", 20, 1e9)], owner)
        if not isinstance(found, Batch):
            if found.more:
                continue
            return batches
        batches.append(found)
        with writing(engine) as session:
            settled(session, found, answer(found), now, limits, owner)


def states(session: Session, run_id: int | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    query = select(Delivery.state)
    if run_id is not None:
        query = query.where(col(Delivery.run_id) == run_id)
    for state in session.exec(query):
        found[state] = found.get(state, 0) + 1
    return found


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@contextmanager
def looking(engine: Engine):
    with Session(engine, expire_on_commit=False) as session:
        yield session
