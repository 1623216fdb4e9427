"""A gateway described by settings: an aggregator with a plain HTTP interface needs no code.

The URL, headers and body of a send are templates over {to} {to_no_plus} {text} {from} {key}
{dlr_url} {username} {secret}, each escaped for where it stands; patterns say what an answer
means, names say which field is which. `docs/gateways.md` has an example.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import httpx

from service.settings import Http
from service.sms.gateway import (
    Capabilities,
    DeliveryNote,
    Halt,
    Health,
    IncomingSms,
    NoteState,
    Outcome,
    Parcel,
    RawRequest,
    ReportForm,
    Sent,
)
from service.sms.gateways.fields import as_text, document, fields, instant, number, without
from service.sms.gateways.line import Line, Verdict, classify, said
from service.sms.gateways.quiet import Quiet
from service.sms.tokens import Tokens

RATE = 5.0
"""Messages per second, in want of a figure from the aggregator."""
WORD = re.compile(r"\{(to|to_no_plus|text|from|key|dlr_url|username|secret)\}")
"""The words of a template; any other brace is the aggregator's own (JSON)."""


class HttpGateway(Quiet):
    name = "http"

    def __init__(
        self, its: Http, tokens: Tokens, public_url: str, rate: float | None = None
    ) -> None:
        self._its, self.tokens = its, tokens
        self._secret = its.password.get_secret_value()
        self._reports = f"{public_url}/hooks/http/{tokens.current}/delivery"
        auth = httpx.BasicAuth(its.username, self._secret) if its.basic_auth else None
        self._line = Line(auth=auth)
        self._accepts = _statuses(its.success_status)
        self._words = {word.casefold(): state for word, state in its.statuses.items()}
        self.thanks = its.ack.encode()
        self.capabilities = Capabilities(
            max_recipients=its.max_recipients,
            own_message_id="{key}" in its.url + its.body or "{dlr_url}" in its.url + its.body,
            rate=its.rate or rate or RATE,
            tier=its.wire_tier,
            report=_report(its),
        )

    async def send(self, parcel: Parcel) -> Sequence[Sent] | Halt:
        its, words = self._its, self._fill(parcel)
        written = {name: filled(value, words, _plain) for name, value in its.headers.items()}
        body = filled(its.body, words, ESCAPES.get(its.content_type.partition(";")[0], _plain))
        typed = {"Content-Type": its.content_type} if body else {}
        met = await self._line.call(
            its.method,
            its.base_url + filled(its.url, words, _url),
            headers=typed | written,
            content=body.encode() or None,
        )
        return self._outcome(parcel, met)

    def _fill(self, parcel: Parcel) -> dict[str, str]:
        phones = [each.phone for each in parcel.recipients]
        key = parcel.recipients[0].key
        return {
            "to": self._its.separator.join(phones),
            "to_no_plus": self._its.separator.join(phone.removeprefix("+") for phone in phones),
            "text": parcel.text,
            "from": parcel.sender or self._its.sender_id,
            "key": key,
            "dlr_url": f"{self._reports}?key={quote(key)}" if self.tokens.current else "",
            "username": self._its.username,
            "secret": self._secret,
        }

    def _outcome(self, parcel: Parcel, met: httpx.Response | Exception) -> Sequence[Sent] | Halt:
        """`classify`, unless the settings know better what a status or an answer means."""
        verdict = classify(met)
        if isinstance(met, httpx.Response) and not isinstance(verdict, Halt):
            code, reason = str(met.status_code), said(met)
            if self._its.reject_pattern and re.search(self._its.reject_pattern, met.text):
                return Verdict(Outcome.REJECTED, code, reason).everyone(parcel)
            if met.status_code in self._accepts:
                return self._accepted(parcel, met)
            if met.is_success:
                return Verdict(Outcome.UNKNOWN, code, reason).everyone(parcel)
        return verdict if isinstance(verdict, Halt) else verdict.everyone(parcel)

    def _accepted(self, parcel: Parcel, met: httpx.Response) -> list[Sent]:
        """With a `phone` group in the id pattern, each has the id of his own entry; without one,
        all have the request's. Whoever has none is unknown."""
        unknown = Verdict(Outcome.UNKNOWN, str(met.status_code), "unreadable answer")
        pattern = re.compile(self._its.id_pattern) if self._its.id_pattern else None
        if self._its.success_pattern and not re.search(self._its.success_pattern, met.text):
            return unknown.everyone(parcel)
        if pattern is None:
            return Verdict(Outcome.ACCEPTED, str(met.status_code)).everyone(parcel)
        found = list(pattern.finditer(met.text))
        if "phone" in pattern.groupindex:
            by_phone = {number(one["phone"]): one["id"] for one in found}
            given = [by_phone.get(each.phone) for each in parcel.recipients]
        else:
            given = [found[0]["id"] if found else None] * len(parcel.recipients)
        return [
            Sent(each.key, Outcome.ACCEPTED, an_id, code=unknown.code)
            if an_id
            else unknown.sent(each.key)
            for each, an_id in zip(parcel.recipients, given, strict=True)
        ]

    def read_sms(self, raw: RawRequest) -> list[IncomingSms]:
        its = self._its
        return [
            IncomingSms(
                provider_id=item(its.sms_id) or None,
                sender=number(item(its.sms_from)),
                to=number(item(its.sms_to)),
                text=without(its.keyword, item(its.sms_text)),
                sent_at=instant(item(its.sms_date)),
            )
            for item in self._items(raw)
            if item(its.sms_from)
        ]

    def read_delivery(self, raw: RawRequest) -> list[DeliveryNote]:
        its = self._its
        return [
            DeliveryNote(
                provider_id=item(its.dlr_id) or None,
                key=item(its.dlr_key) or None,
                phone=number(item(its.dlr_phone)) or None,
                state=NoteState(self._words.get(word.casefold(), "unknown_word")),
                reason=item(its.dlr_reason) or None,
                raw_status=word,
            )
            for item in self._items(raw)
            if (word := item(its.dlr_status))
        ]

    def _items(self, raw: RawRequest) -> list[Callable[[str], str]]:
        """One reader of dotted field names per message in the request."""
        form, loaded = fields(raw), document(raw)
        inside = dig(loaded, self._its.items) if self._its.items else loaded
        items = inside if isinstance(inside, list) else [inside]

        def reader(item: object) -> Callable[[str], str]:
            return lambda name: (as_text(dig(item, name)) or form.get(name)).strip()

        return [reader(item) for item in items]

    async def health(self) -> Health:
        """There is nothing to ask: the first message tells."""
        known = bool(self._its.url or self._its.base_url)
        return Health(ok=known, detail="configured" if known else "SUGU_HTTP__URL is not set")

    async def close(self) -> None:
        await self._line.close()


def _report(its: Http) -> ReportForm:
    """The fields the settings name; an id or our key, whichever the aggregator sends back."""

    def placed(name: str) -> str:
        steps = [*its.items.split("."), *name.split(".")]
        return ".".join(step for step in steps if step and not step.isdigit())

    known = (its.dlr_id, its.dlr_key, its.dlr_phone, its.dlr_reason)
    return ReportForm(frozenset({placed(its.dlr_status)}), frozenset(map(placed, known)))


def dig(whole: object, path: str) -> object:
    """The value at a dotted path (`results.0.status.name`); None when there is none."""
    for step in path.split("."):
        match whole:
            case dict():
                whole = whole.get(step)
            case list() if step.isascii() and step.isdigit() and int(step) < len(whole):
                whole = whole[int(step)]
            case _:
                return None
    return whole


def filled(template: str, words: Mapping[str, str], escaped: Callable[[str], str]) -> str:
    """The template with its words, each escaped; what a word holds is never read as a template."""
    return WORD.sub(lambda found: escaped(words[found[1]]), template)


def _plain(said: str) -> str:
    return " ".join(said.splitlines())  # a header has one line


def _url(said: str) -> str:
    return quote(said, safe="")


def _json(said: str) -> str:
    return json.dumps(said, ensure_ascii=False)[1:-1]


def _xml(said: str) -> str:
    return escape(said, {'"': "&quot;"})


ESCAPES: Mapping[str, Callable[[str], str]] = {
    "application/x-www-form-urlencoded": quote_plus,
    "application/json": _json,
    "application/xml": _xml,
    "text/xml": _xml,
}


def _statuses(written: str) -> frozenset[int]:
    """`200-202,204` as a set."""
    spans = (part.strip().partition("-") for part in written.split(",") if part.strip())
    return frozenset(
        status for low, _, high in spans for status in range(int(low), int(high or low) + 1)
    )
