"""What Sugu answers a reporter: what was understood, or one question answered by one digit.

One segment each. The longest parts yield first: what other markets pay, then thanks.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from service import encoding
from service.i18n import Say, day, short_date
from service.money import dorome, francs, to_coin
from service.prices.catalog import Catalog, Stage
from service.prices.judge import Option
from service.prices.questions import HABIT
from service.prices.report import Money
from service.prices.tables import NoPrice, QuestionRow, ReportRow

SEGMENT = 160
"""Septets of one SMS."""
Lang = str


def understood(
    reports: Sequence[ReportRow],
    catalog: Catalog,
    say: Say,
    lang: Lang,
    extra: str = "",
    absent: Sequence[NoPrice] = (),
) -> str:
    """The echo of accepted reports and of products without a price, with how to undo; `extra` is
    added when it fits."""
    lines = "; ".join(_lines(reports, absent, catalog, say, lang))
    first: ReportRow | NoPrice = reports[0] if reports else absent[0]
    where = catalog.markets[first.market].name
    # NOTE: max 60 septets; {lines} says each price with its unit
    told = say(
        "sms.noted",
        "Noté {market} {day}: {lines}. Erreur ? ANNULER",
        market=where,
        day=day(first.observed_on, lang),
        lines=lines,
    )
    return _longest([f"{told}. {extra}" if extra else told, told, _short(reports, absent, say)])


def question(row: QuestionRow, catalog: Catalog, say: Say, lang: Lang) -> str:
    """One question; each option stands behind its digit. A proof is asked for in four."""
    if "code" in row.options[0]:
        return _proof(row, catalog, say, lang)
    choices = " ".join(
        f"{number}={_label(option, row, catalog, say, lang)}"
        for number, option in enumerate(row.options, 1)
    )
    if row.kind == HABIT:
        return habit(say)
    asked = _asked(row, catalog, say, lang)
    # NOTE: max 30 septets
    tail = say("sms.answer_digit", "Répondez par un chiffre.")
    return _longest([f"{asked} {choices}. {tail}", f"{asked} {choices}", choices])


def _proof(row: QuestionRow, catalog: Catalog, say: Say, lang: Lang) -> str:
    option = row.options[0]
    return encoding.fit(
        say(
            "sms.proof",
            "{product} {market} {amount} F ? Pour confirmer ce prix, répondez {code}",
            product=catalog.products[option["product"]].name(lang),
            market=catalog.markets[option["market"]].name,
            amount=francs(int(option["amount"])),
            code=option["code"],
        ),
        SEGMENT,
    )


def habit(say: Say) -> str:
    # NOTE: max 60 septets; asked once of who has twice said that a bare number was dorome
    return say("sms.habit", "Vos prix sans F : toujours en dorome ? 1=oui 2=non")


def with_habit(told: str, say: Say) -> str:
    """What was noted, and the question whether it is always so."""
    return _longest([f"{told}. {habit(say)}", habit(say)])


def habit_kept(say: Say) -> str:
    return say("sms.habit_kept", "Noté : sans F, vos prix sont en dorome. 250F reste 250 francs.")


def habit_dropped(say: Say) -> str:
    return say("sms.habit_dropped", "Noté : vos prix sont en francs. Pour dorome, écrivez D50.")


def elsewhere(offers: Sequence[tuple[str, int]], say: Say) -> str:
    """What other markets pay for the same product: the reporter's own reward."""
    if not offers:
        return ""
    told = ", ".join(f"{name} {francs(value)}" for name, value in offers)
    return say("sms.elsewhere", "Ailleurs: {prices} F", prices=told)


def not_understood(words: Sequence[str], say: Say) -> str:
    """One clear sentence with a worked example."""
    word = " ".join(words)[:20]
    if word:
        return say(
            "sms.not_understood_word",
            "Pas compris : {word}. Écrivez produit, marché, prix. Exemple : ARA KITA 225",
            word=word,
        )
    return say(
        "sms.not_understood",
        "Pas compris. Écrivez produit, marché, prix. Exemple : ARA KITA 225",
    )


def no_amount(say: Say) -> str:
    return say("sms.no_amount", "Quel prix ? Écrivez par exemple : ARA KITA 225")


def no_market(say: Say) -> str:
    return say("sms.no_market", "Quel marché ? Écrivez par exemple : ARA KITA 225")


def undone(
    reports: Sequence[ReportRow],
    absent: Sequence[NoPrice],
    catalog: Catalog,
    say: Say,
    lang: Lang,
) -> str:
    lines = "; ".join(_lines(reports[:3], absent[:3], catalog, say, lang))
    return encoding.fit(
        say("sms.undone", "Annulé : {lines}. Renvoyez le bon prix.", lines=lines), SEGMENT
    )


def nothing_to_undo(say: Say) -> str:
    return say("sms.nothing_to_undo", "Rien à annuler.")


def unpriced(words: Sequence[str], say: Say) -> str:
    """Products named without a price, after what was noted."""
    return say("sms.unpriced", "{words} : quel prix ?", words=", ".join(words)) if words else ""


def unclear(words: Sequence[str], say: Say) -> str:
    """Words that were left aside, after what was noted."""
    told = " ".join(words)[:20]
    return say("sms.unclear", "Pas compris : {words}", words=told) if told else ""


def no_question(say: Say) -> str:
    return say("sms.no_question", "Aucune question en attente. Renvoyez le prix : ARA KITA 225")


def held(say: Say) -> str:
    return say("sms.held", "Merci. Ce prix sera vérifié par la coopérative avant d'être publié.")


def dropped(say: Say) -> str:
    return say("sms.dropped", "Ce prix n'est pas gardé. Renvoyez le bon prix.")


def price_of(report: ReportRow, catalog: Catalog, say: Say, lang: Lang) -> str:
    """`225 F/kg`, `17 500 F le sac (41 kg: 427 F/kg)`, `250 F/kg (dorome 50)`."""
    unit = catalog.units[report.unit]
    product = catalog.products[report.product]
    per = unit.name(lang)
    quantity = f" {report.quantity}" if report.quantity > 1 else ""
    told = f"{francs(report.amount)} F/{quantity.strip()}{' ' if quantity else ''}{per}"
    count = dorome(report.amount)
    if report.money == Money.DOROME.value and count:
        counted = say("sms.dorome", "dorome {n}", n=francs(count))
        told += f" ({counted})"
    if report.value is None:
        unweighed = say("sms.not_weighed", "non pesé")
        return f"{told} ({unweighed})"
    if report.unit != "KG" and product.quantity == "kg":
        told += f" ({francs(to_coin(report.value))} F/kg)"
    return told


def _lines(
    reports: Sequence[ReportRow],
    absent: Sequence[NoPrice],
    catalog: Catalog,
    say: Say,
    lang: Lang,
) -> Iterator[str]:
    """`Arachide coque 225 F/kg`, then `Mil: pas de prix`."""
    yield from (_line(each, catalog, say, lang) for each in reports)
    none = say("sms.no_price", "pas de prix")
    yield from (f"{catalog.products[each.product].name(lang)}: {none}" for each in absent)


def _line(report: ReportRow, catalog: Catalog, say: Say, lang: Lang) -> str:
    name = _goods(report.product, report.stage, catalog, say, lang)
    return f"{name} {price_of(report, catalog, say, lang)}"


def _goods(product: str, stage: str, catalog: Catalog, say: Say, lang: Lang) -> str:
    """The product, with its stage where it is not the usual one: `Arachide coque (bord champ)`."""
    name = catalog.products[product].name(lang)
    where = _stage(Stage(stage), say)
    return f"{name} ({where})" if where else name


def _stage(stage: Stage, say: Say) -> str:
    match stage:
        case Stage.PRODUCER:
            return ""
        case Stage.FARMGATE:
            return say("sms.farmgate", "bord champ")
        case Stage.WHOLESALE:
            return say("sms.wholesale", "en gros")
        case Stage.RETAIL:
            return say("sms.retail", "détail")


def _short(reports: Sequence[ReportRow], absent: Sequence[NoPrice], say: Say) -> str:
    """Too many for one segment: codes and figures only."""
    prices = [f"{each.product} {francs(each.amount)}" for each in reports]
    lines = ", ".join([*prices, *(f"{each.product} -" for each in absent)])
    told = say("sms.noted_short", "Noté : {lines}. Erreur ? ANNULER", lines=lines)
    return encoding.fit(told, SEGMENT)


def _asked(row: QuestionRow, catalog: Catalog, say: Say, lang: Lang) -> str:
    pending: Mapping[str, Any] = row.pending or {}
    word = pending.get("word")
    if word and row.kind in ("product", "word"):
        return f"{word} ?"
    first = row.options[0]
    code = pending.get("product") or first["product"]
    product = _goods(code, pending.get("stage", Stage.PRODUCER), catalog, say, lang)
    if word:  # of several prices in one message, whose doubt it is
        known = "" if row.kind == "amount" else f" {francs(pending['amount'])} F"
        return f"{product}{known}{'' if word in catalog.products else f', {word}'} ?"
    market = catalog.markets.get(pending.get("market") or first.get("market") or "")
    said = pending.get("amount") or _said(row)
    return f"{product} {market.name if market else ''} {francs(said)} F ?".replace("  ", " ")


def _said(row: QuestionRow) -> int:
    said = next((each for each in row.options if each["kind"] == "said"), row.options[0])
    return int(said["amount"])


def _label(
    option: Mapping[str, Any], row: QuestionRow, catalog: Catalog, say: Say, lang: Lang
) -> str:
    if "candidate" in option:
        return _candidate(option, catalog, say, lang)
    chosen = Option(**option)
    unit = catalog.units[chosen.unit].name(lang)
    match chosen.kind:
        case "wrong":
            return say("sms.option_wrong", "non, autre")
        case "form":
            return catalog.products[chosen.product].name(lang)
        case "market":
            return catalog.markets[chosen.market].name
        case "dorome":
            count = francs(chosen.amount // 5)
            told = say("sms.dorome", "dorome {n}", n=count)
            return f"{told} ({francs(chosen.amount)} F)"
        case "said" if row.kind == "form":
            return catalog.products[chosen.product].name(lang)
        case "said" if row.kind == "market":
            return catalog.markets[chosen.market].name
        case _:
            return f"{francs(chosen.amount)} F/{unit}"


def _candidate(option: Mapping[str, Any], catalog: Catalog, say: Say, lang: Lang) -> str:
    """The label of an answer to a doubt about words."""
    about, value = option["about"], option["candidate"]
    if value is None:
        return say("sms.option_wrong", "non, autre")
    match about:
        case "product" if value in catalog.products:
            return catalog.products[value].name(lang)
        case "market" if value in catalog.markets:
            return catalog.markets[value].name
        case "unit" if value in catalog.units:
            return catalog.units[value].name(lang)
        case "amount":
            return f"{francs(int(value))} F"
        case "day":
            return short_date(date.fromisoformat(value))
        case _:
            return str(value)


def _longest(texts: Sequence[str]) -> str:
    """The first that fits one segment; the last is cut if it must be."""
    for text in texts:
        wire = encoding.to_gsm(text)
        if encoding.segments(wire) == 1:
            return wire
    return encoding.fit(texts[-1], SEGMENT)
