"""A broadcast before it is sent: its words per language, whom it reaches, what it costs.

The same edition is rendered that would be sent now, so that what staff see is what people get.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy
from sqlalchemy import func
from sqlmodel import Session

from service import encoding
from service.i18n import LANGS
from service.sms.broadcasts import audience, schedule
from service.sms.broadcasts.editions import (
    FRESH_FOR,
    PRICE_FOR,
    Edition,
    Press,
    Sheet,
    audience_of,
    edition_of,
    fairs_of,
    language_of,
    rule_of,
)
from service.sms.outbox import budget
from service.sms.outbox.limits import APPROVAL_COST
from service.sms.refused import Refused
from service.sms.tables import Broadcast

PARTS = 3
"""SMS a text may take at most."""


@dataclass(frozen=True, slots=True)
class Offender:
    """A character that has no place on the wire: where it stands, and what leaves instead."""

    position: int
    character: str
    instead: str


@dataclass(frozen=True, slots=True)
class Page:
    """What the readers of one language get. `text` is what most of them read; `texts` how
    many different ones there are; `own` is False when the French text stands in."""

    language: str
    own: bool
    text: str
    texts: int
    septets: int
    segments: int
    encoding: str
    offenders: tuple[Offender, ...]
    people: int


@dataclass(frozen=True, slots=True)
class Preview:
    """`cost` is F, None while no tariff is known; `seconds` the time to send it all."""

    pages: tuple[Page, ...]
    people: int
    segments: int
    cost: Decimal | None
    seconds: float
    left_out: int
    unreachable: Mapping[str, int]
    next: tuple[datetime, ...]
    needs_approval: bool
    blockers: tuple[Refused, ...]
    cautions: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """People who read the same text through the same operator."""

    language: str
    place: str
    prefix: str
    people: int


def preview(session: Session, broadcast: Broadcast, now: datetime, press: Press) -> Preview:
    """What would happen if the broadcast were sent as it stands."""
    made = edition_of(session, broadcast, now, press)
    groups = _groups(session, broadcast, made.scope)
    sheets = {(sheet.language, sheet.place): sheet for sheet in made.sheets}
    sendable = set(made.sendable(needs_fresh=broadcast.needs_fresh))
    served = [each for each in groups if sheets[each.language, each.place] in sendable]
    parts = {key: encoding.segments(encoding.to_gsm(sheet.text)) for key, sheet in sheets.items()}
    people = sum(each.people for each in served)
    segments = sum(each.people * parts[each.language, each.place] for each in served)
    cost = _cost(served, parts, press)
    times = _times(session, broadcast, now, press)
    return Preview(
        pages=tuple(_page(lang, broadcast.body, made, groups) for lang in LANGS),
        people=people,
        segments=segments,
        cost=cost,
        seconds=people / press.rate,
        left_out=sum(each.people for each in groups) - people,
        unreachable=audience.unreachable(session, audience_of(broadcast)),
        next=times,
        needs_approval=people > press.limits.approval_above or (cost or 0) > APPROVAL_COST,
        blockers=tuple(
            _blockers(session, broadcast, made, groups, people, segments, times, now, press)
        ),
        cautions=tuple(_cautions(made, people, times, now, press)),
    )


def _groups(session: Session, broadcast: Broadcast, scope: str) -> list[_Group]:
    chosen = audience.people(audience_of(broadcast))
    found = chosen.add_columns(language_of().label("speaks")).subquery()
    keys = [found.c.speaks, *([found.c[scope]] if scope else []), found.c.prefix]
    counted = sqlalchemy.select(*keys, func.count()).select_from(found).group_by(*keys)
    rows = [tuple(row) for row in session.execute(counted)]
    return [_Group(row[0], row[1] if scope else "", row[-2], row[-1]) for row in rows]


def _cost(
    groups: Iterable[_Group], parts: Mapping[tuple[str, str], int], press: Press
) -> Decimal | None:
    total = Decimal(0)
    for each in groups:
        tariff = press.limits.tariff(each.prefix)
        if tariff is None:
            return None
        total += tariff * each.people * parts[each.language, each.place]
    return total


def _times(
    session: Session, broadcast: Broadcast, now: datetime, press: Press
) -> tuple[datetime, ...]:
    rule = rule_of(broadcast, press.limits)
    if isinstance(rule, schedule.Now):
        return (press.limits.wakes(now),)
    fairs = fairs_of(press.book(session))
    return tuple(schedule.next_times(rule, now, press.limits.zone, fairs))


def _page(lang: str, body: Mapping[str, str], made: Edition, groups: Sequence[_Group]) -> Page:
    sheets = {sheet.place: sheet for sheet in made.sheets if sheet.language == lang}
    readers = dict.fromkeys(sheets, 0)
    for group in groups:
        if group.language == lang:
            readers[group.place] = readers.get(group.place, 0) + group.people
    # Staff look at what most people read; at a whole text before one with a gap in it.
    place = max(sheets, key=lambda each: (not sheets[each].missing, readers[each]), default=None)
    sheet = sheets[place] if place is not None else Sheet(lang, "", "")
    wire = encoding.to_gsm(sheet.text)
    return Page(
        language=lang,
        own=bool(body.get(lang)),
        text=wire,
        texts=len({each.text for each in sheets.values()}),
        septets=encoding.septets(wire),
        segments=max(
            (encoding.segments(encoding.to_gsm(each.text)) for each in sheets.values()), default=0
        ),
        encoding=encoding.encoding(wire),
        offenders=_offenders(sheet.text),
        people=sum(readers.values()),
    )


def _offenders(text: str) -> tuple[Offender, ...]:
    return tuple(Offender(at, char, encoding.to_gsm(char)) for at, char in encoding.offenders(text))


def _blockers(
    session: Session,
    broadcast: Broadcast,
    made: Edition,
    groups: Sequence[_Group],
    people: int,
    segments: int,
    times: Sequence[datetime],
    now: datetime,
    press: Press,
) -> Iterable[Refused]:
    """What makes sending it pointless or impossible, in the order staff would mend it."""
    yield from _in_words(made)
    if not groups:
        yield _NOBODY
    elif not people and isinstance(rule_of(broadcast, press.limits), schedule.Now):
        yield _no_price(made) if any(sheet.missing for sheet in made.sheets) else _STALE
    if not times:
        yield _NEVER
    if broadcast.frozen is not None and times and times[0] - made.as_of > PRICE_FOR:
        yield _FROZEN_TOO_LONG
    yield from _over_budget(session, segments, now, press)


def _in_words(made: Edition) -> Iterable[Refused]:
    """Signs that no phone shows, and texts of too many parts."""
    longest = max((encoding.segments(encoding.to_gsm(s.text)) for s in made.sheets), default=0)
    unwritable = {o.character for s in made.sheets for o in _offenders(s.text) if o.instead == "?"}
    if unwritable:
        signs = " ".join(sorted(unwritable))
        yield Refused(
            "characters", f"No phone of ours shows: {signs}", f"Aucun téléphone ne montre : {signs}"
        )
    if longest > PARTS:
        yield Refused(
            "length",
            f"A text takes {longest} SMS; {PARTS} is the most.",
            f"Un texte prend {longest} SMS ; {PARTS} au plus.",
        )


def _over_budget(session: Session, segments: int, now: datetime, press: Press) -> Iterable[Refused]:
    if segments > press.limits.run:
        yield Refused(
            "cap_run",
            f"It takes {segments} SMS; one broadcast may take {press.limits.run}.",
            f"Il faut {segments} SMS ; un envoi peut en prendre {press.limits.run}.",
        )
    left = budget.left(session, budget.scopes(press.limits, None, now))
    for scope, rest in left.items():
        if segments > rest:
            name = scope.partition(":")[0]
            yield Refused(
                f"cap_{name}",
                f"It takes {segments} SMS; {rest} are left this {name}.",
                f"Il faut {segments} SMS ; il en reste {rest} {_LEFT.get(name, '')}.",
            )


def _cautions(
    made: Edition, people: int, times: Sequence[datetime], now: datetime, press: Press
) -> Iterable[Refused]:
    """What staff should know, and may want all the same."""
    if any(sheet.missing for sheet in made.sheets):
        yield _no_price(made)
    if made.priced and not any(sheet.fresh for sheet in made.sheets):
        yield _STALE
    if times and press.limits.is_quiet(times[0]):
        wakes = press.limits.wakes(times[0]).astimezone(press.limits.zone)
        yield Refused(
            "quiet",
            f"It falls in the quiet hours and would wait until {wakes:%H:%M}.",
            f"Cela tombe aux heures calmes et attendrait {wakes:%H:%M}.",
        )
    if people / press.rate > _window(made, now):
        yield Refused(
            "slow",
            "At this pace it would not be sent before its prices are too old.",
            "À ce rythme, les prix seraient trop vieux avant la fin.",
        )


def _window(made: Edition, now: datetime) -> float:
    """Seconds in which a run sent now would have to be over."""
    ends = [FRESH_FOR] + [made.as_of + PRICE_FOR - now] * made.priced
    return min(ends).total_seconds()


_STALE = Refused(
    "stale",
    "No price is fresh: a run without a fresh price is skipped.",
    "Aucun prix n'est frais : sans prix frais, l'envoi est sauté.",
)
_NOBODY = Refused(
    "nobody", "Nobody who agreed is in the audience.", "Personne d'accord dans cette audience."
)
_NEVER = Refused(
    "when",
    "The time given has passed, or never comes.",
    "Le moment donné est passé, ou ne vient jamais.",
)
_FROZEN_TOO_LONG = Refused(
    "frozen",
    "The frozen prices would be more than a day old when sent.",
    "Les prix figés auraient plus d'un jour au départ.",
)
_LEFT = {"day": "aujourd'hui", "month": "ce mois"}


def _no_price(made: Edition) -> Refused:
    gone = ", ".join(sorted({name for sheet in made.sheets for name in sheet.missing}))
    return Refused(
        "no_price",
        f"There is no price to show for {gone}.",
        f"Il manque un prix à montrer : {gone}.",
    )
