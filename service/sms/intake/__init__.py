"""One incoming message: stored, understood, answered, in one transaction.

The message is kept before anything is thought about it. If thinking fails, the thinking is
undone and the message stays as `stuck` for staff: a bug may cost an answer, never a report.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeGuard

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from service.i18n import Say
from service.people import store as people
from service.people.store import Caller, key
from service.people.tables import Contact
from service.phone import Vault, parse
from service.prices.book import Book
from service.sms import answers, outbox
from service.sms.gateway import IncomingSms
from service.sms.grammar import read
from service.sms.intake import challenge, replying, reporting, unanswered, untaught
from service.sms.intake.replies import no_amount, no_question, not_understood
from service.sms.lexicon import Lexicon
from service.sms.outbox.limits import Limits
from service.sms.reading import (
    Answer,
    Command,
    CommandKind,
    Reading,
    Reason,
    Reports,
    Silence,
    Unreadable,
)
from service.sms.refused import Refused
from service.sms.tables import Inbox

SAME_WITHIN = timedelta(minutes=10)
"""Without a carrier's id, the same words from the same phone this soon are the same message."""
FETCHED = "fetch:"
"""How the ids of messages read from a carrier's inbox begin."""
SENT_WITHIN = timedelta(days=7)
"""A message older than this by its carrier's clock is dated by ours."""
LONGEST = 1530
"""Characters read of one message: ten segments."""
HELP_EVERY = timedelta(days=1)
"""Unknown text gets one short help a day per number."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Desk:
    """What understanding takes; `voice` is that of a language, `book` the current book."""

    vault: Vault
    lexicon: Lexicon
    limits: Limits
    voice: Callable[[str | None], Say]
    book: Callable[[], Book]
    code: str


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a message: `handled`, `repeat`, `ignored`, `stuck` or `collision`."""

    outcome: str
    inbox_id: int | None = None


Understand = Callable[[Session, Desk, Inbox, Caller, datetime], str | None]
"""What is made of a stored message: the reply, or None when none is due."""


def receive(
    session: Session,
    desk: Desk,
    gateway: str,
    message: IncomingSms,
    now: datetime,
    understand: Understand | None = None,
) -> Received:
    """Store one message once, and answer it. Safe to repeat with the same message.

    `understand` takes the place of `handle`: a missed call is a message without words.
    """
    phone = parse(message.sender) if message.answerable else None
    contact = people.contact_for(session, desk.vault, phone, now) if phone else None
    content = _digest(message)
    name = _key(session, gateway, message, content, now)
    known = session.exec(select(Inbox).where(Inbox.gateway == gateway, Inbox.key == name)).first()
    if known and known.content == content:
        return Received("repeat", known.id)
    if known is None and (twin := _fetched_twin(session, gateway, message, content)):
        return Received("repeat", twin)
    if known:
        return _collide(session, gateway, name, message, contact, content, now)
    row = _stored(session, gateway, name, message, contact, content, now)
    if row is None:
        return Received("repeat")
    if contact is None or phone is None:
        row.state, row.outcome = "ignored", "sender"
        return Received("ignored", row.id)
    return _think(session, desk, row, contact, now, understand or handle)


def handle(session: Session, desk: Desk, row: Inbox, caller: Caller, now: datetime) -> str | None:
    """Understand a stored message and do what it asks; the reply, or None when none is due."""
    today = desk.limits.today(now)
    sent = desk.limits.today(row.sent_at) if _plausible(row.sent_at, now) else None
    reporter = caller.reporter is not None
    said = read(row.text[:LONGEST], desk.lexicon, today, sent, reporter=reporter)
    row.outcome = type(said).__name__.lower()
    untaught.note(session, said, key(row.id), now)
    ask = question_of(session, desk, caller, now)
    if caller.reporter is None:
        return _answer_farmer(ask, row, said)
    scene = reporting.Scene(
        session, ask.book, caller, ask.say, now, today, row.text[:LONGEST], row.id
    )
    return _answer_reporter(scene, ask, said)


def question_of(session: Session, desk: Desk, caller: Caller, now: datetime) -> answers.Ask:
    """What answering this caller takes."""
    lang, today = caller.language, desk.limits.today(now)
    say = desk.voice(lang)
    return answers.Ask(session, desk.book(), caller, say, lang or "fr", now, today, desk.code)


def _plausible(sent_at: datetime | None, now: datetime) -> TypeGuard[datetime]:
    """Whether a carrier's clock may be believed: not the year 1, nor tomorrow."""
    return sent_at is not None and now - SENT_WITHIN <= sent_at <= now


def _answer_reporter(scene: reporting.Scene, ask: answers.Ask, said: Reading) -> str | None:
    unanswered.lapse(scene.session, scene.book, scene.teller.reporter_id, scene.now)
    if (told := challenge.answer(scene, scene.text)) is not None:
        return told
    match said:
        case Reports():
            return reporting.report(scene, said)
        case Answer(digit):
            return replying.answer(scene, digit) or no_question(scene.say)
        case Command(CommandKind.YES):
            return replying.answer(scene, 1) or answers.answer(ask, said)
        case Command(CommandKind.NO):
            return replying.refuse(scene) or reporting.undo(scene)
        case Command(CommandKind.CANCEL):
            return reporting.undo(scene)
        case Command(CommandKind.PRICE, product=product, market=None):
            named = replying.answer_in_words(scene, replying.Words(product=product))
            return named or answers.answer(ask, said)
        case Command():
            return answers.answer(ask, said)
        case Unreadable(unmatched, reason):
            words = replying.Words(market=said.market, unit=said.unit, amount=said.amount)
            if named := replying.answer_in_words(scene, words):
                return named
            if reason is Reason.NO_AMOUNT:
                return no_amount(scene.say)
            return not_understood(unmatched, scene.say)
        case Silence():
            return None


def _answer_farmer(ask: answers.Ask, row: Inbox, said: Reading) -> str | None:
    """A stranger's unknown words get one short help a day; politeness gets none."""
    match said:
        case Command():
            return answers.answer(ask, said)
        case Silence() if row.text.strip():
            return None
        case _:
            return answers.usage(ask) if first_help(ask.session, row) else None


def _think(
    session: Session,
    desk: Desk,
    row: Inbox,
    contact: Contact,
    now: datetime,
    understand: Understand,
) -> Received:
    caller = people.caller(session, contact)
    try:
        with session.begin_nested():
            reply = understand(session, desk, row, caller, now)
            if reply:
                _reply(session, desk, row, caller, reply, now)
    except Exception as error:  # whatever is wrong with us, the reporter's words are kept
        log.exception("stuck", inbox=row.id, error=type(error).__name__)
        session.refresh(row)
        row.state, row.outcome = "stuck", type(error).__name__[:40]
        return Received("stuck", row.id)
    return Received("handled", row.id)


def _reply(
    session: Session, desk: Desk, row: Inbox, caller: Caller, reply: str, now: datetime
) -> None:
    """One reply per message, and not more than a person could want in a day."""
    done = outbox.enqueue(
        session,
        contact_id=caller.contact_id,
        body=reply,
        language=caller.language or "fr",
        kind="reply",
        now=now,
        limits=desk.limits,
        inbox_id=row.id,
    )
    if isinstance(done, Refused):
        row.outcome = f"no_reply:{done.code}"[:40]


def _stored(
    session: Session,
    gateway: str,
    name: str,
    message: IncomingSms,
    contact: Contact | None,
    content: bytes,
    now: datetime,
) -> Inbox | None:
    """The inbox row; None when another process has just stored the same message."""
    row = Inbox(
        gateway=gateway,
        key=name,
        content=content,
        contact_id=contact.id if contact else None,
        sender="" if contact else message.sender[:20],
        to=message.to[:20],
        text=message.text,
        sent_at=message.sent_at,
        received_at=now,
        state="handled",
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        return None
    return row


def _collide(
    session: Session,
    gateway: str,
    name: str,
    message: IncomingSms,
    contact: Contact | None,
    content: bytes,
    now: datetime,
) -> Received:
    """The carrier's id was used for other words: keep both, act on the first only."""
    twin = f"{name[:90]}!{content.hex()[:16]}"
    row = _stored(session, gateway, twin, message, contact, content, now)
    if row is None:
        return Received("repeat")
    row.state, row.outcome = "collision", "id_collision"
    log.warning("id_collision", gateway=gateway, inbox=row.id)
    return Received("collision", row.id)


def _digest(message: IncomingSms) -> bytes:
    """What makes two messages the same: who, to whom and what; never the carrier's clock."""
    said = "\x1f".join((message.sender, message.to, message.text))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()


def _key(
    session: Session, gateway: str, message: IncomingSms, content: bytes, now: datetime
) -> str:
    """The carrier's own id, else the words within ten minutes."""
    if message.provider_id:
        return message.provider_id[:100]
    recent = session.exec(
        select(Inbox.key).where(
            Inbox.gateway == gateway,
            Inbox.content == content,
            Inbox.received_at > now - SAME_WITHIN,
        )
    ).first()
    return recent or f"#{content.hex()[:40]}:{now:%Y%m%d%H%M%S}"


def _fetched_twin(
    session: Session, gateway: str, message: IncomingSms, content: bytes
) -> int | None:
    """The same message taken in by the other way: one was pushed, one fetched after an outage,
    and carriers number the two apart. Same words, same people, same minute of the carrier's."""
    if message.sent_at is None or message.provider_id is None:
        return None
    fetched = message.provider_id.startswith(FETCHED)
    minute = message.sent_at.replace(second=0, microsecond=0)
    same = select(Inbox.id, Inbox.key).where(
        Inbox.gateway == gateway,
        Inbox.content == content,
        col(Inbox.sent_at) >= minute,
        col(Inbox.sent_at) < minute + timedelta(minutes=1),
    )
    rows = session.exec(same).all()
    return next((mine for mine, key in rows if key.startswith(FETCHED) != fetched), None)


def first_help(session: Session, row: Inbox) -> bool:
    """Whether this number has had no help for a day; the row notes which it is."""
    earlier = session.exec(
        select(Inbox.id).where(
            Inbox.contact_id == row.contact_id,
            Inbox.outcome == "help",
            Inbox.received_at > row.received_at - HELP_EVERY,
        )
    ).first()
    row.outcome = "help" if earlier is None else "unknown"
    return earlier is None
