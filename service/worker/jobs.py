"""What the clock does for the outbox, each in bounded pieces."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from service.people import retention as everywhere
from service.sms.broadcasts import addressing, corrections
from service.sms.broadcasts.editions import Press
from service.sms.broadcasts.firing import fire_due
from service.sms.outbox import retention, settle, sweep
from service.worker.clockwork import Job

OFTEN = timedelta(seconds=2)
"""A slot is fired this soon after its minute: `06:45` means 06:45 to whoever waits for it."""
SOMETIMES = timedelta(seconds=15)
RARELY = timedelta(minutes=1)
QUARTERLY = timedelta(minutes=15)
"""Forgetting goes in pieces: more are forgotten in a day than are made in one."""


def standing(press: Press) -> list[Job]:
    """The jobs every worker has."""
    return [
        Job("fire", OFTEN, lambda session, now: _fire(session, now, press), press.book),
        Job("address", OFTEN, lambda session, now: _address(session, now, press), pieces=True),
        Job("reap", OFTEN, _said("{} leases ended", settle.reap)),
        Job("sweep", OFTEN, _sweep),
        Job("watch", SOMETIMES, _watch),
        Job("correct", RARELY, lambda session, now: _correct(session, now, press), press.book),
        Job("unknowns", RARELY, _said("{} unknown for good", sweep.close_unknowns)),
        Job("archive", RARELY, _said("{} exchanges forgotten", retention.forget_exchanges)),
        Job("forget", QUARTERLY, lambda session, now: _forget(session, now, press)),
    ]


def _fire(session: Session, now: datetime, press: Press) -> str:
    fired = fire_due(session, now, press)
    return ", ".join(f"run {each.run_id} {each.state}: {each.total}" for each in fired)


def _address(session: Session, now: datetime, press: Press) -> str:
    slice_ = addressing.go_on(session, now, press.limits)
    return f"run {slice_[0]}: {slice_[1]} more" if slice_ else ""


def _sweep(session: Session, now: datetime) -> str:
    expired = sweep.expire(session, now)
    cancelled = sweep.clear_cancelled(session, now)
    finished = sweep.finish_runs(session, now)
    words = {"expired": expired, "cancelled": cancelled, "runs finished": finished}
    return ", ".join(f"{number} {word}" for word, number in words.items() if number)


def _watch(session: Session, _now: datetime) -> str:
    paused = sweep.pause_failing(session)
    return f"runs {paused} paused: most messages fail" if paused else ""


def _correct(session: Session, now: datetime, press: Press) -> str:
    made = corrections.correct_moved(session, now, press)
    return f"{sum(run.total for run in made)} corrections" if made else ""


def _forget(session: Session, now: datetime, press: Press) -> str:
    forgotten = retention.forget(session, now, press.limits) + everywhere.forget(session, now)
    return f"{forgotten} rows forgotten" if forgotten else ""


def _said(
    words: str, work: Callable[[Session, datetime], int]
) -> Callable[[Session, datetime], str]:
    def job(session: Session, now: datetime) -> str:
        done = work(session, now)
        return words.format(done) if done else ""

    return job
