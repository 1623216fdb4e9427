"""A whole Sugu in one process: the application behind its doors, a clock the test moves."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from sqlalchemy import Engine

from service.app import create_app
from service.cli import inside
from service.db import writing
from service.people import store
from service.people.seed import seed_kita
from service.phone import Phone, Vault
from service.prices.store import bump
from service.settings import Settings
from service.sms.gateways import build
from service.sms.lexicon import default_aliases
from service.sms.outbox.claim import Idle
from service.worker.sender import Worker

SECRET = "a secret that only the tests know of: 0123456789"
TOKEN = "a-hook-token-of-the-tests-0123456789"


class Clock:
    """Stands still until it is told to move."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **time: float) -> None:
        self.at += timedelta(**time)


class Town:
    """Speak to it as carriers, farmers and staff do."""

    def __init__(self, engine: Engine, url: str, at: datetime, **changes: Any) -> None:
        self.settings = Settings(
            database_url=url,
            secret_key=SECRET,
            quiet_hours="",
            _env_file=None,
            **{"loopback": {"hook_token": TOKEN}, **changes},
        )
        self.clock = Clock(at)
        self.engine = engine
        self.app: FastAPI = create_app(self.settings, self.clock, engine=engine)
        self.state = self.app.state.sugu
        self._loop = asyncio.new_event_loop()
        self._life = self.app.router.lifespan_context(self.app)
        self._count = 0

    def open(self) -> None:
        self._loop.run_until_complete(self._life.__aenter__())

    def close(self) -> None:
        self._loop.run_until_complete(self._life.__aexit__(None, None, None))
        self._loop.close()

    def post(
        self, path: str, form: dict[str, str] | None = None, raw: bytes | None = None
    ) -> inside.Answer:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        body = urlencode(form or {}).encode() if raw is None else raw
        return self._loop.run_until_complete(inside.call(self.app, "POST", path, headers, body))

    def text(self, phone: str, words: str, gateway: str = "loopback", **fields: str) -> int:
        """An SMS by Africa's Talking's form; the status it was answered with."""
        self._count += 1
        form = {
            "id": f"mo-{self._count}",
            "from": phone,
            "to": "36000",
            "text": words,
            "date": f"{self.clock.at:%Y-%m-%d %H:%M:%S}",
            **fields,
        }
        return self.post(f"/hooks/{gateway}/{TOKEN}/sms", form).status

    def dial(self, phone: str, keys: str = "", session: str = "", gateway: str = "loopback") -> str:
        self._count += not session
        form = {
            "sessionId": session or f"ussd-{self._count}",
            "serviceCode": self.settings.ussd_code,
            "phoneNumber": phone,
            "networkCode": "99999",
            "text": keys,
        }
        return self.post(f"/hooks/{gateway}/{TOKEN}/ussd", form).body.decode()

    def ask(self, method: str, path: str, key: str, body: object = None) -> tuple[int, Any]:
        """The staff API, as JSON."""
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        sent = b"" if body is None else json.dumps(body).encode()
        if method == "POST":
            self._count += 1
            headers["idempotency-key"] = f"key-{self._count}"
        answer = self._loop.run_until_complete(
            inside.call(self.app, method, f"/api/v1/{path}", headers, sent)
        )
        return answer.status, json.loads(answer.body) if answer.body else None

    def work(self, most: int = 2000) -> None:
        """A worker of its own: the clock's jobs once, then sending until nothing is left."""
        routed = (name for route in self.settings.routes.values() for name in route)
        gateways = build(self.state.settings, {self.settings.gateway, *routed})
        worker = Worker(self.engine, self.state.settings, gateways, self.clock, self.vault)
        for job in worker.clockwork.jobs:
            worker.clockwork.run(job)
        self._loop.run_until_complete(self._drain(worker, most))
        for job in worker.clockwork.jobs:
            worker.clockwork.run(job)
        for gateway in gateways.values():
            self._loop.run_until_complete(gateway.close())

    async def _drain(self, worker: Worker, most: int) -> None:
        for _ in range(most):
            found = await worker.send_once()
            if isinstance(found, Idle):
                if found.again is None and not found.more:
                    return
                self.clock.at = max(self.clock.at, found.again or self.clock.at)
        raise AssertionError("the outbox does not become empty")

    @property
    def vault(self) -> Vault:
        vault: Vault = self.state.vault
        return vault


@contextmanager
def open_town(engine: Engine, url: str, at: datetime, **changes: Any) -> Iterator[Town]:
    """A town with the sourced facts of Kita and nobody in it yet."""
    with writing(engine) as session:
        seed_kita(session, default_aliases())
        bump(session, catalog=True)
    town = Town(engine, url, at, **changes)
    town.open()
    try:
        yield town
    finally:
        town.close()


def reporters(town: Town, *phones: str, market: str = "KITA", language: str = "fr") -> None:
    with writing(town.engine) as session:
        for phone in phones:
            store.enrol_reporter(
                session,
                town.vault,
                Phone(phone),
                town.clock(),
                name="Awa",
                market=market,
                language=language,
            )
