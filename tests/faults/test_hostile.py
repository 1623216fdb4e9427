"""Ten thousand texts nobody should send, a guesser of tokens and one of passwords, a busy neighbour."""

import asyncio
import math
import random
import string
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import pytest
from sqlmodel import func, select

from service.api import logins
from service.db import make_engine, reading
from service.encoding import septets
from service.prices.tables import ReportRow
from service.sms.gateway import Tokens
from service.sms.tables import Inbox
from tests.api.office import open_office
from tests.faults.ground import scale, table
from tests.faults.peers import TOKEN as HOOK
from tests.faults.peers import ask, percentile, serving, turn
from tests.sms.talk import AWA, FRIDAY
from tests.town import TOKEN, open_town, reporters

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

WORDS = [
    "ARA",
    "KITA",
    "MAI",
    "SOR",
    "IDEM",
    "HIER",
    "CORR",
    "ANNULER",
    "STOP",
    "OUI",
    "NON",
    "PRIX",
    "OU",
    "ALERTE",
    "225",
    "0",
    "-1",
    "1e9",
    "000000",
    "99999999999999999999",
    "17.500",
    "2/0",
    "sac",
    "le",
    "kg",
    "F",
    "FCFA",
    "dɔrɔmɛ",
    "wa",
    "kɛmɛ",
    "tiga",
    "arachide",
    ";",
    ",",
    ".",
    ":",
    "/",
    "=",
    "*",
    "#",
    "'",
    '"',
    "--",
    "%s",
    "{0}",
    "${x}",
    "<b>",
    "\\",
    "../..",
    "DROP",
    "TABLE",
    "NULL",
    "None",
    "true",
]
ODD = "\0\x01\x1b\u202e\u2066\u200b\ufeff\u0301\u06f1\u07c1\u00a0\u2028🌾𐐷\ud7ff\ufffd"
"""NUL, escapes, text that runs backwards, marks without a letter, foreign digits, two-unit signs."""
LONGEST = 10_000


def hostile(dice: random.Random) -> str:
    match dice.randrange(6):
        case 0:
            return " ".join(dice.choices(WORDS, k=dice.randrange(1, 30)))
        case 1:
            return "".join(dice.choices(string.printable + ODD, k=dice.randrange(0, 400)))
        case 2:
            letters = [chr(dice.randrange(1, 0xD7FF)) for _ in range(dice.randrange(1, 200))]
            return "".join(letters)
        case 3:
            return dice.choice([*WORDS, *ODD]) * dice.randrange(1, LONGEST // 10)
        case 4:
            words = dice.choices(WORDS, k=8)
            return dice.choice(ODD).join(words) + dice.choice(ODD) * dice.randrange(5)
        case _:
            return "ARA " + "9" * dice.randrange(1, LONGEST)


@pytest.fixture
def town(kita_sqlite_url: str) -> Iterator:
    engine = make_engine(kita_sqlite_url)
    with open_town(engine, kita_sqlite_url, FRIDAY) as town:
        reporters(town, AWA)
        yield town
    engine.dispose()


def test_ten_thousand_hostile_messages_are_kept_and_answered(town):
    """S3. Through the hook, half of them as a reporter's: every one is 200 and a row."""
    dice, count, took, statuses = random.Random(3), scale(300, 10_000), [], set()
    for number in range(count):
        body = f"id=h{number}&from={quote_plus(AWA if number % 2 else f'+2237600{number:04}')}"
        body += f"&to=36000&text={quote_plus(hostile(dice), errors='replace')}"
        since = time.perf_counter()
        statuses.add(town.post(f"/hooks/loopback/{TOKEN}/sms", raw=body.encode()).status)
        took.append((time.perf_counter() - since) * 1000)
        town.clock.pass_(minutes=1)
    with reading(town.engine) as session:
        states = dict(
            session.exec(select(Inbox.state, func.count(Inbox.id)).group_by(Inbox.state)).all()
        )
        prices = session.exec(
            select(ReportRow.amount).where(ReportRow.status == "accepted").distinct()
        ).all()
    kept = sum(states.values())
    too_long = count - kept
    table(
        "S3 hostile SMS", messages=count, statuses=sorted(statuses), kept=kept, states=states,
        accepted_prices=sorted(prices), p99_ms=round(percentile(took, 0.99), 1),
        worst_ms=round(max(took), 1),
    )  # fmt: skip
    assert statuses <= {200, 413}
    assert (413 in statuses) == (too_long > 0)
    assert "stuck" not in states


def test_ten_thousand_hostile_dials_are_answered_in_words(town):
    """S4. Any text in any field: 200, `CON` or `END`, and it fits a screen."""
    dice, count, longest, took = random.Random(4), scale(300, 10_000), 0, []
    for number in range(count):
        typed = "*".join(
            dice.choices(
                ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "00", "98", "99", "#", "77"],
                k=number % 9,
            )
        )
        form = turn(f"+2237600{number % 900:04}", typed, f"s{number // 3}")
        if dice.random() < 0.5:
            form[dice.choice(sorted(form))] = hostile(dice)[:2000]
        body = "&".join(f"{k}={quote_plus(v, errors='replace')}" for k, v in form.items())
        since = time.perf_counter()
        answer = town.post(f"/hooks/loopback/{TOKEN}/ussd", raw=body.encode())
        took.append((time.perf_counter() - since) * 1000)
        said = answer.body.decode()
        assert answer.status == 200
        assert said.startswith(("CON ", "END ")), said
        longest = max(longest, septets(said))
    table(
        "S4 hostile dials", dials=count, longest_septets=longest,
        p99_ms=round(percentile(took, 0.99), 1), worst_ms=round(max(took), 1),
    )  # fmt: skip
    assert longest <= 160


def test_a_token_wrong_in_its_first_or_its_last_letter_takes_as_long():
    """S5. Told, not asserted: a busy machine is no stopwatch."""
    tokens, rounds = Tokens("a" * 43, "b" * 43), scale(200, 2000)
    first, last = "x" + "a" * 42, "a" * 42 + "x"
    times: dict[str, list[int]] = {first: [], last: []}
    dice = random.Random(5)
    for _ in range(rounds):
        pair = [first, last]
        dice.shuffle(pair)
        for each in pair:
            since = time.perf_counter_ns()
            for _ in range(20):
                tokens.accept(each)
            times[each].append(time.perf_counter_ns() - since)
    table("S5 timing", pairs=rounds, p=round(mann_whitney(times[first], times[last]), 3))
    assert not tokens.accept(first)
    assert not tokens.accept(last)


def mann_whitney(one: list[int], other: list[int]) -> float:
    """Two-sided p of the rank sum test, by its normal approximation, ties averaged."""
    ranks: dict[int, float] = {}
    ordered, at = sorted([*one, *other]), 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end] == ordered[at]:
            end += 1
        ranks[ordered[at]] = (at + 1 + end) / 2
        at = end
    n, m = len(one), len(other)
    statistic = sum(ranks[each] for each in one) - n * (n + 1) / 2
    z = (statistic - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


def test_a_flood_of_passwords_is_hashed_a_few_times_a_minute(kita_sqlite_url: str):
    """S11. A thousand tries in a minute from one network; the clock of the office moves with them."""
    engine, tries, hashes = make_engine(kita_sqlite_url), scale(60, 1000), []
    honest = logins._hasher.verify

    class Counted:
        def verify(self, password: str, held: str) -> bool:
            hashes.append(password)
            return honest(password, held)

    with open_office(engine, kita_sqlite_url, FRIDAY) as office:
        office.log_in("fatou", "admin")
        logins._nobody()
        hasher, logins._hasher = logins._hasher, Counted()
        try:
            statuses: dict[int, int] = {}
            client = office.caller(None)
            for number in range(tries):
                name = "fatou" if number % 2 else f"name{number}"
                said = client.post("/api/v1/session", json={"name": name, "password": "wrong one"})
                statuses[said.status_code] = statuses.get(said.status_code, 0) + 1
                office.clock.pass_(seconds=60 / tries)
        finally:
            logins._hasher = hasher
    table("S11 passwords", tries=tries, hashes=len(hashes), statuses=statuses)
    assert len(hashes) <= 11
    assert set(statuses) == {401, 429}
    engine.dispose()


async def _dials(port: int, seconds: float, pause: float, phone: str | None) -> list[float]:
    took, end, number = [], time.perf_counter() + seconds, 0
    path = f"/hooks/loopback/{HOOK}/ussd"
    while time.perf_counter() < end:
        number += 1
        body = urlencode(turn(phone or f"+22376{number % 1_000_000:06}")).encode()
        since = time.perf_counter()
        status, said = await ask(port, "POST", path, body)
        took.append((time.perf_counter() - since) * 1000)
        assert status == 200
        assert said.startswith((b"CON ", b"END "))
        await asyncio.sleep(max(0.0, pause - (time.perf_counter() - since)))
    return took


def test_one_abusive_caller_is_not_felt_by_the_others(kita_sqlite_url: str, tmp_path: Path):
    """L4. Others dial twenty times a second, alone and then beside 200 a second from one phone."""
    seconds = scale(2, 20)
    with serving(kita_sqlite_url, tmp_path / "log") as server:
        alone = asyncio.run(_dials(server.port, seconds, 0.05, None))

        async def beside() -> tuple[list[float], int]:
            loud = [_dials(server.port, seconds, 0.02, "+22377000001") for _ in range(4)]
            mine, *theirs = await asyncio.gather(_dials(server.port, seconds, 0.05, None), *loud)
            return mine, sum(map(len, theirs))

        together, abuse = asyncio.run(beside())
    table(
        "L4 abusive caller", abuse_per_s=round(abuse / seconds),
        p50_alone=round(percentile(alone, 0.5), 1), p50_beside=round(percentile(together, 0.5), 1),
        p99_alone=round(percentile(alone, 0.99), 1),
        p99_beside=round(percentile(together, 0.99), 1),
    )  # fmt: skip
    assert together
