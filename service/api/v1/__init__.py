"""The staff API: one file per resource, one role per route."""

from fastapi import APIRouter
from fastapi.routing import APIRoute

from service.api.v1 import (
    advice,
    aliases,
    broadcasts,
    bulletins,
    cards,
    checks,
    configuration,
    cooperatives,
    exports,
    gaps,
    history,
    jobs,
    keys,
    markets,
    messages,
    products,
    quotes,
    reporters,
    reports,
    routes,
    runs,
    session,
    silence,
    staff,
    stats,
    subjects,
    subscribers,
    trail,
    units,
    villages,
    weighings,
    yields,
)

LARGEST = 1024 * 1024
"""Bytes of a request; imports have a limit of their own."""


def _name(route: APIRoute) -> str:
    return route.name


router = APIRouter(prefix="/api/v1", generate_unique_id_function=_name, max_body_size=LARGEST)
for _each in (
    products.router,
    markets.router,
    units.router,
    weighings.router,
    yields.router,
    aliases.router,
    aliases.unmatched,
    villages.router,
    routes.router,
    cooperatives.router,
    cards.router,  # before the reporters, whose ids would take its names
    reporters.router,
    subscribers.router,
    reports.router,
    quotes.router,
    history.router,
    jobs.router,
    advice.router,
    broadcasts.router,
    runs.router,
    messages.router,
    silence.router,
    gaps.router,
    checks.router,
    bulletins.router,
    stats.router,
    exports.router,
    staff.router,
    keys.router,
    trail.router,
    subjects.router,
    configuration.router,
    session.router,
):
    router.include_router(_each)
