"""What a carrier answers for the doors it does not have."""

# ruff: noqa: ARG002  (a closed door does not look at who knocks)

from datetime import datetime

from service.settings import Carrier
from service.sms.gateway import (
    Ack,
    DeliveryNote,
    Heartbeat,
    IncomingSms,
    Kind,
    OptOut,
    RawRequest,
    Unreadable,
    UssdEnd,
    UssdTurn,
)
from service.sms.ringing import IncomingCall
from service.sms.tokens import Tokens


class Quiet:
    """The doors of a carrier, all closed. A gateway opens those it has."""

    thanks = b"OK"
    """Body of every answer but a USSD screen."""

    def read_sms(self, raw: RawRequest) -> list[IncomingSms]:
        return []

    def read_delivery(self, raw: RawRequest) -> list[DeliveryNote]:
        return []

    def read_ussd(self, raw: RawRequest) -> UssdTurn | Unreadable:
        return Unreadable("this gateway has no USSD")

    def read_ussd_end(self, raw: RawRequest) -> UssdEnd | None:
        return None

    def read_opt_out(self, raw: RawRequest) -> OptOut | None:
        return None

    def read_heartbeat(self, raw: RawRequest) -> Heartbeat | None:
        return None

    def read_call(self, raw: RawRequest) -> IncomingCall | None:
        return None

    def ack(self, kind: Kind, body: str = "", label: str = "") -> Ack:
        return Ack(body=self.thanks)

    def verify(self, raw: RawRequest, now: datetime) -> bool:
        return True

    async def fetch(self, after: str | None) -> list[IncomingSms]:
        return []

    async def close(self) -> None:
        return None


def tokens(carrier: Carrier, default: str | None = None) -> Tokens:
    """The hook tokens of a gateway's settings; `default` stands in for a missing one."""
    current = carrier.hook_token.get_secret_value() if carrier.hook_token else default
    previous = carrier.hook_token_old.get_secret_value() if carrier.hook_token_old else None
    return Tokens(current or None, previous or None)
