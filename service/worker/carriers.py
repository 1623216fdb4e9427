"""The gateways between messages: their credit against our ledger, and what they still hold.

Both ask a carrier over the wire, so they run in the sending loop and open short transactions
around the answers, in threads: a busy database must not hold the loop.
"""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from service.clock import Clock
from service.db import reading, upsert, writing
from service.sms.gateway import Cost, Gateway, IncomingSms
from service.sms.outbox.limits import Limits
from service.sms.tables import BalanceReading, Delivery, FetchCursor

log = logging.getLogger(__name__)

GAP_SHARE = 0.01
GAP_MESSAGES = 5
"""Credit may differ from our ledger by 1 % or five messages before somebody should look."""

EVERY = 600.0
"""Seconds between questions to the carriers (credit once a day, held messages)."""

Receive = Callable[[Session, str, IncomingSms, datetime], None]
"""Takes in one fetched message exactly as a pushed one: the app joins it to the intake."""


async def keep_asking(
    engine: Engine,
    gateways: Mapping[str, Gateway],
    now: Clock,
    limits: Limits,
    receive: Receive | None,
) -> None:
    """Ask every gateway for its credit and for what it holds, again and again, until cancelled."""
    while True:
        try:
            for alarm in await weigh(engine, gateways, now, limits):
                log.error("%s", alarm)
            if receive is not None:
                await back_fill(engine, gateways, now, receive)
        except Exception:  # what a carrier or the database does here must never stop the sending
            log.exception("asking the carriers failed")
        await asyncio.sleep(EVERY)


async def weigh(
    engine: Engine, gateways: Mapping[str, Gateway], now: Clock, limits: Limits
) -> list[str]:
    """Read every gateway's credit once a day; the alarms there were, in words."""
    alarms: list[str] = []
    for name, gateway in gateways.items():
        today = limits.today(now())
        if not gateway.capabilities.balance or await to_thread(_weighed, engine, name, today):
            continue
        health = await gateway.health()
        if health.balance is not None:
            alarms += await to_thread(_note, engine, name, health.balance, now(), limits)
    return alarms


def note_balance(
    session: Session, gateway: str, balance: Cost, now: datetime, limits: Limits
) -> list[str]:
    """Set a credit beside the ledger since the last one. Topping up makes a gap of its own sign,
    which is no alarm: only credit that went without a message is."""
    last = session.exec(
        select(BalanceReading)
        .where(BalanceReading.gateway == gateway)
        .order_by(col(BalanceReading.day).desc())
        .limit(1)
    ).first()
    read = BalanceReading(
        gateway=gateway,
        day=limits.today(now),
        at=now,
        amount=float(balance.amount),
        currency=balance.currency,
    )
    if last is not None and last.currency == read.currency:
        spent, messages = _spent(session, gateway, last.at, now)
        read.ledger = spent
        read.gap = last.amount - read.amount - spent
        one = spent / messages if messages else 0.0
        read.alarm = read.gap > max(GAP_SHARE * spent, GAP_MESSAGES * one, 0.0)
    session.merge(read)
    if not read.alarm:
        return []
    return [f"{gateway}: {read.gap:.2f} {read.currency} are gone that no message explains"]


async def back_fill(
    engine: Engine, gateways: Mapping[str, Gateway], now: Clock, receive: Receive
) -> int:
    """Fetch what gateways hold since the last time; how many messages were taken in."""
    taken = 0
    for name, gateway in gateways.items():
        if not gateway.capabilities.poll_inbox:
            continue
        for sms in await gateway.fetch(await to_thread(_cursor, engine, name)):
            await to_thread(_take_in, engine, name, sms, now(), receive)
            taken += 1
    return taken


def _take_in(
    engine: Engine, gateway: str, sms: IncomingSms, now: datetime, receive: Receive
) -> None:
    with writing(engine) as session:
        receive(session, gateway, sms, now)
        if sms.provider_id:
            _go_on(session, gateway, sms.provider_id, now)


def _note(engine: Engine, gateway: str, balance: Cost, now: datetime, limits: Limits) -> list[str]:
    with writing(engine) as session:
        return note_balance(session, gateway, balance, now, limits)


def _weighed(engine: Engine, gateway: str, day: object) -> bool:
    with reading(engine) as session:
        return session.get(BalanceReading, (gateway, day)) is not None


def _spent(session: Session, gateway: str, since: datetime, until: datetime) -> tuple[float, int]:
    """What our deliveries cost by that gateway in a time, and how many had a cost."""
    sums = select(func.coalesce(func.sum(Delivery.cost), 0), func.count(col(Delivery.cost))).where(
        Delivery.gateway == gateway,
        col(Delivery.sending_at) > since,
        col(Delivery.sending_at) <= until,
    )
    amount, messages = session.exec(sums).one()
    return float(Decimal(str(amount))), messages


def _cursor(engine: Engine, gateway: str) -> str | None:
    with reading(engine) as session:
        cursor = session.get(FetchCursor, gateway)
        return cursor.after if cursor else None


def _go_on(session: Session, gateway: str, after: str, now: datetime) -> None:
    values = {"after": after[:80], "fetched_at": now}
    session.execute(
        upsert(session, FetchCursor)
        .values(gateway=gateway, **values)
        .on_conflict_do_update(index_elements=["gateway"], set_=values)
    )
