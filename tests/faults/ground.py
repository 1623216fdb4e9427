"""What the bad days need: a slow carrier that never forgets, real worker processes, a scale.

`make faults` sets FAULTS=full; `make test` runs the same days in small.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from service.clock import monotonic, system
from service.db import writing
from service.sms.outbox.states import State
from service.sms.tables import Delivery
from tests.gateways.standins import Answer, Asked, StandIn, _write, africastalking
from tests.sms.outbox_world import a_run, looking, people

FULL = os.environ.get("FAULTS") == "full"
SECRET = "0123456789abcdef0123456789abcdef"
HOUSE = Path(__file__).resolve().parents[2]
IN_FLIGHT, RECIPIENTS = 5, 2
"""Ten people at most are on their way when a worker dies."""


def scale(small: int, full: int) -> int:
    return full if FULL else small


class Carrier(StandIn):
    """Takes a message, thinks for a moment, then answers: the moment in which things die."""

    def __init__(self, latency: float = 0.01) -> None:
        super().__init__(africastalking)
        self._latency = latency
        self.at: list[float] = []
        self._more = threading.Condition()

    async def _reply(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        if asked.path.startswith("/_"):
            return await super()._reply(asked, writer)
        answer: Answer = self._speak(self, asked, "ok")
        with self._more:
            self.at += [monotonic()] * (len(self.accepted) - len(self.at))
            self._more.notify_all()
        await asyncio.sleep(self._latency)
        _write(writer, answer)
        return True

    def wait_for(self, count: int, seconds: float = 60) -> bool:
        """Until so many messages were taken."""
        with self._more:
            return self._more.wait_for(lambda: len(self.accepted) >= count, seconds)

    @property
    def duplicates(self) -> int:
        return sum(times - 1 for times in self.times_accepted().values())


@contextmanager
def carrier(latency: float = 0.01) -> Iterator[Carrier]:
    with Carrier(latency) as taken:
        yield taken


def environment(url: str, gateway: str, **more: str) -> Mapping[str, str]:
    return {
        **os.environ,
        "SUGU_DATABASE_URL": url,
        "SUGU_SECRET_KEY": SECRET,
        "SUGU_GATEWAY": "africastalking",
        "SUGU_AFRICASTALKING__BASE_URL": gateway,
        "SUGU_AFRICASTALKING__MAX_RECIPIENTS": str(RECIPIENTS),
        "SUGU_AFRICASTALKING__API_KEY": "k",
        "SUGU_SEND_RATE": "100000",
        "SUGU_SEND_IN_FLIGHT": str(IN_FLIGHT),
        "SUGU_QUIET_HOURS": "",
        "SUGU_CAP_SEGMENTS_RUN": "1000000",
        "SUGU_CAP_SEGMENTS_DAY": "1000000",
        "SUGU_CAP_SEGMENTS_MONTH": "1000000",
        "NO_PROXY": "*",
    } | more


WORKER = "from service.settings import Settings; from service.worker.process import run_worker; raise SystemExit(run_worker(Settings(_env_file=None)))"


STARTED: list[subprocess.Popen] = []
"""Every worker process of the running test: what a failing test leaves behind is ended."""


def start_worker(url: str, gateway: str, **more: str) -> subprocess.Popen:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env=environment(url, gateway, **more),
        cwd=HOUSE,
        stderr=subprocess.DEVNULL,
    )
    STARTED.append(worker)
    return worker


def a_big_run(engine: Engine, count: int) -> int:
    """A run of `count` people, due now by the real clock: worker processes know no other."""
    with writing(engine) as session:
        people(session, count)
        return a_run(session, now=system())


@dataclass(frozen=True)
class Reckoning:
    """What the database says beside what the carrier knows."""

    accepted: int
    duplicates: int
    unknown: int
    unsent: int
    silent: int
    states: Mapping[str, int]


def reckon(engine: Engine, run_id: int, taken: Carrier) -> Reckoning:
    """`silent` is loss nobody would notice: called accepted here and never taken there, or
    taken there and called unsent here."""
    from service.people.tables import Contact
    from tests.sms.outbox_world import VAULT

    known = taken.times_accepted()
    counts: dict[str, int] = {}
    silent = 0
    with looking(engine) as session:
        query = select(Delivery.state, Contact.sealed).join(
            Contact, Contact.id == Delivery.contact_id
        )
        for state, sealed in session.exec(query.where(Delivery.run_id == run_id)):
            counts[state] = counts.get(state, 0) + 1
            was_taken = VAULT.open(sealed).e164 in known
            told = state in (State.ACCEPTED, State.SENT, State.DELIVERED)
            hidden = state in (State.QUEUED, State.FAILED, State.EXPIRED, State.REJECTED)
            silent += (told and not was_taken) or (hidden and was_taken)
    total = sum(counts.values())
    return Reckoning(
        len(known), taken.duplicates, counts.get("unknown", 0), total - len(known), silent, counts
    )


FIGURES = HOUSE / ".faults" / "figures.jsonl"
"""What a full run found, one line each: `python -m tests.faults.trust` makes the page of it."""


def table(title: str, **columns: object) -> None:
    """One line of the table that a full run prints, and keeps for `docs/trust.md`."""
    print(f"\n{title}: " + ", ".join(f"{name} {value}" for name, value in columns.items()))
    if FULL:
        FIGURES.parent.mkdir(exist_ok=True)
        with FIGURES.open("a") as kept:
            kept.write(json.dumps({"title": title, **columns}, default=str) + "\n")
