"""One USSD turn, from what a carrier sent to what it is answered.

Answered from memory: the book, the caller, the session. The database is touched to read a
caller not in memory and to do what a key asked for, and never waited for longer than a caller
would wait.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from service.api import effects
from service.api.album import Album, Page, Trail
from service.api.behind import Behind
from service.api.callers import PATIENCE, Callers, Here, Left
from service.api.effects import Desk, Turn
from service.api.sessions import (
    CALLERS,
    SESSIONS,
    TRAILS,
    Held,
    Key,
    Known,
    Lately,
    held_again,
    typed,
)
from service.clock import Clock
from service.encoding import Tier
from service.i18n import SOURCE, Say, speaker
from service.phone import Phone
from service.sms.gateway import Gateway, UssdStyle, UssdTurn
from service.ussd import dialects
from service.ussd.caller import Opening, Profile, Resume
from service.ussd.deeds import Deed, Remember
from service.ussd.scene import Scene
from service.ussd.walk import asked, keys_of, place_of

TIERS = {each.value: each for each in Tier}
LONG_AGO = datetime.min.replace(tzinfo=UTC)
MINUTE = timedelta(minutes=1)

log = structlog.get_logger("dial")


class Told(NamedTuple):
    """An answer with `CON` or `END`, its screen's static name, and the keys it answers in which
    session."""

    answer: str
    label: str
    typed: str = ""
    session: str = ""


class Step(NamedTuple):
    """A session one key further: its screen, and what this session has still to do for it."""

    page: Page
    held: Held
    todo: Sequence[Deed]


class Turns:
    """Every session of one process."""

    def __init__(self, desk: Desk, clock: Clock, code: str, *, drafts: bool = True) -> None:
        self._desk = desk
        self._code = code
        self._drafts = drafts
        self._sessions: Lately[Key, Held] = Lately(SESSIONS)
        self._trails: Lately[Key, Trail] = Lately(TRAILS)
        self._newest: Lately[str, Key] = Lately(CALLERS)
        self._apart: Lately[Key, bool] = Lately(TRAILS)
        self._albums: dict[Tier, Album] = {}
        self._today = LONG_AGO, LONG_AGO, date.min
        self.behind = Behind(desk.engine, clock)
        self.callers = Callers(desk, self.behind, self._day)

    def at_once(self, gateway: Gateway, turn: UssdTurn, phone: Phone, now: datetime) -> Told | None:
        """The answer, where memory or one quick look tells it and nothing has to be waited for.
        None has changed nothing: `take` then begins from the start."""
        if gateway.capabilities.ussd is UssdStyle.LAST:
            return None  # its session must be written before it is answered
        key, turn = self._keyed(gateway, turn)
        held = self._at_hand(key, turn, phone, now)
        if held is None:
            return None
        step = self._step(gateway, key, turn, held, phone, now)
        if isinstance(step, Told):
            return step
        return self._told(key, step) if self._only_looked(step) else None

    async def take(self, gateway: Gateway, turn: UssdTurn, phone: Phone, now: datetime) -> Told:
        """The answer to one turn; the stored one, word for word, when it is a repeat."""
        key, turn = self._keyed(gateway, turn)
        held = self._at_hand(key, turn, phone, now) or await self._held(key, turn, phone, now)
        step = self._step(gateway, key, turn, held, phone, now)
        if isinstance(step, Told):
            return step
        if not self._only_looked(step) and not await self._do(key, step, phone):
            # The screen says something was done that was not: better no answer, and a new try.
            return self.down(gateway, step.page.language)
        told = self._told(key, step)
        if gateway.capabilities.ussd is UssdStyle.LAST:
            await self._write_at_once()
        return told

    def down(self, gateway: Gateway, language: str | None = None) -> Told:
        """What is said when nothing else can be."""
        say = self._say(language)
        # NOTE: max 90 septets; the whole service is out of reach for a moment
        said = say("ussd.unavailable", "Service indisponible. Réessayez plus tard.")
        return Told(dialects.plain(said, ends=True, tier=_tier(gateway)), "down")

    def forget(self, phone: Phone) -> None:
        """Read this caller again at the next session: somebody changed them elsewhere."""
        self.callers.forget(phone.e164)

    def _keyed(self, gateway: Gateway, turn: UssdTurn) -> tuple[Key, UssdTurn]:
        """The session's key, and the turn with the keys dialled behind the code (`*384*77*1*3#`)
        in front of those typed, where the carrier tells them in the service code alone: then its
        first text is empty."""
        key = gateway.name, turn.session
        return key, turn if turn.service_code == self._code else self._whole(key, turn)

    def _whole(self, key: Key, turn: UssdTurn) -> UssdTurn:
        dialled = dialects.behind(self._code, turn.service_code)
        if not dialled or turn.mode != "accumulated":
            return turn
        if not turn.text:
            self._apart.put(key, True)
        told = turn.text == dialled or turn.text.startswith(f"{dialled}*")
        if told and not self._apart.get(key):
            return turn
        return turn._replace(text=f"{dialled}*{turn.text}" if turn.text else dialled)

    # --- walking ------------------------------------------------------------------------------

    def _step(
        self,
        gateway: Gateway,
        key: Key,
        turn: UssdTurn,
        held: Held,
        phone: Phone,
        now: datetime,
    ) -> Told | Step:
        """One step of the walk, nothing of it done or kept yet; or what is told without one."""
        if held.phone != phone.e164:
            log.warning("ussd session of another phone", gateway=gateway.name)
            return self._bye("refused")
        if turn.aborted:
            return self._bye("aborted")
        text = typed(turn, held, now)
        if text == held.text and held.answer:
            return Told(held.answer, held.label, text, turn.session)
        trail = self._trail(key, held, text, self._album(now, _tier(gateway)))
        after = held.moved(text, trail.page, now)
        deeds = asked(held.opening, trail.spot)
        return Step(trail.page, after, [each for each in deeds if each.action not in after.done])

    def _told(self, key: Key, step: Step) -> Told:
        """Remember the turn, its row written behind, and count it."""
        page, held = step.page, step.held
        self._sessions.put(key, held)
        if held.text or held.opening.resume:  # another leaves no place to come back to
            self._newest.put(held.phone, key)
            self.behind.keep(key, held)
        self.behind.tally.count(page.asked, page.unanswered)
        return Told(page.answer, page.label, held.text or "", key[1])

    def _trail(self, key: Key, held: Held, text: str, album: Album) -> Trail:
        if not text and held.known is not None:
            return held.known.start(album)
        trail = album.follow(held.opening, text, self._trails.get(key))
        self._trails.put(key, trail)
        return trail

    def _album(self, now: datetime, tier: Tier = Tier.ACCENTED) -> Album:
        """The screens of the moment: one album for each book and day."""
        book, day = self._desk.book(), self._day(now)
        album = self._albums.get(tier)
        if album is None or album.scene.book is not book or album.scene.today != day:
            scene = Scene(Profile(), book, day, self._say, self._code, tier)
            album = self._albums[tier] = Album(scene)
        return album

    def _say(self, language: str | None) -> Say:
        return speaker(language or SOURCE, drafts=self._drafts)

    def _bye(self, label: str) -> Told:
        say = self._say(None)
        return Told(dialects.plain(say("ussd.bye", "Merci. À bientôt."), ends=True), label)

    def _day(self, now: datetime) -> date:
        """The local day, asked for once a minute: no zone changes days within one."""
        if not self._today[0] <= now < self._today[1]:
            first = now.replace(second=0, microsecond=0)
            self._today = first, first + MINUTE, self._desk.limits.today(now)
        return self._today[2]

    # --- opening ------------------------------------------------------------------------------

    def _at_hand(self, key: Key, turn: UssdTurn, phone: Phone, now: datetime) -> Held | None:
        """The session when memory or one quick look can tell: the carrier repeats all that was
        typed, or nothing was."""
        held = self._sessions.get(key)
        if held is not None:
            return held if turn.mode == "accumulated" else None
        if turn.text:
            return None
        known, here = self.callers.fresh(phone.e164, now), self._left(phone, now)
        if known is not None:
            return self._begin(known, phone, (), now, here[1])
        found = self.callers.glimpsed(phone, now, here)
        return found and self._begin(found.known, phone, (), now, found.left)

    async def _held(self, key: Key, turn: UssdTurn, phone: Phone, now: datetime) -> Held:
        """The session as this process has it. Where the carrier sends the last entry alone,
        another process may know more of what was typed: then the newer of the two."""
        known = self._sessions.get(key)
        if known is None:
            return await self._open(key, turn, phone, now)
        if turn.mode == "accumulated" or turn.starts is True or known.contact_id is None:
            return known
        other = await self._open(key, turn, phone, now)
        return other if other.text is not None and other.seen_at > known.seen_at else known

    async def _open(self, key: Key, turn: UssdTurn, phone: Phone, now: datetime) -> Held:
        """A session new to this process: begun now, or elsewhere, or before a restart."""
        keys = keys_of(turn.text)
        begun = turn.starts is not True and bool(keys)
        known, here = self.callers.fresh(phone.e164, now), self._left(phone, now)
        if known is not None and not begun:
            return self._begin(known, phone, keys, now, here[1])
        known, row, left = await self.callers.find(key, phone, now, here, begun=begun)
        if row is not None:
            return held_again(phone.e164, row)
        return self._begin(known, phone, keys, now, left)

    def _begin(
        self, known: Known, phone: Phone, keys: Sequence[str], now: datetime, left: Left | None
    ) -> Held:
        """A code dialled with keys says clearly enough where it wants to go: nothing is offered.

        One key alone may as well be the second turn of a session whose first was lost.
        """
        resume = self._resume(left, now) if left and not keys else None
        dialled = len(keys) if len(keys) > 1 else 0
        if resume or dialled:
            opening = Opening(known.profile, resume, dialled)
            return Held(phone.e164, opening, now, now, known.contact_id)
        return Held(phone.e164, known.opening, now, now, known.contact_id, known=known)

    def _resume(self, left: Left, now: datetime) -> Resume | None:
        opening, text = left
        return place_of(opening, keys_of(text), self._album(now).scene)

    def _left(self, phone: Phone, now: datetime) -> Here:
        """When this process last heard of the phone; and its newest session, if that broke off
        a moment ago."""
        key = self._newest.get(phone.e164)
        held = self._sessions.get(key) if key else None
        if held is None or not held.broke_off(now):
            return (held.seen_at if held else None), None
        return held.seen_at, (held.opening, held.text or "")

    # --- keeping and doing --------------------------------------------------------------------

    async def _write_at_once(self) -> None:
        """Write what is behind: where the carrier sends the last entry alone, another process
        could not tell from the next request what was typed before."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.behind.flush()
        except TimeoutError:
            log.warning("ussd session not written in time")

    def _only_looked(self, step: Step) -> bool:
        """Whether nothing more is to be done than to remember what was looked at, which is done:
        on the next first screen at once, in its row soon."""
        held, todo = step.held, step.todo
        if not todo:
            return True
        last = todo[-1].effect
        if held.contact_id is None or not isinstance(last, Remember) or not _only_looks(todo):
            return False
        held.done |= {each.action for each in todo}
        self.behind.remember(held.contact_id, (last.product, last.market))
        self.callers.looked(held.phone, last.product, last.market)
        return True

    async def _do(self, key: Key, step: Step, phone: Phone) -> bool:
        """Do what the keys ask; False when a promise on the screen could not be kept.

        A deed that is only remembered may fail: it stays undone, and the next turn asks again.
        """
        held, todo = step.held, step.todo
        turn = Turn(*key, phone, held.seen_at, held.row(key))
        quiet = all(each.quiet for each in todo)
        try:
            async with asyncio.timeout(PATIENCE if quiet else None):
                held.contact_id = await asyncio.to_thread(self._done, turn, todo)
        except (TimeoutError, SQLAlchemyError) as error:
            log.warning("ussd deed not done", why=type(error).__name__)
            return quiet
        held.done |= {each.action for each in todo}
        self.callers.forget(phone.e164)
        return True

    def _done(self, turn: Turn, todo: Sequence[Deed]) -> int:
        try:
            return effects.do(self._desk, turn, todo)
        except IntegrityError:
            # Two first dials of one number at once: the other has made the contact by now.
            return effects.do(self._desk, turn, todo)


def _only_looks(todo: Sequence[Deed]) -> bool:
    return all(isinstance(each.effect, Remember) for each in todo)


def _tier(gateway: Gateway) -> Tier:
    return TIERS[gateway.capabilities.tier]
