"""The words of a broadcast: typed holes, filled from the book once for all who read the same.

`{prices}` lists a market's prices, as many as the one SMS holds; `{price:ARA:KITA}` is one of
them; `{date}` is the fair day of the prices, not the day of sending. There is nothing else to
run in a template: an unknown word in braces is refused when the text is saved.
"""

import re
from dataclasses import dataclass

from service.prices.catalog import Catalog
from service.sms.refused import Refused

VARIABLES = ("date", "day", "prices", "market", "village", "commune", "code")
"""What may stand in braces, besides `price:PRODUCT:MARKET` and `dorome:PRODUCT:MARKET`."""
AMOUNTS = frozenset({"price", "dorome"})
"""What may stand before `:PRODUCT:MARKET`: the price in francs, or counted in dɔrɔmɛ."""
BY_MARKET = frozenset({"prices", "market"})
BY_VILLAGE = frozenset({"village", "commune"})
LONGEST = 480
"""Characters of a template: three SMS, beyond which nobody reads and everybody pays."""
STOP_WORD = "STOP"
ESTIMATE = "D"
"""The grade of a price nobody has confirmed."""

_HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Hole:
    name: str


@dataclass(frozen=True, slots=True)
class PriceOf:
    """One price in francs; `counted` in dɔrɔmɛ, for those who count so."""

    product: str
    market: str
    counted: bool = False


Part = str | Hole | PriceOf


@dataclass(frozen=True, slots=True)
class Template:
    parts: tuple[Part, ...]

    @property
    def scope(self) -> str:
        """What the text depends on besides its language: `village`, `market` or nothing."""
        names = {part.name for part in self.parts if isinstance(part, Hole)}
        if names & BY_VILLAGE:
            return "village"
        return "market" if names & BY_MARKET else ""

    @property
    def priced(self) -> bool:
        return any(part == Hole("prices") or isinstance(part, PriceOf) for part in self.parts)

    @property
    def dated(self) -> bool:
        return any(part in (Hole("date"), Hole("day")) for part in self.parts)


def read(body: str, catalog: Catalog) -> Template | Refused:
    """A template, or the one thing that is wrong with it, by name."""
    if not body.strip():
        return Refused("body", "The text is empty.", "Le texte est vide.")
    if len(body) > LONGEST:
        return Refused(
            "body",
            f"The text has {len(body)} characters; {LONGEST} is the most.",
            f"Le texte a {len(body)} caractères ; {LONGEST} au plus.",
        )
    parts: list[Part] = []
    at = 0
    for hole in _HOLE.finditer(body):
        parts.append(body[at : hole.start()])
        part = _part(hole[1].strip(), catalog)
        if isinstance(part, Refused):
            return part
        parts.append(part)
        at = hole.end()
    parts.append(body[at:])
    words = [part for part in parts if isinstance(part, str)]
    if any("{" in word or "}" in word for word in words):
        return Refused("body", "A brace { or } stands alone.", "Une accolade { ou } est seule.")
    return Template(tuple(part for part in parts if part != ""))


def _part(said: str, catalog: Catalog) -> Part | Refused:
    name, *codes = [word.strip() for word in said.split(":")]
    if name in AMOUNTS and len(codes) == 2:
        product, market = (code.upper() for code in codes)
        if product not in catalog.products:
            return _nothing(said, f"no product {product}", f"pas de produit {product}")
        if market not in catalog.markets:
            return _nothing(said, f"no market {market}", f"pas de marché {market}")
        return PriceOf(product, market, counted=name == "dorome")
    if name in VARIABLES and not codes:
        return Hole(name)
    known = ", ".join(f"{{{each}}}" for each in VARIABLES)
    return Refused(
        "body",
        f"{{{said}}} is unknown. Known are {known}, {{price:ARA:KITA}} and {{dorome:ARA:KITA}}.",
        f"{{{said}}} est inconnu. Connus : {known}, {{price:ARA:KITA}} et {{dorome:ARA:KITA}}.",
    )


def _nothing(said: str, what: str, quoi: str) -> Refused:
    return Refused("body", f"{{{said}}}: there is {what}.", f"{{{said}}} : il n'y a {quoi}.")
