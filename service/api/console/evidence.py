"""A flag's evidence in words: what was seen, where and when, so that staff can look and ask."""

from collections.abc import Mapping

from service.api.console.voice import Voice
from service.api.v1.cards import Raised
from service.prices.catalog import Catalog
from service.prices.signs import Flag

DAYS_NAMED = 6
"""Days written out; more are counted."""


def told(flag: Raised, voice: Voice, catalog: Catalog, names: Mapping[int, str]) -> str:
    """One sentence of evidence. `names` are reporters' by id."""
    t, days = voice.t, _days(flag, voice)
    market = catalog.markets.get(flag.market)
    place = market.name if market else flag.market
    match flag.flag:
        case Flag.STUCK:
            goods = catalog.products.get(flag.product or "")
            low, high = flag.peers or (None, None)
            return t(
                "{product}, {market} : figé à {value} F ({days}), les autres de {low} à {high} F.",
                product=voice.name(goods) if goods else flag.product,
                market=place,
                value=voice.francs(flag.value),
                days=days,
                low=voice.francs(low),
                high=voice.francs(high),
            )
        case Flag.TWIN:
            return t(
                "{market} : mêmes prix que {name}, au franc près, à moins de dix minutes ({days}).",
                market=place,
                name=names.get(flag.other or 0, f"n° {flag.other}"),
                days=days,
            )
        case Flag.ROUND:
            return t(
                "{market} : les {n} montants finissent tous par 000 ({days}).",
                market=place,
                n=len(flag.reports),
                days=days,
            )
        case Flag.NO_FAIR:
            return t("{market} : daté d'un jour sans foire ({days}).", market=place, days=days)
        case Flag.BEFORE_DAWN:
            return t(
                "{market} : envoyé avant 6 h, le jour même de la foire ({days}).",
                market=place,
                days=days,
            )


def _days(flag: Raised, voice: Voice) -> str:
    if len(flag.days) > DAYS_NAMED:
        return voice.t("{n} jours, dont {day}", n=len(flag.days), day=voice.day(flag.days[-1]))
    return ", ".join(voice.day(each) for each in flag.days)
