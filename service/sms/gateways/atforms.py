"""The forms Africa's Talking posts to us, shared by the two gateways that speak them.

Evidence: `gateways.md` 1.4 to 1.6. Every value is a string on the wire; any may be missing.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from service.sms.gateway import (
    Ack,
    DeliveryNote,
    IncomingSms,
    Kind,
    NoteState,
    OptOut,
    RawRequest,
    ReportForm,
    Unreadable,
    UssdEnd,
    UssdTurn,
)
from service.sms.gateways.fields import Fields, caller, fields, instant, number, without
from service.sms.ringing import IncomingCall

STATES: Mapping[str, NoteState] = MappingProxyType(
    {
        "sent": NoteState.IN_TRANSIT,
        "submitted": NoteState.IN_TRANSIT,
        "buffered": NoteState.IN_TRANSIT,
        "success": NoteState.DELIVERED,
        "rejected": NoteState.FAILED,
        "failed": NoteState.FAILED,
        "absentsubscriber": NoteState.FAILED,
        "expired": NoteState.FAILED,
    }
)
ONCE = frozenset({"sessionId", "phoneNumber", "text", "serviceCode"})
"""Fields of a dial that must not be said twice in different ways."""
REPORT = ReportForm(
    frozenset({"id", "status", "phoneNumber"}),
    frozenset({"networkCode", "failureReason", "retryCount"}),
)
HOP_HEADER = "at-ussd-hop-metadata"
"""Names the screen in Africa's Talking's own session statistics."""
REJECT = b'<?xml version="1.0" encoding="UTF-8"?><Response><Reject/></Response>'
"""Hang up before the call is taken: it costs neither side anything."""
LONGEST_LABEL = 99
"""Characters of a hop label; `|` separates them in the end-of-session report."""


def read_sms(raw: RawRequest, keyword: str = "") -> list[IncomingSms]:
    """The one message of a callback; none without a sender. An empty text is a message."""
    form = fields(raw)
    sender = number(form.get("from"))
    if not sender:
        return []
    return [
        IncomingSms(
            provider_id=form.get("id") or None,
            sender=sender,
            to=form.get("to"),
            text=without(keyword, form.text("text")),
            sent_at=instant(form.get("date")),
            network=form.get("networkCode") or None,
        )
    ]


def read_delivery(raw: RawRequest) -> list[DeliveryNote]:
    form = fields(raw)
    word = form.get("status")
    if not word:
        return []
    return [
        DeliveryNote(
            provider_id=form.get("id") or None,
            key=None,
            phone=number(form.get("phoneNumber")) or None,
            state=STATES.get(word.lower(), NoteState.UNKNOWN_WORD),
            reason=form.get("failureReason") or None,
            raw_status=word,
        )
    ]


def read_ussd(raw: RawRequest) -> UssdTurn | Unreadable:
    """One hop. `text` holds every entry so far joined by `*`, and is empty on the first."""
    form = fields(raw)
    if form.doubled and (twice := form.doubled & ONCE):
        return Unreadable(f"{min(twice)} given twice")
    said = form.values.get  # and not `form.get`, which is five times as dear: this is every dial
    session, given = said("sessionId", "").strip(), said("phoneNumber", "").strip()
    phone = caller(given)
    if not session:
        return Unreadable("no sessionId")
    if phone is None:
        return Unreadable("phoneNumber is not a phone number" if given else "no phoneNumber")
    code, network = said("serviceCode", "").strip(), said("networkCode", "").strip()
    return UssdTurn(session, phone, code, network or None, said("text", "").strip())


def read_ussd_end(raw: RawRequest) -> UssdEnd | None:
    """Session, status and length only: `input` and `lastAppResponse` hold what people said."""
    form = fields(raw)
    session = form.get("sessionId")
    if not session:
        return None
    return UssdEnd(
        session=session,
        phone=number(form.get("phoneNumber")),
        status=form.get("status"),
        hops=_count(form, "hopsCount"),
        millis=_count(form, "durationInMillis"),
    )


def _count(form: Fields, name: str) -> int | None:
    said = form.get(name)
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None


def read_opt_out(raw: RawRequest) -> OptOut | None:
    """A bulk opt-out, or the end of a subscription (written in either case of letters)."""
    form = fields(raw)
    phone, change = number(form.get("phoneNumber")), form.get("updateType").lower()
    if not phone or change not in ("", "deletion"):
        return None
    return OptOut(phone, form.get("senderId", "shortCode"))


def read_call(raw: RawRequest) -> IncomingCall | None:
    """A voice callback: one while the call rings (`isActive` 1) and one after it (0). Either
    tells of the call; `sessionId` makes the second a repeat. Calls that we placed are not."""
    form = fields(raw)
    from_number = number(form.get("callerNumber"))
    if not from_number or form.get("direction").lower() == "outbound":
        return None
    return IncomingCall(form.get("sessionId"), from_number, form.get("destinationNumber"))


@lru_cache(maxsize=4096)
def ack(kind: Kind, body: str, label: str) -> Ack:
    """Any 200 does, except for USSD, where the body is the screen (`CON ...`, `END ...`), and for
    a call, which is refused in so many words."""
    if kind is Kind.CALL:
        return Ack(body=REJECT, content_type="application/xml")
    if kind is not Kind.USSD:
        return Ack()
    hop = "".join(sign for sign in label if sign.isascii() and sign.isprintable() and sign != "|")
    headers = {HOP_HEADER: hop[:LONGEST_LABEL]} if hop else {}
    return Ack(body=body.encode(), headers=headers)
