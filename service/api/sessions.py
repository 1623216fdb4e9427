"""The USSD sessions this process has in hand, and the callers it has read lately.

Memory only, and bounded: whatever is forgotten is read again or walked to again. Rows are
written behind the answers, once a second, for other processes and for a restart.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from service.ussd.caller import Opening
from service.ussd.store import LONGEST_TEXT, Caller, Kept, written

CALLERS = 50_000
"""Callers remembered by one process: about 25 MB, all the phones of the six communes."""
SESSIONS = 20_000
"""Sessions remembered by one process: twice the busiest ten minutes of `product.md` 9."""
FRESH_CALLER = timedelta(seconds=60)
"""After this a caller is read again: another process or a clerk may have changed them."""

Key = tuple[str, str]
"""(gateway, session): a carrier's session ids are its own."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lately(Generic[K, V]):
    """A mapping that forgets what was used longest ago above `most` entries."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        value = self._held.get(key)
        if value is not None:
            try:  # noqa: SIM105 (`suppress` costs more than all the rest of this)
                self._held.move_to_end(key)
            except KeyError:
                pass  # another thread has dropped it meanwhile
        return value

    def put(self, key: K, value: V) -> None:
        self._held[key] = value
        self._held.move_to_end(key)
        if len(self._held) > self._most:
            self._held.popitem(last=False)

    def drop(self, key: K) -> None:
        self._held.pop(key, None)

    def __len__(self) -> int:
        return len(self._held)


class Known:
    """A caller, when they were read, and how a session of theirs opens when nothing is offered."""

    __slots__ = ("caller", "opening", "read_at")

    def __init__(self, caller: Caller, read_at: datetime) -> None:
        self.caller = caller
        self.read_at = read_at
        self.opening = Opening(caller.profile)

    def fresh(self, now: datetime) -> bool:
        return abs(now - self.read_at) < FRESH_CALLER

    def looked(self, product: str, market: str) -> "Known":
        """The same caller after looking at a price."""
        profile = replace(self.caller.profile, product=product, market=market)
        return Known(replace(self.caller, profile=profile), self.read_at)


@dataclass(slots=True)
class Held:
    """One session: what it was opened with, the last text and answer, and what it has done."""

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

    def moved(self, text: str, answer: str, label: str, now: datetime, *, ended: bool) -> "Held":
        """The session at the screen that is answered; the one before may be in a writer's hands."""
        return Held(
            self.phone,
            self.opening,
            self.started_at,
            now,
            self.contact_id,
            text,
            answer,
            label,
            ended,
            self.done,
        )

    @property
    def left_a_trace(self) -> bool:
        """Whether another process could not begin this session by itself: a key was pressed, or
        a dropped session offered; and somebody known did it."""
        return self.contact_id is not None and bool(self.text or self.opening.resume)

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
