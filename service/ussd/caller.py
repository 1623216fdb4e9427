"""Who is calling: everything a screen may depend on, as one value read once per session."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class AlertCard:
    """An alert in force: each fair of the market, or a price of at least `at_least` F."""

    product: str
    market: str
    at_least: int | None = None


@dataclass(frozen=True, slots=True)
class ReporterCard:
    """What a reporter's own card tells: this month's work, and the habits that were learnt.

    The month is that of `people.cards`: `reports` that count, `fairs` reported, `on_time` and
    `earned` among them; `apart` is the usual distance to the others in %, None when alone.
    `units` are usual units by product, `forms` usual products, `dorome` how bare numbers count.
    """

    name: str
    markets: tuple[str, ...] = ()
    reports: int = 0
    fairs: int = 0
    apart: int | None = None
    last_on: date | None = None
    on_time: int = 0
    earned: int = 0
    units: tuple[tuple[str, str], ...] = ()
    forms: tuple[str, ...] = ()
    dorome: bool = False

    @property
    def has_habits(self) -> bool:
        return bool(self.units or self.forms or self.dorome)


class Profile(NamedTuple):
    """A caller as remembered. `None` means never said; a stranger is `Profile()`. A tuple, since
    many are compared at each key.

    `stopped` is an opt-out: nothing may be sent, the screens still answer.
    """

    language: str | None = None
    village: str | None = None
    product: str | None = None
    market: str | None = None
    kilos: int | None = None
    sex: str | None = None
    is_relay: bool = False
    consented: bool = False
    stopped: bool = False
    reporter: ReporterCard | None = None
    alerts: tuple[AlertCard, ...] = ()

    def alert(self, product: str, market: str) -> AlertCard | None:
        """The alert this caller has for one product at one market."""
        found = (each for each in self.alerts if (each.product, each.market) == (product, market))
        return next(found, None)


@lru_cache(maxsize=4096)
def looking(caller: Profile, product: str, market: str) -> Profile:
    """The same caller after looking at a price. Remembered: most callers are alike, and one value
    for all of them is soon compared."""
    return caller._replace(product=product, market=market)


class Resume(NamedTuple):
    """A place in the tree: the caller as they were, and the keys pressed since."""

    profile: Profile
    path: tuple[str, ...] = ()


class Opening(NamedTuple):
    """Everything a session was opened with. With the keys pressed since, it decides each screen.

    It is fixed for the life of the session: an effect may change what is remembered of the
    caller, but must not change the meaning of keys already pressed.
    `resume` is the dropped session offered for continuation; `dialled` how many keys came with
    the code itself (`*384*77*1*3#`).
    """

    profile: Profile
    resume: Resume | None = None
    dialled: int = 0
