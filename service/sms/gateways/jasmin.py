"""Jasmin: an SMPP gateway whose HTTP callbacks must be answered with the exact `ACK/Jasmin`, or
they come again. Contract: `gateways.md` 2.4.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from urllib.parse import quote

import httpx

from service.encoding import is_gsm7
from service.settings import Jasmin
from service.sms.gateway import (
    Capabilities,
    Cost,
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
from service.sms.gateways.fields import Fields, as_text, fields, number, part, without
from service.sms.gateways.line import Line, Verdict, classify, loaded, one_by_one
from service.sms.gateways.quiet import Quiet
from service.sms.tokens import Tokens

RATE = 10.0
"""Messages per second, what a small SMPP bind is usually granted."""
TAKEN = re.compile(r'\s*Success\s+"?([^"\s]+)"?')
THROUGHPUT = re.compile("throughput", re.IGNORECASE)
"""Jasmin says 403 for a user who sends too fast; that is no reason to stop the channel."""
NO_CREDIT = re.compile("balance|charg|quota|submit_sm_count", re.IGNORECASE)

STATES: Mapping[str, NoteState] = MappingProxyType(
    {
        "DELIVRD": NoteState.DELIVERED,
        "ESME_ROK": NoteState.IN_TRANSIT,
        "ACCEPTD": NoteState.IN_TRANSIT,
        "ENROUTE": NoteState.IN_TRANSIT,
        "UNDELIV": NoteState.FAILED,
        "EXPIRED": NoteState.FAILED,
        "REJECTD": NoteState.FAILED,
        "DELETED": NoteState.FAILED,
    }
)

GSM_TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038 6.2.1, by code; 0x1B escapes to the second table."""
GSM_ESCAPED: Mapping[int, str] = MappingProxyType(
    {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]"}
    | {0x40: "|", 0x65: "€"}
)


REPORT = ReportForm(
    frozenset({"key", "id", "message_status", "level"}),
    frozenset({"id_smsc", "connector", "subdate", "donedate", "sub", "dlvrd", "err", "text"}),
)


class JasminGateway(Quiet):
    name = "jasmin"
    thanks = b"ACK/Jasmin"

    def __init__(
        self, its: Jasmin, tokens: Tokens, public_url: str, rate: float | None = None
    ) -> None:
        self._its, self.tokens = its, tokens
        self._reports = f"{public_url}/hooks/jasmin/{tokens.current}/delivery"
        self._login = {"username": its.username, "password": its.password.get_secret_value()}
        self._line = Line()
        self.capabilities = Capabilities(
            own_message_id=True,
            balance=True,
            rate=its.rate or rate or RATE,
            tier=its.wire_tier,
            report=REPORT,
        )

    async def send(self, parcel: Parcel) -> Sequence[Sent] | Halt:
        return await one_by_one(parcel, lambda each: self._send(parcel, each))

    async def _send(self, parcel: Parcel, each: Recipient) -> Sent | Halt:
        url = f"{self._its.base_url}/send"
        met = await self._line.call("POST", url, data=self._form(parcel, each))
        match classify(met):
            case Halt(reason) if THROUGHPUT.search(reason):
                return Sent(each.key, Outcome.NOT_SENT, code="403", reason=reason, retry_after=1.0)
            case Halt(reason, HaltKind.CREDENTIALS) if NO_CREDIT.search(reason):
                return Halt(reason, HaltKind.CREDIT)
            case Halt() as halt:
                return halt
            case Verdict(outcome=Outcome.ACCEPTED, code=code) if isinstance(met, httpx.Response):
                taken = TAKEN.match(met.text)
                if taken is None:
                    return Sent(each.key, Outcome.UNKNOWN, code=code, reason="unreadable answer")
                return Sent(each.key, Outcome.ACCEPTED, taken[1], code=code)
            case Verdict() as verdict:
                return verdict.sent(each.key)

    def _form(self, parcel: Parcel, each: Recipient) -> dict[str, str]:
        """UTF-8 `content` with coding 0 (Jasmin makes it GSM 03.38), else UTF-16BE as hex."""
        sender = parcel.sender or self._its.sender_id
        form = self._login | {"to": each.phone.removeprefix("+")}
        form |= {"from": sender} if sender else {}
        if is_gsm7(parcel.text):
            form |= {"coding": "0", "content": parcel.text}
        else:
            form |= {"coding": "8", "hex-content": parcel.text.encode("utf-16-be").hex()}
        if self.tokens.current is None:
            return form | {"dlr": "no"}
        where = f"{self._reports}?key={quote(each.key)}"
        level = str(self._its.dlr_level)
        return form | {
            "dlr": "yes", "dlr-url": where, "dlr-level": level, "dlr-method": "POST"
        }  # fmt: skip

    def read_sms(self, raw: RawRequest) -> list[IncomingSms]:
        form = fields(raw)
        sender = number(form.get("from"))
        if not sender:
            return []
        return [
            IncomingSms(
                provider_id=form.get("id") or None,
                sender=sender,
                to=number(form.get("to")),
                text=without(self._its.keyword, _text(form)),
                network=form.get("origin-connector") or None,
            )
        ]

    def read_delivery(self, raw: RawRequest) -> list[DeliveryNote]:
        form = fields(raw)
        word = form.get("message_status", "status")
        if not word:
            return []
        state = STATES.get(word.upper(), NoteState.UNKNOWN_WORD)
        if state is NoteState.UNKNOWN_WORD and word.upper().startswith("ESME_"):
            state = NoteState.FAILED
        failed = state is NoteState.FAILED
        return [
            DeliveryNote(
                provider_id=form.get("id") or None,
                key=form.get("key") or None,
                phone=None,
                state=state,
                reason=(form.get("err") or word) if failed else None,
                raw_status=word,
            )
        ]

    async def health(self) -> Health:
        met = await self._line.call("GET", f"{self._its.base_url}/balance", params=self._login)
        match classify(met):
            case Verdict(outcome=Outcome.ACCEPTED) if isinstance(met, httpx.Response):
                return _balance(met)
            case Halt(reason):
                return Health(ok=False, detail=f"Jasmin: {reason}")
            case _:
                return Health(ok=False, detail="Jasmin does not answer")

    async def close(self) -> None:
        await self._line.close()


def _balance(answer: httpx.Response) -> Health:
    """`{"balance": 100.0, "sms_count": "ND"}`; ND is not defined, that is, without limit."""
    said = as_text(part(loaded(answer)).get("balance"))
    try:
        left = Decimal(said)
    except InvalidOperation:
        return Health(ok=True, detail="Jasmin answers; no balance is kept")
    return Health(ok=left > 0, detail=f"Jasmin: {left} left", balance=Cost(left, ""))


def _text(form: Fields) -> str:
    """From `binary` (hex) by its coding: `content` may be raw GSM bytes that no alphabet reads."""
    try:
        octets = bytes.fromhex(form.get("binary"))
    except ValueError:
        octets = b""
    if not octets:
        return form.text("content")
    match form.get("coding"):
        case "8":
            return octets.decode("utf-16-be", "replace").replace("\0", "")
        case "" | "0":
            return gsm_words(octets)
        case _:
            return octets.decode("latin-1").replace("\0", "")


def gsm_words(octets: bytes) -> str:
    """GSM 03.38 with one septet per octet, as SMPP carries it."""
    words, escaped = [], False
    for code in octets:
        if escaped:
            words.append(GSM_ESCAPED.get(code, " "))
        elif code != 0x1B:
            words.append(GSM_TABLE[code] if code < len(GSM_TABLE) else "?")
        escaped = code == 0x1B and not escaped
    return "".join(words)
