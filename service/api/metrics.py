"""What Prometheus is told: the age of prices, silent fairs, the queue, and what nobody knows.

Gauges are read when they are asked for, from the database: every process tells the same. What a
process counts by itself (answers, latency) is registered where it happens.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func
from sqlmodel import Session, col, select

from service.api.state import Sugu
from service.db import reading
from service.sms.due import QUEUED
from service.sms.nudges import silent_fairs
from service.sms.tables import Circuit, Delivery, Inbox, JobRun, Run

RECENT = timedelta(days=1)
"""Deliveries of this long are what the unknown share is counted over."""


def exposition(state: Sugu) -> bytes:
    """The text of `/metrics`: this process's own counters, then the house's gauges."""
    house = CollectorRegistry(auto_describe=False)
    house.register(_House(state))
    return generate_latest(REGISTRY) + generate_latest(house)


class _House(Collector):
    def __init__(self, state: Sugu) -> None:
        self._state = state

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with reading(self._state.engine) as session:
            yield self._ages()
            yield self._silent(session)
            yield from self._queue(session)
            yield self._unknown(session)
            yield from self._machinery(session)

    def _ages(self) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(
            "sugu_newest_price_age_days", "Days since the newest priced fair", labels=["market"]
        )
        today = self._state.limits.today(self._state.clock())
        book = self._state.book()
        newest = {
            market: max(q[0].fair_on for (_, at), q in book.quotes.items() if q and at == market)
            for market in {at for (_, at), quotes in book.quotes.items() if quotes}
        }
        for market, fair_on in sorted(newest.items()):
            gauge.add_metric([market], max(0, (today - fair_on).days))
        return gauge

    def _silent(self, session: Session) -> GaugeMetricFamily:
        state = self._state
        silent = silent_fairs(session, state.book(), state.limits, state.clock())
        gauge = GaugeMetricFamily("sugu_silent_fairs", "Fairs that are over and sent nothing")
        gauge.add_metric([], sum(each.alarming for each in silent))
        return gauge

    def _queue(self, session: Session) -> Iterator[GaugeMetricFamily]:
        now = self._state.clock()
        found = [
            session.execute(
                select(func.count(), func.min(Delivery.not_before)).where(
                    whose,
                    col(Delivery.state) == QUEUED,
                    Delivery.not_before <= now,
                    Delivery.not_after > now,
                )
            ).one()
            for whose in (
                col(Delivery.run_id).is_(None),
                col(Delivery.run_id).in_(select(Run.id).where(Run.state == "running")),
            )
        ]
        count = sum(number for number, _ in found)
        oldest = min((first for _, first in found if first is not None), default=None)
        yield _gauge("sugu_queue_messages", "Messages that should leave now", count)
        age = (now - oldest).total_seconds() if oldest else 0
        yield _gauge("sugu_queue_age_seconds", "Age of the oldest of them", age)
        stuck = select(func.count()).select_from(Inbox).where(Inbox.state == "stuck")
        yield _gauge("sugu_inbox_stuck", "Messages nobody could read", session.exec(stuck).one())

    def _unknown(self, session: Session) -> GaugeMetricFamily:
        since = self._state.clock() - RECENT
        rows = session.exec(
            select(Delivery.state, func.count())
            .where(
                col(Delivery.id) > _last_before(session, since - RECENT),
                col(Delivery.sending_at) >= since,
            )
            .group_by(col(Delivery.state))
        )
        counts = dict(rows.all())
        share = counts.get("unknown", 0) / max(1, sum(counts.values()))
        return _gauge("sugu_unknown_share", "Share of a day's messages with no known end", share)

    def _machinery(self, session: Session) -> Iterator[GaugeMetricFamily]:
        now = self._state.clock()
        jobs = GaugeMetricFamily("sugu_job_age_seconds", "Since a timed job ran", labels=["job"])
        for job in session.exec(select(JobRun).order_by(JobRun.name)):
            jobs.add_metric([job.name], max(0.0, (now - job.started_at).total_seconds()))
        yield jobs
        circuits = GaugeMetricFamily(
            "sugu_circuit_open", "Gateways that must not be called now", labels=["gateway", "kind"]
        )
        for circuit in session.exec(select(Circuit).order_by(Circuit.gateway)):
            circuits.add_metric([circuit.gateway, circuit.kind], 1)
        yield circuits


def _last_before(session: Session, at: datetime) -> int:
    """The newest message older than that: ids and ages have one order, and a day is a short way
    back from the end, where a year is a long way from the beginning."""
    older = select(Delivery.id).where(Delivery.created_at < at).order_by(col(Delivery.id).desc())
    return session.exec(older.limit(1)).first() or 0


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, about)
    gauge.add_metric([], value)
    return gauge
