"""The gateway that sends nowhere: demo, simulator, tests. It speaks the forms of Africa's
Talking, so that what is tried here goes through the doors a real carrier uses."""

from collections.abc import Callable, Sequence

from service.settings import Loopback
from service.sms.gateway import (
    Ack,
    Capabilities,
    DeliveryNote,
    Halt,
    Health,
    IncomingSms,
    Kind,
    OptOut,
    Outcome,
    Parcel,
    RawRequest,
    Reports,
    Sent,
    Unreadable,
    UssdEnd,
    UssdStyle,
    UssdTurn,
)
from service.sms.gateways import atforms
from service.sms.gateways.quiet import Quiet
from service.sms.ringing import IncomingCall
from service.sms.tokens import Tokens

RATE = 200.0
"""Messages per second: enough to show a broadcast of the whole area within a minute."""
RECIPIENTS = 20
"""As many as a request to Africa's Talking carries, so that batches look alike."""

Sink = Callable[[Parcel], None]
"""Takes what was sent, when sender and reader are one process (tests)."""


class LoopbackGateway(Quiet):
    name = "loopback"

    def __init__(
        self, its: Loopback, tokens: Tokens, rate: float | None = None, sink: Sink | None = None
    ) -> None:
        self.tokens = tokens
        self._sink = sink
        self.capabilities = Capabilities(
            max_recipients=RECIPIENTS,
            delivery_reports=Reports.ECHOED,
            ussd=UssdStyle.ACCUMULATED,
            ussd_end_event=True,
            opt_out_events=True,
            calls=True,
            own_message_id=True,
            rate=its.rate or rate or RATE,
            tier=its.wire_tier,
            report=atforms.REPORT,
        )

    async def send(self, parcel: Parcel) -> Sequence[Sent] | Halt:
        """Everything is accepted. The worker then applies a delivered report by itself."""
        if self._sink is not None:
            self._sink(parcel)
        return [
            Sent(each.key, Outcome.ACCEPTED, provider_id=f"loop-{each.key}")
            for each in parcel.recipients
        ]

    def read_sms(self, raw: RawRequest) -> list[IncomingSms]:
        return atforms.read_sms(raw)

    def read_delivery(self, raw: RawRequest) -> list[DeliveryNote]:
        return atforms.read_delivery(raw)

    def read_ussd(self, raw: RawRequest) -> UssdTurn | Unreadable:
        return atforms.read_ussd(raw)

    def read_ussd_end(self, raw: RawRequest) -> UssdEnd | None:
        return atforms.read_ussd_end(raw)

    def read_opt_out(self, raw: RawRequest) -> OptOut | None:
        return atforms.read_opt_out(raw)

    def read_call(self, raw: RawRequest) -> IncomingCall | None:
        return atforms.read_call(raw)

    def ack(self, kind: Kind, body: str = "", label: str = "") -> Ack:
        return atforms.ack(kind, body, label)

    async def health(self) -> Health:
        return Health(ok=True, detail="loopback: nothing leaves this machine")
