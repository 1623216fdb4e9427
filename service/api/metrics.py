"""What Prometheus is told: the age of prices, silent fairs, the queue, and what nobody knows.

Gauges are read when they are asked for, from the database: every process tells the same. What a
process counts by itself (answers, latency) is registered where it happens.
"""

from collections.abc import Iterator
from datetime import timedelta

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, literal
from sqlmodel import Session, col, select

from service.api.state import Sugu
from service.db import reading
from service.sms.notices.nudges import silent_fairs
from service.sms.outbox import pulse
from service.sms.outbox.deliveries import UNSENT
from service.sms.outbox.states import State
from service.sms.tables import Circuit, Inbox, JobRun

DAY = timedelta(days=1)
"""Messages of this long are what the unknown share is counted over."""
QUARTER = timedelta(minutes=15)
STUCK = literal("stuck", literal_execute=True)
"""Written into the SQL itself: a partial index is not used for a bound parameter."""


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
            yield from self._day(session)
            yield self._requests(session)
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
        due = pulse.waiting(session, now)
        yield _gauge("sugu_queue_messages", "Messages that should leave now", due.count)
        age = (now - due.oldest).total_seconds() if due.oldest else 0
        yield _gauge("sugu_queue_age_seconds", "Age of the oldest of them", age)
        stuck = select(func.count()).select_from(Inbox).where(col(Inbox.state) == STUCK)
        yield _gauge("sugu_inbox_stuck", "Messages nobody could read", session.exec(stuck).one())

    def _day(self, session: Session) -> Iterator[GaugeMetricFamily]:
        """A day's messages by gateway and state; those not taken yet have no gateway."""
        found = pulse.since(session, self._state.clock() - DAY)
        gauge = GaugeMetricFamily(
            "sugu_messages_day", "Messages of the last day", labels=["gateway", "state"]
        )
        for (gateway, state), number in sorted(found.items()):
            gauge.add_metric([gateway or "none", state], number)
        yield gauge
        left = sum(number for (_, state), number in found.items() if state not in UNSENT)
        unknown = sum(number for (_, state), number in found.items() if state == State.UNKNOWN)
        about = "Share of a day's messages with no known end"
        yield _gauge("sugu_unknown_share", about, unknown / max(1, left))

    def _requests(self, session: Session) -> GaugeMetricFamily:
        """What gateways answered: the worker has no page of its own, so the archive is counted."""
        gauge = GaugeMetricFamily(
            "sugu_gateway_requests",
            "Requests to gateways in a quarter of an hour, by what they met",
            labels=["gateway", "result"],
        )
        found = pulse.requests(session, self._state.clock() - QUARTER)
        for (gateway, result), number in sorted(found.items()):
            gauge.add_metric([gateway, result], number)
        return gauge

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


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, about)
    gauge.add_metric([], value)
    return gauge
