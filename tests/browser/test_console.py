"""Journeys of staff through the console, and of a price from a fair to a farmer."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import picture

pytestmark = pytest.mark.browser

LISTED = re.compile(r"PRIX [A-Z][^ ]+ \d\d/\d\d: [A-Z].* \d+ F/kg")
"""Market, fair day and at least one price of a broadcast, whichever market the reader has."""
SLOW = 30_000
"""Milliseconds that the worker, a process of its own, may take on a busy machine."""


def text_as(desk, phone, words):
    """A message from a phone, as the simulator posts it."""
    answer = desk.context.request.post(
        desk.server / "hooks/loopback/demo/sms",
        form={"from": phone, "to": "38477", "text": words, "id": f"{phone}-{words}"},
    )
    assert answer.ok


def dial_as(desk, phone, keys):
    """The screen of a phone that dials the code with keys, as it is printed on a card."""
    form = {
        "sessionId": f"ATUid_{phone}_{keys}",
        "phoneNumber": phone,
        "serviceCode": "*384*77#",
        "text": keys,
    }
    answer = desk.context.request.post(desk.server / "hooks/loopback/demo/ussd", form=form)
    return answer.text()


def test_a_page_asks_who_one_is_and_then_shows_itself(desk):
    page = desk.page()
    page.goto(desk.server / "console/prices")
    expect(page).to_have_url(re.compile(r"/console/login\?next="))
    page.fill("[name=name]", "demo-viewer")
    page.fill("[name=password]", "not that one")
    page.click("main button")
    expect(page.locator("[role=alert]")).to_be_visible()
    assert any("401" in each for each in desk.complaints)
    desk.complaints.clear()  # a browser notes the refusal; it is what we wanted
    page.wait_for_timeout(2500)  # wrong passwords cost their owner two seconds
    page.fill("[name=password]", "demo-viewer")
    page.click("main button")
    expect(page).to_have_url(desk.server / "console/prices")
    page.click("text=Quitter")
    expect(page).to_have_url(desk.server / "console/login")
    page.goto(desk.server / "console")
    expect(page).to_have_url(re.compile("/console/login"))


def test_a_login_leads_to_our_own_pages_only(desk):
    page = desk.page()
    page.goto(desk.server / "console/login?next=https://elsewhere.example/")
    page.fill("[name=name]", "demo-viewer")
    page.fill("[name=password]", "demo-viewer")
    page.click("main button")
    expect(page).to_have_url(desk.server / "console")


def test_an_outlier_goes_from_a_phone_to_staff_to_a_farmer(desk):
    text_as(desk, "+22370000004", "SEBEKORO MAI 1700")
    page = desk.log_in("demo-operator")
    page.click("text=Décider")
    case = page.locator(".case", has_text="SEBEKORO MAI 1700")
    expect(case.locator(".reading")).to_contain_text("1 700")
    case.locator("summary", has_text="Corriger").click()
    case.locator("[name=amount]").fill("180")
    case.locator("[name=reason]").select_option("typo_x10")
    case.locator("[name=answer]").check()
    picture(page, "moderation")
    case.locator("button[value=correct]").click()
    expect(page.locator(".notice")).to_contain_text("corrigé")
    page.goto(desk.server / "console/prices/MAI/SEBEKORO")
    expect(page.locator("table").first).to_contain_text("SEBEKORO MAI 1700")
    expect(page.locator("table").first).to_contain_text("180")
    published = page.locator(".figures b").first.inner_text()
    assert f"{published}/kg" in dial_as(desk, "+22376000001", "1*3*2")
    page.goto(desk.server / "console/messages?direction=out&q=%2B22370000004")
    expect(page.locator("table")).to_contain_text("180 F/kg")


def test_the_keys_of_moderation_accept_and_go_on(desk):
    text_as(desk, "+22370000005", "SEBEKORO SES 2200")
    text_as(desk, "+22370000006", "SEBEKORO FON 2100")
    page = desk.log_in("demo-operator")
    page.goto(desk.server / "console/moderation")
    before = page.locator("[data-case]").count()
    assert before >= 2
    expect(page.locator("[data-case]").first).to_have_class(re.compile("on"))
    page.keyboard.press("n")
    expect(page.locator("[data-case]").nth(1)).to_have_class(re.compile("on"))
    page.keyboard.press("e")
    expect(page.locator("[data-case]").nth(1).locator("[name=amount]")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("[data-case]").nth(1).locator(".reading").click()
    page.keyboard.press("r")
    expect(page.locator(".notice")).to_contain_text("rejeté")
    expect(page.locator("[data-case]")).to_have_count(before - 1)


def test_a_broadcast_is_written_tried_approved_by_another_and_followed(desk, browser, server):
    page = desk.log_in("demo-operator")
    page.goto(desk.server / "console/broadcasts/new")
    page.fill("[name=name]", "Foire de Kita")
    page.fill("[name=body_fr]", "PRIX {market} {date}: {prices} Réunion ce soir ê")
    expect(page.locator("#preview .phone").first).to_contain_text(LISTED, timeout=SLOW)
    expect(page.locator("#preview")).to_contain_text("« ê » part comme « e »", timeout=SLOW)
    page.fill("[name=body_fr]", "PRIX {market} {date}: {prices}")
    expect(page.locator("#preview")).to_contain_text("deuxième personne")
    page.check("[name=kind][value=now]")
    picture(page, "composer")
    page.click("text=Garder le brouillon")
    expect(page.locator(".notice")).to_be_visible()
    draft = page.url.partition("?")[0]
    page.click("text=Envoyer l'essai")
    expect(page.locator(".notice")).to_contain_text("Essai")
    page.click("text=Soumettre")
    expect(page.locator("h1")).to_contain_text("à approuver")
    expect(page.get_by_role("button", name="Approuver")).to_have_count(0)
    page.click("text=Quitter")

    page = desk.log_in("demo-approver")
    page.goto(draft)
    page.get_by_role("button", name="Approuver").click()
    expect(page).to_have_url(re.compile("/console/runs/"))
    expect(page.locator("h1")).to_contain_text("terminé", timeout=SLOW)
    expect(page.locator("[data-count=queued]")).to_have_text("0")
    expect(page.locator("table").last).to_contain_text("+223")
    picture(page, "run")
    inbox = desk.context.request.get(server / "simulator/inbox?phone=%2B22376000001").json()
    assert any(LISTED.search(each["text"]) for each in inbox["items"])


def test_a_viewer_looks_and_changes_nothing(desk):
    page = desk.log_in("demo-viewer")
    page.goto(desk.server / "console/people/subscribers")
    expect(page.locator("text=Inscrire un agriculteur")).to_have_count(0)
    expect(page.locator("table")).to_contain_text("****")
    token = page.locator("[name=csrf]").first.input_value()
    answer = desk.context.request.post(
        desk.server / "console/broadcasts/new", form={"csrf": token, "name": "no"}
    )
    assert answer.status == 403


def test_a_form_without_its_token_changes_nothing(desk):
    desk.log_in("demo-operator")
    answer = desk.context.request.post(
        desk.server / "console/people/cooperatives", form={"code": "nope", "name": "Nope"}
    )
    assert answer.status == 403


def test_a_farmer_is_enrolled_with_a_proof_and_can_be_stopped(desk):
    page = desk.log_in("demo-operator")
    page.goto(desk.server / "console/people/subscribers")
    page.click("text=Inscrire un agriculteur")
    form = page.locator("form[action='/console/people/subscribers']")
    form.locator("[name=phone]").fill("76 00 00 88")
    form.locator("[name=name]").fill("Sira T.")
    form.locator("[name=how]").fill("paper")
    form.locator("[name=ref]").fill("F-88")
    form.locator("button").click()
    expect(page.locator("h1")).to_contain_text("d'accord")
    expect(page.locator("table").first).to_contain_text("F-88")
    page.click("text=Tout arrêter")
    expect(page.locator("h1")).to_contain_text("STOP")
    expect(page.locator("table").first).to_contain_text("retiré")


def test_a_file_is_tried_before_it_is_taken_in(desk, tmp_path):
    file = tmp_path / "farmers.csv"
    file.write_text("phone;name;language\n76000077;Kadia;bm\nnot a phone;X;fr\n", "utf-8")
    page = desk.log_in("demo-operator")
    page.goto(desk.server / "console/people/import")
    page.select_option("[name=kind]", "subscribers")
    page.set_input_files("[name=file]", file)
    page.click("form button.go")
    expect(page.locator("[role=status]")).to_contain_text("rien n'a été gardé")
    expect(page.locator("[role=status]")).to_contain_text("phone")
    page.goto(desk.server / "console/people/subscribers?q=76000077")
    expect(page.locator("table")).to_contain_text("Personne ici")


def test_every_number_leads_to_its_reasons_without_any_script(no_script):
    page = no_script.log_in("demo-viewer")
    page.goto(no_script.server / "console/prices")
    page.locator(".matrix td a").first.click()
    expect(page.locator("h1")).to_have_text("Pourquoi ce prix")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    page.goto(no_script.server / "console/prices/ARA")
    expect(page.locator(".chart svg").first).to_be_visible()
    assert page.locator(".chart a").first.get_attribute("href").startswith("/console/prices/ARA/")


def test_a_draft_can_be_looked_at_without_any_script(no_script):
    page = no_script.log_in("demo-operator")
    page.goto(no_script.server / "console/broadcasts/new")
    page.fill("[name=name]", "Sans script")
    page.click("text=Aperçu")
    expect(page.locator("#preview .phone").first).to_contain_text("PRIX")
    expect(page.locator("[name=name]")).to_have_value("Sans script")


def test_what_is_wrong_with_a_text_is_said_beside_it(desk):
    page = desk.log_in("demo-operator")
    page.goto(desk.server / "console/broadcasts/new")
    page.fill("[name=body_fr]", "PRIX {prix}")
    expect(page.locator("#preview [role=alert]")).to_contain_text("{prix}", timeout=SLOW)


def test_figures_leave_in_one_click(desk):
    page = desk.log_in("demo-viewer")
    page.goto(desk.server / "console/impact")
    with page.expect_download() as leaving:
        page.click("text=Prix publiés")
    assert leaving.value.suggested_filename == "sugu-quotes.xlsx"
