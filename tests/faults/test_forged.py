"""Somebody who can write any sender on an SMS, but reads nobody's phone: what gets published?"""

import csv
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as hour
from importlib.resources import files
from itertools import pairwise

import pytest
from sqlalchemy import func
from sqlmodel import select

from service.db import make_engine, reading
from service.phone import Phone
from service.prices.report import COUNTING
from service.sms.tables import Delivery, PersonDay
from tests.faults.ground import scale, table
from tests.faults.peers import percentile
from tests.sms.talk import AWA, FANTA, FRIDAY, MOUSSA, Talk, open_talk

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

HONEST = (AWA, MOUSSA, FANTA)
CODES = {"maize": "MAI", "rice": "RIZ", "sorghum": "SOR", "millet": "MIL", "cowpea": "NIE"}
NOISE = 0.04
"""Spread between honest reporters of one fair (log): two thirds of them within four percent."""
COIN = 5
BLIND = ("1", "2", "3")
WEEKS = 4


@pytest.fixture
def talk(kita_sqlite_url: str) -> Iterator[Talk]:
    engine = make_engine(kita_sqlite_url)
    with open_talk(engine, FRIDAY) as talk:
        yield talk
    engine.dispose()


def weekly() -> list[tuple[date, dict[str, float]]]:
    """The survey of Kita made weekly: four fairs a month, on a straight line to the next."""
    months: dict[date, dict[str, float]] = defaultdict(dict)
    text = (files("service.prices.seed") / "kita_prices.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        if code := CODES.get(row["value_chain"]):
            months[date.fromisoformat(f"{row['month']}-01")][code] = float(row["price_xof_per_kg"])
    found, ordered = [], sorted(months)
    for month, following in pairwise(ordered):
        if (following - month).days > 31:
            continue
        friday = month + timedelta(days=(4 - month.weekday()) % 7)
        for week in range(WEEKS):
            share = week / WEEKS
            both = months[month].keys() & months[following].keys()
            prices = {
                code: months[month][code] ** (1 - share) * months[following][code] ** share
                for code in both
            }
            if prices:
                found.append((friday + timedelta(days=7 * week), prices))
    return found


def coins(value: float) -> int:
    return max(COIN, round(value / COIN) * COIN)


def one_fair(talk: Talk, prices: dict[str, float], dice: random.Random) -> tuple[int, int]:
    """Three honest reporters, who answer what they are asked; prices said, questions asked."""
    said = asked = 0
    for phone in HONEST:
        for code, price in prices.items():
            amount = coins(price * 2.718281828 ** dice.gauss(0, NOISE))
            reply = talk.say(phone, f"KITA {code} {amount}F")
            said += 1
            for _ in range(3):
                digit = re.search(rf"(\d)={amount} F", reply or "")
                if digit is None:
                    break
                asked += 1
                reply = talk.say(phone, digit[1])
    return said, asked


def test_a_forged_outlier_is_not_published_and_honest_prices_are_not_held(talk: Talk):
    """S12. Forged in the name of a known number, of a new one, and with blind answers after."""
    dice, forged_in_all = random.Random(12), scale(24, 200)
    fairs = weekly()[: scale(16, 160)]
    said = asked = 0
    forged: list[tuple[str, int, bool]] = []
    for number, (day, prices) in enumerate(fairs):
        talk.at = datetime.combine(day, hour(8), UTC)
        talk.reporter(f"+2237055{number:04}", name="Issa", market="KITA", language="fr")
        one, two = one_fair(talk, prices, dice)
        said, asked = said + one, asked + two
        share = forged_in_all * (number + 1) // len(fairs) - len(forged)
        now = share if number >= WEEKS else 0
        forged += [forge(talk, number, prices, dice) for _ in range(now)]
        talk.wait(hours=3)
        talk.work()
    while len(forged) < forged_in_all:
        forged.append(forge(talk, len(fairs) - 1, fairs[-1][1], dice))
    talk.wait(hours=3)
    talk.work()
    fate = Counter[str]()
    published = Counter[str]()
    rows = {row.id: row for row in talk.reports}
    for kind, number, _ in forged:
        status = rows[number].status
        fate[status] += 1
        published[kind] += status in COUNTING
    honest = [row for row in rows.values() if row.id not in {number for _, number, _ in forged}]
    held = sum(row.status == "held" for row in honest)
    table(
        "S12 forged outliers", forged=len(forged), by_kind=dict(Counter(k for k, *_ in forged)),
        published_known=published["known"], published_new=published["new"],
        published_new_blind=published["new, blind answers"],
        published_known_blind=published["known, blind answers"], fate=dict(fate),
        honest=said, honest_asked=f"{asked / said:.1%}", honest_held=f"{held / said:.1%}",
    )  # fmt: skip
    assert published["known"] == published["new"] == published["new, blind answers"] == 0
    assert held < 0.05 * said


def forge(
    talk: Talk, number: int, prices: dict[str, float], dice: random.Random
) -> tuple[str, int, bool]:
    """One outlier under somebody's number; half of the forgers also answer blindly."""
    code, price = dice.choice(sorted(prices.items()))
    factor = dice.choice((0.5, 0.55, 1.6, 1.8, 2.0, 2.5))
    new, blind = dice.random() < 0.5, dice.random() < 0.5
    sender = f"+2237055{number:04}" if new else dice.choice(HONEST)
    talk.say(sender, f"KITA {code} {coins(price * factor)}F")
    made = max(row.id or 0 for row in talk.reports)
    if blind:
        for digit in dice.sample(BLIND, 2):
            talk.say(sender, digit)
        talk.say(sender, f"{dice.randrange(10_000):04}")
    talk.wait(hours=2, minutes=1)  # what is open is closed: no other forger answers for this one
    talk.work()
    kind = ("new" if new else "known") + (", blind answers" if blind else "")
    return kind, made, blind


# pumping


def test_whoever_writes_a_lot_is_written_to_little_and_nobody_abroad_at_all(talk: Talk):
    """S13. Ten thousand messages of a thousand numbers, every tenth of them foreign."""
    dice, numbers, messages = random.Random(13), scale(30, 1000), scale(600, 10_000)
    abroad = ("+33612345", "+88213345", "+22890112", "+19001234", "+44701234")
    senders = [
        f"{dice.choice(abroad)}{n:03}" if n % 10 == 0 else f"+22371{n:06}" for n in range(numbers)
    ]
    words = ("PRIX ARACHIDE KITA", "AIDE", "OU ARACHIDE", "hello", "SONGO TIGA KITA", "OUI", "FR")
    took = []
    for _ in range(messages):
        since = time.perf_counter()
        talk.receive(dice.choice(senders), dice.choice(words))
        took.append((time.perf_counter() - since) * 1000)
        talk.wait(seconds=2)
    with reading(talk.engine) as session:
        replies = session.exec(select(func.count(Delivery.id))).one()
        most = session.exec(select(func.max(PersonDay.replied))).one()
        gone_abroad = sum(
            not talk.limits.reaches(phone)
            for phone in senders
            for _ in talk.sent(phone)
            if not phone.startswith("+223")
        )
    from service.db import writing
    from service.sms.outbox.claim import Batch, claim
    from tests.sms.outbox_world import WAY, accept, settled

    written: list[Phone] = []
    while True:
        with writing(talk.engine) as session:
            found = claim(session, "w1", [WAY], talk.at, talk.limits, talk.vault)
        if not isinstance(found, Batch):
            if found.more:
                continue
            break
        written += [row.phone for row in found.rows]
        with writing(talk.engine) as session:
            settled(session, found, accept(found))
    foreign = sum(not each.e164.startswith("+223") for each in written)
    table(
        "S13 pumping", messages=messages, numbers=numbers, queued=replies, most_to_one=most,
        queued_abroad=gone_abroad, sent_abroad=foreign, p99_ms=round(percentile(took, 0.99), 1),
    )  # fmt: skip
    assert most <= 10
    assert foreign == 0
