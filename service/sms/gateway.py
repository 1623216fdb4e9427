"""What Sugu asks of a carrier: the contract between the outbox, the hooks and every gateway.

Values only, no wires. An adapter (`sms/gateways/x.py`) turns a carrier's bytes into these
values and back; it keeps no state worth saving, knows no menu and touches no database. The
text it is given has already passed the GSM gate and the septet count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from service.sms.ringing import IncomingCall
from service.sms.tokens import Tokens

DEFAULT_RATE = 5.0
"""Messages per second when the carrier publishes no figure: slow enough for any of them."""


class RawRequest(NamedTuple):
    """A carrier's HTTP request as it came. Header names are lower-case; `query` has no `?`."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class IncomingSms:
    """One message for us.

    `sender` is E.164 (`+22370000001`), or as the carrier wrote it when it is no phone number
    (a short code, an advertiser's name): those are stored and never answered.
    `sent_at` is the carrier's clock, kept for the record and never trusted for order.
    """

    provider_id: str | None
    sender: str
    to: str
    text: str
    sent_at: datetime | None = None
    network: str | None = None

    @property
    def answerable(self) -> bool:
        """Only a phone can be written back to; a name or a short code never is."""
        digits = self.sender.removeprefix("+")
        return digits != self.sender and digits.isascii() and digits.isdecimal()


class NoteState(StrEnum):
    """What a delivery report says. `unknown_word` is kept raw and moves nothing."""

    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN_WORD = "unknown_word"


@dataclass(frozen=True, slots=True)
class DeliveryNote:
    """One delivery report. It names the message by the carrier's id, by our own `key`
    (carriers that carry ours), or failing both by `phone`."""

    provider_id: str | None
    key: str | None
    phone: str | None
    state: NoteState
    reason: str | None
    raw_status: str


class UssdTurn(NamedTuple):
    """One USSD hop. `text` is everything typed so far joined by `*` when `mode` is
    `accumulated`, or the last entry alone when it is `last`. `starts` is None when the
    carrier does not say whether this hop opens the session."""

    session: str
    phone: str
    service_code: str
    network: str | None
    text: str
    mode: Literal["accumulated", "last"] = "accumulated"
    starts: bool | None = None
    aborted: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A request that lacks what is needed. The reason names fields, never values: it is logged."""

    reason: str


@dataclass(frozen=True, slots=True)
class UssdEnd:
    """How a session ended, for statistics only. Nothing promises it comes, or comes once."""

    session: str
    phone: str
    status: str
    hops: int | None
    millis: int | None


@dataclass(frozen=True, slots=True)
class OptOut:
    """The carrier took a STOP for `sender` (our name or short code) on our behalf."""

    phone: str
    sender: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life from a gateway that has a body: the phone with the SIM."""

    device: str
    said_at: datetime | None


@dataclass(frozen=True, slots=True)
class Recipient:
    """`key` is our delivery's own id: carriers that accept one carry it, which makes a
    repeat harmless. `phone` is E.164."""

    key: str
    phone: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """One text for at most `Capabilities.max_recipients` people; `sender` overrides the name."""

    text: str
    recipients: tuple[Recipient, ...]
    sender: str | None = None


class Outcome(StrEnum):
    """What became of one recipient (`reliability.md` 3.2).

    `not_sent` may be tried again, `unknown` may never be by itself: it could already be on
    its way.
    """

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cost:
    """Money as the carrier counts it."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Sent:
    """The carrier's answer for one recipient. `code` is the carrier's or HTTP's own word;
    `retry_after` (seconds) is set when the carrier asked us to slow down."""

    key: str
    outcome: Outcome
    provider_id: str | None = None
    parts: int | None = None
    cost: Cost | None = None
    code: str | None = None
    reason: str | None = None
    retry_after: float | None = None


class HaltKind(StrEnum):
    """Why a channel must stop until somebody acts."""

    CREDENTIALS = "credentials"
    CREDIT = "credit"
    SENDER = "sender"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Halt:
    """The channel must stop and staff be told: nothing will pass until somebody acts.

    `sent` holds the recipients already decided before the carrier refused the rest; every
    recipient of the parcel without an entry there was not sent and stays queued.
    """

    reason: str
    kind: HaltKind
    sent: tuple[Sent, ...] = ()


class Reports(StrEnum):
    """How delivery reports reach us. `echoed`: the worker applies one itself (loopback)."""

    NONE = "none"
    PUSHED = "pushed"
    ECHOED = "echoed"


class UssdStyle(StrEnum):
    """How a carrier speaks USSD; the dialects live in `ussd/dialects.py`."""

    NONE = "none"
    ACCUMULATED = "accumulated"
    LAST = "last"
    XHTML = "xhtml"


@dataclass(frozen=True, slots=True)
class ReportForm:
    """The fields of a delivery report by its contract, dotted where they are nested (lists have
    no index). `sugu doctor` shows what a real report lacks or adds."""

    needed: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do. `tier` names the wire alphabet (`encoding.Tier`), `rate` is
    messages per second."""

    max_recipients: int = 1
    receive_sms: bool = True
    delivery_reports: Reports = Reports.PUSHED
    ussd: UssdStyle = UssdStyle.NONE
    ussd_end_event: bool = False
    opt_out_events: bool = False
    calls: bool = False
    balance: bool = False
    poll_inbox: bool = False
    own_message_id: bool = False
    alphanumeric_sender: bool = True
    reply_in_http_body: bool = False
    rate: float = DEFAULT_RATE
    tier: Literal["accented", "bare"] = "accented"
    report: ReportForm = ReportForm()

    @property
    def echo_reports(self) -> bool:
        return self.delivery_reports is Reports.ECHOED


class Kind(StrEnum):
    """The six doors a carrier knocks at (`/hooks/{gateway}/{token}/{kind}`)."""

    SMS = "sms"
    DELIVERY = "delivery"
    USSD = "ussd"
    USSD_END = "ussd-end"
    OPT_OUT = "opt-out"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Ack:
    """The exact answer a carrier wants, whether the message was new, a repeat or ignored."""

    status: int = 200
    body: bytes = b"OK"
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Health:
    """`ok` is whether a message would probably leave; `detail` is one sentence for staff."""

    ok: bool
    detail: str
    balance: Cost | None = None


class Gateway(Protocol):
    """One carrier, both directions."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def tokens(self) -> Tokens: ...

    async def send(self, parcel: Parcel) -> Sequence[Sent] | Halt:
        """One entry per recipient, or a halt. Never raises for what a carrier does."""

    def read_sms(self, raw: RawRequest) -> list[IncomingSms]:
        """The messages in a request: none when it carries something else, several in a batch."""

    def read_delivery(self, raw: RawRequest) -> list[DeliveryNote]: ...
    def read_ussd(self, raw: RawRequest) -> UssdTurn | Unreadable: ...
    def read_ussd_end(self, raw: RawRequest) -> UssdEnd | None: ...
    def read_opt_out(self, raw: RawRequest) -> OptOut | None: ...
    def read_heartbeat(self, raw: RawRequest) -> Heartbeat | None: ...
    def read_call(self, raw: RawRequest) -> IncomingCall | None: ...

    def ack(self, kind: Kind, body: str = "", label: str = "") -> Ack:
        """The answer to a request of this kind; `body` and `label` (a screen's name) serve USSD."""

    def verify(self, raw: RawRequest, now: datetime) -> bool:
        """Whether the request is signed as it should be; True where the carrier signs nothing."""

    async def health(self) -> Health: ...

    async def fetch(self, after: str | None) -> list[IncomingSms]:
        """What arrived since `after` (the last fetched `provider_id`), oldest first; empty
        unless `capabilities.poll_inbox`."""

    async def close(self) -> None: ...
