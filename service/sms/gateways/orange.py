"""Orange's SMS API for the Middle East and Africa, and the pages of its #303# service.

A token lives an hour and is asked for by one caller at a time. Where to post incoming messages
and delivery reports is settled with Orange on paper, not by the API. Contract: `gateways.md` 2.1.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from urllib.parse import quote

import httpx

from service.clock import monotonic
from service.settings import Orange
from service.sms.gateway import (
    Ack,
    Capabilities,
    Cost,
    DeliveryNote,
    Halt,
    HaltKind,
    Health,
    IncomingSms,
    Kind,
    NoteState,
    Outcome,
    Parcel,
    RawRequest,
    Recipient,
    ReportForm,
    Sent,
    Unreadable,
    UssdStyle,
    UssdTurn,
)
from service.sms.gateways.fields import (
    as_text,
    caller,
    document,
    fields,
    instant,
    listed,
    number,
    part,
    texts,
    without,
)
from service.sms.gateways.line import Line, Verdict, classify, loaded, one_by_one
from service.sms.gateways.quiet import Quiet
from service.sms.tokens import Tokens

RATE = 4.0
"""Messages per second: the published limit is five."""
FRESH = 0.9
"""Share of a token's life after which a new one is asked for."""
SHORT_LIFE = 3600
"""Seconds a token is taken to live when Orange does not say."""
NO_CREDIT = re.compile(r"balance|credit|bundle|contract|quota|expired", re.IGNORECASE)
"""Words of a 403 that speaks of the prepaid bundle rather than of the password."""

STATES: Mapping[str, NoteState] = MappingProxyType(
    {
        "deliveredtoterminal": NoteState.DELIVERED,
        "deliveryimpossible": NoteState.FAILED,
        "deliveredtonetwork": NoteState.IN_TRANSIT,
        "messagewaiting": NoteState.IN_TRANSIT,
        "deliveryuncertain": NoteState.IN_TRANSIT,
    }
)


REPORT = ReportForm(
    frozenset(
        f"deliveryInfoNotification.{name}"
        for name in ("callbackData", "deliveryInfo.address", "deliveryInfo.deliveryStatus")
    )
)


class OrangeGateway(Quiet):
    name = "orange"

    def __init__(self, its: Orange, tokens: Tokens, rate: float | None = None) -> None:
        self._its, self.tokens = its, tokens
        self._line = Line({"Accept": "application/json"})
        self._token, self._good_until = "", 0.0
        self._asking = asyncio.Lock()
        self._from = f"tel:{its.sender_address.removeprefix('tel:')}"
        self.capabilities = Capabilities(
            ussd=UssdStyle.XHTML if its.ussd else UssdStyle.NONE,
            balance=True,
            rate=its.rate or rate or RATE,
            tier=its.wire_tier,
            report=REPORT,
        )

    async def send(self, parcel: Parcel) -> Sequence[Sent] | Halt:
        return await one_by_one(parcel, lambda each: self._send(parcel, each))

    async def _send(self, parcel: Parcel, each: Recipient) -> Sent | Halt:
        url = f"{self._its.base_url}/smsmessaging/v1/outbound/{quote(self._from, safe='')}/requests"
        sender = parcel.sender or self._its.sender_id
        letter: dict[str, object] = {
            "address": f"tel:{each.phone}",
            "senderAddress": self._from,
            **({"senderName": sender} if sender else {}),
            "outboundSMSTextMessage": {"message": parcel.text},
        }
        met = await self._authorised("POST", url, {"outboundSMSMessageRequest": letter})
        if isinstance(met, Verdict):
            return met.sent(each.key)
        return met if isinstance(met, Halt) else _read_answer(each, met)

    async def _authorised(
        self, method: str, url: str, letter: Mapping[str, object] | None = None
    ) -> httpx.Response | Verdict | Halt:
        """An answer of 2xx. A 401 is met once with a new token: it proves nothing was sent."""
        verdict: Verdict | Halt = Verdict(Outcome.NOT_SENT)
        for _ in range(2):
            token = await self._bearer()
            if not isinstance(token, str):
                return token
            headers = {"Authorization": f"Bearer {token}"}
            met = await self._line.call(method, url, json=letter, headers=headers)
            verdict = classify(met)
            if isinstance(met, httpx.Response) and met.is_success:
                return met
            if not (isinstance(met, httpx.Response) and met.status_code == 401):
                return _about_credit(verdict)
            self._forget(token)
        return verdict

    def _forget(self, token: str) -> None:
        if self._token == token:
            self._token = ""

    async def _bearer(self) -> str | Verdict | Halt:
        """The token, asked for by one caller while the others wait. Nothing was sent yet, so
        every failure here may be tried again, except a refusal of the credentials."""
        async with self._asking:
            if self._token and monotonic() < self._good_until:
                return self._token
            met = await self._line.call(
                "POST",
                f"{self._its.base_url}/oauth/v3/token",
                data={"grant_type": "client_credentials"},
                auth=httpx.BasicAuth(self._its.username, self._its.password.get_secret_value()),
            )
            match classify(met):
                case Halt() as halt:
                    return halt
                case Verdict(outcome=Outcome.REJECTED) as verdict:
                    return Halt(f"token: {verdict.reason}", HaltKind.CREDENTIALS)
                case Verdict(code=code, retry_after=after):
                    said = part(loaded(met))
                    self._token = as_text(said.get("access_token"))
                    life = as_text(said.get("expires_in"))  # "3600", a string
                    seconds = int(life) if life.isascii() and life.isdigit() else SHORT_LIFE
                    self._good_until = monotonic() + FRESH * seconds
                    return self._token or Verdict(Outcome.NOT_SENT, code, "no token", after)

    def read_sms(self, raw: RawRequest) -> list[IncomingSms]:
        notice = part(document(raw), "inboundSMSMessageNotification")
        messages = listed(notice.get("inboundSMSMessage"))
        said = [texts(one) for one in messages]
        return [
            IncomingSms(
                provider_id=one.get("messageId") or None,
                sender=number(one["senderAddress"]),
                to=number(one.get("destinationAddress", "")),
                text=without(self._its.keyword, one.get("message", "")),
                sent_at=instant(one.get("dateTime", "")),
            )
            for one in said
            if one.get("senderAddress")
        ]

    def read_delivery(self, raw: RawRequest) -> list[DeliveryNote]:
        notice = part(document(raw), "deliveryInfoNotification")
        given = as_text(notice.get("callbackData")) or None
        infos = listed(notice.get("deliveryInfo"))
        return [_note(given, texts(one)) for one in infos]

    def read_ussd(self, raw: RawRequest) -> UssdTurn | Unreadable:
        """One page asked for by GET. Our links carry the path so far in `text`; a form adds the
        entry in `input`. The names follow our own pages; only the caller's number is Orange's."""
        if not self._its.ussd:
            return Unreadable("#303# pages are switched off (SUGU_ORANGE__USSD)")
        form = fields(raw)
        given = form.get("msisdn", "MSISDN") or next(
            (raw.headers[name] for name in ("user-msisdn", "x-msisdn") if name in raw.headers), ""
        )
        phone = caller(given)
        if phone is None:
            return Unreadable("no msisdn")
        text = "*".join(said for said in (form.get("text"), form.get("input")) if said)
        return UssdTurn(
            session=form.get("session", "sessionid", "sessionId") or phone,
            phone=phone,
            service_code=form.get("code", "serviceCode"),
            network=None,
            text=text,
        )

    def ack(self, kind: Kind, body: str = "", label: str = "") -> Ack:
        if kind is Kind.USSD:
            return Ack(body=body.encode(), content_type="application/xhtml+xml; charset=utf-8")
        return super().ack(kind, body, label)

    async def health(self) -> Health:
        """Units left in the prepaid bundles of the country."""
        url = f"{self._its.base_url}/sms/admin/v1/contracts?country={quote(self._its.country)}"
        met = await self._authorised("GET", url)
        if not isinstance(met, httpx.Response):
            return Health(ok=False, detail=f"Orange: {met.reason or met}")
        units = sum(_units(loaded(met)), Decimal(0))
        return Health(ok=units > 0, detail=f"Orange: {units} SMS left", balance=Cost(units, "SMS"))

    async def close(self) -> None:
        await self._line.close()


def _about_credit(verdict: Verdict | Halt) -> Verdict | Halt:
    """Orange answers 403 for an empty bundle as well as for a wrong application."""
    match verdict:
        case Halt(reason, HaltKind.CREDENTIALS) if NO_CREDIT.search(reason):
            return Halt(reason, HaltKind.CREDIT)
        case _:
            return verdict


def _read_answer(each: Recipient, answer: httpx.Response) -> Sent:
    """The id is the last part of `resourceURL`; without one nothing proves what was taken."""
    code = str(answer.status_code)
    where = as_text(part(loaded(answer), "outboundSMSMessageRequest").get("resourceURL"))
    given = where.rstrip("/").rpartition("/")[2]
    if not given:
        return Sent(each.key, Outcome.UNKNOWN, code=code, reason="unreadable answer")
    return Sent(each.key, Outcome.ACCEPTED, given, code=code)


def _note(given: str | None, said: Mapping[str, str]) -> DeliveryNote:
    word = said.get("deliveryStatus", "")
    state = STATES.get(word.lower(), NoteState.UNKNOWN_WORD)
    return DeliveryNote(
        provider_id=given,
        key=None,
        phone=number(said.get("address", "")) or None,
        state=state,
        reason=word if state is NoteState.FAILED else None,
        raw_status=word,
    )


def _units(report: object) -> list[Decimal]:
    """Every `availableUnits` in a report whose nesting differs between versions of the API."""
    match report:
        case {"availableUnits": found}:
            try:
                return [Decimal(as_text(found))]
            except InvalidOperation:
                return []
        case dict():
            return [units for value in report.values() for units in _units(value)]
        case list():
            return [units for value in report for units in _units(value)]
        case _:
            return []
