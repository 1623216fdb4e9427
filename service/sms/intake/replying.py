"""A reporter answers a question with one digit, or undoes the last message."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from service.prices import amends, questions
from service.prices.catalog import Stage
from service.prices.judge import Option, after_answer
from service.prices.known import prior
from service.prices.questions import HABIT
from service.prices.reception import Placeless, hear
from service.prices.report import Claim, Money, Status
from service.prices.store import window_of
from service.prices.tables import QuestionRow, ReportRow
from service.sms.intake import challenge, replies
from service.sms.intake import pending as waiting
from service.sms.intake.reporting import Scene, Tray, cancel, elsewhere, reply, take
from service.sms.reading import settle

HABIT_AFTER = 2
"""The same answer twice running makes a habit (`languages.md` 3, guard 4)."""
LOOK_BACK = 20
"""Answers among which the last two about one thing are looked for."""

Lesson = tuple[str, str, str]
"""(habit, what it is about, what it says): `units`, `MAI`, `SAC`."""
COUNTED_IN_DOROME: Lesson = ("money", "", "dorome")
REFUSED = 2
"""The digit that says no to the habit."""


def answer(scene: Scene, digit: int) -> str | None:
    """Settle the open question with a digit; None when no question is open."""
    row = questions.open_question(scene.session, scene.teller.reporter_id, scene.now)
    if row is None:
        return None
    if row.kind == challenge.KIND or not 1 <= digit <= len(row.options):
        return replies.question(row, scene.book.catalog, scene.say, scene.lang)
    told = _settle(scene, row, digit)
    following = questions.answered(scene.session, row, digit, scene.now)
    sure = _learn(scene, row)
    if following:
        return replies.question(following, scene.book.catalog, scene.say, scene.lang)
    return replies.with_habit(told, scene.say) if sure else told


def refuse(scene: Scene) -> str | None:
    """NON: the answer "none of these" where it was offered; None when nothing is asked."""
    row = questions.open_question(scene.session, scene.teller.reporter_id, scene.now)
    options = row.options if row else []
    none = [n for n, each in enumerate(options, 1) if each.get("kind") == "wrong"]
    none += [n for n, each in enumerate(options, 1) if each.get("candidate", "") is None]
    return answer(scene, none[0]) if none else None


@dataclass(frozen=True, slots=True)
class Words:
    """What an answer in words names: a product, a market or a unit by code, an amount in F."""

    product: str | None = None
    market: str | None = None
    unit: str | None = None
    amount: int | None = None


def answer_in_words(scene: Scene, words: Words) -> str | None:
    """The open question answered by naming a choice instead of its digit (`KITA`, `230`); None
    when no question is open, or not exactly one of its choices is meant."""
    row = questions.open_question(scene.session, scene.teller.reporter_id, scene.now)
    options = row.options if row else []
    if words.product and row and row.kind == "form":
        return None  # `arachide` does not say shell or kernel, which is what was asked
    meant = [n for n, each in enumerate(options, 1) if _names(each, words)]
    return answer(scene, meant[0]) if len(meant) == 1 else None


def _names(option: Mapping[str, Any], words: Words) -> bool:
    """Whether every word said agrees with this choice, and one was said."""
    if "candidate" in option:
        amount = None if words.amount is None else str(words.amount)
        named = {"product": words.product, "market": words.market, "unit": words.unit}
        return option["candidate"] in {
            each for each in (named | {"amount": amount}).values() if each
        }
    said = {name: value for name, value in asdict(words).items() if value is not None}
    return option["kind"] != "wrong" and bool(said) and said.items() <= option.items()


def _settle(scene: Scene, row: QuestionRow, digit: int) -> str:
    """What an answer changes, and what it is told."""
    if row.kind == HABIT:
        return _settle_habit(scene, row.options[digit - 1]["candidate"])
    if row.pending is not None:
        return _settle_words(scene, row.pending, row.options[digit - 1])
    asked = scene.session.get(ReportRow, row.report_id)
    option = questions.option_of(row, digit)
    if asked is None or option is None or asked.status != Status.ASKED.value:
        return replies.nothing_to_undo(scene.say)
    match option.kind:
        case "wrong":
            cancel(scene, [asked])
            return replies.dropped(scene.say)
        case "said":
            return _confirm(scene, asked)
        case _:
            return _reread(scene, asked, option)


def _confirm(scene: Scene, asked: ReportRow) -> str:
    """ "Yes, exactly": full weight within three times what was known, else staff look first."""
    catalog = scene.book.catalog
    known = prior(scene.session, window_of(asked), scene.book.estimates)
    band = catalog.products[asked.product].band if asked.value is not None else None
    status = after_answer(asked.basis_value, known, band)
    if status is Status.CONFIRMED and challenge.needed(scene, asked):
        challenge.pose(scene, asked)
        return ""  # the proof is what is asked next
    amends.confirm(scene.session, catalog, asked, status, scene.now)
    if status is Status.HELD:
        return replies.held(scene.say)
    return replies.understood([asked], catalog, scene.say, scene.lang, elsewhere(scene, [asked]))


def _reread(scene: Scene, asked: ReportRow, option: Option) -> str:
    """The reporter chose another reading: a new report that supersedes the one asked about."""
    dorome = option.kind == "dorome"
    claim = Claim(
        product=option.product,
        amount=option.amount,
        said=asked.said,
        money=Money.DOROME if dorome else Money.FRANC,
        market=option.market,
        unit=option.unit,
        quantity=option.quantity,
        stage=Stage(asked.stage),
        on=asked.observed_on,
    )
    origin = replace(scene.origin, text=asked.text, inbox_id=asked.inbox_id)
    heard = hear(scene.session, scene.book, scene.teller, claim, origin, answered=True)
    if isinstance(heard, Placeless):
        return replies.no_market(scene.say)
    amends.replace_by(scene.session, scene.book.catalog, asked, heard.report, scene.now)
    extra = elsewhere(scene, [heard.report])
    return replies.understood([heard.report], scene.book.catalog, scene.say, scene.lang, extra)


def _settle_words(scene: Scene, pending: Mapping[str, Any], option: Mapping[str, Any]) -> str:
    """A doubt about words is answered: take the claim up again."""
    said = waiting.read(pending)
    settled = settle(said, said.doubts[0], option["candidate"])
    tray = Tray()
    for index, each in enumerate(settled.claims):
        take(scene, settled, index, each, tray)
    if not settled.claims:
        return replies.dropped(scene.say)
    return reply(scene, settled, tray)


def _settle_habit(scene: Scene, counted: str | None) -> str:
    """Yes: bare numbers stay dorome. No: they are francs, and it is not asked or learnt again."""
    scene.reporter.habits = {**scene.reporter.habits, "money": counted or "franc"}
    return replies.habit_kept(scene.say) if counted else replies.habit_dropped(scene.say)


def _learn(scene: Scene, row: QuestionRow) -> bool:
    """Two answers alike running make a habit: money counted in dorome, usual unit, usual form.

    Whether a habit was learnt that the reporter should confirm, once: the dorome.
    """
    lesson = _lesson(scene, row)
    if lesson is None:
        return False
    earlier = questions.last_answers(scene.session, row.reporter_id, LOOK_BACK)
    same = [each for each in (_lesson(scene, one) for one in earlier) if _alike(each, lesson)]
    if len(same) < HABIT_AFTER or same[:HABIT_AFTER] != [lesson] * HABIT_AFTER:
        return False
    confirmed = questions.newest_of_kind(scene.session, row.reporter_id, HABIT)
    if lesson == COUNTED_IN_DOROME and confirmed and confirmed.digit == REFUSED:
        return False
    habit, about, value = lesson
    habits = dict(scene.reporter.habits)
    habits[habit] = {**habits.get(habit, {}), about: value} if about else value
    scene.reporter.habits = habits
    return lesson == COUNTED_IN_DOROME and confirmed is None and _confirm_habit(scene)


def _confirm_habit(scene: Scene) -> bool:
    """Ask whether bare numbers are dorome from now on; whether the question is open already."""
    options = [{"about": HABIT, "candidate": each} for each in ("dorome", None)]
    reporter = scene.teller.reporter_id
    row = questions.ask(scene.session, reporter, scene.now, kind=HABIT, options=options)
    return row.state == "open"


def _alike(one: Lesson | None, other: Lesson) -> bool:
    """Whether two answers are about the same thing, whatever they say of it."""
    return one is not None and one[:2] == other[:2]


def _lesson(scene: Scene, row: QuestionRow) -> Lesson | None:
    """What one answer says of the reporter's ways; None when it says nothing."""
    chosen = row.options[(row.digit or 1) - 1]
    kinds = {each.get("kind") for each in row.options}
    match row.kind, chosen.get("kind"):
        case "money" | "dorome", "dorome":
            return COUNTED_IN_DOROME
        case "money" | "dorome", "franc":
            return "money", "", "franc"
        case "money" | "dorome", "said":  # beside a count in francs, what was said was dorome
            return "money", "", "dorome" if "franc" in kinds else "franc"
        case "unit", "unit" | "said":
            return "units", chosen["product"], chosen["unit"]
        case "form", "form" | "said":
            goods = scene.book.catalog.products.get(chosen["product"])
            return ("forms", goods.chain, goods.code) if goods else None
        case _:
            return None
