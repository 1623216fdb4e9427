"""What gateways report about messages, and how a report finds its message.

Every report is kept. It finds its delivery by the carrier's id, by our own key, or by what is
known to have been on its way to that phone; until then it waits as an orphan and is tried
again when an id is stored or a lease runs out. Applying one is a join (`states`), so that
order, repetition and races cannot matter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from service.people import store as people
from service.people.tables import Contact
from service.phone import Vault, parse
from service.sms import outbox
from service.sms.gateway import DeliveryNote
from service.sms.outbox.states import FROM_NOTE, RANK, Standing, State, join
from service.sms.tables import Delivery, DeliveryEvent, Run

BEFORE = timedelta(minutes=5)
AFTER = timedelta(hours=48)
"""A report may be about a message sent from 5 minutes after it (clocks) to 48 hours before."""
BLACKLISTED = frozenset({"userinblacklist", "406"})
"""The carrier's words for a person who has told it to stop."""
WAITING = (State.SENDING, State.UNKNOWN, State.ACCEPTED, State.SENT)
UNSENT = (State.QUEUED, State.EXPIRED, State.SUPPRESSED, State.CANCELLED)
"""Nothing true can be reported of these: our ids are guessable, a report may be forged."""
KEY_DIGITS = 19
"""A key as long as this is not an id of ours: the largest has 18 digits."""


@dataclass(frozen=True, slots=True)
class Applied:
    """`delivery_id` is None for an orphan. `moved` is whether the state changed; `guessed`
    that more than one message could have been meant."""

    delivery_id: int | None
    moved: bool = False
    guessed: bool = False


def apply(
    session: Session, vault: Vault, gateway: str, note: DeliveryNote, now: datetime
) -> Applied:
    """Keep one report and move its delivery, if it is known and the report knows more."""
    contact_id = _contact(session, vault, note.phone)
    event = _event(gateway, note, contact_id, now)
    session.add(event)
    session.flush()
    delivery = _named(session, gateway, note)
    if delivery is not None:
        return Applied(delivery.id, moved=_tell(session, delivery, event))
    if contact_id is None:
        return Applied(None)
    return _guess(session, event)


def adopt(session: Session, gateway: str, named: Mapping[str, int]) -> None:
    """Reports that came before our own note of the carrier's id: give them their message."""
    early = select(DeliveryEvent).where(
        DeliveryEvent.gateway == gateway,
        col(DeliveryEvent.provider_id).in_(named),
        col(DeliveryEvent.delivery_id).is_(None),
    )
    for event in session.exec(early.order_by(col(DeliveryEvent.id))).all():
        _tell(session, session.get_one(Delivery, named[event.provider_id or ""]), event)


def reconcile(session: Session, contacts: Iterable[int]) -> int:
    """Try again the reports that wait for these contacts; how many found their message."""
    orphans = select(DeliveryEvent).where(
        col(DeliveryEvent.contact_id).in_(set(contacts)), col(DeliveryEvent.delivery_id).is_(None)
    )
    found = session.exec(orphans.order_by(col(DeliveryEvent.id))).all()
    return sum(_retry(session, event) for event in found)


def note_late(session: Session, delivery: Delivery, heard: Standing, event: DeliveryEvent) -> bool:
    """A result that came after its lease: kept, and joined like any other evidence."""
    session.add(event)
    return _move(session, delivery, heard, event.at)


def opt_out(session: Session, contact_id: int, gateway: str, now: datetime) -> None:
    """The carrier says this person wants no more: it is our ledger's business too."""
    if session.get_one(Contact, contact_id).stopped_at is None:
        people.stop(session, contact_id, now, how="gateway", actor=gateway)
    outbox.suppress(session, contact_id, now)


def is_opt_out(*words: str | None) -> bool:
    return any(word.replace(" ", "").lower() in BLACKLISTED for word in words if word)


# --- finding ----------------------------------------------------------------------------------


def _contact(session: Session, vault: Vault, phone: str | None) -> int | None:
    number = parse(phone) if phone else None
    if number is None:
        return None
    return session.exec(
        select(Contact.id).where(col(Contact.lookup).in_(vault.lookups(number)))
    ).first()


def _event(
    gateway: str, note: DeliveryNote, contact_id: int | None, now: datetime
) -> DeliveryEvent:
    state = FROM_NOTE.get(note.state)
    return DeliveryEvent(
        gateway=gateway,
        provider_id=note.provider_id[:80] if note.provider_id else None,
        contact_id=contact_id,
        state=state.value if state else note.state.value,
        word=note.raw_status[:60],
        reason=(note.reason or "")[:80],
        at=now,
    )


def _named(session: Session, gateway: str, note: DeliveryNote) -> Delivery | None:
    """The delivery a report names, by the carrier's id or by our key, locked."""
    if note.provider_id and (found := _known(session, gateway, note.provider_id)):
        return found
    if note.key and note.key.isascii() and note.key.isdecimal() and len(note.key) < KEY_DIGITS:
        keyed = select(Delivery).where(
            Delivery.id == int(note.key),
            Delivery.gateway == gateway,
            col(Delivery.state).not_in(UNSENT),
        )
        return session.exec(keyed.with_for_update()).first()
    return None


def _known(session: Session, gateway: str, provider_id: str) -> Delivery | None:
    known = select(Delivery).where(Delivery.gateway == gateway, Delivery.provider_id == provider_id)
    return session.exec(known.with_for_update()).first()


def _retry(session: Session, event: DeliveryEvent) -> bool:
    if event.delivery_id is not None:
        return False
    return _guess(session, event).delivery_id is not None


def _guess(session: Session, event: DeliveryEvent) -> Applied:
    """The oldest message that this report may be about, in the window.

    A report with an id nobody stored can only be about a message whose answer we never saw.
    While one to this phone is being sent, its answer may still bring the id: then it waits.
    """
    mine = _recent(session, event)
    # While we waited for those rows, a twin of this report may have named one of them.
    if event.provider_id and (twin := _known(session, event.gateway, event.provider_id)):
        return Applied(twin.id, moved=_tell(session, twin, event))
    if event.provider_id is not None and any(each.state == State.SENDING for each in mine):
        return Applied(None)
    wanted = (State.UNKNOWN,) if event.provider_id else WAITING[1:]
    candidates = [each for each in mine if each.state in wanted and _unnamed(each, event)]
    candidates.sort(key=lambda each: (each.state != State.UNKNOWN, each.sending_at, each.id))
    if not candidates:
        return Applied(None)
    chosen, guessed = candidates[0], len(candidates) > 1
    if event.provider_id:
        chosen.provider_id = event.provider_id
    event.guessed = guessed
    return Applied(chosen.id, moved=_tell(session, chosen, event), guessed=guessed)


def _unnamed(delivery: Delivery, event: DeliveryEvent) -> bool:
    return event.provider_id is None or delivery.provider_id is None


def _recent(session: Session, event: DeliveryEvent) -> Sequence[Delivery]:
    """What was on its way to the phone of a report around its time, locked."""
    runs = select(Run.id).where(Run.created_at > event.at - AFTER - timedelta(days=1))
    found = select(Delivery).where(
        Delivery.contact_id == event.contact_id,
        or_(col(Delivery.run_id).is_(None), col(Delivery.run_id).in_(runs)),
        Delivery.gateway == event.gateway,
        col(Delivery.state).in_([state.value for state in WAITING]),
        col(Delivery.sending_at).between(event.at - AFTER, event.at + BEFORE),
    )
    return session.exec(found.with_for_update()).all()


# --- moving -----------------------------------------------------------------------------------


def _tell(session: Session, delivery: Delivery, event: DeliveryEvent) -> bool:
    """Give a report to its delivery. Whether that moved it."""
    event.delivery_id = delivery.id
    session.add(event)
    if is_opt_out(event.reason, event.word):
        opt_out(session, delivery.contact_id, event.gateway, event.at)
    if event.state not in RANK:
        return False
    return _move(session, delivery, Standing(event.state, event.reason[:60]), event.at)


def _move(session: Session, delivery: Delivery, heard: Standing, at: datetime) -> bool:
    held = Standing(delivery.state, delivery.reason or "")
    now = join(held, heard)
    if now != held:
        delivery.state, delivery.rank = now.state, RANK[now.state]
        delivery.reason = now.reason or None
        if now.state == State.ACCEPTED or RANK[now.state] == RANK[State.DELIVERED]:
            delivery.accepted_at = delivery.accepted_at or at
        if RANK[now.state] >= RANK[State.FAILED]:
            delivery.final_at = delivery.final_at or at
        _touch(session, delivery.run_id, at)
    session.add(delivery)
    session.flush()
    return now.state != held.state


def _touch(session: Session, run_id: int | None, at: datetime) -> None:
    if run_id is not None:
        session.execute(
            update(Run)
            .where(col(Run.id) == run_id)
            .values(progressed_at=at)
            .execution_options(synchronize_session=False)
        )
