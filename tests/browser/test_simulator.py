"""The simulator: two phones that go through the doors a real carrier uses."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, picture

pytestmark = pytest.mark.browser


def test_a_farmer_dials_and_has_a_price_without_pressing_a_key(desk):
    page = desk.page()
    page.goto(desk.server / "simulator")
    page.click("#call")
    expect(page.locator("#screen")).to_contain_text("F/kg")
    expect(page.locator("#kind")).to_have_text("CON")
    said = re.fullmatch(r"(\d+) / 160 septets", page.inner_text("#septets"))
    assert said
    assert int(said[1]) <= 160
    form = page.locator(".exchange").first
    expect(form).to_contain_text("/hooks/loopback/demo/ussd")
    expect(form).to_contain_text("phoneNumber")
    expect(form.locator(".answer")).to_contain_text("CON ")


def test_the_keyboard_is_enough(desk):
    page = desk.page()
    page.goto(desk.server / "simulator")
    page.focus("#farmer-phone")
    page.keyboard.press("Enter")
    expect(page.locator("#lcd-state")).to_have_text("Session ouverte")
    first = page.inner_text("#screen")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#screen")).not_to_have_text(first)
    page.keyboard.press("Escape")
    expect(page.locator("#lcd-state")).to_have_text("Prêt")


def test_a_code_with_keys_goes_straight_there(desk):
    page = desk.page()
    page.goto(desk.server / "simulator")
    for key in "*384*77*2#":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator(".exchange .key").first).to_have_text("2")
    expect(page.locator("#lcd-state")).to_have_text(re.compile("Session"))


def test_a_lost_answer_can_be_taken_up_again(desk):
    page = desk.page()
    page.goto(desk.server / "simulator")
    page.select_option("#farmer-number", index=2)
    page.click("#call")
    expect(page.locator("#lcd-state")).to_have_text("Session ouverte")
    page.click("[data-key='1']")
    page.click("#call")
    expect(page.locator(".exchange")).to_have_count(2)
    page.check("#lose")
    page.click("[data-key='1']")
    page.click("#call")
    expect(page.locator("#screen")).to_contain_text("Réseau perdu")
    expect(page.locator("#lose")).not_to_be_checked()
    page.click("#call")
    expect(page.locator("#screen")).to_contain_text("1 ")
    expect(page.locator("#kind")).to_have_text("CON")


def test_a_repeated_turn_gets_the_same_answer(desk):
    page = desk.page()
    page.goto(desk.server / "simulator")
    page.check("#twice")
    page.click("#call")
    expect(page.locator(".exchange")).to_have_count(2)
    answers = page.locator(".exchange .answer").all_inner_texts()
    assert answers[0] == answers[1]


def test_a_reporter_is_understood_and_answered(desk):
    page = desk.page()
    page.goto(desk.server / "simulator")
    page.click("[data-text='KITA ARA 225 MAI 150']")
    page.click("#composer button")
    expect(page.locator(".thread .mine").last).to_contain_text("KITA ARA 225 MAI 150")
    expect(page.locator(".thread .theirs").last).to_contain_text("225 F/kg")
    expect(page.locator(".thread .theirs.waiting")).to_have_count(0, timeout=20_000)
    page.click("#call")
    expect(page.locator("#screen")).to_contain_text("F/kg")
    picture(page, "simulator")


def test_letters_outside_the_alphabet_are_told_before_they_cost(desk):
    page = desk.page()
    page.goto(desk.server / "simulator")
    page.fill("#message", "tiga sɔngɔ")
    expect(page.locator("#parts")).to_contain_text("UCS-2")
    page.fill("#message", "tiga songo")
    expect(page.locator("#parts")).to_have_text("10 septets · 1 SMS")


def test_the_exchange_can_be_copied_as_curl(desk):
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = desk.page()
    page.goto(desk.server / "simulator")
    page.click("#call")
    page.locator(".exchange button").first.click()
    expect(page.locator(".exchange button").first).to_have_text("Copié")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl -X POST '{desk.server.url}/hooks/loopback/demo/ussd'")
    assert "--data-urlencode 'text='" in copied


def test_english_is_one_click_away_and_remembered(desk):
    page = desk.page()
    page.goto(desk.server / "simulator")
    page.click("text=English")
    expect(page.locator("h2").first).to_contain_text("Farmer")
    page.goto(desk.server / "simulator")
    expect(page.locator("h2").first).to_contain_text("Farmer")


def test_it_fits_a_phone_of_360_pixels(desk):
    page = desk.page()
    page.set_viewport_size(NARROW)
    page.goto(desk.server / "simulator")
    page.click("#call")
    expect(page.locator("#screen")).to_contain_text("F/kg")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    picture(page, "simulator-360", whole=True)
