"""Kannel: an operator's SMPP link behind plain HTTP.

It gives no message id, so ours travels in the report's address. Whatever we answer to an
incoming message is texted to the farmer, so the answer is empty (and `omit-empty = true` stands
in its configuration, or it texts an English warning instead). Contract: `gateways.md` 2.3.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote, quote_plus

import httpx

from service.encoding import is_gsm7
from service.settings import Kannel
from service.sms.gateway import (
    Capabilities,
    DeliveryNote,
    Halt,
    HaltKind,
    Health,
    IncomingSms,
    NoteState,
    Outcome,
    Parcel,
    RawRequest,
    Recipient,
    ReportForm,
    Sent,
)
from service.sms.gateways.fields import as_words, fields, instant, number, pairs, without
from service.sms.gateways.line import PAUSE, Line, Verdict, classify, one_by_one, said
from service.sms.gateways.quiet import Quiet
from service.sms.tokens import Tokens

RATE = 10.0
"""Messages per second, what a small SMPP bind is usually granted."""
ALL_REPORTS = 31
"""dlr-mask: delivered 1, not delivered 2, buffered 4, taken by the SMSC 8, refused by it 16."""
UCS2 = "2"
TAKEN = re.compile(r"\s*(0:|3:|sent\b|accepted|queued)", re.IGNORECASE)
"""`0: Accepted for delivery`, `3: Queued for later delivery`, and the `Sent.` of old versions."""
LATER = re.compile(r"temporal failure|try again", re.IGNORECASE)
"""Its own words, not a proxy's, that a message was not taken."""

STATES: Mapping[str, NoteState] = MappingProxyType(
    {
        "1": NoteState.DELIVERED,
        "2": NoteState.FAILED,
        "4": NoteState.IN_TRANSIT,
        "8": NoteState.IN_TRANSIT,
        "16": NoteState.FAILED,
    }
)


REPORT = ReportForm(frozenset({"key", "status"}), frozenset({"smsc", "reply", "id"}))
"""The names we gave them ourselves in the report's address."""


class KannelGateway(Quiet):
    name = "kannel"
    thanks = b""

    def __init__(
        self, its: Kannel, tokens: Tokens, public_url: str, rate: float | None = None
    ) -> None:
        self._its, self.tokens = its, tokens
        self._reports = f"{public_url}/hooks/kannel/{tokens.current}/delivery"
        self._line = Line()
        self.capabilities = Capabilities(
            own_message_id=True,
            reply_in_http_body=True,
            rate=its.rate or rate or RATE,
            tier=its.wire_tier,
            report=REPORT,
        )

    async def send(self, parcel: Parcel) -> Sequence[Sent] | Halt:
        return await one_by_one(parcel, lambda each: self._send(parcel, each))

    async def _send(self, parcel: Parcel, each: Recipient) -> Sent | Halt:
        met = await self._line.call("GET", self._url(parcel, each))
        verdict = classify(met)
        if isinstance(met, httpx.Response) and met.status_code == 503 and LATER.search(met.text):
            verdict = Verdict(Outcome.NOT_SENT, "503", said(met), PAUSE)
        if isinstance(verdict, Halt):
            return verdict
        if verdict.outcome is Outcome.ACCEPTED and not (
            isinstance(met, httpx.Response) and TAKEN.match(met.text)
        ):
            return Sent(each.key, Outcome.UNKNOWN, code=verdict.code, reason="unreadable answer")
        return verdict.sent(each.key)

    def _url(self, parcel: Parcel, each: Recipient) -> str:
        """The send request. Outside GSM-7: coding 2, UTF-16BE bytes and no charset, since
        builds without iconv refuse one."""
        sender = parcel.sender or self._its.sender_id
        plain = is_gsm7(parcel.text)
        form = {
            "username": self._its.username,
            "password": self._its.password.get_secret_value(),
            **({"from": sender} if sender else {}),
            "to": each.phone.removeprefix("+"),
            **({"charset": "UTF-8", "coding": "0"} if plain else {"coding": UCS2}),
            **({"smsc": self._its.smsc} if self._its.smsc else {}),
            **self._report(each),
        }
        text = parcel.text.encode("utf-8" if plain else "utf-16-be")
        asked = "&".join(f"{name}={quote_plus(value)}" for name, value in form.items())
        return f"{self._its.base_url}/cgi-bin/sendsms?{asked}&text={quote_plus(text)}"

    def _report(self, each: Recipient) -> dict[str, str]:
        """Where reports go: `%d` the status bit, `%A` the SMSC's words, `%F` its id."""
        if self.tokens.current is None:
            return {}
        url = f"{self._reports}?key={quote(each.key)}&status=%d&smsc=%i&reply=%A&id=%F"
        return {"dlr-mask": str(ALL_REPORTS), "dlr-url": url}

    def read_sms(self, raw: RawRequest) -> list[IncomingSms]:
        """Our own field names (`docs/gateways.md`), and those RapidPro's Kannel route uses."""
        form = fields(raw)
        sender = number(form.get("from", "sender"))
        if not sender:
            return []
        return [
            IncomingSms(
                provider_id=form.get("id") or None,
                sender=sender,
                to=number(form.get("to")),
                text=without(self._its.keyword, _text(raw, form.get("coding"))),
                sent_at=instant(form.get("ts", "time")),
                network=form.get("smsc") or None,
            )
        ]

    def read_delivery(self, raw: RawRequest) -> list[DeliveryNote]:
        form = fields(raw)
        word = form.get("status")
        if not word:
            return []
        state = STATES.get(word, NoteState.UNKNOWN_WORD)
        failed = state is NoteState.FAILED
        return [
            DeliveryNote(
                provider_id=None,  # it gives none at sending, so none would match
                key=form.get("key") or None,
                phone=None,
                state=state,
                reason=form.get("reply") or None if failed else None,
                raw_status=word,
            )
        ]

    async def health(self) -> Health:
        """A send without a receiver: refused as such (400), or for the password (403)."""
        form = {"username": self._its.username, "password": self._its.password.get_secret_value()}
        met = await self._line.call(
            "GET", f"{self._its.base_url}/cgi-bin/sendsms", params=form | {"text": ""}
        )
        match classify(met):
            case Halt(reason, HaltKind.CREDENTIALS):
                return Health(ok=False, detail=f"Kannel refuses the password: {reason}")
            case Verdict(outcome=Outcome.REJECTED | Outcome.ACCEPTED):
                return Health(ok=True, detail="Kannel answers")
            case _:
                return Health(ok=False, detail="Kannel does not answer")

    async def close(self) -> None:
        await self._line.close()


def _text(raw: RawRequest, coding: str) -> str:
    """The message, from its bytes: with coding 2 they may be UTF-16BE."""
    found = dict(reversed(list(pairs(raw.body or raw.query.encode()))))
    said_in_bytes = found.get(b"text") or found.get(b"message") or b""
    charset = as_words(found.get(b"charset", b"")).strip().upper()
    if coding == UCS2 and charset in ("UTF-16BE", "UCS-2", ""):
        return said_in_bytes.decode("utf-16-be", "replace").replace("\0", "")
    return as_words(said_in_bytes)
