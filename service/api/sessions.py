"""The USSD sessions this process has in hand, and the callers it has read lately.

Memory only, and bounded: whatever is forgotten is read again or walked to again. Rows are
written behind the answers, once a second, for other processes and for a restart.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar

from service.api.album import Album, Page, Trail
from service.sms.gateway import UssdTurn
from service.ussd import dialects
from service.ussd.caller import Opening, Profile, looking
from service.ussd.store import DROPPED, LONGEST_TEXT, Kept, written

CALLERS = 50_000
"""Callers remembered by one process: about 15 MB, all the phones of the six communes."""
SESSIONS = 20_000
"""Sessions remembered by one process: twice the busiest ten minutes of `product.md` 9."""
TRAILS = 2_000
"""Sessions whose next key is one step: at ten times the busiest morning those of half a minute."""
ECHO = timedelta(seconds=1)
"""The same last entry again within this is the carrier's repeat: no thumb is so fast."""
FRESH_CALLER = timedelta(seconds=60)
"""After this a caller is read again: another process or a clerk may have changed them."""

Key = tuple[str, str]
"""(gateway, session): a carrier's session ids are its own."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lately(Generic[K, V]):
    """A mapping of at most `most` entries that forgets what was put or asked for longest ago.

    In two halves: when the new one is full it becomes the old one, and the old one goes. That
    costs a look-up less than keeping an exact order at every one. It goes one by one: to let ten
    thousand sessions go at once would keep everybody waiting for 10 ms.
    """

    def __init__(self, most: int) -> None:
        self._half = most // 2
        self._new: dict[K, V] = {}
        self._old: dict[K, V] = {}
        self._going: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        value = self._new.get(key)
        if value is None and (value := self._old.get(key)) is not None:
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        self._new[key] = value
        if self._going:
            self._going.popitem()
        if len(self._new) >= self._half:
            self._new, self._old, self._going = {}, self._new, self._old

    def drop(self, key: K) -> None:
        self._new.pop(key, None)
        self._old.pop(key, None)

    def __len__(self) -> int:
        return len(self._new.keys() | self._old.keys())


class Known:
    """A caller, when they were read, and how a session of theirs opens when nothing is offered.

    `first` is that session's first screen, in the album it was last asked for.
    """

    __slots__ = ("contact_id", "first", "opening", "read_at")

    def __init__(self, contact_id: int | None, profile: Profile, read_at: datetime) -> None:
        self.contact_id = contact_id
        self.opening = opened_by(profile)
        self.read_at = read_at
        self.first: Trail | None = None

    @property
    def profile(self) -> Profile:
        return self.opening.profile

    def fresh(self, now: datetime) -> bool:
        return abs(now - self.read_at) < FRESH_CALLER

    def looked(self, product: str, market: str) -> "Known":
        """The same caller after looking at a price."""
        return Known(self.contact_id, looking(self.profile, product, market), self.read_at)

    def start(self, album: Album) -> Trail:
        """The first screen, made once for each album."""
        if self.first is None or self.first.album is not album:
            self.first = album.follow(self.opening, "")
        return self.first


@lru_cache(maxsize=4096)
def opened_by(profile: Profile) -> Opening:
    """Remembered: most callers are alike, and one value for all of them takes no room."""
    return Opening(profile)


@dataclass(slots=True)
class Held:
    """One session: what it was opened with, the last text and answer, and what it has done.

    `known` is the caller of a session just begun, when it opens as all of theirs do.
    """

    phone: str
    opening: Opening
    started_at: datetime
    seen_at: datetime
    contact_id: int | None = None
    text: str | None = None
    answer: str = ""
    label: str = ""
    ended: bool = False
    done: frozenset[str] = frozenset()
    known: Known | None = None

    def moved(self, text: str, page: Page, now: datetime) -> "Held":
        """The session at the screen that is answered; the one before may be in a writer's hands."""
        if self.text is None:  # just begun, and in nobody's yet
            self.text, self.known = text, None
            self.answer, self.label, self.ended = page.answer, page.label, page.ends
            return self
        return Held(
            self.phone,
            self.opening,
            self.started_at,
            now,
            self.contact_id,
            text,
            page.answer,
            page.label,
            page.ends,
            self.done,
        )

    @property
    def left_a_trace(self) -> bool:
        """Whether another process could not begin this session by itself: a key was pressed, or
        a dropped session offered; and somebody known did it."""
        return self.contact_id is not None and bool(self.text or self.opening.resume)

    def broke_off(self, now: datetime) -> bool:
        """Whether something typed was left without an end, a moment ago."""
        return bool(self.text) and not self.ended and now - self.seen_at <= DROPPED

    def row(self, key: Key) -> dict[str, Any]:
        return {
            "gateway": key[0],
            "session": key[1],
            "contact_id": self.contact_id,
            "text": _storable(self.text or "")[:LONGEST_TEXT],
            "answer": self.answer,
            "ended": self.ended,
            "opening": written(self.opening),
            "started_at": self.started_at,
            "seen_at": self.seen_at,
        }


def _storable(text: str) -> str:
    """What was typed, without what no database stores; such keys mean nothing anyway."""
    return text.encode("ascii", "replace").decode().replace("\0", "?")


def held_again(phone: str, row: Kept) -> Held:
    """A session begun in another process, or before a restart."""
    return Held(
        phone,
        row.opening,
        row.seen_at,
        row.seen_at,
        row.contact_id,
        row.text,
        row.answer,
        ended=row.ended,
    )


def typed(turn: UssdTurn, held: Held, now: datetime) -> str:
    """Everything typed in this session, whichever way the carrier tells it."""
    if turn.mode == "accumulated":
        return turn.text
    if held.text is not None and _echoes(turn, held.text, now - held.seen_at):
        return held.text
    return dialects.typed_so_far(held.text, turn.text, starts=turn.starts is True)


def _echoes(turn: UssdTurn, before: str, since: timedelta) -> bool:
    return turn.text == before.rpartition("*")[2] and since < ECHO
