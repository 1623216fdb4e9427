"""What this process counts by itself, for Prometheus: how long a dial takes, and what failed."""

from prometheus_client import Counter, Histogram

DIAL_SECONDS = Histogram(
    "sugu_dial_seconds",
    "Seconds until a USSD turn was answered",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0),
)
"""The budget is 2 s for 99 in 100 (`gateways.md` 1.5); a carrier gives up after ten."""
DIAL_FAILURES = Counter("sugu_dial_failures", "USSD turns answered with an apology", ["why"])
NOT_STORED = Counter("sugu_not_stored", "Requests answered 503: the database did not take them")

for _why in ("late", "fault", "unreadable"):
    DIAL_FAILURES.labels(_why)  # known from the start, so that the first one is seen as a rise
