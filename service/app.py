"""The roof: where the parts meet, once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import select

from service import audit
from service import clock as clocks
from service.api import docs, errors, health, hooks
from service.api import open as open_data
from service.api.console import router as console
from service.api.dial import Dial, Front
from service.api.effects import Desk
from service.api.policies import undeclared
from service.api.simulator import router as simulator
from service.api.spool import spool_of
from service.api.state import Sugu
from service.api.v1 import router as v1
from service.clock import Clock
from service.db import make_engine, reading
from service.phone import Vault
from service.prices.tables import MarketRow
from service.settings import Settings
from service.sms.gateway import Gateway
from service.sms.gateways import build
from service.sms.limits import limits

TITLE = "Sugu"


def create_app(
    settings: Settings,
    clock: Clock = clocks.system,
    gateways: Mapping[str, Gateway] | None = None,
    engine: Engine | None = None,
) -> FastAPI:
    """The whole web side, ready to serve. Raises `WeakSecret` without a proper secret key."""
    secret = settings.require_secret()
    engine = engine or make_engine(settings.database_url)
    sign_audit(engine, settings)
    settings = as_demo(settings, engine)
    state = Sugu(
        engine=engine,
        settings=settings,
        clock=clock,
        vault=(vault := vault_of(settings, secret)),
        spool=spool_of(settings.database_url, vault),
        gateways=build(settings) if gateways is None else gateways,
        limits=limits(settings),
    )
    dial = _dial(state)
    app = FastAPI(
        title=TITLE,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan(state, dial),
        redirect_slashes=False,
    )
    app.state.sugu = state
    app.state.dial = dial
    _furnish(app, settings)
    app.add_middleware(Front, dial=dial)
    return app


def sign_audit(engine: Engine, settings: Settings) -> None:
    """What is written to the audit trail through this engine is signed with the secret key."""
    old = [each.get_secret_value() for each in settings.secret_keys_old]
    audit.sign_with(engine, settings.require_secret(), old)


def vault_of(settings: Settings, secret: str) -> Vault:
    return Vault(secret, [each.get_secret_value() for each in settings.secret_keys_old])


def as_demo(settings: Settings, engine: Engine) -> Settings:
    """A database seeded with the demo world is served as one: it says so on every page, and the
    demo's known token and keys open it. `seed demo` refuses a database with real people in it."""
    if settings.demo or not _holds_demo(engine):
        return settings
    return settings.model_copy(update={"demo": True})


def _holds_demo(engine: Engine) -> bool:
    with reading(engine) as session:
        return session.exec(select(MarketRow.code).where(MarketRow.demo)).first() is not None


def _furnish(app: FastAPI, settings: Settings) -> None:
    errors.install(app)
    for router in (hooks.router, v1, open_data.router, health.router, console):
        app.include_router(router)
    docs.install(app, to_all=settings.demo or settings.docs)
    if settings.demo or settings.simulator:
        app.include_router(simulator)
    if bare := undeclared(app, [hooks.gateway_of]):
        raise RuntimeError(f"nobody said who may ask: {', '.join(bare)}")


def _dial(state: Sugu) -> Dial:
    return Dial(
        state.gateways,
        Desk(state.engine, state.vault, state.limits, state.book),
        state.clock,
        code=state.settings.ussd_code,
        drafts=state.settings.ship_drafts,
    )


def _lifespan(state: Sugu, dial: Dial) -> Any:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(state.refresh)
        await dial.start()
        stop = asyncio.Event()
        watch = asyncio.create_task(state.watch(stop))
        bring_in = asyncio.create_task(hooks.bring_in(state, stop))
        yield
        stop.set()
        await watch
        await bring_in
        await dial.stop()
        for gateway in state.gateways.values():
            await gateway.close()
        state.engine.dispose()

    return lifespan
