"""Quiet hours, destinations and tariffs."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from service.settings import QuietHours
from service.sms.outbox.limits import Limits

NIGHT = Limits(quiet=QuietHours(time(20), time(6, 30)))
FIRST, LAST = datetime(2020, 1, 1), datetime(2040, 1, 1)  # noqa: DTZ001 (hypothesis adds the zone)
instants = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
zones = st.sampled_from(["Africa/Bamako", "Europe/Paris", "Asia/Kathmandu", "America/New_York"])


@settings(max_examples=250)
@given(st.lists(instants, min_size=40, max_size=40), zones, st.times(), st.times())
def test_what_waits_for_the_morning_leaves_when_nobody_sleeps(times, zone, start, end):
    night = replace(NIGHT, zone=ZoneInfo(zone), quiet=QuietHours(start, end))
    for at in times:
        woken = night.wakes(at)
        assert woken >= at
        assert (woken == at) == (not night.is_quiet(at))
        assert not night.is_quiet(woken)
        assert woken - at <= timedelta(hours=25)


def test_the_night_of_kita():
    def local(hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)

    assert [NIGHT.is_quiet(local(*at)) for at in ((19, 59), (20,), (23, 59), (6, 29), (6, 30))] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert NIGHT.wakes(local(22)) == local(6, 30) + timedelta(days=1)
    assert NIGHT.wakes(local(3)) == local(6, 30)
    assert Limits().wakes(local(3)) == local(3)


def test_only_numbers_of_the_country_are_reached():
    numbers = ("+22370000001", "+2237000000", "+223700000012", "+33612345678", "+882123")
    assert [NIGHT.reaches(number) for number in numbers] == [True, False, False, False, False]
    assert replace(NIGHT, prefixes=("+223", "+33")).reaches("+33612345678")


def test_the_nearest_tariff_holds():
    tariffs = {"moov": Decimal(9), "*": Decimal(12)}
    priced = replace(NIGHT, tariffs=tariffs)
    assert [priced.tariff(prefix) for prefix in ("60", "70")] == [Decimal(9), Decimal(12)]
    assert NIGHT.tariff("70") is None
    assert replace(NIGHT, tariffs={"owl": Decimal(3)}, gateway="owl").tariff("70") == Decimal(3)
