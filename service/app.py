"""The roof: where the parts meet, once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import Engine

from service import clock as clocks
from service.api import docs, errors, health, hooks
from service.api import open as open_data
from service.api.console import router as console
from service.api.console.desk import failed
from service.api.crowd import Crowd
from service.api.dial import App, Front
from service.api.parts import Parts, parts_of
from service.api.policies import undeclared
from service.api.simulator import router as simulator
from service.api.strangers import Strangers
from service.api.v1 import router as v1
from service.clock import Clock
from service.settings import Settings
from service.sms.gateway import Gateway

TITLE = "Sugu"


def create_app(
    settings: Settings,
    clock: Clock = clocks.system,
    gateways: Mapping[str, Gateway] | None = None,
    engine: Engine | None = None,
) -> FastAPI:
    """The whole web side, ready to serve. Raises `WeakSecret` without a proper secret key."""
    return build_on(parts_of(settings, clock, gateways, engine))


def rooms_on(parts: Parts) -> App:
    """The application as the network meets it, behind what keeps crowds and strangers off."""
    return Crowd(Strangers(build_on(parts), hooks.opens(parts.state)))


def build_on(parts: Parts) -> FastAPI:
    """The application over parts that may be at work already: then who made them keeps them
    alive, and its lifespan is not run."""
    settings = parts.state.settings

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with parts.alive():
            stop = asyncio.Event()
            bring_in = asyncio.create_task(hooks.bring_in(parts.state, stop))
            yield
            stop.set()
            await bring_in

    app = FastAPI(
        title=TITLE,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.sugu = parts.state
    app.state.dial = parts.dial
    _furnish(app, settings)
    app.add_middleware(Front, dial=parts.dial)
    return app


def _furnish(app: FastAPI, settings: Settings) -> None:
    errors.install(app)
    app.state.problem_page = failed
    for router in (hooks.router, v1, open_data.router, health.router, console):
        app.include_router(router)
    docs.install(app, to_all=settings.demo or settings.docs)
    if settings.demo or settings.simulator:
        app.include_router(simulator)
    if bare := undeclared(app, [hooks.gateway_of]):
        raise RuntimeError(f"nobody said who may ask: {', '.join(bare)}")
