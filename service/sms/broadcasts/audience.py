"""Whom a broadcast is for: a filter over subscribers who agreed and have not stopped.

People are one row each however many filters they match. What is excluded is excluded last.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_
from sqlmodel import Session, col, select

from service.i18n import LANGS
from service.people.tables import Alert, Contact, Cooperative, Reporter, Subscriber, Village
from service.prices.tables import MarketRow, ProductRow
from service.sms.refused import Refused

EVERYBODY = "*"
ROLES = ("farmer", "relay", "staff", "reporter")
SEXES = ("f", "m")
KEYS = ("villages", "communes", "cooperatives", "markets", "products", "sex", "languages", "roles")


@dataclass(frozen=True, slots=True)
class Filter:
    """Codes per key; a key that is absent does not narrow, all present keys must match."""

    values: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def everybody(self) -> bool:
        return not self.values


@dataclass(frozen=True, slots=True)
class Audience:
    include: Filter
    exclude: Filter

    @property
    def products(self) -> frozenset[str]:
        return self.include.values.get("products", frozenset())


def read(said: object) -> Audience | Refused:
    """`{"villages": ["*"]}`, `{"communes": [...], "sex": ["f"], "exclude": {...}}`."""
    if not isinstance(said, Mapping) or not (set(said) - {"exclude"}):
        return Refused(
            "audience",
            'Say whom: {"villages": ["*"]} is everybody who agreed.',
            'Dites à qui : {"villages": ["*"]} veut dire tous ceux qui sont d\'accord.',
        )
    include = _filter({key: value for key, value in said.items() if key != "exclude"})
    exclude = _filter(said.get("exclude") or {})
    if isinstance(include, Refused):
        return include
    if isinstance(exclude, Refused):
        return exclude
    if said.get("exclude") and exclude.everybody:
        return Refused("audience", "It excludes everybody.", "Elle exclut tout le monde.")
    return Audience(include, exclude)


def plain(chosen: Audience) -> dict[str, Any]:
    """The audience as it is kept; `read` gives it back."""
    include: dict[str, Any] = {key: sorted(codes) for key, codes in chosen.include.values.items()}
    exclude = {key: sorted(codes) for key, codes in chosen.exclude.values.items()}
    kept = include or {"villages": [EVERYBODY]}
    return kept | {"exclude": exclude} if exclude else kept


def check(session: Session, audience: Audience) -> Refused | None:
    """Names every code that does not exist: a spelling mistake would silently reach nobody."""
    unknown = [
        f"{key}: {code}"
        for each in (audience.include, audience.exclude)
        for key, codes in each.values.items()
        for code in sorted(codes - _known(session, key, codes))
    ]
    if unknown:
        names = ", ".join(unknown)
        return Refused(
            "audience", f"Unknown in the audience: {names}.", f"Inconnu dans l'audience : {names}."
        )
    return None


def place_market() -> ColumnElement[str]:
    """The market whose prices concern a subscriber: their own choice, else their village's."""
    return func.coalesce(col(Subscriber.market), col(Village.market), "")


def people(audience: Audience, after: int = 0) -> Select[*tuple[Any, ...]]:
    """One row a person: contact_id (above `after`), language (may be null), village, market,
    prefix."""
    return (
        sqlalchemy.select(
            col(Subscriber.contact_id).label("contact_id"),
            col(Subscriber.language).label("language"),
            func.coalesce(col(Subscriber.village), "").label("village"),
            place_market().label("market"),
            col(Contact.prefix).label("prefix"),
        )
        .select_from(Subscriber)
        .join(Contact, col(Contact.id) == col(Subscriber.contact_id))
        .outerjoin(Village, col(Village.code) == col(Subscriber.village))
        .where(*matches(audience), reachable(), col(Subscriber.contact_id) > after)
    )


def reachable() -> ColumnElement[bool]:
    return and_(col(Subscriber.consented).is_(True), col(Contact.stopped_at).is_(None))


def matches(audience: Audience) -> list[ColumnElement[bool]]:
    wanted = _clauses(audience.include)
    if not audience.exclude.everybody:
        wanted.append(not_(func.coalesce(and_(*_clauses(audience.exclude)), sqlalchemy.false())))
    return wanted


def unreachable(session: Session, audience: Audience) -> dict[str, int]:
    """How many match and still get nothing: `stopped`, or `consent` not in the ledger."""
    stopped = col(Contact.stopped_at).is_not(None)
    counted = (
        sqlalchemy.select(func.count().filter(stopped), func.count().filter(not_(stopped)))
        .select_from(Subscriber)
        .join(Contact, col(Contact.id) == col(Subscriber.contact_id))
        .outerjoin(Village, col(Village.code) == col(Subscriber.village))
        .where(*matches(audience), not_(reachable()))
    )
    gone, silent = session.execute(counted).one()
    return {"stopped": gone, "consent": silent}


# --- one filter -------------------------------------------------------------------------------


def _filter(said: object) -> Filter | Refused:
    if not isinstance(said, Mapping):
        return Refused(
            "audience",
            "The audience is an object of lists.",
            "L'audience est un objet fait de listes.",
        )
    values: dict[str, frozenset[str]] = {}
    for key, listed in said.items():
        if key not in KEYS:
            known = ", ".join(KEYS)
            return Refused(
                "audience",
                f"{key!r} is unknown. Known are {known}, exclude.",
                f"{key!r} est inconnu. Connus : {known}, exclude.",
            )
        codes = [listed] if isinstance(listed, str) else listed
        if not isinstance(codes, list) or not codes or not all(isinstance(c, str) for c in codes):
            return Refused(
                "audience",
                f"{key}: a list of codes, or ['*'].",
                f"{key} : une liste de codes, ou ['*'].",
            )
        if EVERYBODY not in codes:
            values[key] = frozenset(codes)
    return Filter(values)


def _clauses(chosen: Filter) -> list[ColumnElement[bool]]:
    return [_CLAUSES[key](codes) for key, codes in sorted(chosen.values.items())]


def _products(codes: frozenset[str]) -> ColumnElement[bool]:
    asked = exists().where(
        col(Alert.contact_id) == col(Subscriber.contact_id), col(Alert.product).in_(codes)
    )
    return or_(func.coalesce(col(Subscriber.product), "").in_(codes), asked)


def _roles(codes: frozenset[str]) -> ColumnElement[bool]:
    reports = exists().where(
        col(Reporter.contact_id) == col(Subscriber.contact_id), col(Reporter.active).is_(True)
    )
    own = col(Subscriber.role).in_(codes)
    return or_(own, reports) if "reporter" in codes else own


_CLAUSES: Mapping[str, Callable[[frozenset[str]], ColumnElement[bool]]] = {
    "villages": lambda codes: func.coalesce(col(Subscriber.village), "").in_(codes),
    "communes": lambda codes: func.coalesce(col(Village.commune), "").in_(codes),
    "cooperatives": lambda codes: func.coalesce(col(Subscriber.cooperative), "").in_(codes),
    "markets": lambda codes: place_market().in_(codes),
    "products": _products,
    "sex": lambda codes: func.coalesce(col(Subscriber.sex), "").in_(codes),
    "languages": lambda codes: func.coalesce(col(Subscriber.language), LANGS[0]).in_(codes),
    "roles": _roles,
}


def _known(session: Session, key: str, codes: frozenset[str]) -> frozenset[str]:
    fixed = {"sex": SEXES, "languages": LANGS, "roles": ROLES}
    if key in fixed:
        return frozenset(fixed[key])
    column = _COLUMNS[key]
    return frozenset(session.exec(select(column).where(col(column).in_(codes))))


_COLUMNS: Mapping[str, str] = {
    "villages": Village.code,
    "communes": Village.commune,
    "cooperatives": Cooperative.code,
    "markets": MarketRow.code,
    "products": ProductRow.code,
}
