"""The lines of the advice on where to sell: net prices, floor, verdict, and how they come about.

A net is withheld, with the reason in a word, when what the trip costs is not known.
"""

from collections.abc import Sequence

from service.i18n import day, span
from service.money import francs
from service.prices.advice import Reason, Where, WhereOption
from service.prices.shelling import Shelling
from service.prices.withheld import why
from service.ussd.lines import money
from service.ussd.scene import MORE, Scene
from service.ussd.screens import Line, line, named


def nothing(scene: Scene) -> Line:
    # NOTE: max 100 septets
    return line(scene.say("ussd.nowhere", "Pas de prix frais autour de votre village."))


def unit(listed: Sequence[WhereOption], scene: Scene) -> Line:
    """What the amounts below are, and of which fair days."""
    say, days = scene.say, span([each.fair_on for each in listed])
    # NOTE: max 46 septets; heads a list of F per kilo; {days} as 20/11 or 18-20/11
    full = say("ussd.net_long", "Net par kg, trajet déduit, foires {days} :", days=days)
    # NOTE: max 30 septets; heads a list of F per kilo; {days} as 20/11 or 18-20/11
    short = say("ussd.net", "Net/kg, foires {days} :", days=days)
    # NOTE: max 20 septets; heads a list of F per kilo; {days} as 20/11 or 18-20/11
    return line(full, short, say("ussd.net_short", "Net/kg {days} :", days=days), yields=4)


def net(option: WhereOption, at: int, scene: Scene) -> Line:
    """The net price; where it is withheld the price alone, said to be just that, and
    why; where there is no room, of one market only."""
    market = named(scene.market(option.market).name, 12, 8)
    if option.net is not None:
        net = money(option.net, scene)
        brief = f"{francs(option.net)} F" if at else net  # the best is counted both ways
        forms = (f"{market[0]} {net}", *(f"{name} {brief}" for name in market))
        spare = [""] if at > 1 else []  # the third market only in room that is left
        return line(*dict.fromkeys(forms), *spare, yields=9 if at > 1 or net != brief else 6)
    told, price = _why(option.reason, scene), francs(option.price)
    # NOTE: max 40 septets; the price at the market, and in a word why no net is given
    said = [
        scene.say("ussd.no_net", "{market} prix {price}, {why}", market=name, price=price, why=told)
        for name in market
    ]
    return line(*said, *([""] if at else []), yields=10 + at)


def _why(reason: Reason | None, scene: Scene) -> str:
    return why(reason, scene.say) or scene.say("ussd.why_cost", "trajet ?")


def floor(found: Where, scene: Scene) -> list[Line]:
    if found.floor is None:
        return []
    floor = money(found.floor, scene)
    brief = f"{francs(found.floor)} F"
    # NOTE: max 40 septets; below this price do not sell at home
    full = scene.say("ussd.floor_long", "Prix plancher {price} le kilo", price=floor)
    short = (scene.say("ussd.floor", "Plancher {price}", price=each) for each in (floor, brief))
    return [line(*dict.fromkeys((full, *short)), yields=7)]


def verdict(found: Where, scene: Scene) -> Line:
    say = scene.say
    if found.eaten:
        return _costs_more(found, scene)
    match found.verdict:
        case "go":
            names = named(scene.market(found.market).name, 12, 8) if found.market else ("",)
            # NOTE: max 34 septets
            long = say("ussd.go_long", "Conseil : allez à {market}", market=names[0])
            short = (say("ussd.go", "Allez à {market}", market=name) for name in names)
            return line(long, *short, yields=5)
        case "stay":
            # NOTE: max 46 septets; the gap between markets does not pay the trip
            long = say("ussd.stay_long", "Vendez près : l'écart ne paie pas le trajet")
            return line(
                long,
                say("ussd.stay", "Le trajet ne paie pas"),
                say("ussd.stay_short", "Ne partez pas"),
                yields=5,
            )
        case _ if found.home is None and found.floor is not None:
            # NOTE: max 46 septets; {key} opens the page where it can be typed
            long = say("ussd.unknown_long", "Prix au village inconnu : tapez {key}", key=MORE)
            return line(
                long, say("ussd.unknown", "Prix au village ? Tapez {key}", key=MORE), yields=5
            )
        case _:
            # NOTE: max 46 septets; no market has a fresh price and a known cost
            long = say("ussd.no_advice_long", "Pas de conseil : net inconnu partout")
            return line(long, say("ussd.no_advice", "Pas de conseil"), yields=5)


def _costs_more(found: Where, scene: Scene) -> Line:
    """Every trip costs more than so small a load brings: plainly, do not travel."""
    say, kilos = scene.say, francs(found.kg)
    # NOTE: max 80 septets; {kilos} as the caller typed them
    full = say(
        "ussd.costs_more",
        "Ne partez pas : le trajet coûte plus que {kilos} kg ne rapportent",
        kilos=kilos,
    )
    return line(full, say("ussd.stay_short", "Ne partez pas"), yields=5)


def lot(found: Where, scene: Scene) -> list[Line]:
    """When one alone should stay: the weight that several must gather for the trip to pay."""
    if found.lot is None or found.verdict != "stay" or found.lot.kg <= found.kg:
        return []
    kilos, names = francs(found.lot.kg), named(scene.market(found.lot.market).name, 12, 8)
    # NOTE: max 46 septets; neighbours who load together, from {kilos} on
    full = scene.say(
        "ussd.lot", "À plusieurs : {market} dès {kilos} kg", market=names[0], kilos=kilos
    )
    # NOTE: max 30 septets; neighbours who load together, from {kilos} on
    short = [
        scene.say("ussd.lot_short", "Groupez {kilos} kg : {market}", market=name, kilos=kilos)
        for name in names
    ]
    return [line(full, *short, "", yields=8)]


def break_even(found: Where, scene: Scene) -> list[str]:
    """The load from which the road costs less than it brings; on "stay" it would contradict."""
    if not found.break_even_kg or found.verdict == "stay":
        return []
    kilos = francs(found.break_even_kg)
    # NOTE: max 34 septets; the load from which the trip pays
    return [scene.say("ussd.pays_from", "Le trajet paie dès {kilos} kg", kilos=kilos)]


def reckoning(found: Where, scene: Scene) -> Sequence[Line]:
    if not found.options:
        return ()
    best = found.options[0]
    names = named(scene.market(best.market).name, 12)
    price, on = francs(best.price), day(best.fair_on, scene.lang)
    # NOTE: max 40 septets
    first = [
        scene.say(
            "ussd.best_price", "{market} : {price} F/kg, {day}", market=name, price=price, day=on
        )
        for name in names
    ]
    return [
        line(*first, yields=3),
        _cost(best, scene),
        *_kept(found, scene),
        *lot(found, scene),
    ]


def _cost(option: WhereOption, scene: Scene) -> Line:
    say = scene.say
    if option.net is None:
        return _withheld(option, scene)
    per_kg, fixed = francs(option.cost_per_kg or 0), francs(option.fixed_cost or 0)
    # NOTE: max 44 septets; cost per kilo, and of the trip itself
    full = say("ussd.cost", "Trajet {fixed} F + {per_kg} F/kg", fixed=fixed, per_kg=per_kg)
    return line(full, yields=5)


def _withheld(option: WhereOption, scene: Scene) -> Line:
    say = scene.say
    match option.reason:
        case Reason.COST_UNKNOWN:
            # NOTE: max 60 septets
            return line(say("ussd.cost_unknown", "Coût du trajet inconnu : net non calculé"))
        case Reason.COST_OLD:
            # NOTE: max 60 septets
            return line(say("ussd.cost_old", "Coût du trajet trop ancien : net non calculé"))
        case reason:
            # NOTE: max 60 septets; {why} as "route coupée"
            return line(
                say("ussd.net_withheld", "Net non calculé : {why}", why=_why(reason, scene))
            )


def shelled(its: Shelling, raw: str, scene: Scene) -> list[Line]:
    """What shelling first would bring: only what is sure, one way or the other."""
    say, grams = scene.say, round(its.share * 1000)
    # NOTE: max 60 septets; one kilo in the shell leaves {grams} of kernels; {cost} F to shell it
    yields = say(
        "ussd.yield", "Un kilo donne {grams} g, frais {cost} F", grams=grams, cost=its.cost
    )
    heading = [f"{name}, {scene.market(its.market).name}" for name in named(raw, 20, 12)]
    return [line(*heading), line(yields), line(_shelling_verdict(its, scene))]


def _shelling_verdict(its: Shelling, scene: Scene) -> str:
    say = scene.say
    if its.pays:
        gain = money(its.gain, scene)
        # NOTE: max 80 septets; {gain} more for a kilo in the shell, as measured here
        return say("ussd.shelling_pays", "Décortiquer : +{gain} par kg de coque", gain=gain)
    if its.gain <= 0:
        # NOTE: max 80 septets; kernels would bring less than the nuts in the shell
        return say("ussd.shelling_loses", "Décortiquer ne paie pas : vendez en coque")
    # NOTE: max 80 septets; the gain is within the error of the prices
    return say("ussd.shelling_unsure", "Écart trop petit : pas de conseil")


def _kept(found: Where, scene: Scene) -> list[Line]:
    """The load that covers the road, else what is offered at home."""
    if found.break_even_kg and found.verdict != "stay":
        return [line(each) for each in break_even(found, scene)]
    if found.break_even_kg:
        kilos = francs(found.break_even_kg)
        # NOTE: max 40 septets; below this load the road eats the whole gain
        return [
            line(scene.say("ussd.covers", "Frais couverts dès {kilos} kg", kilos=kilos), yields=10)
        ]
    if found.home is None:
        return []
    # NOTE: max 34 septets; the price offered at the farm gate
    price = francs(found.home.value)
    return [line(scene.say("ussd.at_home", "Au village {price} F/kg", price=price))]
