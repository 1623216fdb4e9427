"""What this process counts by itself, for Prometheus: how long a dial takes, and what failed."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY, Counter
from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.registry import Collector


class Stopwatch(Collector):
    """A histogram for one thread. The library's own takes a lock and a float of its own for each
    bucket at every look at the watch; this one is added up when Prometheus asks."""

    def __init__(self, name: str, documentation: str, buckets: Sequence[float]) -> None:
        self._name, self._documentation = name, documentation
        self._buckets = buckets
        self._counts = [0] * (len(buckets) + 1)
        self._seconds = 0.0

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(self._buckets, seconds)] += 1
        self._seconds += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        names = [*(str(each) for each in self._buckets), "+Inf"]
        counted = [float(each) for each in accumulate(self._counts)]
        shown = list(zip(names, counted, strict=True))
        yield HistogramMetricFamily(self._name, self._documentation, shown, self._seconds)


DIAL_SECONDS = Stopwatch(
    "sugu_dial_seconds",
    "Seconds until a USSD turn was answered",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0),
)
REGISTRY.register(DIAL_SECONDS)
"""The budget is 2 s for 99 in 100 (`gateways.md` 1.5); a carrier gives up after ten."""
DIAL_FAILURES = Counter("sugu_dial_failures", "USSD turns answered with an apology", ["why"])
NOT_STORED = Counter("sugu_not_stored", "Requests answered 503: the database did not take them")

for _why in ("late", "fault", "unreadable"):
    DIAL_FAILURES.labels(_why)  # known from the start, so that the first one is seen as a rise
