"""What staff write into a broadcast, checked by name before it is kept."""

from collections.abc import Mapping

from sqlmodel import Session

from service.i18n import LANGS
from service.sms.broadcasts import audience, schedule, template
from service.sms.broadcasts.editions import Press
from service.sms.refused import Refused
from service.sms.tables import Broadcast

LONGEST_NAME = 120
"""Characters of a name: the width of its column."""
FREEZES = ("send", "approval")


def take(
    session: Session, broadcast: Broadcast, changes: Mapping[str, object], press: Press
) -> Refused | None:
    """Check and take over what is to change; the first thing wrong is what is answered."""
    checks = {
        "name": _name,
        "body": _body,
        "audience": _whom,
        "when": _when,
        "freeze": _freeze,
        "needs_fresh": _needs_fresh,
    }
    for field, said in changes.items():
        if field not in checks:
            return Refused(
                "field", f"A broadcast has no {field!r}.", f"Un envoi n'a pas de champ {field!r}."
            )
        if refusal := checks[field](session, broadcast, said, press):
            return refusal
    return None


def _name(_session: Session, broadcast: Broadcast, said: object, _press: Press) -> Refused | None:
    if not isinstance(said, str) or not said.strip() or len(said) > LONGEST_NAME:
        return Refused(
            "name",
            f"Give it a name of at most {LONGEST_NAME} characters.",
            f"Donnez-lui un nom de {LONGEST_NAME} caractères au plus.",
        )
    broadcast.name = said.strip()
    return None


def _body(session: Session, broadcast: Broadcast, said: object, press: Press) -> Refused | None:
    if not isinstance(said, Mapping) or not said.get("fr"):
        return Refused(
            "body",
            'The text is {"fr": "...", "bm": "..."}; French may not be missing.',
            'Le texte est {"fr": "...", "bm": "..."} ; le français est obligatoire.',
        )
    if unknown := sorted(set(said) - set(LANGS)):
        known = ", ".join(LANGS)
        return Refused(
            "body",
            f"There is no language {unknown[0]!r}; known are {known}.",
            f"Il n'y a pas de langue {unknown[0]!r} ; connues : {known}.",
        )
    catalog = press.book(session).catalog
    for lang, words in said.items():
        if words and isinstance(read := template.read(str(words), catalog), Refused):
            return Refused("body", f"{lang}: {read.detail}", f"{lang} : {read.french}")
    broadcast.body = {lang: str(words) for lang, words in said.items() if words}
    return None


def _whom(session: Session, broadcast: Broadcast, said: object, _press: Press) -> Refused | None:
    chosen = audience.read(said)
    if isinstance(chosen, Refused):
        return chosen
    if unknown := audience.check(session, chosen):
        return unknown
    broadcast.audience = audience.plain(chosen)
    return None


def _when(session: Session, broadcast: Broadcast, said: object, press: Press) -> Refused | None:
    rule = schedule.read(said, press.limits.zone)
    if isinstance(rule, Refused):
        return rule
    if isinstance(rule, schedule.OnFair) and rule.market not in press.book(session).catalog.markets:
        return Refused(
            "when", f"There is no market {rule.market}.", f"Il n'y a pas de marché {rule.market}."
        )
    broadcast.rule = schedule.write(rule)
    return None


def _freeze(_session: Session, broadcast: Broadcast, said: object, _press: Press) -> Refused | None:
    if said not in FREEZES:
        return Refused(
            "freeze",
            "Prices are frozen at 'approval' or read at 'send'.",
            "Les prix sont figés à « approval » ou lus à « send ».",
        )
    broadcast.freeze = str(said)
    return None


def _needs_fresh(
    _session: Session, broadcast: Broadcast, said: object, _press: Press
) -> Refused | None:
    broadcast.needs_fresh = bool(said)
    return None
