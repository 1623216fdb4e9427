"""What a pressed key asks to be done, as values: the walk names them, the door does them once."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class SetLanguage:
    language: str


@dataclass(frozen=True, slots=True)
class Remember:
    """The price last looked at is the one shown with no key pressed next time."""

    product: str
    market: str


@dataclass(frozen=True, slots=True)
class SetVillage:
    village: str


@dataclass(frozen=True, slots=True)
class SetKilos:
    kilos: int


@dataclass(frozen=True, slots=True)
class SubscribeAlert:
    """Consent and alert in one: each fair of the market, or once the price is `at_least` F."""

    product: str
    market: str
    at_least: int | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class DropAlert:
    product: str
    market: str


@dataclass(frozen=True, slots=True)
class StopAll:
    """Nothing more is sent to this phone, rows already queued included."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Undo an opt-out."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """This caller says the price published for `fair_on` is wrong."""

    product: str
    market: str
    fair_on: date


@dataclass(frozen=True, slots=True)
class SendCopy:
    """Text the answer to the caller; at most one a day per `screen`."""

    screen: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class SubmitPrice:
    """A reporter's price: `amount` F for `quantity` of `unit`, as confirmed on the screen."""

    product: str
    market: str
    unit: str
    quantity: int
    amount: int


Effect = (
    SetLanguage
    | Remember
    | SetVillage
    | SetKilos
    | SubscribeAlert
    | DropAlert
    | StopAll
    | Restart
    | Dispute
    | SendCopy
    | SubmitPrice
)

QUIET = (SetLanguage, Remember, SetVillage, SetKilos)
"""Effects whose screen promises nothing: when the disk is full the answer is given all the same."""


class Deed(NamedTuple):
    """An effect and the `action` that names this very press of a key within its session."""

    action: str
    effect: Effect

    @property
    def quiet(self) -> bool:
        return isinstance(self.effect, QUIET)
