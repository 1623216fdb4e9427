"""A whole Sugu in a process of its own, with the demo world, for a real browser to use.

With `SUGU_SCREENS=1` the tests also leave pictures of the pages in `docs/screens`. With
`DAY="2026-11-29 23:30"` the service lives on another day (`faketime`): no test may depend on it.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "screens"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
PATIENCE = 240
"""Seconds a server may take to load the demo world on a busy machine."""


@dataclass(frozen=True)
class Server:
    url: str

    def __truediv__(self, path: str) -> str:
        return f"{self.url}/{path}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`sugu demo` on a free port, web and worker, in a fresh database; stopped at the end."""
    place = tmp_path_factory.mktemp("world")
    port = _free_port()
    settings = {
        "SUGU_DATABASE_URL": f"sqlite:///{place / 'sugu.db'}",
        "SUGU_SECRET_KEY": "an0ther-quite-long-secret-for-the-browser-tests",
        "SUGU_QUIET_HOURS": "",
        "SUGU_COST_PER_SEGMENT": "*=12",
        "SUGU_APPROVAL_ABOVE": "5",
    }
    elsewhen = ["faketime", "-f", f"@{os.environ['DAY']}:00"] if os.environ.get("DAY") else []
    command = [*elsewhen, sys.executable, "-m", "service", "demo", "--port", str(port)]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **settings}, stdout=log, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/healthz", process, place / "log")
            yield Server(url)
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(PATIENCE * 5):
        assert process.poll() is None, log.read_text("utf-8", "replace")[-2000:]
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"no answer from {url}: {log.read_text('utf-8', 'replace')[-2000:]}")


class Strict:
    """A context whose pages ask no other host for anything and say nothing on the console."""

    def __init__(self, browser: Browser, server: Server, **options) -> None:
        options = {"viewport": WIDE, "locale": "fr-FR", "timezone_id": "Africa/Bamako", **options}
        self.context: BrowserContext = browser.new_context(**options)
        self.server = server
        self.complaints: list[str] = []
        self.context.on("request", self._request)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _request(self, request) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")

    def _console(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text}")

    def page(self) -> Page:
        return self.context.new_page()

    def log_in(self, who: str = "demo-admin") -> Page:
        page = self.page()
        page.goto(self.server / "console/login")
        page.fill("[name=name]", who)
        page.fill("[name=password]", who)
        page.click("main button")
        page.wait_for_url(self.server / "console")
        return page

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def desk(browser: Browser, server: Server) -> Iterator[Strict]:
    """A clean browser at the server; what it complains of fails the test."""
    strict = Strict(browser, server)
    yield strict
    strict.close()
    assert strict.complaints == []


@pytest.fixture
def no_script(browser: Browser, server: Server) -> Iterator[Strict]:
    """A browser that runs no script."""
    strict = Strict(browser, server, java_script_enabled=False)
    yield strict
    strict.close()
    assert strict.complaints == []


def picture(page: Page, name: str, *, whole: bool = False) -> None:
    """Leave a picture in docs/screens, when pictures are asked for."""
    if os.environ.get("SUGU_SCREENS"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)
