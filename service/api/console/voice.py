"""How the console writes figures, days and codes in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from service.api.html import Tongue
from service.i18n import SHORT_DAY, weekday
from service.i18n import month as month_of
from service.money import francs

_ENGLISH_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

_SHORT_MONTHS = (
    "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
    "déc.",
)  # fmt: skip

CODES: Mapping[str, str] = MappingProxyType(
    {
        # broadcasts and runs
        "draft": "brouillon", "pending": "à approuver", "scheduled": "programmé",
        "running": "en cours", "paused": "en pause", "finished": "terminé",
        "cancelled": "annulé", "missed": "manqué", "skipped": "sauté",
        "slot": "envoi", "retry": "nouvel essai", "resend": "renvoi", "correction": "correction",
        # deliveries
        "queued": "en attente", "sending": "en route", "accepted": "accepté", "delivered": "remis",
        "failed": "échoué", "rejected": "rejeté", "unknown": "incertain", "expired": "périmé",
        "suppressed": "retenu",
        # why a run or a message went no further
        "no fresh price": "aucun prix frais", "prices too old": "prix trop anciens",
        "too late": "trop tard", "failing": "trop d'échecs", "resumed": "repris",
        "late": "trop tard", "stopped": "a dit STOP", "consent": "sans accord",
        "sealed": "numéro illisible", "prefix": "préfixe non permis",
        "cap_person": "plafond de la personne", "lease": "coupé en route",
        "restored": "copie remise en place", "halt": "passerelle coupée",
        "no connection": "pas de connexion", "no answer": "pas de réponse",
        "asked to slow down": "priée de ralentir", "unreadable answer": "réponse illisible",
        "no entry in the answer": "absent de la réponse",
        # reports
        "asked": "question posée", "confirmed": "confirmé", "corroborated": "corroboré",
        "held": "retenu pour examen", "superseded": "remplacé",
        # prices
        "fresh": "frais", "last": "foire d'avant", "old": "ancien",
        "up": "MONTE", "down": "BAISSE", "stable": "STABLE",
        "farmgate": "bord champ", "producer": "producteur", "wholesale": "gros",
        "retail": "détail",
        # messages
        "in": "reçu", "out": "envoyé", "handled": "traité", "ignored": "ignoré",
        "stuck": "bloqué", "collision": "collision", "reply": "réponse", "copy": "copie",
        "test": "essai", "challenge": "vérification", "question": "question", "alert": "alerte",
        "broadcast": "envoi groupé", "decision": "décision", "reminder": "rappel",
        "remind": "rappel", "nudge": "relance", "card": "fiche du mois",
        "reports": "relevés", "command": "commande",
        "help": "aide", "sms": "SMS", "ussd": "USSD", "staff": "personnel",
        "answer": "réponse à une question", "unreadable": "non compris",
        "silence": "rien à répondre", "sender": "expéditeur", "call": "appel en absence",
        "id_collision": "identifiant déjà vu", "no_reply": "sans réponse",
        "repeat": "répétition", "nothing read": "rien lu", "in_transit": "en chemin",
        "reply_limit": "dix par jour", "loop": "boucle", "empty": "rien à dire",
        # people
        "f": "femme", "m": "homme", "fr": "français", "bm": "bambara", "farmer": "agriculteur",
        "relay": "relais", "reporter": "releveur", "viewer": "lecture", "operator": "opérateur",
        "approver": "approbateur", "admin": "administrateur", "paper": "papier",
        "rural": "rural", "urban": "urbain", "any": "toute l'année", "dry": "saison sèche",
        "rain": "hivernage",
        # why a report does not count
        "stray": "trop loin des autres", "replaced": "remplacé", "already_heard": "déjà compté",
        # what staff should look at in a reporter's work
        "twin": "jumeau", "round": "tout en 000", "no_fair": "jour sans foire",
        "before_dawn": "avant l'aube", "flag_stuck": "prix figé",
        # reason codes of a decision
        "typo_x10": "un zéro de trop ou de moins", "wrong_unit": "mauvaise unité",
        "wrong_market": "mauvais marché", "wrong_product": "mauvais produit",
        "dorome": "compté en dɔrɔmɛ", "stale": "trop ancien", "suspicious": "douteux",
        "checked": "vérifié", "normal": "normal", "called": "confirmé par téléphone",
        # what a reporter was asked about
        "outlier": "loin du prix connu", "zero": "un zéro ?", "unit": "quelle unité ?",
        "money": "francs ou dɔrɔmɛ ?", "form": "coque ou grain ?", "market": "quel marché ?",
        "too_many": "trop de prix en un jour",
        "answered": "répondu", "not_a_price": "pas un prix", "undone": "annulé par le releveur",
        # lists of an audience
        "villages": "villages", "communes": "communes", "cooperatives": "coopératives",
        "markets": "marchés suivis", "products": "produits suivis", "sex": "sexe",
        "languages": "langues", "roles": "rôles",
        # days, parts of the service
        "mon": "lun", "tue": "mar", "wed": "mer", "thu": "jeu", "fri": "ven", "sat": "sam",
        "sun": "dim", "database": "base de données", "migrations": "migrations",
        "worker": "horloge et envois", "gateway": "passerelle", "never ran": "jamais vue",
        "closed off": "coupée", "credentials": "clé refusée", "credit": "crédit épuisé",
        "address": "mauvaise adresse",
        # advice
        "cost_unknown": "coût inconnu", "cost_old": "coût trop ancien",
        "road_closed": "route coupée", "insecurity": "insécurité",
        "fair_cancelled": "foire annulée", "not_fresh": "prix pas frais",
        "low_grade": "trop peu de relevés", "no_gain": "pas de gain",
        "gain_too_small": "gain trop petit", "too_uncertain": "trop incertain",
        "no_home_price": "prix au village inconnu", "no_offer": "aucun prix",
        "go": "y aller", "stay": "rester", "no_clear_season": "pas de saison nette",
        "hold_part": "garder une part", "sell": "vendre",
        "not_enough_history": "pas assez d'années",
        "aflatoxin": "aflatoxine : sécher, trier", "food_reserve": "garder la part à manger",
        "high_for_season": "déjà haut pour la saison", "late_in_season": "tard dans la saison",
        "thin_margin": "marge faible", "level_unchecked": "niveau non vérifié",
        # what a price is quoted for
        "kg": "kg", "head": "tête", "piece": "pièce",
        "storage_cost_unknown": "coût de stockage inconnu", "no_price": "pas de prix",
    }
)  # fmt: skip
"""Codes of the service as the console says them."""


ACTS: Mapping[str, str] = MappingProxyType(
    {
        "create": "créé", "change": "changé", "remove": "supprimé", "password": "mot de passe",
        "revoke": "révoqué", "accept": "accepté", "reject": "rejeté", "correct": "corrigé",
        "open": "entré", "close": "sorti", "give": "accord", "stop": "STOP", "erase": "effacé",
        "export": "exporté", "cancel_fairs": "foires annulées", "dismiss": "écarté",
        "submit": "soumis", "approve": "approuvé", "pause": "mis en pause", "resume": "repris",
        "cancel": "annulé", "import": "importé",
    }
)  # fmt: skip
"""What was done, by the last word of an action of the audit trail."""
KEPT: Mapping[str, str] = MappingProxyType(
    {
        "subscriber": "profil d'agriculteur", "reporter": "profil de releveur",
        "consent": "accords", "alerts": "alertes", "inbox": "messages reçus",
        "delivery": "messages envoyés", "ussd_session": "sessions USSD",
        "dispute": "prix contestés",
    }
)  # fmt: skip
"""What is kept about a person, as `rights.export` names it."""
LONGEST_FACT = 60
"""Characters of one value in a list of changes."""


class Named(Protocol):
    """What has a name in every language, French where none is known."""

    def name(self, lang: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Voice:
    """Figures and words for one reader: `say.francs(12500)`, `say.day(on)`, `say.code("held")`."""

    t: Tongue
    zone: ZoneInfo
    now: datetime

    @property
    def english(self) -> bool:
        return self.t.lang == "en"

    @property
    def colon(self) -> str:
        """A colon as the language sets it: French leaves a space before, English none."""
        return ":" if self.english else "\u00a0:"

    def code(self, code: object) -> str:
        """A code of the service in words; one that has none yet, as it is. What follows a colon
        says more: `no_reply:loop`, `no fresh price: KITA`."""
        said, mark, more = str(code).partition(":")
        if mark and said in CODES:
            return self.t("{what} : {more}", what=self.code(said), more=self.code(more.strip()))
        word = CODES.get(str(code))
        return self.t(word) if word else str(code).replace("_", " ")

    def name(self, thing: Named) -> str:
        """A product or a unit in the reader's language, where it has a name there."""
        return thing.name(self.t.lang)

    def of(self, names: Mapping[str, str]) -> str:
        """The name among names by language."""
        return names.get(self.t.lang) or names.get("fr", "–")

    def act(self, action: str) -> str:
        """`product.change` as `changé`: what was done; the page says to what."""
        word = ACTS.get(action.partition(".")[2])
        return self.t(word) if word else action

    def kept(self, name: str) -> str:
        """A kind of thing kept about a person."""
        return self.t(KEPT[name]) if name in KEPT else name

    def facts(self, facts: Mapping[str, Any] | None) -> str:
        """One side of a change, short: the rest stands in the trail."""
        said = (f"{name}{self.colon} {self._fact(value)}" for name, value in (facts or {}).items()
                if value not in (None, "", [], {}))  # fmt: skip
        return " · ".join(said) or "–"

    def _fact(self, value: object) -> str:
        match value:
            case bool():
                return self.t("oui") if value else self.t("non")
            case list():
                return _short(", ".join(str(each) for each in value))
            case dict():
                return _short(
                    ", ".join(f"{name} {self._fact(said)}" for name, said in value.items())
                )
            case _:
                return _short(str(value))

    def francs(self, amount: float | None) -> str:
        return "–" if amount is None else francs(round(amount)).replace(" ", "\u202f")

    def count(self, number: float | None) -> str:
        return self.francs(number)

    def share(self, part: float | None, digits: int = 0) -> str:
        """`0.42` as `42 %`."""
        if part is None:
            return "–"
        said = f"{100 * part:.{digits}f}"
        return f"{said}%" if self.english else f"{said.replace('.', ',')}\u202f%"

    def number(self, value: float | None, digits: int = 2) -> str:
        if value is None:
            return "–"
        said = f"{value:.{digits}f}"
        return said if self.english else said.replace(".", ",")

    def times(self, factor: float) -> str:
        """`10`, `1,4` or `0,1`: how many times more, to two figures below ten."""
        digits = 0 if factor >= 10 else 1 if factor >= 1 else 2
        said = self.number(factor, digits)
        return said.rstrip("0").rstrip(",.") if digits else said

    def weekday(self, number: int) -> str:
        return _ENGLISH_DAYS[number] if self.english else weekday(number, "fr")[:SHORT_DAY]

    def month(self, number: int) -> str:
        return _ENGLISH_MONTHS[number - 1] if self.english else month_of(number, "fr")

    def short_month(self, number: int) -> str:
        return _ENGLISH_MONTHS[number - 1][:3] if self.english else _SHORT_MONTHS[number - 1]

    def day(self, on: date | None) -> str:
        """`ven 20/11`; with the year when it is another one."""
        if on is None:
            return "–"
        year = "" if on.year == self.now.astimezone(self.zone).year else f"/{on:%y}"
        return f"{self.weekday(on.weekday())} {on:%d/%m}{year}"

    def at(self, moment: datetime | None) -> str:
        """`ven 20/11 06:45`, local time."""
        if moment is None:
            return "–"
        local = moment.astimezone(self.zone)
        return f"{self.day(local.date())} {local:%H:%M}"

    def ago(self, moment: datetime | None) -> str:
        """How long since an instant, in its largest unit."""
        if moment is None:
            return self.t("jamais")
        past = (self.now - moment).total_seconds()
        return self.t("moins d'une minute") if past < 30 else self.span(past)

    def span(self, seconds: float | None) -> str:
        """A length of time: `3 min`, `2 h`, `5 j`."""
        if seconds is None:
            return "–"
        minutes = round(max(seconds, 0) / 60)
        if minutes < 1:
            return "< 1 min"
        if minutes < 90:
            return f"{minutes} min"
        hours = round(minutes / 60)
        return f"{hours} h" if hours < 48 else self.t("{n} j", n=round(hours / 24))

    def age(self, on: date | None) -> str:
        """The age of a day in days."""
        if on is None:
            return "–"
        days = (self.now.astimezone(self.zone).date() - on).days
        if days <= 0:
            return self.t("aujourd'hui")
        return self.t("hier") if days == 1 else self.t("{n} j", n=days)

    def phone(self, number: str) -> str:
        """`+223 76 00 00 01`; anything else as it is."""
        if number.startswith("+223") and len(number) == 12 and number[1:].isdigit():
            pairs = [number[at : at + 2] for at in range(4, 12, 2)]
            return "\u00a0".join(["+223", *pairs])
        return number


def _short(said: str) -> str:
    return said if len(said) <= LONGEST_FACT else f"{said[: LONGEST_FACT - 1]}…"
