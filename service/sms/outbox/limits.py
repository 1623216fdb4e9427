"""What may be spent, on whom and at what hours: the settings as the outbox needs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo

from service.i18n import SOURCE, Say, speaker
from service.settings import QuietHours, Settings
from service.sms.outbox.routing import operator, route

BAMAKO = ZoneInfo("Africa/Bamako")
APPROVAL_COST = Decimal(10_000)
"""F above which a second person must approve, whatever the number of recipients; it is known
when tariffs are entered (`SUGU_COST_PER_SEGMENT`)."""
NATIONAL_DIGITS = {"+223": 8}
"""Length of a Malian number after its prefix: longer or shorter ones are not written to."""
REPLIES = frozenset({"reply", "copy", "test"})
"""Kinds somebody just asked for: no quiet hours, no opt-out, no daily share."""
CONSENTED = frozenset({"broadcast", "alert", "correction"})
"""Kinds sent only to people whose consent is in the ledger (Loi 2016-012, art. 35)."""
SHARED = frozenset({"broadcast", "alert", "correction"})
"""Kinds that count towards what one person is sent in a day."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps in SMS segments (per run, local day, local month) and messages per person and day.

    `drafts`: whether Bambara that nobody has approved yet is sent, or French in its place.
    """

    zone: ZoneInfo = BAMAKO
    quiet: QuietHours | None = None
    run: int = 6_000
    day: int = 10_000
    month: int = 100_000
    person_day: int = 3
    prefixes: tuple[str, ...] = ("+223",)
    gateway: str = "loopback"
    routes: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    approval_above: int = 200
    tariffs: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))

    drafts: bool = True

    def voice(self, language: str | None) -> Say:
        """The voice of a language as it may be sent."""
        return speaker(language or SOURCE, drafts=self.drafts)

    def today(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def is_quiet(self, at: datetime) -> bool:
        return self.quiet is not None and self.quiet.hold(at.astimezone(self.zone).time())

    def wakes(self, at: datetime) -> datetime:
        """The first instant from `at` on at which people may be written to first."""
        if self.quiet is None or not self.is_quiet(at):
            return at
        local = at.astimezone(self.zone)
        end = datetime.combine(local.date(), self.quiet.end, self.zone)
        if end <= local:
            end = datetime.combine(local.date() + timedelta(days=1), self.quiet.end, self.zone)
        return end.astimezone(UTC)

    def tomorrow(self, at: datetime) -> datetime:
        """The start of the next local day, quiet hours respected."""
        day = self.today(at) + timedelta(days=1)
        return self.wakes(datetime.combine(day, datetime.min.time(), self.zone).astimezone(UTC))

    def reaches(self, phone: str) -> bool:
        """Whether a number may be written to at all: stops toll fraud and premium routes."""
        for prefix in self.prefixes:
            if phone.startswith(prefix):
                digits = NATIONAL_DIGITS.get(prefix)
                return digits is None or len(phone) == len(prefix) + digits
        return False

    def ways(self, phone: str) -> tuple[str, ...]:
        """The gateways to try for a number, first choice first."""
        return route(phone, self.routes, self.gateway)

    def tariff(self, prefix: str) -> Decimal | None:
        """F per segment to an operator's two national digits; None when nobody entered one."""
        phone = f"+223{prefix}"
        for name in (operator(phone), self.ways(phone)[0], "*"):
            if name and name in self.tariffs:
                return self.tariffs[name]
        return None


def limits(settings: Settings) -> Limits:
    return Limits(
        zone=ZoneInfo(settings.timezone),
        quiet=settings.quiet_hours,
        run=settings.cap_segments_run,
        day=settings.cap_segments_day,
        month=settings.cap_segments_month,
        person_day=settings.cap_person_day,
        prefixes=settings.prefixes,
        gateway=settings.gateway,
        routes=settings.routes,
        approval_above=settings.approval_above,
        tariffs=settings.cost_per_segment,
        drafts=settings.ship_drafts,
    )
