"""Where to sell, as one SMS: the nets, whether to go, the lot that pays, the floor price.

What matters least gives way first: shelling, then the second and third market. Every net says
for how many kilos and of which fairs it is.
"""

from collections.abc import Iterator, Sequence

from service import encoding
from service.i18n import Say, span
from service.money import francs, priced
from service.prices.advice import Reason, Where, WhereOption
from service.prices.catalog import Catalog
from service.prices.withheld import why

SHOWN = 3
"""Markets named in one answer."""


def where_text(found: Where, catalog: Catalog, say: Say, lang: str) -> str:
    """The fullest wording of the advice that one SMS holds. `found` has options."""
    listed = [each for each in found.worthwhile if each.net is not None][:SHOWN]
    if found.eaten:
        return _costs_more(found, catalog, say, lang)
    if not listed:
        return _fullest(_withheld(found, catalog, say, lang))
    return _fullest(_worded(found, listed, catalog, say, lang))


def _worded(
    found: Where, listed: Sequence[WhereOption], catalog: Catalog, say: Say, lang: str
) -> Iterator[str]:
    """Wordings, fullest first: the advice and the lot stay longer than a third market."""
    needed = [*_verdict(found, catalog, say), *_lot(found, catalog, say)]
    floor = _floor(found, say, lang)
    whole = _nets(found, listed, catalog, say, lang)
    yield ". ".join([whole, *needed, *floor, *_shelled(found, say, lang)])
    for tail in ([*needed, *floor], needed):
        for count in range(len(listed), 0, -1):
            yield ". ".join([_nets(found, listed[:count], catalog, say, lang), *tail])
    yield _nets(found, listed[:1], catalog, say, lang)


def _nets(
    found: Where, listed: Sequence[WhereOption], catalog: Catalog, say: Say, lang: str
) -> str:
    listing = ", ".join(
        f"{catalog.markets[each.market].name} {priced(each.net or 0, lang)}" for each in listed
    )
    return say(
        "sms.where",
        "{name}, {kilos} kg, foires {days}. Le kilo, trajet déduit : {prices}",
        name=catalog.products[found.product].name(lang),
        kilos=francs(found.kg),
        days=span([each.fair_on for each in listed]),
        prices=listing,
    )


def _verdict(found: Where, catalog: Catalog, say: Say) -> list[str]:
    match found.verdict:
        case "go":
            market = catalog.markets[found.market].name if found.market else ""
            return [say("sms.go", "Le trajet à {market} paie", market=market)]
        case "stay":
            return [say("sms.stay", "Vendez près : l'écart ne paie pas le trajet")]
        case _:
            return [say("sms.home_unknown", "Prix au village inconnu : pas de conseil")]


def _lot(found: Where, catalog: Catalog, say: Say) -> list[str]:
    """What neighbours must gather, when one alone should stay."""
    if found.lot is None or found.verdict != "stay" or found.lot.kg <= found.kg:
        return []
    market, kilos = catalog.markets[found.lot.market].name, francs(found.lot.kg)
    return [say("sms.lot", "À plusieurs : {market} dès {kilos} kg", market=market, kilos=kilos)]


def _floor(found: Where, say: Say, lang: str) -> list[str]:
    if not found.floor:
        return []
    return [say("sms.floor", "Pas sous {price}", price=priced(found.floor, lang))]


def _shelled(found: Where, say: Say, lang: str) -> list[str]:
    its = found.shelling
    if its is None or not its.pays:
        return []
    gain = priced(its.gain, lang)
    return [say("sms.shelling_pays", "Décortiquer : +{gain} par kg de coque", gain=gain)]


def _costs_more(found: Where, catalog: Catalog, say: Say, lang: str) -> str:
    text = say(
        "sms.costs_more",
        "{name} : ne partez pas, le trajet coûte plus que {kilos} kg ne rapportent",
        name=catalog.products[found.product].name(lang),
        kilos=francs(found.kg),
    )
    return _fullest([". ".join([text, *_lot(found, catalog, say)]), text])


def _withheld(found: Where, catalog: Catalog, say: Say, lang: str) -> Iterator[str]:
    """Prices alone, each with why no net can be made of it."""
    for count in range(min(SHOWN, len(found.options)), 0, -1):
        listed = found.options[:count]
        listing = ", ".join(
            f"{catalog.markets[each.market].name} {priced(each.price, lang)}"
            f" ({_why(each.reason, say)})"
            for each in listed
        )
        yield say(
            "sms.where_withheld",
            "{name}, foires {days}, sans le trajet, le kilo : {prices}",
            name=catalog.products[found.product].name(lang),
            days=span([each.fair_on for each in listed]),
            prices=listing,
        )


def _why(reason: Reason | None, say: Say) -> str:
    return why(reason, say) or say("sms.why_cost", "trajet inconnu")


def _fullest(texts: Sequence[str] | Iterator[str]) -> str:
    """The first that one SMS holds; the last is cut if it must be."""
    text = ""
    for text in texts:
        if encoding.septets(encoding.to_gsm(text)) <= encoding.SMS_SEPTETS:
            return encoding.to_gsm(text)
    return encoding.fit(text, encoding.SMS_SEPTETS)
