"""The catalogue of problems: every code the API may answer with, and its one sentence.

A code is for programs and never changes; the sentence is for people, in French or English.
Sentences never repeat what was sent: a phone number could be in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fastapi import Request

from service.logs import redact

TYPE = "urn:sugu:problem:"
"""Prefix of a problem's `type` (RFC 9457); what follows is its code."""


@dataclass(frozen=True, slots=True)
class Kind:
    """HTTP status and sentence of one code."""

    status: int
    fr: str
    en: str

    def worded(self, lang: str, values: Mapping[str, Any]) -> str:
        return (self.en if lang == "en" else self.fr).format(**values)


class Problem(Exception):
    """Something the caller can understand and, mostly, mend. `code` is one of `CATALOGUE`;
    `indice` is the hint in French, and an error may carry its French as `fr`."""

    def __init__(
        self,
        code: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        hint: str = "",
        indice: str = "",
        **values: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
        self.headers = dict(headers or {})
        self.hint, self.indice = hint, indice
        self.values = values


def language_of(request: Request) -> str:
    """`en` when English is asked for before French; staff of Kita read French."""
    for part in request.headers.get("accept-language", "").lower().split(","):
        tongue = part.split(";")[0].strip()[:2]
        if tongue in {"fr", "bm"}:
            return "fr"
        if tongue == "en":
            return "en"
    return "fr"


def body_of(problem: Problem, request: Request) -> dict[str, Any]:
    """The members of a problem document."""
    kind, lang = CATALOGUE[problem.code], language_of(request)
    body: dict[str, Any] = {
        "type": TYPE + problem.code,
        "title": TITLES[kind.status][lang == "en"],
        "status": kind.status,
        "detail": kind.worded(lang, problem.values),
        "instance": redact(request.url.path),
        "code": problem.code,
    }
    if hint := problem.indice if lang == "fr" and problem.indice else problem.hint:
        body["hint"] = hint
    if problem.errors:
        body["errors"] = said_in(lang, problem.errors)
    return body | {name: value for name, value in problem.values.items() if name in SHOWN}


def said_in(lang: str, errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Errors in one language: the French of those that bring their own."""
    return [_said(each, lang) for each in errors]


def _said(error: Mapping[str, Any], lang: str) -> dict[str, Any]:
    bare = {name: value for name, value in error.items() if name != "fr"}
    french = error.get("fr") if lang == "fr" else None
    return {**bare, "detail": french} if french else bare


SHOWN = frozenset({"id", "count"})
"""Values a problem document also carries for programs."""

TITLES: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        400: ("Requête illisible", "Unreadable request"),
        401: ("Identification nécessaire", "Authentication needed"),
        403: ("Action non permise", "Not allowed"),
        404: ("Introuvable", "Not found"),
        405: ("Méthode non permise", "Method not allowed"),
        406: ("Format non disponible", "Format not available"),
        409: ("Conflit", "Conflict"),
        412: ("Version dépassée", "Version out of date"),
        413: ("Trop grand", "Too large"),
        415: ("Format non reconnu", "Unknown format"),
        422: ("Données non valides", "Invalid data"),
        428: ("Confirmation nécessaire", "Confirmation needed"),
        429: ("Trop de demandes", "Too many requests"),
        500: ("Erreur du service", "Service error"),
        503: ("Service occupé", "Service busy"),
    }
)

CATALOGUE: Mapping[str, Kind] = MappingProxyType(
    {
        "unreadable": Kind(
            400, "La requête n'a pas pu être lue.", "The request could not be read."
        ),
        "unauthenticated": Kind(
            401,
            "Donnez une clé valide (Authorization: Bearer ...) ou ouvrez une session.",
            "Give a valid key (Authorization: Bearer ...) or open a session.",
        ),
        "wrong_password": Kind(
            401, "Nom ou mot de passe incorrect.", "The name or the password is wrong."
        ),
        "role_too_low": Kind(
            403,
            "Cette action demande le rôle {role} ou un rôle plus élevé.",
            "This needs the role {role} or a higher one.",
        ),
        "out_of_scope": Kind(
            403,
            "Cette clé ne donne pas accès à « {scope} ».",
            "This key does not open “{scope}”.",
        ),
        "csrf": Kind(
            403,
            "Le jeton de session (X-CSRF-Token) manque ou n'est pas le bon.",
            "The session token (X-CSRF-Token) is missing or wrong.",
        ),
        "foreign_origin": Kind(
            403, "Cette demande vient d'un autre site.", "This request comes from another site."
        ),
        "own": Kind(
            403,
            "Une autre personne doit approuver ce que vous avez écrit ou soumis.",
            "Somebody else must approve what you wrote or submitted.",
        ),
        "yourself": Kind(
            403,
            "On ne ferme pas son propre compte et on n'en baisse pas le rôle.",
            "Nobody closes their own account or lowers its role.",
        ),
        "not_found": Kind(404, "Rien ne se trouve ici.", "There is nothing here."),
        "method_not_allowed": Kind(
            405, "Cette adresse n'accepte pas cette méthode.", "This address has no such method."
        ),
        "not_acceptable": Kind(406, "Ce format n'est pas proposé.", "This format is not offered."),
        "already_exists": Kind(409, "Cela existe déjà.", "This exists already."),
        "in_use": Kind(
            409,
            "Cela sert encore ailleurs et ne peut pas être retiré.",
            "This is still used elsewhere and cannot be removed.",
        ),
        "conflict": Kind(
            409,
            "Cela contredit ce qui est enregistré.",
            "This contradicts what is recorded.",
        ),
        "wrong_state": Kind(
            409,
            "L'état actuel ne permet pas cette action.",
            "Its present state does not allow this.",
        ),
        "duplicate": Kind(
            409,
            "Les mêmes mots vont déjà aux mêmes personnes ; confirmez si c'est voulu.",
            "The same words go to the same people already; confirm if it is meant.",
        ),
        "blocked": Kind(
            409,
            "L'envoi ne peut pas partir tel quel.",
            "It cannot be sent as it stands.",
        ),
        "key_in_use": Kind(
            409,
            "Une demande avec la même Idempotency-Key est en cours.",
            "A request with the same Idempotency-Key is under way.",
        ),
        "version_moved": Kind(
            412,
            "Quelqu'un l'a changé entre-temps : relisez avant de modifier.",
            "Somebody changed it meanwhile: read it again before changing it.",
        ),
        "too_large": Kind(413, "Le corps de la demande est trop grand.", "The body is too large."),
        "unknown_format": Kind(
            415,
            "Envoyez un fichier CSV (UTF-8) ou XLSX.",
            "Send a CSV (UTF-8) or XLSX file.",
        ),
        "invalid": Kind(
            422,
            "Des champs manquent ou ne sont pas valides : voyez « errors ».",
            "Some fields are missing or not valid: see “errors”.",
        ),
        "unknown_code": Kind(
            422,
            "Le champ « {field} » nomme quelque chose d'inconnu.",
            "The field “{field}” names something unknown.",
        ),
        "refused": Kind(422, "Cela n'a pas pu être accepté.", "This could not be accepted."),
        "other_body": Kind(
            422,
            "Cette Idempotency-Key a déjà servi pour une autre demande.",
            "This Idempotency-Key was used for another request.",
        ),
        "confirmation_needed": Kind(
            428,
            "Jusqu'à {count} personnes en recevraient un second : répétez avec confirm={count}.",
            "Up to {count} people would get a second message: repeat with confirm={count}.",
        ),
        "too_many_logins": Kind(
            429,
            "Trop d'essais : réessayez dans {seconds} secondes.",
            "Too many tries: try again in {seconds} seconds.",
        ),
        "too_many_tries": Kind(
            429,
            "Trop de clés inconnues depuis cette adresse : réessayez dans une minute.",
            "Too many unknown keys from this address: try again in a minute.",
        ),
        "broken": Kind(
            500,
            "Le service a fait une erreur ; elle est notée.",
            "The service made a mistake; it has been noted.",
        ),
        "busy": Kind(
            503,
            "La base de données ne répond pas ; réessayez dans un instant.",
            "The database does not answer; try again in a moment.",
        ),
    }
)

OF_STATUS: Mapping[int, str] = MappingProxyType(
    {
        400: "unreadable",
        401: "unauthenticated",
        404: "not_found",
        405: "method_not_allowed",
        406: "not_acceptable",
        409: "conflict",
        412: "version_moved",
        413: "too_large",
        415: "unknown_format",
        422: "invalid",
        503: "busy",
    }
)
"""The code of a problem that the framework found by itself."""
