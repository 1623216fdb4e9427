"""One SIM in an Android phone: the app *SMS Gateway for Android* (capcom6), on the phone itself
or through its cloud or private server.

Every event comes to one URL, `/hooks/android/{token}/sms`; `read_sms` and `read_delivery` both
look at `event`. Our key travels as the message's own id, so a report names it. Contract:
`gateways.md` 2.7; the app's `messageId` of a received SMS is made from its content and is not
unique, so the event's `id` is the one kept.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import httpx

from service.settings import Android
from service.sms.gateway import (
    Capabilities,
    DeliveryNote,
    Halt,
    Health,
    Heartbeat,
    IncomingSms,
    NoteState,
    Outcome,
    Parcel,
    RawRequest,
    Recipient,
    ReportForm,
    Sent,
)
from service.sms.gateways.fields import as_text, document, instant, listed, number, part, texts
from service.sms.gateways.line import Line, Verdict, classify, loaded, one_by_one
from service.sms.gateways.quiet import Quiet
from service.sms.tokens import Tokens

CLOUD_PATH = "/3rdparty/v1"
RATE = 0.2
"""Messages per second: Android and operators both stop a SIM that writes faster for long."""
LIFETIME = 3 * 3600
"""Seconds the phone may keep a message it could not send: a late price is worse than none."""
WINDOW = 300
"""Seconds a signature is good for, either way, against replays and for the phone's own clock."""

EVENTS: Mapping[str, NoteState] = MappingProxyType(
    {
        "sms:sent": NoteState.IN_TRANSIT,
        "sms:delivered": NoteState.DELIVERED,
        "sms:failed": NoteState.FAILED,
    }
)


REPORT = ReportForm(
    frozenset({"event", "id", "payload.messageId"}),
    frozenset({"deviceId", "webhookId"})
    | {f"payload.{name}" for name in ("recipient", "sender", "phoneNumber", "simNumber", "reason")}
    | {f"payload.{name}" for name in ("partsCount", "sentAt", "deliveredAt", "failedAt")},
)


class AndroidGateway(Quiet):
    name = "android"

    def __init__(self, its: Android, tokens: Tokens, rate: float | None = None) -> None:
        self._its, self.tokens = its, tokens
        cloudy = its.cloud and not its.base_url.endswith(CLOUD_PATH)
        self._url = its.base_url + (f"{CLOUD_PATH}/message" if cloudy else "/message")
        self._health = its.base_url.removesuffix(CLOUD_PATH) + "/health"
        self._line = Line(auth=httpx.BasicAuth(its.username, its.password.get_secret_value()))
        self.capabilities = Capabilities(
            own_message_id=True,
            alphanumeric_sender=False,
            rate=its.rate or rate or RATE,
            tier=its.wire_tier,
            report=REPORT,
        )

    async def send(self, parcel: Parcel) -> Sequence[Sent] | Halt:
        return await one_by_one(parcel, lambda each: self._send(parcel.text, each))

    async def _send(self, text: str, each: Recipient) -> Sent | Halt:
        sim = {} if self._its.sim is None else {"simNumber": self._its.sim}
        letter = {
            "id": each.key,
            "textMessage": {"text": text},
            "phoneNumbers": [each.phone],
            "withDeliveryReport": True,
            "ttl": LIFETIME,
        }
        met = await self._line.call("POST", self._url, json=letter | sim)
        verdict = classify(met)
        if isinstance(verdict, Halt):
            return verdict
        if verdict.outcome is Outcome.ACCEPTED and isinstance(met, httpx.Response):
            return _read_answer(each, met, verdict)
        return verdict.sent(each.key)

    def read_sms(self, raw: RawRequest) -> list[IncomingSms]:
        event, payload = _event(raw)
        said = texts(payload)
        sender = number(said.get("sender") or said.get("phoneNumber", ""))
        if as_text(event.get("event")) != "sms:received" or not sender:
            return []
        return [
            IncomingSms(
                provider_id=as_text(event.get("id")) or None,
                sender=sender,
                to=number(said.get("recipient", "")),
                text=said.get("message", ""),
                sent_at=instant(said.get("receivedAt", "")),
            )
        ]

    def read_delivery(self, raw: RawRequest) -> list[DeliveryNote]:
        event, payload = _event(raw)
        word = as_text(event.get("event"))
        said = texts(payload)
        key = said.get("messageId") or None
        if key is None or not word.startswith("sms:") or word.endswith("received"):
            return []
        return [
            DeliveryNote(
                provider_id=key,
                key=key,
                phone=number(said.get("recipient") or said.get("phoneNumber", "")) or None,
                state=EVENTS.get(word, NoteState.UNKNOWN_WORD),
                reason=said.get("reason") or None,
                raw_status=word,
            )
        ]

    def read_heartbeat(self, raw: RawRequest) -> Heartbeat | None:
        event, _ = _event(raw)
        if as_text(event.get("event")) != "system:ping":
            return None
        said_at = instant(raw.headers.get("x-timestamp", ""))
        return Heartbeat(as_text(event.get("deviceId")), said_at)

    def verify(self, raw: RawRequest, now: datetime) -> bool:
        """HMAC-SHA256 in hexadecimal over body and timestamp, when a signing key is set."""
        key = self._its.signing_key.get_secret_value()
        if not key:
            return True
        stamp = raw.headers.get("x-timestamp", "")
        said_at = instant(stamp) if stamp.isdigit() else None
        if said_at is None or abs((now - said_at).total_seconds()) > WINDOW:
            return False
        due = hmac.new(key.encode(), raw.body + stamp.encode(), hashlib.sha256).hexdigest()
        given = raw.headers.get("x-signature", "").strip().lower()
        return hmac.compare_digest(due.encode(), given.encode())

    async def health(self) -> Health:
        """The app's own check: connection, battery, failures of the last hour."""
        met = await self._line.call("GET", self._health)
        if not isinstance(met, httpx.Response) or not met.is_success:
            return Health(ok=False, detail="the phone (or its server) does not answer")
        report = loaded(met)
        worries = [
            name
            for name, check in part(report, "checks").items()
            if part(check).get("status") not in ("pass", None)
        ]
        fine = as_text(part(report).get("status")) in ("pass", "warn")
        return Health(ok=fine, detail=f"phone: {', '.join(worries) or 'well'}")

    async def close(self) -> None:
        await self._line.close()


def _event(raw: RawRequest) -> tuple[dict[str, object], dict[str, object]]:
    event = part(document(raw))
    return event, part(event, "payload")


def _read_answer(each: Recipient, answer: httpx.Response, verdict: Verdict) -> Sent:
    """`{"id", "state", "recipients": [{"phoneNumber", "state", "error"}]}`."""
    said = part(loaded(answer))
    given = as_text(said.get("id"))
    if not given:
        return Sent(each.key, Outcome.UNKNOWN, code=verdict.code, reason="unreadable answer")
    if as_text(said.get("state")).lower() == "failed":
        errors = [as_text(one.get("error")) for one in listed(said.get("recipients"))]
        reason = next((error for error in errors if error), "failed")
        return Sent(each.key, Outcome.REJECTED, given, code=verdict.code, reason=reason)
    return Sent(each.key, Outcome.ACCEPTED, given, code=verdict.code)
