"""`/docs`, with no Internet: Swagger UI 5.35.0 (Apache-2.0) lies beside this file, and the page
may load nothing else. And what the description of the API needs beyond its routes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles

from service.api.deps import public, require
from service.api.errors import PROBLEM_JSON
from service.api.policies import policies
from service.api.problems import CATALOGUE

ASSETS = Path(__file__).parent / "swagger"
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
)
"""Swagger UI draws with inline styles; scripts are files of ours only."""
PAGE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sugu API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/files/swagger-ui.css">
</head>
<body data-openapi="/openapi.json">
<div id="docs"></div>
<script src="/docs/files/swagger-ui-bundle.js"></script>
<script src="/docs/files/start.js"></script>
</body>
</html>
"""
SUMMARY = (
    "Market prices of the Kita region: what reporters say, what is published, what is sent.\n\n"
    "Give a key as `Authorization: Bearer sugu_...`, or open a session at `/api/v1/session` and "
    "send its token as `X-CSRF-Token`. Roles: viewer < operator < approver < admin. Lists come in "
    "pages: ask again with `?cursor=` and the `next` of the page before. A single resource carries "
    "an `ETag`; send it back as `If-Match` when changing it. POSTs that send or cost take an "
    "`Idempotency-Key`. Every failure is `application/problem+json` with a fixed `code`."
)
TAGS: Mapping[str, str] = {
    "products": "A value chain in one form; its keypad digit never changes.",
    "markets": "Fairs and town markets, their days, closed roads and cancelled fairs.",
    "units": "How prices are said: kilo, sack, bowl, head.",
    "weighings": "The kilos of a vessel for one product at one market.",
    "yields": "What shelling was measured to leave: kilos of kernel from a kilo in the shell.",
    "aliases": "Ways of writing; and words nobody has taught Sugu yet.",
    "villages": "Where farmers live.",
    "routes": "What it costs to go from a village to a market.",
    "cooperatives": "Whom reporters belong to.",
    "reporters": "Those whose prices are published.",
    "subscribers": "Farmers' phones, and their consent.",
    "reports": "What was said, and what staff decide about it.",
    "checks": "Prices that farmers called wrong.",
    "quotes": "Published prices, and why each is what it is.",
    "prices": "History of other surveys, kept apart.",
    "advice": "Where to sell, and whether to wait.",
    "broadcasts": "Messages to many: drafts, approval, runs, deliveries.",
    "messages": "Everything that came in and went out.",
    "silence": "Which fair owes what, and whom to call.",
    "gaps": "What was asked and not answered.",
    "bulletins": "Prices to print and to read on the radio.",
    "stats": "Use and reach, by sex, village and language.",
    "exports": "Tables as CSV and XLSX.",
    "staff": "The people of the programme.",
    "keys": "How machines come in.",
    "audit": "Who did what.",
    "subjects": "What a person may ask of their own data.",
    "settings": "How this service is set.",
    "session": "How people come in.",
    "open data": "For everybody, without a key.",
    "jobs": "What the clock starts, and how it went.",
    "health": "For machines that watch.",
}


def install(app: FastAPI, *, to_all: bool) -> None:
    """Serve `/docs`, and describe roles and problems in `/openapi.json`: to everybody, or to
    staff alone, since a list of every door is also a burglar's."""
    app.mount("/docs/files", StaticFiles(directory=ASSETS), name="docs-files")
    policy = Depends(public) if to_all else require("viewer")
    app.include_router(router, dependencies=[policy])
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]


router = APIRouter(include_in_schema=False)


@router.get("/docs")
def read_docs() -> Response:
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


@router.get("/openapi.json")
def read_openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: made once, since routes do not change while we serve."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            summary="Sugu",
            description=SUMMARY,
            routes=app.routes,
            tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        )
        _components(schema)
        for method, path, policy, _ in policies(app):
            operation = schema["paths"].get(path, {}).get(method.lower())
            if operation is not None:
                _explain(operation, method, path, policy)
        app.openapi_schema = schema
    return app.openapi_schema


def _components(schema: dict[str, Any]) -> None:
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "`sugu_<handle>_<secret>`"},
        "session": {"type": "apiKey", "in": "cookie", "name": "sugu_session"},
    }


def _explain(operation: dict[str, Any], method: str, path: str, policy: str) -> None:
    """The role of an operation, and the problems it may answer with."""
    statuses = ["422", "429", "503"]
    if policy in {"viewer", "operator", "approver", "admin"}:
        operation["security"] = [{"key": []}, {"session": []}]
        operation["x-role"] = policy
        text = operation.get("description", "")
        operation["description"] = f"{text}\n\nRole: **{policy}**.".strip()
        statuses += ["401", "403"]
    if "{" in path:
        statuses.append("404")
    if method not in {"GET", "HEAD"}:
        statuses += ["400", "401", "403", "404", "409", "412", "413", "415", "428"]
    responses = operation["responses"]
    for status in sorted(set(statuses)):
        if status == "422" or status not in responses:
            responses[status] = _problem(int(status))


def _problem(status: int) -> dict[str, Any]:
    codes = [code for code, kind in CATALOGUE.items() if kind.status == status]
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` never changes; `detail` is in French or English.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:sugu:problem:not_found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "examples": ["Rien ne se trouve ici."]},
        "instance": {"type": "string"},
        "code": {"type": "string", "enum": sorted(CATALOGUE)},
        "hint": {"type": "string"},
        "id": {"description": "What exists already"},
        "count": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "in": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
