"""Pages for people: templates, the language they are read in, and the files they need.

A page asks no other host for anything and runs no script but its own files, and says so to the
browser. French comes first; `?lang=en` is remembered. Words stand in the templates in French,
and their English in a dictionary beside them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
from fastapi import Request, Response
from fastapi.responses import HTMLResponse

LANGUAGE_COOKIE = "sugu_lang"
LANGUAGES = ("fr", "en")
YEAR = 365 * 24 * 3600
"""Seconds a choice of language is remembered, and a file whose name holds its hash is kept."""
TYPES: Mapping[str, str] = MappingProxyType(
    {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
)
"""Of every page: it may hold phone numbers, and must not be kept, framed or sent elsewhere."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """Words in the reader's language: `t("Prix de {market}", market="Kita")`."""

    lang: str
    english: Mapping[str, str]

    def __call__(self, text: str, /, **values: object) -> str:
        said = self.english.get(text, text) if self.lang == "en" else text
        return said.format(**values) if values else said


@dataclass(frozen=True, slots=True)
class Asset:
    """A file sent as it is; `version` changes with its bytes."""

    body: bytes
    kind: str
    version: str


@dataclass
class Room:
    """One folder of pages: its templates, its files, and the English of its words."""

    folder: Path
    english: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        files = (each for each in (self.folder / "static").iterdir() if each.suffix in TYPES)
        return {each.name: _asset(each) for each in files}

    @cached_property
    def _templates(self) -> jinja2.Environment:
        made = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self.folder / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made.filters.update(self.filters)
        made.globals["asset"] = lambda name: f"{name}?v={self.assets[name].version}"
        return made

    def tongue(self, request: Request) -> Tongue:
        return Tongue(language_of(request), self.english)

    def page(self, request: Request, name: str, /, status: int = 200, **values: Any) -> Response:
        """The page `name`; a language asked for in its address is remembered."""
        t = self.tongue(request)
        body = self._templates.get_template(name).render(
            t=t, lang=t.lang, request=request, other=other_language(request), **values
        )
        answer = HTMLResponse(body, status, headers=dict(HEADERS))
        if request.query_params.get("lang") in LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, t.lang, max_age=YEAR, samesite="lax")
        return answer

    def send(self, name: str) -> Response:
        """One of the files; 404 for any other name."""
        asset = self.assets.get(name)
        if asset is None:
            return Response("Not Found", 404, media_type="text/plain")
        headers = {
            "Cache-Control": f"public, max-age={YEAR}, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(asset.body, headers=headers, media_type=asset.kind)


def language_of(request: Request) -> str:
    """What the address asks for, else what was chosen before, else French."""
    asked = request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)
    return next((each for each in asked if each in LANGUAGES), "fr")


def other_language(request: Request) -> str:
    """The address of this page in the other language."""
    other = "fr" if language_of(request) == "en" else "en"
    return "?" + str(request.url.include_query_params(lang=other).query)


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(body, TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:12])
