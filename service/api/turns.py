"""One USSD turn, from what a carrier sent to what it is answered.

Answered from memory: the book, the caller, the session. The database is touched to read a
caller not in memory and to do what a key asked for, and never waited for longer than a caller
would wait.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlmodel import Session

from service.api import effects
from service.api.album import Album
from service.api.behind import Behind
from service.api.effects import Desk, Turn
from service.api.sessions import CALLERS, SESSIONS, Held, Key, Known, Lately, held_again
from service.clock import Clock
from service.db import reading
from service.encoding import Tier
from service.i18n import SOURCE, Say, speaker
from service.phone import Phone
from service.sms.gateway import Gateway, UssdStyle, UssdTurn
from service.ussd import dialects, store
from service.ussd.caller import Opening, Profile, Resume
from service.ussd.deeds import Deed, Remember
from service.ussd.scene import Scene
from service.ussd.store import Caller, Kept
from service.ussd.walk import keys_of, place_of

PATIENCE = 2.0
"""Seconds a caller waits for the database when the answer can do without it."""
MINUTE = timedelta(minutes=1)
ECHO = timedelta(seconds=1)
"""The same last entry again within this is the carrier's repeat: no thumb is so fast."""

log = structlog.get_logger("dial")

Left = tuple[Opening, str]
"""A session that broke off: what it was opened with, and everything typed in it."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer with `CON` or `END`, its screen's static name, and the keys it answers in which
    session."""

    answer: str
    label: str
    typed: str = ""
    session: str = ""


class Turns:
    """Every session of one process."""

    def __init__(self, desk: Desk, clock: Clock, code: str, *, drafts: bool = True) -> None:
        self._desk = desk
        self._clock = clock
        self._code = code
        self._drafts = drafts
        self._callers: Lately[str, Known] = Lately(CALLERS)
        self._sessions: Lately[Key, Held] = Lately(SESSIONS)
        self._newest: Lately[str, Key] = Lately(CALLERS)
        self._album = Album()
        self._scenes: dict[Tier, Scene] = {}
        self._today = datetime.min.replace(tzinfo=UTC), date.min
        self.behind = Behind(desk.engine, clock)

    async def take(self, gateway: Gateway, turn: UssdTurn, phone: Phone) -> Told:
        """The answer to one turn; the stored one, word for word, when it is a repeat."""
        now, key = self._clock(), (gateway.name, turn.session)
        held = self._at_hand(key, turn, phone, now) or await self._held(key, turn, phone, now)
        if held.phone != phone.e164:
            log.warning("ussd session of another phone", gateway=gateway.name)
            return self._bye("refused")
        if turn.aborted:
            return self._bye("aborted")
        text = _text(turn, held, now)
        if text == held.text and held.answer:
            return Told(held.answer, held.label, text, turn.session)
        return await self._walk(gateway, key, held, phone, text, now)

    def down(self, gateway: Gateway, language: str | None = None) -> Told:
        """What is said when nothing else can be."""
        say = self._say(language)
        # NOTE: max 90 septets; the whole service is out of reach for a moment
        said = say("ussd.unavailable", "Service indisponible. Réessayez plus tard.")
        return Told(dialects.plain(said, ends=True, tier=_tier(gateway)), "down")

    def forget(self, phone: Phone) -> None:
        """Read this caller again at the next session: somebody changed them elsewhere."""
        self._callers.drop(phone.e164)

    # --- walking ------------------------------------------------------------------------------

    async def _walk(
        self, gateway: Gateway, key: Key, held: Held, phone: Phone, text: str, now: datetime
    ) -> Told:
        scene = self._scene(now, _tier(gateway))
        shown = self._album.shown(held.opening, text, scene)
        screen = shown.screen
        after = held.moved(text, shown.answer, screen.label, now, ended=screen.ends)
        if screen.deeds and not await self._see_to(key, after, phone, screen.deeds):
            # The screen says something was done that was not: better no answer, and a new try.
            return self.down(gateway, screen.language)
        self._keep(key, after)
        if gateway.capabilities.ussd is UssdStyle.LAST:
            await self._write_at_once()
        self.behind.tally.count(shown.asked, shown.unanswered)
        return Told(shown.answer, screen.label, text, key[1])

    def _scene(self, now: datetime, tier: Tier = Tier.ACCENTED) -> Scene:
        """The scene of the moment, made once per book and day; each walk sets its own caller."""
        book, day = self._desk.book(), self._day(now)
        scene = self._scenes.get(tier)
        if scene is None or scene.book is not book or scene.today != day:
            scene = Scene(Profile(), book, day, self._say, self._code, tier)
            self._scenes[tier] = scene
        return scene

    def _say(self, language: str | None) -> Say:
        return speaker(language or SOURCE, drafts=self._drafts)

    def _bye(self, label: str) -> Told:
        say = self._say(None)
        return Told(dialects.plain(say("ussd.bye", "Merci. À bientôt."), ends=True), label)

    def _day(self, now: datetime) -> date:
        """The local day, asked for once a minute: no zone changes days within one."""
        first, day = self._today
        if not first <= now < first + MINUTE:
            first, day = now.replace(second=0, microsecond=0), self._desk.limits.today(now)
            self._today = first, day
        return day

    # --- opening ------------------------------------------------------------------------------

    def _at_hand(self, key: Key, turn: UssdTurn, phone: Phone, now: datetime) -> Held | None:
        """The session when memory alone can tell: the carrier repeats all that was typed, or
        nothing was, by a caller read a moment ago."""
        held = self._sessions.get(key)
        if held is not None:
            return held if turn.mode == "accumulated" else None
        known = self._callers.get(phone.e164)
        if known is None or turn.text or not known.fresh(now):
            return None
        return self._begin(known, phone, (), now, self._left(phone, now))

    async def _held(self, key: Key, turn: UssdTurn, phone: Phone, now: datetime) -> Held:
        """The session as this process has it. Where the carrier sends the last entry alone,
        another process may know more of what was typed: then the newer of the two."""
        known = self._sessions.get(key)
        if known is None:
            return await self._open(key[0], turn, phone, now)
        if turn.mode == "accumulated" or turn.starts is True or known.contact_id is None:
            return known
        other = await self._open(key[0], turn, phone, now)
        return other if other.text is not None and other.seen_at > known.seen_at else known

    async def _open(self, gateway: str, turn: UssdTurn, phone: Phone, now: datetime) -> Held:
        """A session new to this process: begun now, or elsewhere, or before a restart."""
        keys = keys_of(turn.text)
        begun = turn.starts is not True and bool(keys)
        known = self._callers.get(phone.e164)
        left = self._left(phone, now)
        if known is not None and known.fresh(now) and not begun:
            return self._begin(known, phone, keys, now, left)
        known, row, elsewhere = await self._fetch(gateway, turn, phone, now, begun=begun)
        if row is not None:
            return held_again(phone.e164, row)
        return self._begin(known, phone, keys, now, left or elsewhere)

    def _begin(
        self, known: Known, phone: Phone, keys: Sequence[str], now: datetime, left: Left | None
    ) -> Held:
        """A code dialled with keys says clearly enough where it wants to go: nothing is offered.

        One key alone may as well be the second turn of a session whose first was lost.
        """
        resume = self._resume(left, now) if left and not keys else None
        dialled = len(keys) if len(keys) > 1 else 0
        opening = known.opening
        if resume or dialled:
            opening = Opening(known.caller.profile, resume, dialled)
        return Held(phone.e164, opening, now, now, known.caller.contact_id)

    def _resume(self, left: Left, now: datetime) -> Resume | None:
        opening, text = left
        return place_of(opening, keys_of(text), self._scene(now))

    def _left(self, phone: Phone, now: datetime) -> Left | None:
        """The phone's newest session in this process, if it broke off a moment ago."""
        key = self._newest.get(phone.e164)
        held = self._sessions.get(key) if key else None
        if held is None or not held.text or held.ended or now - held.seen_at > store.DROPPED:
            return None
        return held.opening, held.text

    async def _fetch(
        self, gateway: str, turn: UssdTurn, phone: Phone, now: datetime, *, begun: bool
    ) -> tuple[Known, Kept | None, Left | None]:
        """Caller, this session's row, and a session that broke off in another process.

        When the database does not answer the caller is a stranger for this session: asked for
        a language, and answered.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                found = await asyncio.to_thread(self._look, gateway, turn, phone, now, begun=begun)
        except (TimeoutError, SQLAlchemyError) as error:
            log.warning("ussd caller not read", why=type(error).__name__)
            return Known(Caller(), now), None, None
        caller, row, left = found
        known = self._callers.get(phone.e164)
        if known is None or known.caller is not caller:
            known = Known(caller, now)
        if unseen := self.behind.looked_at(caller.contact_id):
            known = known.looked(*unseen)
        self._callers.put(phone.e164, known)
        return known, row, left

    def _look(
        self, gateway: str, turn: UssdTurn, phone: Phone, now: datetime, *, begun: bool
    ) -> tuple[Caller, Kept | None, Left | None]:
        with reading(self._desk.engine) as session:
            caller = self._read(session, phone, now)
            if caller.contact_id is None:
                return caller, None, None
            row = store.kept(session, gateway, turn.session) if begun else None
            if begun:  # a place of its own, or a code dialled with keys: nothing is offered
                mine = row is not None and row.contact_id == caller.contact_id
                return caller, row if mine else None, None
            recent = caller.dialled_at and caller.dialled_at > now - store.DROPPED
            lost = store.dropped(session, caller.contact_id, now) if recent else None
            return caller, None, (lost.opening, lost.text) if lost else None

    def _read(self, session: Session, phone: Phone, now: datetime) -> Caller:
        known = self._callers.get(phone.e164)
        if known is not None and known.fresh(now):
            return known.caller
        lookups = self._desk.vault.lookups(phone)
        day, zone = self._day(now), self._desk.limits.zone
        looked = (store.read_caller(session, each, day, zone) for each in lookups)
        return next((each for each in looked if each.contact_id is not None), Caller())

    # --- keeping and doing --------------------------------------------------------------------

    def _keep(self, key: Key, held: Held) -> None:
        """Remember the turn; its row is written behind."""
        self._sessions.put(key, held)
        self._newest.put(held.phone, key)
        self.behind.keep(key, held)

    async def _write_at_once(self) -> None:
        """Write what is behind: where the carrier sends the last entry alone, another process
        could not tell from the next request what was typed before."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.behind.flush()
        except TimeoutError:
            log.warning("ussd session not written in time")

    async def _see_to(self, key: Key, held: Held, phone: Phone, deeds: Sequence[Deed]) -> bool:
        """Do what this session has not done yet; False when a promise could not be kept."""
        todo = [each for each in deeds if each.action not in held.done]
        last = todo[-1].effect if todo else None
        if held.contact_id is not None and isinstance(last, Remember) and _only_looks(todo):
            self._remember(held, held.contact_id, last, todo)
            return True
        return not todo or await self._do(key, held, phone, todo)

    def _remember(self, held: Held, contact_id: int, last: Remember, todo: list[Deed]) -> None:
        """What was looked at last is on the next first screen at once, and in its row soon."""
        held.done |= {each.action for each in todo}
        self.behind.remember(contact_id, (last.product, last.market))
        if known := self._callers.get(held.phone):
            self._callers.put(held.phone, known.looked(last.product, last.market))

    async def _do(self, key: Key, held: Held, phone: Phone, todo: list[Deed]) -> bool:
        """Do what the keys ask; False when a promise on the screen could not be kept.

        A deed that is only remembered may fail: it stays undone, and the next turn asks again.
        """
        turn = Turn(*key, phone, held.seen_at, held.row(key))
        quiet = all(each.quiet for each in todo)
        try:
            async with asyncio.timeout(PATIENCE if quiet else None):
                held.contact_id = await asyncio.to_thread(self._done, turn, todo)
        except (TimeoutError, SQLAlchemyError) as error:
            log.warning("ussd deed not done", why=type(error).__name__)
            return quiet
        held.done |= {each.action for each in todo}
        self._callers.drop(phone.e164)
        return True

    def _done(self, turn: Turn, todo: list[Deed]) -> int:
        try:
            return effects.do(self._desk, turn, todo)
        except IntegrityError:
            # Two first dials of one number at once: the other has made the contact by now.
            return effects.do(self._desk, turn, todo)


def _text(turn: UssdTurn, held: Held, now: datetime) -> str:
    """Everything typed in this session, whichever way the carrier tells it."""
    if turn.mode == "accumulated":
        return turn.text
    if held.text is not None and _echoes(turn, held.text, now - held.seen_at):
        return held.text
    return dialects.typed_so_far(held.text, turn.text, starts=turn.starts is True)


def _echoes(turn: UssdTurn, before: str, since: timedelta) -> bool:
    return turn.text == before.rpartition("*")[2] and since < ECHO


def _only_looks(todo: Sequence[Deed]) -> bool:
    return all(isinstance(each.effect, Remember) for each in todo)


def _tier(gateway: Gateway) -> Tier:
    return Tier(gateway.capabilities.tier)
