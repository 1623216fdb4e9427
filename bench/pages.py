"""How long the console and the API's lists take when the years have filled the database.

Two million reports, fifty thousand farmers and two hundred runs lie behind the demo's world, made
by a few INSERT ... SELECT and kept for the next time. Every page is asked for as a browser asks.
"""

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from starlette.testclient import TestClient

from bench import world
from service.app import create_app
from service.db import make_engine, migrate, writing
from service.people.demo import seed_demo
from service.people.vaults import vault_of
from service.phone import Phone
from service.settings import Settings
from service.sms.lexicon import default_aliases

REPORTS, FARMERS, RUNS = 2_000_000, 50_000, 200
SENT = 10_000
"""Messages of each run: two million deliveries in all."""
SMS = 700_000
"""Messages that came in, three prices in each; every one was answered."""
WEEKS = 260
WAITING = 400
"""Reports that nobody has decided on: far more than staff should ever let wait."""
ASKED = 7
"""Times every page is asked for, after once that is not counted."""
PROMISE = 300
"""Milliseconds a page may take."""
FILE = Path(tempfile.gettempdir()) / f"sugu-bench-pages-{REPORTS}-{FARMERS}-{RUNS}.db"

PAGES = (
    "console", "console/prices", "console/prices/ARA", "console/prices/MAI?market=KAYES",
    "console/prices/ARA/KITA", "console/moderation", "console/broadcasts",
    "console/broadcasts/new", "console/broadcasts/1", "console/broadcasts/1/edit",
    "console/runs/{run}", "console/runs/{run}?state=failed", "console/people",
    "console/people?q=awa", "console/people/reporters/1", "console/people/subscribers",
    "console/people/subscribers?q=nom%20499", "console/people/subscribers?village=KITA-DEMO&sex=f",
    "console/people/subscribers/40000", "console/people/cooperatives", "console/people/villages",
    "console/people/routes", "console/people/import", "console/messages",
    "console/messages?direction=in", "console/messages?direction=out&state=failed",
    "console/messages?q=%2B22370000001", "console/messages?q=rare", "console/messages/in-500000",
    "console/messages/out-1000000", "console/impact", "console/bulletins",
    "console/bulletins?market=KAYES", "console/screens", "console/screens?room=sms",
    "console/reference/products", "console/reference/products/ARA", "console/reference/markets",
    "console/reference/units", "console/reference/weighings", "console/reference/villages",
    "console/reference/words", "console/office", "console/office/keys", "console/office/audit",
    "console/office/audit?actor=clerk-3&action=report", "console/office/settings",
    "simulator", "docs",
)  # fmt: skip
LISTS = (
    "products", "markets", "villages", "routes", "weighings", "cooperatives", "reporters",
    "subscribers", "subscribers?q=nom%20499", "subscribers?language=bm&consented=true", "reports",
    "reports?status=held", "reports?product=ARA&market=KITA", "reports?reporter=3", "quotes",
    "quotes?product=ARA&market=KITA", "quotes?product=ARA&from=2024-01-01&to=2026-12-31",
    "quotes/explain?product=ARA&market=KITA", "prices?product=ARA",
    "advice/where?product=ARA&village=KITA-DEMO&kg=100", "advice/when?product=ARA&market=KITA",
    "broadcasts", "broadcasts/1/runs", "runs", "runs/{run}", "runs/{run}/deliveries",
    "messages", "messages?direction=out&q=%2B22370000001", "silence", "gaps", "checks",
    "bulletins/KITA", "stats", "audit", "unmatched", "aliases",
)  # fmt: skip


def measure() -> str:
    """The section of the table."""
    url = _made()
    app, browser, machine = _opened(url)
    run = app.state.sugu.engine.connect().exec_driver_sql("SELECT max(id) FROM run").scalar()
    rows = list(_rows(browser, [each.format(run=run) for each in PAGES]))
    rows += _rows(machine, [f"api/v1/{each}".format(run=run) for each in LISTS])
    slow = [said for said, middle in rows if middle > PROMISE]
    lines = [
        f"{REPORTS:,} reports, {FARMERS:,} farmers, {RUNS} runs ({SENT * RUNS:,} deliveries),"
        f" {SMS:,} messages received and answered; SQLite, in one process, without a network."
        f" Medians of {ASKED}, in milliseconds. Above the promise of {PROMISE} ms:"
        f" {len(slow)}. All scripts of the console and the simulator together:"
        f" {_scripts() / 1024:.0f} KB.",
        "",
        "| page or list | p50 ms | worst ms | KB |",
        "|---|---:|---:|---:|",
        *(said for said, _ in sorted(rows, key=lambda row: -row[1])),
    ]
    app.state.sugu.engine.dispose()
    return "\n".join(lines)


def _opened(url: str) -> tuple:
    settings = Settings(database_url=url, secret_key=world.SECRET, quiet_hours=None, _env_file=None)
    app = create_app(settings, lambda: datetime.now(UTC))
    browser = TestClient(app, base_url="http://bench")
    form = {"name": "demo-admin", "password": "demo-admin"}
    said = browser.post("/console/login", data=form, follow_redirects=False)
    if said.status_code != 303:
        raise RuntimeError(f"nobody comes in: {said.status_code}")
    machine = TestClient(app, base_url="http://bench")
    machine.headers["Authorization"] = "Bearer demo-admin"
    return app, browser, machine


def _rows(client: TestClient, paths: list[str]) -> Iterator[tuple[str, float]]:
    for path in paths:
        said = client.get(f"/{path}")
        if said.status_code != 200:
            raise RuntimeError(f"{path}: {said.status_code} {said.text[:300]}")
        millis = [_timed(lambda path=path: client.get(f"/{path}")) for _ in range(ASKED)]
        middle, worst = statistics.median(millis), max(millis)
        sys.stderr.write(f"{middle:7.1f} {worst:7.1f} {path}\n")
        yield f"| {path} | {middle:.0f} | {worst:.0f} | {len(said.content) / 1024:.0f} |", middle


def _timed(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000


def _scripts() -> int:
    """Bytes of script that pages for people load."""
    rooms = Path(__file__).parent.parent / "service" / "api"
    return sum(each.stat().st_size for each in rooms.glob("*/static/*.js"))


# --- the database ---------------------------------------------------------------------------------


def _made() -> str:
    """The URL of the database, filled unless it was before."""
    url = f"sqlite:///{FILE}"
    if FILE.exists():
        migrate(url)
        return url
    part = FILE.with_suffix(".part")
    part.unlink(missing_ok=True)
    began = time.monotonic()
    _demo(f"sqlite:///{part}")
    with closing(sqlite3.connect(part)) as link:
        link.execute("PRAGMA journal_mode = OFF")
        link.execute("PRAGMA synchronous = OFF")
        link.execute("PRAGMA cache_size = -400000")
        held = _unindexed(link)
        for statement in _statements():
            link.execute(statement)
            link.commit()
        for definition in held:
            link.execute(definition)
        link.commit()
    part.rename(FILE)
    sys.stderr.write(f"filled in {time.monotonic() - began:.0f} s: {FILE}\n")
    return url


def _demo(url: str) -> None:
    """The demo's world, and its farmers' fifty thousand neighbours."""
    migrate(url)
    engine = make_engine(url)
    settings = Settings(database_url=url, secret_key=world.SECRET, _env_file=None)
    vault = vault_of(settings)
    now = datetime.now(UTC)
    with writing(engine) as session:
        seed_demo(session, vault, default_aliases(), now)
    phones = [Phone(f"+2237{5000000 + n}") for n in range(FARMERS)]
    with engine.begin() as link:
        link.exec_driver_sql(
            "INSERT INTO contact (lookup, sealed, prefix, created_at) VALUES (?, ?, '75', ?)",
            [(vault.lookup(each), vault.seal(each), str(now)) for each in phones],
        )
    engine.dispose()


def _unindexed(link: sqlite3.Connection) -> list[str]:
    """Take the indexes away while the rows come in; their definitions."""
    found = link.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        " AND tbl_name IN ('report', 'inbox', 'delivery', 'quote', 'usage', 'audit_entry')"
    ).fetchall()
    for name, _ in found:
        link.execute(f"DROP INDEX {name}")
    return [sql for _, sql in found]


def _series(count: int) -> str:
    return f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})"


def _statements() -> Iterator[str]:
    """The years behind the demo: fairs of five years, their messages, their broadcasts."""
    week = "date('now', '-' || ({i} / {each} * 7 + 91) || ' days')"
    worth = "150 + 5 * ((p.at * 37 + m.at * 11) % 60) + 5 * (i % 7) + i / 96 / 80 % 52"
    goods = (
        " JOIN (SELECT code, quantity, row_number() OVER (ORDER BY ussd_key) - 1 AS at"
        " FROM product WHERE quantity = 'kg') p ON p.at = i % 11"
        " JOIN (SELECT code, row_number() OVER (ORDER BY ussd_key) - 1 AS at FROM market) m"
        " ON m.at = i / 11 % 8"
    )
    yield (
        "INSERT INTO subscriber (contact_id, name, language, village, sex, role, consented,"
        " created_at, demo, version) SELECT id, 'Nom ' || id, CASE id % 5 WHEN 0 THEN 'fr' ELSE"
        " 'bm' END, (SELECT code FROM village WHERE ussd_key = 1 + contact.id % 30),"
        " CASE id % 2 WHEN 0 THEN 'f' ELSE 'm' END, 'farmer', 1, created_at, 0, 1"
        " FROM contact WHERE prefix = '75'"
    )
    yield (
        "INSERT INTO consent (contact_id, given, how, ref, actor, wording, at) SELECT id, 1,"
        " 'paper', 'F-' || id, 'clerk', '', created_at FROM contact WHERE prefix = '75'"
    )
    reporters = "SELECT count(*) FROM reporter"
    yield (
        'INSERT INTO inbox (gateway, key, content, contact_id, sender, "to", text, received_at,'
        f" state, outcome) {_series(SMS)} SELECT 'loopback', 'past-' || i, x'00', r.contact_id,"
        " '', '36000', CASE i % 9999 WHEN 7 THEN 'RARE ' ELSE 'KITA ' END || 'ARA 225 MAI 150',"
        " datetime('now', '-' || ((699999 - i) * 227 + 600) || ' seconds') || '.000000',"
        " 'handled', 'reports' FROM n"
        f" JOIN reporter r ON r.id = 1 + i % ({reporters})"
    )
    fair = week.format(i="(1999999 - i)", each=REPORTS // WEEKS)
    yield (
        "INSERT INTO report (received_at, observed_on, product, market, stage, unit, quantity,"
        " amount, said, money, value, basis, basis_value, cv, status, verified, trust, reason,"
        " reporter_id, inbox_id, channel, text, parse_version, demo, version)"
        f" {_series(REPORTS)} SELECT {fair} || ' 09:30:00.000000', {fair}, p.code, m.code,"
        f" 'producer', 'KG', 1, {worth}, {worth}, 'franc', {worth}, 'kg', {worth}, 0,"
        f" CASE WHEN i >= {REPORTS - WAITING} THEN 'held' ELSE 'accepted' END, 1, 1.0,"
        f" CASE WHEN i >= {REPORTS - WAITING} THEN 'outlier' ELSE '' END, r.id, 1 + i / 3,"
        " 'sms', 'ARA 225', 'bench', 0, 1 FROM n"
        f"{goods} JOIN reporter r ON r.id = 1 + (i * 7 + i / 88) % ({reporters})"
    )
    yield (
        "INSERT INTO quote (product, market, stage, unit, fair_on, value, low, high, reporters,"
        " grade, n_eff, se_ln, spread, stale_unit, reports, method, computed_at, version,"
        " book)"
        " SELECT product, market, stage, basis, observed_on, min(value), min(value), max(value),"
        " min(count(DISTINCT reporter_id), 7), 'A', 6.0, 0.02, 0.05, 0,"
        " '[' || group_concat(CASE WHEN id % 12 = 0 THEN id END) || ']', 'q1', max(received_at), 1,"
        " 1 FROM report WHERE demo = 0 AND status = 'accepted'"
        " GROUP BY product, market, stage, basis, observed_on"
        " HAVING group_concat(CASE WHEN id % 12 = 0 THEN id END) IS NOT NULL"
    )
    yield (
        "INSERT INTO message_text (body, language, septets, segments, encoding)"
        f" {_series(RUNS)} SELECT 'PRIX Kita ' || i || ': ARA 225', 'fr', 40, 1, 'gsm7' FROM n"
    )
    yield (
        "INSERT INTO broadcast (name, body, audience, rule, freeze, state, needs_fresh,"
        f" created_by, created_at, submitted_by, version) {_series(RUNS // 5)} SELECT"
        ' \'Foire \' || i, \'{"fr": "PRIX {date} {prices}"}\', \'{"villages": ["*"]}\','
        " '{\"weekly\": [\"fri\"], \"at\": \"06:45\"}', 'send', 'finished', 1, 'clerk',"
        " datetime('now', '-' || (i + 1) || ' days') || '.000000', 'clerk', 1 FROM n"
    )
    yield (
        "INSERT INTO run (broadcast_id, due_at, kind, subject, scope, state, reason, total, created_at,"
        f" finished_at) {_series(RUNS)} SELECT 1 + i % {RUNS // 5},"
        f" datetime('now', '-' || ({RUNS} - i) || ' days') || '.000000', 'slot', '', '', 'finished',"
        f" '', {SENT}, datetime('now', '-' || ({RUNS} - i) || ' days') || '.000000',"
        f" datetime('now', '-' || ({RUNS} - i) || ' days') || '.000000' FROM n"
    )
    sent = (
        "INSERT INTO delivery (run_id, contact_id, text_id, kind, priority, state, rank, reason,"
        " segments, not_before, not_after, gateway, provider_id, attempts, fence, cost, currency,"
        " inbox_id, created_at, accepted_at, final_at)"
    )
    states = "CASE i % 20 WHEN 3 THEN 'failed' WHEN 4 THEN 'accepted' ELSE 'delivered' END"
    ranks = "CASE i % 20 WHEN 3 THEN 90 WHEN 4 THEN 20 ELSE 100 END"
    yield (
        f"{sent} {_series(SENT)} SELECT run.id, c.id, run.id, 'broadcast', 5, {states}, {ranks},"
        " NULL, 1, run.due_at, run.due_at, 'loopback', 'run-' || run.id || '-' || i, 1, 1, 12,"
        " 'XOF', NULL, run.created_at, run.due_at, run.due_at FROM n, run"
        f" JOIN contact c ON c.prefix = '75' AND c.id = (SELECT min(id) FROM contact WHERE"
        f" prefix = '75') + (i * 5 + run.id) % {FARMERS}"
    )
    yield (
        f"{sent} SELECT r.id, c.id, r.id, 'broadcast', 5, 'delivered', 100, NULL, 1, r.due_at,"
        " r.due_at, 'loopback', 'all-' || c.id, 1, 1, 12, 'XOF', NULL, r.created_at, r.due_at,"
        " r.due_at FROM contact c, (SELECT * FROM run ORDER BY id DESC LIMIT 1) r"
        " WHERE c.prefix = '75' ON CONFLICT DO NOTHING"
    )
    yield f"UPDATE run SET total = {FARMERS} WHERE id = (SELECT max(id) FROM run)"
    yield (
        f"{sent} SELECT NULL, contact_id, 1 + id % {RUNS}, 'reply', 1,"
        f" {states.replace('i %', 'id %')}, {ranks.replace('i %', 'id %')}, NULL, 1, received_at,"
        " received_at, 'loopback', 'reply-' || id, 1, 1, 12, 'XOF', id, received_at, received_at,"
        " received_at FROM inbox WHERE key LIKE 'past-%'"
    )
    yield (
        "INSERT INTO usage (day, channel, screen, product, market, village, language, sex, count)"
        f" {_series(365 * 400)} SELECT date('now', '-' || (i / 400) || ' days'), 'ussd',"
        " 'price', CASE i % 4 WHEN 0 THEN 'ARA' WHEN 1 THEN 'MAI' WHEN 2 THEN 'MIL' ELSE 'NIE'"
        " END, CASE i / 4 % 2 WHEN 0 THEN 'KITA' ELSE 'KAYES' END, (SELECT code FROM village WHERE"
        " ussd_key = 1 + i / 8 % 25), CASE i / 200 % 2 WHEN 0 THEN 'fr' ELSE 'bm' END, 'f', 9"
        " FROM n"
    )
    yield (
        "INSERT INTO gap (week, village, product, market, asked)"
        f" {_series(52 * 500)} SELECT strftime('%Y-W%W', 'now', '-' || (i / 500 * 7) || ' days'),"
        " (SELECT code FROM village WHERE ussd_key = 1 + i % 25), CASE i / 25 % 4 WHEN 0 THEN"
        " 'SES' WHEN 1 THEN 'FON' WHEN 2 THEN 'OIG' ELSE 'KAR' END, CASE i / 100 % 5 WHEN 0 THEN"
        " 'KITA' WHEN 1 THEN 'KAYES' WHEN 2 THEN 'TOUKOTO' WHEN 3 THEN 'FOUNIA' ELSE 'DJIDIAN'"
        " END, 1 + i % 9 FROM n WHERE true ON CONFLICT DO NOTHING"
    )
    yield (
        "INSERT INTO audit_entry (at, actor, action, subject, before, after, address, previous,"
        f" seal) {_series(100_000)} SELECT datetime('now', '-' || (100000 - i) || ' minutes') ||"
        " '.000000', 'clerk-' || i % 7, 'report.accept', 'report:' || i, 'null', 'null', '',"
        " 'p' || i, 's' || i FROM n"
    )
