"""Sugu's own database for the bench: the table of `goods`, its callers and its reporters."""

import os
import sys
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

from sqlmodel import Session, func, select

from bench import goods
from service.db import make_engine, migrate, table_of, writing
from service.people.store import key
from service.people.tables import Consent, Contact, Cooperative, Reporter, Subscriber
from service.phone import Phone, Vault
from service.prices.catalog import Stage
from service.prices.quote import METHOD
from service.prices.store import bump
from service.prices.tables import MarketRow, ProductRow, QuoteRow, UnitRow

SECRET = "bench-0123456789abcdef-0123456789abcdef"
TOKEN = "bench-token-0123456789abcdef"


def reporter_phone(n: int) -> str:
    return f"+22370{n:06}"


def settings(url: str) -> dict[str, str]:
    """The environment a bench server runs in: nothing leaves the machine."""
    return {
        **os.environ,
        "SUGU_DATABASE_URL": url,
        "SUGU_SECRET_KEY": SECRET,
        "SUGU_GATEWAY": "loopback",
        "SUGU_LOOPBACK__HOOK_TOKEN": TOKEN,
        "SUGU_QUIET_HOURS": "",
        "SUGU_LOG_LEVEL": "warning",
        "SUGU_APPROVAL_ABOVE": "1000000",
        "SUGU_CAP_SEGMENTS_RUN": "1000000",
        "SUGU_CAP_SEGMENTS_DAY": "1000000",
        "SUGU_CAP_SEGMENTS_MONTH": "1000000",
        "SUGU_USSD_CODE": goods.CODE,
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }


def make(url: str, *, callers: bool = True, people: int = goods.CALLERS) -> None:
    """Fill an empty database. Of the `people` the first are the callers; the others only listen."""
    migrate(url)
    engine = make_engine(url)
    now = datetime.now(UTC)
    with writing(engine) as session:
        _places(session)
        session.flush()
        _quotes(session, now)
        vault = Vault(SECRET)
        _reporters(session, vault, now)
        if callers:
            _callers(session, vault, now)
            _listeners(session, vault, people - goods.CALLERS, now)
        bump(session, catalog=True)
    engine.dispose()


def _places(session: Session) -> None:
    for at, (code, french, bambara) in enumerate(goods.PRODUCTS):
        names = {"fr": french, "bm": bambara}
        row = ProductRow(
            code=code, chain=code.lower(), family="grain", names=names, ussd_key=at + 1
        )
        session.add(row)
    for at, (code, called) in enumerate(goods.MARKETS):
        session.add(MarketRow(code=code, name=called, daily=True, ussd_key=at + 1))
    session.add(UnitRow(code="KG", names={"fr": "kg", "bm": "kilo"}, measure="mass", kilos=1))
    session.add(Cooperative(code="bench", name="bench"))


def _quotes(session: Session, now: datetime) -> None:
    on = goods.fair_day(now.date())
    for p, (product, _, _) in enumerate(goods.PRODUCTS):
        for m, (market, _) in enumerate(goods.MARKETS):
            session.add(_quote(product, market, on, goods.value(p, m), now))


def _quote(product: str, market: str, on: date, worth: int, now: datetime) -> QuoteRow:
    low, high = goods.spread(worth)
    return QuoteRow(
        product=product,
        market=market,
        stage=Stage.PRODUCER.value,
        unit="kg",
        fair_on=on,
        value=worth,
        low=low,
        high=high,
        reporters=3,
        grade="A",
        n_eff=3.0,
        se_ln=0.03,
        method=METHOD,
        computed_at=now,
    )


def _contacts(session: Session, vault: Vault, phones: list[str], now: datetime) -> list[int]:
    rows = [
        Contact(lookup=vault.lookup(phone), sealed=vault.seal(phone), prefix="76", created_at=now)
        for phone in map(Phone, phones)
    ]
    session.add_all(rows)
    session.flush()
    return [key(row.id) for row in rows]


def _reporters(session: Session, vault: Vault, now: datetime) -> None:
    phones = [reporter_phone(n) for n in range(goods.REPORTERS)]
    for n, contact in enumerate(_contacts(session, vault, phones, now)):
        market = goods.MARKETS[n % len(goods.MARKETS)][0]
        session.add(
            Reporter(
                contact_id=contact, name=f"R{n}", cooperative="bench", market=market, created_at=now
            )
        )


def _callers(session: Session, vault: Vault, now: datetime) -> None:
    everyone = list(goods.callers())
    contacts = _contacts(session, vault, [each.phone for each in everyone], now)
    for contact, each in zip(contacts, everyone, strict=True):
        session.add(
            Subscriber(
                contact_id=contact,
                language=each.language,
                consented=True,
                product=goods.PRODUCTS[each.product][0],
                market=goods.MARKETS[each.market][0],
                created_at=now,
            )
        )
        session.add(Consent(contact_id=contact, given=True, how="paper", at=now))


def _listeners(session: Session, vault: Vault, many: int, now: datetime) -> None:
    """Subscribers who only receive, made by plain inserts: there may be a million."""
    first = session.exec(select(func.max(Contact.id))).one() or 0
    ids = range(first + 1, first + 1 + max(0, many))
    sealed = vault.seal(Phone("+22377000000"))
    contacts = (
        {"id": n, "lookup": b"listener-%d" % n, "sealed": sealed, "prefix": "77", "created_at": now}
        for n in ids
    )
    blank = Subscriber(contact_id=0, language="fr", consented=True, created_at=now)
    facts = blank.model_dump(exclude={"id", "contact_id"})
    subscribers = ({**facts, "contact_id": n} for n in ids)
    for table, rows in ((Contact, contacts), (Subscriber, subscribers)):
        while batch := list(islice(rows, 10_000)):
            session.execute(table_of(table).insert(), batch)


if __name__ == "__main__":
    make(sys.argv[1])
