"""What a web process is made of before any route: enough to answer a dial.

The application is built on the same parts; it takes longer to stand than the door does.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import select

from service import clock as clocks
from service.api.dial import Dial
from service.api.effects import Desk
from service.api.replica import Replica
from service.api.spool import spool_of
from service.api.state import Sugu
from service.clock import Clock
from service.db import make_engine, reading
from service.people.vaults import sign_audit, vault_of
from service.prices.tables import MarketRow
from service.settings import Settings
from service.sms.gateway import Gateway
from service.sms.gateways import build
from service.sms.outbox.limits import limits


@dataclass(frozen=True, slots=True)
class Parts:
    state: Sugu
    dial: Dial

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """From the first book to the last thing written down."""
        state, dial = self.state, self.dial
        await asyncio.to_thread(state.refresh)
        await dial.start()
        stop = asyncio.Event()
        watch = asyncio.create_task(state.watch(stop))
        yield
        stop.set()
        await watch
        await dial.stop()
        for gateway in state.gateways.values():
            await gateway.close()
        state.replica.close()
        state.engine.dispose()


def parts_of(
    settings: Settings,
    clock: Clock = clocks.system,
    gateways: Mapping[str, Gateway] | None = None,
    engine: Engine | None = None,
) -> Parts:
    """Raises `WeakSecret` without a proper secret key."""
    vault = vault_of(settings)
    engine = engine or make_engine(settings.database_url)
    sign_audit(engine, settings)
    settings = as_demo(settings, engine)
    state = Sugu(
        engine=engine,
        replica=Replica(engine, settings.database_replica_url),
        settings=settings,
        clock=clock,
        vault=vault,
        spool=spool_of(settings.database_url, vault),
        gateways=build(settings) if gateways is None else gateways,
        limits=limits(settings),
    )
    desk = Desk(engine, vault, state.limits, state.book)
    code, drafts = settings.ussd_code, settings.ship_drafts
    return Parts(state, Dial(state.gateways, desk, clock, code=code, drafts=drafts))


def as_demo(settings: Settings, engine: Engine) -> Settings:
    """A database seeded with the demo world is served as one: it says so on every page, and the
    demo's known token and keys open it. `seed demo` refuses a database with real people in it."""
    if settings.demo or not _holds_demo(engine):
        return settings
    return settings.model_copy(update={"demo": True})


def _holds_demo(engine: Engine) -> bool:
    with reading(engine) as session:
        return session.exec(select(MarketRow.code).where(MarketRow.demo)).first() is not None
