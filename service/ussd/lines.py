"""How a price is said on a screen: product and market, price and range, day and reporters.

Shared by every screen that answers "how much". A price always carries its fair day; an
expired one is never shown as a price.
"""

from service.encoding import SMS_SEPTETS
from service.i18n import ago, day, short_date
from service.money import dorome, francs, to_coin
from service.prices.book import Price
from service.prices.catalog import Quantity
from service.prices.freshness import Freshness
from service.prices.neighbours import Estimate
from service.prices.quote import Quote
from service.ussd.scene import Scene
from service.ussd.screens import About, Line, lay, line, named, optional

TENTHS_BELOW = 10
"""Kilos below which a tenth matters."""
COUNTED_IN_DOROME = frozenset({"bm"})
"""Languages whose speakers count money in dɔrɔmɛ of 5 F: a bare 250 is heard as 1 250 F."""


def price_lines(price: Price, scene: Scene) -> list[Line]:
    """The answer to "how much": the price, or why there is none and where there is one."""
    if price.shown and price.quote:
        return [_heading(price, scene), *_shown(price, price.quote, scene)]
    return [_heading(price, scene), *_missing(price, scene)]


def sack_line(price: Price, scene: Scene) -> Line:
    """The sack as it was weighed here, and its price: `1 sac = 41 kg = 9 250 F`."""
    quote = price.quote
    if not price.shown or quote is None or quote.unit != Quantity.KG:
        return Line(("",))
    sack = scene.book.sack(price.product.code, price.market.code, scene.today)
    if sack is None:
        return Line(("",))
    # NOTE: max 40 septets; what the sack of this market weighs, and what it is worth
    said = scene.say(
        "ussd.sack",
        "1 {unit} = {kilos} kg = {price}",
        unit=sack.unit.name(scene.lang),
        kilos=_kilos(sack.weight.kilos),
        price=money(sack.price(price.product, quote.value), scene),
    )
    return optional(said)


def _kilos(kilos: float) -> str:
    """`41`, `1,1`: a bowl needs its decimal, a sack does not."""
    return f"{kilos:.0f}" if kilos >= TENTHS_BELOW else f"{kilos:.1f}".replace(".", ",")


def about(price: Price) -> About:
    return About(price.product.code, price.market.code, price.shown)


def pair_name(price: Price, scene: Scene) -> str:
    return f"{price.product.name(scene.lang)}, {price.market.name}"


def money(amount: float, scene: Scene) -> str:
    """`225 F`; for those who count in dɔrɔmɛ, rounded to a coin and said both ways."""
    count = _dorome(amount, scene)
    whole = francs(to_coin(amount) if count is not None else round(amount))
    if count is None:
        return f"{whole} F"
    # NOTE: max 24 septets; {price} and {count} are amounts of money
    return scene.say("ussd.both_counts", "{price} F (dorome {count})", price=whole, count=count)


def copy_text(price: Price, scene: Scene) -> str:
    """The same answer as one SMS."""
    return lay([*price_lines(price, scene), sack_line(price, scene)], scene.tier, SMS_SEPTETS)


def _heading(price: Price, scene: Scene) -> Line:
    product, market = price.product.name(scene.lang), price.market.name
    short = [f"{named(product, 14)[-1]}, {named(market, 12)[-1]}"] if len(product) > 14 else []
    tight = f"{named(product, 12)[-1]}, {named(market, 9)[-1]}"
    plain = tuple(dict.fromkeys((f"{product}, {market}", *short, tight)))
    if not scene.caller.is_relay:
        return line(*plain, yields=3)
    # NOTE: max 45 septets; what a village relay reads aloud
    aloud = scene.say("ussd.read_aloud", "À lire : {name}", name=plain[0])
    return line(aloud, *plain, yields=20)


def _shown(price: Price, quote: Quote, scene: Scene) -> list[Line]:
    trend = _trend(price.trend, scene)
    value, spread = _value(price, quote, scene), _range(quote, scene)
    when = _when(price, quote, scene)
    if _dorome(quote.value, scene) is not None:
        return [line(value), *_second(spread, trend), when]
    ranged = f"{value} ({spread})" if spread else value
    brief = (f"{ranged} {trend}".strip(), ranged, value)
    return [_aloud(brief, price, quote, scene), when]


def _second(spread: str, trend: str) -> list[Line]:
    """Range and trend on their own line, where the price line already counts twice."""
    low_high = f"{spread} F" if spread else ""
    said = ", ".join(filter(None, (low_high, trend)))
    return [line(*dict.fromkeys((said, low_high)), "", yields=2)] if said else []


def _aloud(brief: tuple[str, ...], price: Price, quote: Quote, scene: Scene) -> Line:
    ready = scene.caller.is_relay and price.product.quantity is Quantity.KG and _weighed(quote)
    if not ready or quote.low == quote.high:
        return line(*dict.fromkeys(brief))
    # NOTE: max 48 septets; what a village relay reads aloud
    said = scene.say(
        "ussd.read_price",
        "{price} F le kilo, entre {low} et {high} {trend}",
        price=francs(quote.value),
        low=francs(quote.low),
        high=francs(quote.high),
        trend=_trend(price.trend, scene),
    )
    return line(said.strip(), *dict.fromkeys(brief), yields=20)


def _value(price: Price, quote: Quote, scene: Scene) -> str:
    if _weighed(quote):
        return _amount(price, quote.value, scene)
    unit = scene.book.catalog.units.get(quote.unit)
    name = unit.name(scene.lang) if unit else quote.unit.lower()
    whole = francs(_coin(quote.value, scene))
    # NOTE: max 34 septets; a sack nobody has weighed: no kilo price can be made of it
    said = scene.say("ussd.unweighed", "{price} F par {unit}, non pesé", price=whole, unit=name)
    return _counted(said, quote.value, scene)


def _amount(price: Price, amount: float, scene: Scene) -> str:
    """`225 F/kg`, `75 000 F la tête`; for those who count in dɔrɔmɛ, that count as well."""
    say, whole = scene.say, francs(_coin(amount, scene))
    match price.product.quantity:
        case Quantity.HEAD:
            said = say("ussd.per_head", "{price} F la tête", price=whole)
        case Quantity.PIECE:
            said = say("ussd.per_piece", "{price} F la pièce", price=whole)
        case _:
            said = say("ussd.per_kg", "{price} F/kg", price=whole)
    return _counted(said, amount, scene)


def _counted(said: str, amount: float, scene: Scene) -> str:
    count = _dorome(amount, scene)
    if count is None:
        return said
    # NOTE: max 18 septets; {count} is the price counted in dɔrɔmɛ of 5 F
    again = scene.say("ussd.in_dorome", "(dorome {count})", count=count)
    return f"{said} {again}"


def _weighed(quote: Quote) -> bool:
    return quote.unit.lower() in {each.value for each in Quantity}


def _range(quote: Quote, scene: Scene) -> str:
    """`210-240`, or nothing when all said the same."""
    low, high = _coin(quote.low, scene), _coin(quote.high, scene)
    return f"{francs(low)}-{francs(high)}" if low != high else ""


def _when(price: Price, quote: Quote, scene: Scene) -> Line:
    """Fair day, age when not fresh, reporters, doubt: `ven 13/11 (il y a 12 j), 3 relevés`."""
    on, heard = day(quote.fair_on, scene.lang), _heard(quote.reporters, scene)
    doubt = _doubt(quote.grade, scene)
    full = ", ".join(filter(None, (f"{on} {_age(price, scene)}".strip(), heard, doubt)))
    short = ", ".join(filter(None, (on, _age_short(price, scene), heard, doubt)))
    if not scene.caller.is_relay:
        return line(*dict.fromkeys((full, short)), yields=4)
    # NOTE: max 70 septets; what a village relay reads aloud
    aloud = scene.say("ussd.read_day", "foire du {day}", day=full)
    return line(aloud, *dict.fromkeys((full, short)), yields=20)


def _age_short(price: Price, scene: Scene) -> str:
    if price.freshness is Freshness.FRESH:
        return ""
    # NOTE: max 8 septets; {days} is a count of days
    return scene.say("ussd.days", "{days} j", days=price.age_days)


def _age(price: Price, scene: Scene) -> str:
    """Nothing while fresh, else the age in words; two fairs missed is said to be old."""
    match price.freshness:
        case Freshness.FRESH:
            return ""
        case Freshness.OLD:
            # NOTE: max 24 septets; {age} as "il y a 20 j"
            old = scene.say("ussd.old", "ancien, {age}", age=ago(price.age_days, scene.say))
            return f"({old})"
        case _:
            return f"({ago(price.age_days, scene.say)})"


def _heard(reporters: int, scene: Scene) -> str:
    if reporters == 1:
        return scene.say("ussd.one_report", "{count} relevé", count=reporters)
    return scene.say("ussd.reports", "{count} relevés", count=reporters)


def _doubt(grade: str, scene: Scene) -> str:
    return scene.say("ussd.estimated", "estimé") if grade == "D" else ""


def _trend(trend: str | None, scene: Scene) -> str:
    match trend:
        case "up":
            return scene.say("ussd.rises", "MONTE")
        case "down":
            return scene.say("ussd.falls", "BAISSE")
        case "stable":
            return scene.say("ussd.stays", "STABLE")
        case _:
            return ""


def _missing(price: Price, scene: Scene) -> list[Line]:
    say = scene.say
    if price.quote:
        on = short_date(price.quote.fair_on)
        # NOTE: max 30 septets; {day} as 26/10
        none = say("ussd.no_price_since", "pas de prix depuis le {day}", day=on)
    else:
        none = say("ussd.no_price", "pas encore de prix")
    nearest = _nearest(price, scene)
    if price.estimate:
        nearest = [_guess(price, price.estimate, scene), *(optional(*n.forms) for n in nearest)]
    return [line(none), *nearest]


def _guess(price: Price, estimate: Estimate, scene: Scene) -> Line:
    source = scene.book.catalog.markets.get(estimate.source)
    name = source.name if source else estimate.source
    amount, on = _amount(price, estimate.value, scene), short_date(estimate.fair_on)
    # NOTE: max 60 septets; a price nobody reported, drawn from the market {market}
    return line(
        scene.say(
            "ussd.guess",
            "estimé {price} d'après {market}, {day}",
            price=amount,
            market=name,
            day=on,
        ),
        scene.say("ussd.guess_short", "estimé {price}", price=amount),
    )


def _nearest(price: Price, scene: Scene) -> list[Line]:
    """The nearest market with a price that may be shown, with its own day."""
    village = scene.caller.village
    other = scene.book.nearest(price.product.code, price.market.code, village, scene.today)
    if other is None or other.quote is None:
        return []
    value, on = _value(other, other.quote, scene), day(other.quote.fair_on, scene.lang)
    told = [
        # NOTE: max 46 septets
        scene.say("ussd.elsewhere", "{market} : {price}", market=name, price=value)
        for name in named(other.market.name, 12)
    ]
    heard = _heard(other.quote.reporters, scene)
    return [line(*told), line(f"{on} {_age(other, scene)}".strip() + f", {heard}", on)]


def _coin(amount: float, scene: Scene) -> int:
    return to_coin(amount) if scene.lang in COUNTED_IN_DOROME else round(amount)


def _dorome(amount: float, scene: Scene) -> str | None:
    if scene.lang not in COUNTED_IN_DOROME:
        return None
    count = dorome(to_coin(amount))
    return None if count is None else francs(count)


def demo_mark(scene: Scene) -> Line:
    """Where facts are invented for the demo, one word says so if there is room for it."""
    return optional("DEMO") if scene.book.demo else Line(("",))
