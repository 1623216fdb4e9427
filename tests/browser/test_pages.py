"""Every page, wide and narrow, in both languages: it fits, it is named, it asks no other host."""

import re
import tomllib
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from service.api.console import office
from service.api.console import words as taught
from service.api.console.desk import NOTICES, PLAIN
from service.api.console.english import ENGLISH
from service.api.console.reference import REGISTERS
from service.api.console.registers import KINDS
from service.api.console.voice import ACTS, CODES, KEPT
from service.api.simulator.words import ENGLISH as SIMULATOR
from service.api.simulator.words import SPOKEN
from tests.browser.conftest import NARROW, WIDE, Strict, picture

PAGES = {
    "today": "console",
    "prices": "console/prices",
    "product": "console/prices/ARA",
    "kernel": "console/prices/ARD",
    "explain": "console/prices/ARA/KITA",
    "moderation": "console/moderation",
    "broadcasts": "console/broadcasts",
    "composer": "console/broadcasts/new",
    "reporters": "console/people",
    "reporter": "console/people/reporters/1",
    "subscribers": "console/people/subscribers",
    "subscriber": "console/people/subscribers/1",
    "cooperatives": "console/people/cooperatives",
    "villages": "console/people/villages",
    "routes": "console/people/routes",
    "import": "console/people/import",
    "messages": "console/messages",
    "message": "console/messages/in-1",
    "impact": "console/impact",
    "bulletins": "console/bulletins",
    "screens": "console/screens",
    "texts": "console/screens?room=sms",
    "products": "console/reference/products",
    "new-product": "console/reference/products/new",
    "market": "console/reference/markets/KITA",
    "units": "console/reference/units",
    "weighings": "console/reference/weighings",
    "reference-villages": "console/reference/villages",
    "words": "console/reference/words",
    "staff": "console/office",
    "one-staff": "console/office/staff/1",
    "keys": "console/office/keys",
    "audit": "console/office/audit?verify=1",
    "subjects": "console/office/subjects",
    "settings": "console/office/settings",
    "password": "console/office/password",
}
OUTSIDE = {"login": "console/login?over=read", "simulator": "simulator", "docs": "docs"}
"""Pages that ask nobody who they are."""
NOT_OURS = ("nested-interactive", "scrollable-region-focusable", "color-contrast")
"""Rules that Swagger UI itself breaks; the page and its data are ours, the widget is not."""
UNNAMED = """
    [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button")]
      .filter((each) => !each.labels?.length && !each.getAttribute("aria-label")
        && !each.textContent.trim())
      .map((each) => each.outerHTML)
"""
CONSOLE = Path(__file__).resolve().parents[2] / "service" / "api" / "console"


@pytest.fixture(scope="module")
def cookies(browser, server):
    """The session of somebody who has logged in, at a service that has received messages."""
    desk = Strict(browser, server)
    for phone, words in (
        ("+22370000002", "KITA ARA 900"),
        ("+22370000003", "KITA MAI 185"),
        ("+22376000002", "PRIX ARACHIDE KITA"),
    ):
        desk.context.request.post(
            desk.server / "hooks/loopback/demo/sms",
            form={"from": phone, "to": "38477", "text": words, "id": f"pages-{phone}"},
        )
    desk.log_in()
    kept = desk.context.cookies()
    desk.close()
    return kept


@pytest.fixture
def staff(desk, cookies):
    desk.context.add_cookies(cookies)
    return desk.page()


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_both_widths_and_names_everything(name, staff, server):
    for size, suffix in ((WIDE, ""), (NARROW, "-360")):
        staff.set_viewport_size(size)
        staff.goto(server / PAGES[name])
        expect(staff.locator("h1")).to_be_visible()
        if staff.locator("#preview").count():
            expect(staff.locator("#preview .phone").first).to_be_visible()
        assert staff.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert staff.evaluate(UNNAMED) == []
        picture(staff, f"{name}{suffix}")


@pytest.mark.browser
@pytest.mark.parametrize("name", ["today", "messages", "settings"])
def test_on_a_phone_the_menu_shows_where_one_is(name, staff, server):
    staff.set_viewport_size(NARROW)
    staff.goto(server / PAGES[name])
    expect(staff.locator(".menu [aria-current]")).to_be_in_viewport(ratio=1)


@pytest.mark.browser
def test_on_a_phone_a_chart_shows_its_newest_prices(staff, server):
    staff.set_viewport_size(NARROW)
    staff.goto(server / PAGES["product"])
    left = "each => each.scrollWidth - each.clientWidth - each.scrollLeft"
    assert staff.locator(".chart.newest").first.evaluate(left) <= 1


def complaints(page, *, except_for=()) -> list[str]:
    """What axe finds serious or critical: the rule, and where."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:120]}"
        for each in found
        if each["impact"] in ("serious", "critical") and each["id"] not in except_for
    ]


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_those_who_do_not_see_it(name, staff, server):
    staff.goto(server / PAGES[name])
    for closed in staff.locator("details").all():
        closed.evaluate("each => each.open = true")
    assert complaints(staff) == []


@pytest.mark.browser
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_page_for_everybody_can_be_read_without_seeing_it(name, desk, server):
    page = desk.page()
    page.goto(server / OUTSIDE[name])
    expect(page.locator("h1, h2").first).to_be_visible()
    assert complaints(page, except_for=NOT_OURS if name == "docs" else ()) == []


@pytest.mark.browser
def test_every_page_speaks_english_once_it_was_asked_to(staff, server):
    staff.goto(server / "console?lang=en")
    expect(staff.locator("h1")).to_contain_text("Today")
    for address in PAGES.values():
        staff.goto(server / address)
        assert staff.get_attribute("html", "lang") == "en"
        expect(staff.locator(".menu")).to_contain_text("Broadcasts")


def test_every_word_of_the_console_has_its_english():
    said = {word for table in (CODES, NOTICES, PLAIN, ACTS, KEPT) for word in table.values()}
    said |= {kind.name for kind in KINDS.values()} | {word for _, word in taught.KINDS}
    said |= {word for it in REGISTERS.values() for word in (it.name, it.new, it.lead, *it.columns)}
    fields = [*office.STAFF, *taught.WEIGHING, *(f for it in REGISTERS.values() for f in it.fields)]
    said |= {word for field in fields for word in field.words}
    for page in (CONSOLE / "templates").glob("*.html"):
        words = page.read_text("utf-8")
        said |= set(re.findall(r"""(?<![\w.])t\("([^"]+)\"""", words))
        said |= set(re.findall(r"""(?<![\w.])t\('([^']+)'""", words))
    for module in CONSOLE.glob("*.py"):
        said |= set(re.findall(r"""\bt\(\s*"([^"]+)\"""", module.read_text("utf-8")))
    assert sorted(said - set(ENGLISH)) == []


def test_every_word_of_the_simulator_has_its_english():
    page = CONSOLE.parent / "simulator" / "templates" / "simulator.html"
    said = set(re.findall(r"""(?<![\w.])t\(["']([^)]+?)["']\)""", page.read_text("utf-8")))
    assert sorted((said | set(SPOKEN.values())) - set(SIMULATOR)) == []


def test_english_keeps_the_holes_of_the_french():
    for french, english in {**ENGLISH, **SIMULATOR}.items():
        holes = set(re.findall(r"\{\w+\}", french))
        assert holes == set(re.findall(r"\{\w+\}", english)), french


def test_no_english_is_left_over():
    words = tomllib.loads((CONSOLE / "english.toml").read_text("utf-8"))
    code = "".join(
        each.read_text("utf-8") for each in (*CONSOLE.glob("*.py"), *CONSOLE.glob("templates/*"))
    )
    assert [each for each in words if f'"{each}"' not in code and f"'{each}'" not in code] == []


def test_the_pages_are_light():
    files = list((CONSOLE / "static").iterdir())
    css = sum(each.stat().st_size for each in files if each.suffix == ".css")
    scripts = sum(each.stat().st_size for each in files if each.suffix == ".js")
    assert css < 20_000
    assert scripts < 150_000
