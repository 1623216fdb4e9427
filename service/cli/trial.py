"""`sugu doctor --gateway`: one real SMS, its delivery report waited for, and what differs from
the gateway's contract."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from service.clock import Clock
from service.db import reading, writing
from service.phone import Phone, Vault
from service.sms import conformity, trial
from service.sms.archive import Archive
from service.sms.conformity import Difference
from service.sms.gateway import Gateway, Halt, Outcome, Parcel, RawRequest, Recipient, Reports, Sent
from service.sms.gateways.fields import names
from service.sms.outbox.claim import Batch
from service.sms.outbox.limits import Limits
from service.sms.overheard import listening
from service.sms.tables import Exchange
from service.sms.trial import Found

WORDS = "Sugu: essai de la passerelle {name} / gateway test"
STEP = 1.0
"""Seconds between two looks for the report."""
TOLD = 10
"""Looks between two signs of life on the terminal."""

Pause = Callable[[float], Awaitable[None]]
Echo = Callable[[Sent], Awaitable[None]]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a trial is made with. `echo` brings back a report for a gateway that sends nowhere."""

    engine: Engine
    vault: Vault
    limits: Limits
    archive: Archive
    now: Clock
    pause: Pause
    tell: Tell
    echo: Echo


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was seen in words, and how it differs from the contract."""

    seen: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        return not any(each.fatal for each in self.differences)


async def try_gateway(bench: Bench, gateway: Gateway, phone: Phone, patience: float) -> Verdict:
    """Send one SMS to `phone` and wait at most `patience` seconds for its last report."""
    its = gateway.capabilities
    words = WORDS.format(name=gateway.name)
    with writing(bench.engine) as session:
        args = (bench.vault, gateway.name, phone, words, bench.now(), bench.limits)
        batch = trial.prepare(session, *args)
    answer = await _send(bench, gateway, batch)
    first = answer if isinstance(answer, Halt) else answer[0]
    parts = batch.rows[0].segments
    found = conformity.of_answer(first, parts, own_id=its.own_message_id)
    seen: tuple[str, ...] = (_shown(first),)
    if isinstance(first, Halt) or first.outcome not in (Outcome.ACCEPTED, Outcome.UNKNOWN):
        return Verdict(seen, tuple(found))
    if its.delivery_reports is Reports.NONE:
        return Verdict((*seen, "this gateway sends no reports"), tuple(found))
    if its.delivery_reports is Reports.ECHOED:
        await bench.echo(first)
    heard = await _wait(bench, batch, patience)
    found += conformity.of_reports(heard.reports, patience)
    for request in heard.requests:
        found += _of_request(bench, gateway, request)
    seen += tuple(f"report: {each.word} after {each.after:.0f} s" for each in heard.reports)
    return Verdict(seen, tuple(dict.fromkeys(found)))


async def _send(bench: Bench, gateway: Gateway, batch: Batch) -> Sequence[Sent] | Halt:
    (row,) = batch.rows
    parcel = Parcel(batch.text, (Recipient(str(row.id), row.phone.e164),))
    with listening() as heard:
        answer = await gateway.send(parcel)
    with writing(bench.engine) as session:
        now = bench.now()
        trial.conclude(session, batch, answer, now, bench.limits)
        bench.archive.sent(session, batch.gateway, heard, [row.id], now)
    return answer


async def _wait(bench: Bench, batch: Batch, patience: float) -> Found:
    """Look until the last report is there. Pauses are counted, so that no clock can hurry it."""
    looks = 0
    while True:
        with reading(bench.engine) as session:
            found = trial.look(session, batch)
        if found.over or looks * STEP >= patience:
            return found
        if looks % TOLD == 0:
            bench.tell(f"waiting for the delivery report: {looks * STEP:.0f} of {patience:g} s")
        await bench.pause(STEP)
        looks += 1


def _of_request(bench: Bench, gateway: Gateway, row: Exchange) -> list[Difference]:
    """What one request of the carrier lacks or adds; its path and headers play no part."""
    query, _, body = bench.vault.open_bytes(row.sealed).partition(b"\n")
    raw = RawRequest(row.method, "", query.decode("utf-8", "replace"), {}, body)
    seen = names(raw)
    if not gateway.read_delivery(raw):
        return [Difference(f"a request was not understood: it holds {', '.join(sorted(seen))}")]
    return conformity.of_fields(gateway.capabilities.report, seen)


def _shown(first: Sent | Halt) -> str:
    if isinstance(first, Halt):
        return f"halted: {first.reason}"
    cost = f", {first.cost.amount} {first.cost.currency}" if first.cost else ""
    return f"{first.outcome.replace('_', ' ')}, id {first.provider_id or 'none'}{cost}"
