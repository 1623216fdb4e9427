"""The ticking. APScheduler only says "now"; what is due stands in the tables.

Every process ticks, none leads: a job takes what it needs under a lock and finds nothing when
another was first. Each job leaves a line in `job_run`, so that a clock that stands still is seen.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from service import clock
from service.clock import Clock
from service.db import reading, upsert, writing
from service.sms.tables import JobRun

log = logging.getLogger(__name__)
logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it would report every tick

HEARTBEAT = timedelta(seconds=15)
"""A job that did nothing writes its line this often, and not at every tick."""
THREADS = 2
"""Jobs at one time: a long one (retention) does not keep the next broadcast waiting."""

Work = Callable[[Session, datetime], str]
"""Does one bounded piece and says in a few words what it was; nothing to say is ``."""


@dataclass(frozen=True, slots=True)
class Job:
    """A timed thing: its line in `job_run`, its interval, what it does.

    `prepare` reads what the work will need before it takes the writer's turn; work in `pieces` is
    done again at once, a transaction each, until it has nothing to say.
    """

    name: str
    every: timedelta
    work: Work
    prepare: Callable[[Session], object] | None = None
    pieces: bool = False


def present(session: Session, now: Clock) -> datetime:
    """The instant all workers share: the database's where there are several hosts.

    A clock other than the system's is a test's, and is believed.
    """
    if now is clock.system and session.get_bind().dialect.name == "postgresql":
        at: datetime = session.exec(select(func.now())).one()
        return at.astimezone(UTC)
    return now()


class Clockwork:
    """Runs jobs on their intervals in threads of its own, and records how they went."""

    def __init__(self, engine: Engine, jobs: Sequence[Job], now: Clock) -> None:
        self._engine = engine
        self._now = now
        self._noted: dict[str, datetime] = {}
        self._ended = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(THREADS)},
            # Never dropped for being late, never piled up, never beside itself.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self.jobs = tuple(jobs)

    def start(self) -> None:
        for job in self.jobs:
            self._scheduler.add_job(
                self.run, "interval", args=[job], seconds=job.every.total_seconds(), name=job.name
            )
        self._scheduler.start()

    def stop(self) -> None:
        """Let running jobs end; start no more."""
        self._ended.set()
        self._scheduler.shutdown(wait=True)

    def run(self, job: Job) -> None:
        """Do one tick of a job, each piece in a transaction of its own."""
        while self._piece(job) and job.pieces and not self._ended.is_set():
            pass

    def _piece(self, job: Job) -> str:
        try:
            if job.prepare is not None:
                with reading(self._engine) as session:
                    job.prepare(session)
            with writing(self._engine) as session:
                started = present(session, self._now)
                result = job.work(session, started)
                self._note(session, job.name, started, result)
        except Exception as error:  # one bad tick must not stop the clock of all the others
            log.exception("job %s failed", job.name)
            self._note_failure(job.name, error)
            return ""
        return result

    def _note(self, session: Session, name: str, started: datetime, result: str) -> None:
        last = self._noted.get(name)
        if not result and last is not None and started - last < HEARTBEAT:
            return
        self._noted[name] = started
        _record(session, name, started, present(session, self._now), result, "")

    def _note_failure(self, name: str, error: Exception) -> None:
        self._noted.pop(name, None)
        try:
            with writing(self._engine) as session:
                at = present(session, self._now)
                # The kind only: the text of a database error quotes what it was given.
                _record(session, name, at, at, "", type(error).__name__)
        except Exception:  # the database itself may be what failed; the log has it
            log.warning("job %s: its failure could not be written down", name)


def _record(
    session: Session, name: str, started: datetime, ended: datetime, result: str, error: str
) -> None:
    line = {
        "started_at": started,
        "finished_at": ended,
        "result": result[:200],
        "error": error[:400],
    }
    session.execute(
        upsert(session, JobRun)
        .values(name=name, **line)
        .on_conflict_do_update(index_elements=["name"], set_=line)
    )
