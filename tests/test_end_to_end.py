"""The main job, whole: prices texted from a fair reach a dial and a broadcast, on both databases.

Thirteen years of survey prices of Kita are texted by three reporters a fair day, as forms of
Africa's Talking; every quote is compared with a computation made here, from the CSV alone.
"""

import csv
import statistics
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from service.db import reading, writing
from service.people import store
from service.phone import Phone
from service.prices.report import COUNTING
from service.prices.tables import QuestionRow, QuoteRow, ReportRow
from service.sms.tables import Delivery
from tests.gateways.standins import standing_in
from tests.town import TOKEN, Town, open_town, reporters

REPORTERS = ("+22370000001", "+22370000002", "+22370000003")
CODES = {"maize": "MAI", "rice": "RIZ", "sorghum": "SOR", "millet": "MIL", "cowpea": "NIE"} | {
    "beans": "NIE",
    "groundnut": "ARD",
}
COIN = 5
FARMERS = 1000
FARMER = "+22376000001"
OPENING = datetime(2006, 12, 1, 9, 0, tzinfo=UTC)
ADMIN = "admin"


def fairs() -> dict[date, dict[str, int]]:
    """The first Friday of each month with the prices of that month, to the nearest coin."""
    found: dict[date, dict[str, int]] = defaultdict(dict)
    text = (files("service.prices.seed") / "kita_prices.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        first = date.fromisoformat(f"{row['month']}-01")
        day = first + timedelta(days=(4 - first.weekday()) % 7)
        price = round(float(row["price_xof_per_kg"]) / COIN) * COIN
        found[day][CODES[row["value_chain"]]] = price
    return dict(sorted(found.items()))


def answer_truly(town: Town, phone: str) -> None:
    """The reporter confirms every question: each price was true."""
    with reading(town.engine) as session:
        contact = store.find(session, town.vault, Phone(phone))
        assert contact is not None
        who = store.caller(session, contact).reporter
        assert who is not None
    for _ in range(20):
        with reading(town.engine) as session:
            asked = session.exec(
                select(QuestionRow).where(
                    QuestionRow.reporter_id == who.id, QuestionRow.state == "open"
                )
            ).first()
        if asked is None:
            return
        said = next(n for n, each in enumerate(asked.options, 1) if each["kind"] == "said")
        town.clock.pass_(seconds=1)
        assert town.text(phone, str(said)) == 200
    raise AssertionError("the questions do not end")


def replay(town: Town) -> int:
    """Text thirteen years of fairs; how many prices were said."""
    said = 0
    for day, prices in fairs().items():
        town.clock.at = datetime.combine(day, time(10), UTC)
        for number, phone in enumerate(REPORTERS):
            words = " ".join(
                f"{code} {price + (number - 1) * COIN}" for code, price in prices.items()
            )
            assert town.text(phone, f"KITA {words}") == 200
            answer_truly(town, phone)
            town.clock.pass_(minutes=5)
            said += len(prices)
    return said


def expected(price: int) -> tuple[int, int, int, int]:
    """Value, low, high and reporters of three equal votes: their median, their extremes."""
    votes = [price - COIN, price, price + COIN]
    return int(statistics.median(votes)), min(votes), max(votes), 3


@pytest.mark.timeout(400)
def test_a_price_texted_from_a_fair_reaches_dials_and_a_broadcast(
    engine: Engine, database_url: str
) -> None:
    with standing_in("africastalking") as carrier:
        gateway = {
            "username": "kita",
            "api_key": "key",
            "base_url": carrier.url,
            "hook_token": TOKEN,
            "rate": 1000,
        }
        caps = {"cap_segments_run": 10**6, "cap_segments_day": 10**6, "cap_segments_month": 10**6}
        with open_town(
            engine, database_url, OPENING, gateway="africastalking", africastalking=gateway, **caps
        ) as town:
            reporters(town, *REPORTERS)
            said = replay(town)
            the_quotes_are_right(town, said)
            town.dial(FARMER)
            the_dials_tell_them(town)
            the_broadcast_reaches_everybody(town, carrier)


def the_quotes_are_right(town: Town, said: int) -> None:
    with reading(town.engine) as session:
        kept = [each.value for each in COUNTING]
        counted = session.exec(select(ReportRow).where(col(ReportRow.status).in_(kept))).all()
        quotes = session.exec(select(QuoteRow)).all()
    assert len(counted) == said, "a true value was dropped"
    published = {
        (each.fair_on, each.product): (each.value, each.low, each.high, each.reporters)
        for each in quotes
    }
    computed = {
        (day, code): expected(price)
        for day, prices in fairs().items()
        for code, price in prices.items()
    }
    assert published == computed
    print(f"{said} reports, {len(published)} quotes, all as computed apart")


def the_dials_tell_them(town: Town) -> None:
    """A newcomer: language, product, market; the last month's prices."""
    day, prices = list(fairs().items())[-1]
    for key, code in ((3, "MAI"), (6, "RIZ")):
        if code in prices:
            screen = town.dial(f"+2237600{key:04d}", f"1*{key}*1")
            assert f"{prices[code]} F/kg" in screen, screen
            assert f"{day:%d/%m}" in screen
    assert town.dial(f"+2237600{3:04d}").startswith("CON")


def the_broadcast_reaches_everybody(town: Town, carrier) -> None:
    phones = [f"+223760{number:05d}" for number in range(FARMERS)]
    before = len(carrier.accepted)
    with writing(town.engine) as session:
        for phone in phones:
            person = store.enrol_subscriber(
                session, town.vault, Phone(phone), town.clock(), language="fr"
            )
            store.agree(session, person.contact_id, town.clock(), how="paper", ref="F-12")
    run = announce(town)
    town.work()
    reached = [taken.phone for taken in carrier.accepted[before:] if "PRIX" in taken.text]
    assert sorted(reached) == sorted(phones)
    for taken in carrier.accepted[before:]:
        form = {"id": taken.id, "status": "Success", "phoneNumber": taken.phone}
        assert town.post(f"/hooks/africastalking/{TOKEN}/delivery", form).status == 200
        late = {"id": taken.id, "status": "Buffered", "phoneNumber": taken.phone}
        assert town.post(f"/hooks/africastalking/{TOKEN}/delivery", late).status == 200
    with reading(town.engine) as session:
        states = session.exec(select(Delivery.state).where(Delivery.run_id == run)).all()
    assert states == ["delivered"] * FARMERS


def announce(town: Town) -> int:
    """Staff write a broadcast for now; a second person approves it."""
    from service.api.security import issue_key

    with writing(town.engine) as session:
        operator, approver = (
            issue_key(session, town.state.settings, name, role, town.clock())
            for name, role in (("Oumar", "operator"), ("Aminata", "approver"))
        )
    plan = {
        "name": "Foire de Kita",
        "body": {"fr": "PRIX {date} {prices}"},
        "audience": {"villages": ["*"]},
        "when": "now",
    }
    status, made = town.ask("POST", "broadcasts", operator, plan)
    assert status == 201, made
    status, told = town.ask("POST", f"broadcasts/{made['id']}/submit", operator)
    assert status == 200, told
    status, told = town.ask("POST", f"broadcasts/{made['id']}/approve", approver)
    assert status == 200, told
    return told["run_id"]
