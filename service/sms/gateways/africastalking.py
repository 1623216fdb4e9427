"""Africa's Talking: SMS by one kept-alive client, balance and catch-up by the official SDK.

The SDK (2.0.3) hides the HTTP status, blocks, and cannot tell "not sent" from "unknown", so it
does not send; it serves where exactness does not matter, in a thread, and in the tests as the
oracle of the wire. Contract: `gateways.md` 1.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

import httpx

from service.settings import AfricasTalking
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
    OptOut,
    Outcome,
    Parcel,
    RawRequest,
    Recipient,
    Sent,
    Unreadable,
    UssdEnd,
    UssdStyle,
    UssdTurn,
)
from service.sms.gateways import atforms
from service.sms.gateways.fields import as_text, instant, listed, number, part, texts, without
from service.sms.gateways.line import Line, Verdict, classify, loaded
from service.sms.gateways.quiet import Quiet
from service.sms.ringing import IncomingCall
from service.sms.tokens import Tokens

LIVE = "https://api.africastalking.com"
SANDBOX = "https://api.sandbox.africastalking.com"
RATE = 20.0
"""Messages per second: one request of twenty; no limit is published."""
PAGES = 20
"""Pages of the inbox read in one catch-up; the rest waits for the next."""
FETCHED = "fetch:"
"""Before the ids of fetched messages: integers, where a callback's id is another string."""

ACCEPTED = frozenset({100, 101, 102})
TRANSIENT = frozenset({500, 501, 502})
"""Their own error, the operator's gateway's, or refused by it: not sent, worth another try."""
STOPS: Mapping[int, HaltKind] = MappingProxyType({402: HaltKind.SENDER, 405: HaltKind.CREDIT})
CODES: Mapping[str, int] = MappingProxyType(
    {
        "Processed": 100,
        "Sent": 101,
        "Success": 101,
        "Queued": 102,
        "RiskHold": 401,
        "InvalidSenderId": 402,
        "InvalidPhoneNumber": 403,
        "UnsupportedNumberType": 404,
        "InsufficientBalance": 405,
        "UserInBlacklist": 406,
        "CouldNotRoute": 407,
        "DoNotDisturbRejection": 409,
        "InternalServerError": 500,
        "GatewayError": 501,
        "RejectedByGateway": 502,
    }
)


class AfricasTalkingGateway(Quiet):
    name = "africastalking"

    def __init__(self, its: AfricasTalking, tokens: Tokens, rate: float | None = None) -> None:
        self._its, self.tokens = its, tokens
        self._url = (its.base_url or (SANDBOX if its.username == "sandbox" else LIVE)) + "/version1"
        self._line = Line({"Accept": "application/json", "apiKey": its.api_key.get_secret_value()})
        self.capabilities = Capabilities(
            max_recipients=its.max_recipients,
            ussd=UssdStyle.ACCUMULATED,
            ussd_end_event=True,
            opt_out_events=True,
            calls=True,
            balance=True,
            poll_inbox=True,
            rate=its.rate or rate or RATE,
            tier=its.wire_tier,
            report=atforms.REPORT,
        )

    async def send(self, parcel: Parcel) -> Sequence[Sent] | Halt:
        path, content = self._letter(parcel)
        met = await self._line.call("POST", self._url + path, **content)
        match classify(met):
            case Verdict(outcome=Outcome.ACCEPTED | Outcome.REJECTED) as verdict:
                assert isinstance(met, httpx.Response)  # noqa: S101 (only an answer is either)
                return read_answer(parcel, met, verdict)
            case Verdict() as verdict:
                return verdict.everyone(parcel)
            case Halt() as halt:
                return halt

    def _letter(self, parcel: Parcel) -> tuple[str, dict[str, Any]]:
        """Path and content of a send: the SDK's fields in its order, or the JSON bulk form."""
        its, phones = self._its, [each.phone for each in parcel.recipients]
        sender = "" if its.omit_sender else parcel.sender or its.sender_id
        if its.json_bulk:
            letter = {"username": its.username, "message": parcel.text, "phoneNumbers": phones}
            extra = {"senderId": sender} if sender else {}
            return "/messaging/bulk", {"json": letter | extra | {"enqueue": its.enqueue}}
        form = {"username": its.username, "to": ",".join(phones), "message": parcel.text}
        form |= {"bulkSMSMode": "1"} | ({"from": sender} if sender else {})
        return "/messaging", {"data": form | ({"enqueue": "1"} if its.enqueue else {})}

    def read_sms(self, raw: RawRequest) -> list[IncomingSms]:
        return atforms.read_sms(raw, self._its.keyword)

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
        """Ask for the balance, by the SDK."""
        from service.sms.gateways import sdk

        answer = await asyncio.to_thread(sdk.application_data, *self._account())
        balance = cost(as_text(part(answer, "userData").get("balance")))
        if balance is None:
            return Health(ok=False, detail="Africa's Talking does not say the balance")
        return Health(
            ok=balance.amount > 0,
            detail=f"Africa's Talking: {balance.amount} {balance.currency} left",
            balance=balance,
        )

    async def fetch(self, after: str | None) -> list[IncomingSms]:
        """Messages newer than `after` (`fetch:15071`), page by page while pages bring news."""
        from service.sms.gateways import sdk

        last = _integer((after or "").removeprefix(FETCHED)) or 0
        found: dict[int, IncomingSms] = {}
        for _ in range(PAGES):
            answer = await asyncio.to_thread(sdk.messages, *self._account(), last)
            items = listed(part(answer, "SMSMessageData").get("Messages"))
            news = {at: sms for at, sms in map(self._fetched, items) if at > last}
            if not news:
                break
            found |= news
            last = max(news)
        return [found[at] for at in sorted(found)]

    def _fetched(self, item: Mapping[str, object]) -> tuple[int, IncomingSms]:
        said = texts(item)
        sms = IncomingSms(
            provider_id=FETCHED + said.get("id", ""),
            sender=number(said.get("from", "")),
            to=said.get("to", ""),
            text=without(self._its.keyword, said.get("text", "")),
            sent_at=instant(said.get("date", "")),
        )
        return _integer(said.get("id", "")) or 0, sms

    def _account(self) -> tuple[str, str, str]:
        return self._its.username, self._its.api_key.get_secret_value(), self._url

    async def close(self) -> None:
        await self._line.close()


# --- reading the answer to a send -------------------------------------------------------


def read_answer(parcel: Parcel, answer: httpx.Response, verdict: Verdict) -> Sequence[Sent] | Halt:
    """One `Sent` per recipient from the JSON of a 2xx, or of a 4xx that carries one (409).

    Entries are matched by number: neither order nor count is promised. Someone without an entry
    in a 2xx is unknown; in a 4xx, rejected as the request was.
    """
    data = part(loaded(answer), "SMSMessageData")
    entries = listed(data.get("Recipients"))
    message = as_text(data.get("Message"))
    if not entries and verdict.outcome is Outcome.REJECTED:
        return verdict.everyone(parcel)
    if not entries and message in CODES:  # a refusal of the whole request, in one word
        entries = [{"number": each.phone, "status": message} for each in parcel.recipients]
    by_phone: defaultdict[str, deque[dict[str, object]]] = defaultdict(deque)
    for entry in entries:
        by_phone[number(as_text(entry.get("number")))].append(entry)
    absent = Outcome.UNKNOWN if verdict.outcome is Outcome.ACCEPTED else Outcome.REJECTED
    missing = Verdict(absent, verdict.code, message[:60] or "no entry in the answer")
    return _gather(parcel, by_phone, missing)


def _gather(
    parcel: Parcel, by_phone: Mapping[str, deque[dict[str, object]]], missing: Verdict
) -> Sequence[Sent] | Halt:
    decided: list[Sent] = []
    stop: tuple[str, HaltKind] | None = None
    for each in parcel.recipients:
        entry = by_phone[each.phone].popleft() if by_phone[each.phone] else None
        code = _code(entry) if entry else None
        if entry and code is not None and code in STOPS:
            stop = (as_text(entry.get("status")) or str(code), STOPS[code])
        else:
            decided.append(_entry(each, entry, code) if entry else missing.sent(each.key))
    return Halt(*stop, sent=tuple(decided)) if stop else decided


def _entry(each: Recipient, entry: Mapping[str, object], code: int | None) -> Sent:
    said = texts(entry)
    given = said.get("messageId", "")
    return Sent(
        key=each.key,
        outcome=_outcome(code),
        provider_id=None if given in ("", "None") else given,
        parts=_integer(said.get("messageParts", "")) or None,
        cost=cost(said.get("cost", "")),
        code=str(code) if code is not None else None,
        reason=said.get("status") or None,
    )


def _code(entry: Mapping[str, object]) -> int | None:
    """Numbers come as numbers or as strings; the word stands in when there is none."""
    said = _integer(as_text(entry.get("statusCode")))
    return CODES.get(as_text(entry.get("status"))) if said is None else said


def _outcome(code: int | None) -> Outcome:
    if code in ACCEPTED:
        return Outcome.ACCEPTED
    if code in TRANSIENT:
        return Outcome.NOT_SENT
    return Outcome.REJECTED if code is not None and 400 <= code < 500 else Outcome.UNKNOWN


def _integer(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdigit() else None


def cost(said: str) -> Cost | None:
    """`XOF 18.0000`; None for a bare `0`, which says nothing was charged in no currency."""
    currency, _, amount = said.strip().partition(" ")
    try:
        return Cost(Decimal(amount), currency) if amount else None
    except InvalidOperation:
        return None
