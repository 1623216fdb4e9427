"""What one broadcast to a whole country costs the database: `python -m bench.fanout [people]`.

Makes the deliveries of one run as the product does, `fire_due` and then slice by slice, each in
a transaction of its own, and measures time, memory, the longest a writer would have had to wait,
and what staff wait for afterwards. Bars: a million in 3 s and 10 MB.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TypeVar

from sqlalchemy import Engine, text

from service.db import make_engine, migrate, writing
from service.phone import Phone, Vault
from service.prices.book import Book
from service.prices.catalog import Catalog
from service.sms import broadcasts, outbox
from service.sms.broadcasts import Step, addressing, tallies
from service.sms.broadcasts.editions import Press
from service.sms.broadcasts.firing import fire_due
from service.sms.gateway import Outcome, Sent
from service.sms.outbox.circuits import Way
from service.sms.outbox.claim import Batch, claim
from service.sms.outbox.limits import Limits
from service.sms.outbox.settle import settle
from service.sms.tables import Broadcast, Delivery, Run

T = TypeVar("T")
MILLION = 1_000_000
SECONDS, MEGABYTES = 3.0, 10.0
"""The bars, for a million."""
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DUE = NOON + timedelta(minutes=1)
BATCHES = 200
VAULT = Vault("0123456789abcdef0123456789abcdef")
LIMITS = Limits(run=10**9, day=10**9, month=10**9, approval_above=10**9, tariffs={})
BOOK = Book(version=1, day=date(2026, 11, 20), catalog=Catalog({}, {}, {}))
PRESS = Press(LIMITS, lambda _: BOOK, "*384*77#", 1000.0)


def populate(engine: Engine, people: int) -> None:
    """Villages and people who agreed, half of each language, made inside the database."""
    at = "2026-11-20 10:00:00.000000"
    with writing(engine) as session:
        session.execute(
            text(
                "INSERT INTO village (code, name, commune, cercle, region, demo, source, version)"
                " VALUES ('V', 'V', 'C', '', '', false, '', 1)"
            )
        )
        session.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people)"
                " INSERT INTO contact (id, lookup, sealed, prefix, created_at)"
                " SELECT i, CAST('phone-' || i AS BLOB), :sealed, '70', :at FROM n"
            ),
            {"people": people, "sealed": VAULT.seal(Phone("+22370000001")), "at": at},
        )
        session.execute(
            text(
                "INSERT INTO subscriber (contact_id, language, village, role, consented,"
                " created_at, demo, version)"
                " SELECT id, CASE id % 2 WHEN 0 THEN 'fr' ELSE 'bm' END, 'V', 'farmer', true,"
                " created_at, false, 1 FROM contact"
            )
        )


def schedule(engine: Engine) -> None:
    with writing(engine) as session:
        made = broadcasts.create(
            session,
            name="bench",
            body={"fr": "Reunion samedi a Kita", "bm": "Jama lajɛ sibiri don Kita"},
            whom={"villages": ["*"]},
            when={"once": DUE.isoformat()},
            actor="bench",
            now=NOON,
            press=PRESS,
        )
        assert isinstance(made, Broadcast), made
        step = broadcasts.submit(session, made.id or 0, "bench", NOON, PRESS)
        assert isinstance(step, Step), step


def timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def fire(engine: Engine) -> tuple[int, list[float]]:
    """The run, and the seconds of each of its transactions."""
    start = time.perf_counter()
    with writing(engine) as session:
        (fired,) = fire_due(session, DUE, PRESS)
    held = [time.perf_counter() - start]
    more: object = fired
    while more:
        start = time.perf_counter()
        with writing(engine) as session:
            more = addressing.go_on(session, DUE, LIMITS)
        held.append(time.perf_counter() - start)
    return fired.run_id, held


def send(engine: Engine, batches: int) -> int:
    """Take and settle batches of 20 as a worker does, with a gateway that takes no time."""
    way, chance, sent = Way("loopback", 20, 1e9), Random(1), 0
    for _ in range(batches):
        with writing(engine) as session:
            batch = claim(session, "bench", [way], DUE, replace(LIMITS, person_day=9), VAULT)
        if not isinstance(batch, Batch):
            break
        answer = [Sent(str(r.id), Outcome.ACCEPTED, provider_id=f"p{r.id}") for r in batch.rows]
        with writing(engine) as session:
            settle(session, "bench", batch, answer, DUE, LIMITS, chance)
        sent += len(batch.rows)
    return sent


def counts(engine: Engine, run_id: int) -> dict[str, int]:
    with writing(engine) as session:
        found = tallies.counts(session, run_id)
        assert session.get_one(Run, run_id).total == sum(found.values())
        return found


@dataclass(frozen=True, slots=True)
class Fanned:
    """What one broadcast to so many came to; seconds, and MB of memory it took more."""

    people: int
    seconds: float
    grown: float
    held: Sequence[float]
    rate: float
    ahead: int
    count: float
    size: float

    @property
    def good(self) -> bool:
        share = max(self.people / MILLION, 0.1)
        return self.seconds <= SECONDS * share and self.grown <= MEGABYTES


def measure(people: int) -> Fanned:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'fanout.db'}"
        migrate(url)
        engine = make_engine(url)
        populate(engine, people)
        schedule(engine)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds, (run_id, held) = timed(lambda: fire(engine))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        ahead = before_a_reply(engine)
        sending, sent = timed(lambda: send(engine, BATCHES))
        counting, _ = timed(lambda: counts(engine, run_id))
        size = sum(each.stat().st_size for each in Path(folder).iterdir()) / 1e6
        engine.dispose()
    return Fanned(people, seconds, grown, held, sent / sending, ahead, counting, size)


def before_a_reply(engine: Engine) -> int:
    """How many messages leave before a reply that is queued behind all of them."""
    with writing(engine) as session:
        said = outbox.enqueue(
            session,
            contact_id=1,
            body="ARA Kita 225 F",
            language="fr",
            kind="reply",
            now=DUE,
            limits=LIMITS,
        )
        assert isinstance(said, Delivery), said
        passed = 0
        while True:
            batch = claim(session, "bench", [Way("loopback", 20, 1e9)], DUE, LIMITS, VAULT)
            assert isinstance(batch, Batch), batch
            if said.id in {row.id for row in batch.rows}:
                return passed
            passed += len(batch.rows)


def section() -> str:
    """The section of the table."""
    return told(measure(MILLION))


def told(seen: Fanned) -> str:
    return "\n".join(
        [
            "SQLite, synchronous=FULL: a row for everybody in slices, each a transaction of its own.",
            "",
            "| | |",
            "|---|---:|",
            f"| deliveries made | {seen.people:,} |",
            f"| in all (bar: {SECONDS:.0f} s for a million) | {seen.seconds:.2f} s |",
            f"| more memory (bar: {MEGABYTES:.0f} MB) | {seen.grown:.1f} MB |",
            f"| transactions | {len(seen.held)} |",
            f"| the longest, which a report may have to wait for | {max(seen.held) * 1000:.0f} ms |",
            f"| messages that leave before a reply queued behind them | {seen.ahead} |",
            f"| taken and settled, a second | {seen.rate:,.0f} |",
            f"| counting the run | {seen.count * 1000:.0f} ms |",
            f"| database | {seen.size:,.0f} MB |",
        ]
    )


def main() -> int:
    seen = measure(int(sys.argv[1]) if len(sys.argv) > 1 else MILLION)
    print(told(seen))
    return 0 if seen.good else 1


if __name__ == "__main__":
    sys.exit(main())
