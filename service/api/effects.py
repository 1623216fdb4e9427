"""Doing what a screen asked for, once: one transaction for all that a turn asks.

Each deed is claimed by its action in `ussd_effect`, so that a repeated turn, on whatever
process, finds it done. The session's row is written in the same transaction: whoever walks
these keys again must start from the caller as they were, not as the deed left them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from service.db import writing
from service.people import store as people
from service.phone import Phone, Vault
from service.prices import disputes
from service.prices.book import Book
from service.sms import outbox
from service.sms.intake import entry
from service.sms.outbox.limits import Limits
from service.ussd import deeds as asked
from service.ussd import store as ussd
from service.ussd.deeds import Deed, Effect

HOW = "ussd"
"""How consent was given or withdrawn, as the ledger writes it."""
WORDING = "ussd-1"
"""Which words were agreed to: `ussd.agree_*` as they stand."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What doing takes. `book` is the newest this process has: a price is judged beside it."""

    engine: Engine
    vault: Vault
    limits: Limits
    book: Callable[[], Book]


@dataclass(frozen=True, slots=True)
class Turn:
    """Who asks, in which session, at what time; `row` is the session as it should be kept."""

    gateway: str
    session: str
    phone: Phone
    now: datetime
    row: dict[str, Any]


def do(desk: Desk, turn: Turn, deeds: Sequence[Deed]) -> int:
    """Do each deed that this session has not done yet; the contact's id.

    Raise `SQLAlchemyError` when the database refuses: then nothing was done.
    """
    with writing(desk.engine) as session:
        contact = people.contact_for(session, desk.vault, turn.phone, turn.now)
        contact_id = people.key(contact.id)
        actions = [each.action for each in deeds]
        name = f"{turn.gateway}:{turn.session}"
        fresh = ussd.claim(session, name, actions, turn.now)
        for deed in deeds:
            if deed.action in fresh:
                _do(desk, session, contact_id, deed.effect, turn.now)
        ussd.keep(session, [{**turn.row, "contact_id": contact_id}])
    return contact_id


def _do(desk: Desk, session: Session, contact_id: int, effect: Effect, now: datetime) -> None:
    match effect:
        case asked.SetLanguage(language):
            people.set_language(session, contact_id, language, now)
        case asked.Remember(product, market):
            people.remember(session, contact_id, product, market, now)
        case asked.SetVillage(village):
            people.set_village(session, contact_id, village, now)
        case asked.SetKilos(kilos):
            people.set_kilos(session, contact_id, kilos, now)
        case asked.SubscribeAlert():
            _subscribe(session, contact_id, effect, now)
        case asked.DropAlert(product, market):
            people.drop_alert(session, contact_id, product, market)
        case asked.StopAll():
            people.stop(session, contact_id, now, how=HOW)
            outbox.suppress(session, contact_id, now)
        case asked.Restart():
            people.agree(session, contact_id, now, how=HOW, wording=WORDING)
        case asked.Dispute():
            disputes.complain(
                session, contact_id, effect.product, effect.market, effect.fair_on, now
            )
        case asked.SendCopy():
            _copy(desk, session, contact_id, effect, now)
        case asked.SubmitPrice():
            _submit(desk, session, contact_id, effect, now)


def _subscribe(
    session: Session, contact_id: int, effect: asked.SubscribeAlert, now: datetime
) -> None:
    people.agree(session, contact_id, now, how=HOW, wording=WORDING)
    people.set_alert(
        session,
        contact_id,
        effect.product,
        effect.market,
        now,
        at_least=effect.at_least,
        expires_on=effect.expires_on,
    )


def _copy(
    desk: Desk, session: Session, contact_id: int, effect: asked.SendCopy, now: datetime
) -> None:
    """One copy of one screen a day: claimed like a deed, under the contact and the day."""
    day = desk.limits.today(now).isoformat()
    if not ussd.claim(session, f"copy:{contact_id}", [f"{day}:{effect.screen}"], now):
        return
    outbox.enqueue(
        session,
        contact_id=contact_id,
        body=effect.text,
        language=effect.language,
        kind="copy",
        now=now,
        limits=desk.limits,
    )


def _submit(
    desk: Desk, session: Session, contact_id: int, effect: asked.SubmitPrice, now: datetime
) -> None:
    """File the price as the reporter confirmed it; who is no reporter any more is not heard."""
    claim = entry.francs(effect.product, effect.market, effect.unit, effect.quantity, effect.amount)
    entry.submit(session, desk.book(), desk.limits, contact_id, claim, now)
