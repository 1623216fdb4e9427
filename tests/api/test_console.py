"""The console through its forms: what staff change, what they are told, and who may look."""

import json
import re
from html import unescape

import pytest
from sqlmodel import select

from service.api.policies import policies
from service.db import make_engine, reading, writing
from service.people.tables import ROLES, Staff, StaffSession
from tests.api.conftest import FRIDAY
from tests.api.office import PASSWORD, Office, open_office, reporter, subscriber

PRODUCT = {
    "code": "VOA", "names.fr": "Voandzou", "names.bm": "Tiganikuru", "names.en": "Bambara nut",
    "chain": "bambara groundnut", "family": "pulse", "quantity": "kg", "active": "1",
}  # fmt: skip


class Desk:
    """A browser of one member of staff, whose forms carry their token."""

    def __init__(self, office: Office, role: str, name: str = "fatou") -> None:
        self.browser, self.csrf = office.log_in(name, role)
        self.browser.headers["accept"] = "text/html,application/xhtml+xml"

    def get(self, path: str, **facts):
        return self.browser.get(f"/console/{path}".rstrip("/"), follow_redirects=False, **facts)

    def send(self, path: str, **form):
        return self.browser.post(
            f"/console/{path}", data={"csrf": self.csrf, **form}, follow_redirects=False
        )


@pytest.fixture
def clerk(desk: Office) -> Desk:
    return Desk(desk, "operator")


@pytest.fixture
def chief(desk: Office) -> Desk:
    return Desk(desk, "admin")


def told(answer) -> str:
    """The words of a page."""
    assert answer.headers["content-type"].startswith("text/html"), answer.text
    body = answer.text.partition("<main")[2]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def test_the_bare_address_leads_to_the_console(desk: Office):
    assert desk.nobody.get("/", follow_redirects=False).headers["location"] == "/console"


@pytest.mark.parametrize(
    ("gateway", "said"),
    [("loopback", "Rien ne sort de cette machine."), ("orange", "partent pour de bon.")],
)
def test_a_demo_says_whether_messages_really_leave(sqlite_url, gateway, said):
    engine = make_engine(sqlite_url)
    with open_office(engine, sqlite_url, FRIDAY, demo=True, gateway=gateway) as demo:
        bare = demo.nobody.get("/", follow_redirects=False)
        assert bare.headers["location"] == "/simulator"
        assert said in Desk(demo, "viewer").get("").text
    engine.dispose()


def test_a_product_is_made_changed_and_taken_out_of_service(desk: Office, clerk: Desk):
    made = clerk.send("reference/products/new", **PRODUCT)
    assert made.headers["location"] == "/console/reference/products/VOA?said=saved"
    assert desk.state.book().catalog.products["VOA"].names["en"] == "Bambara nut"
    facts = PRODUCT | {"version": "1", "names.fr": "Voandzou gris", "band_low": "1 00"}
    assert clerk.send("reference/products/VOA", **facts).status_code == 303
    kept = desk.viewer.get("/api/v1/products/VOA").json()
    assert (kept["names"]["fr"], kept["band_low"], kept["version"]) == ("Voandzou gris", 100, 2)
    page = told(clerk.get("reference/products/VOA"))
    assert " changé " in page
    assert "Voandzou gris" in page
    assert clerk.send("reference/products/VOA/remove", version="2").status_code == 303
    assert desk.viewer.get("/api/v1/products/VOA").json()["active"] is False


def test_two_people_at_one_form_are_told_and_nothing_is_lost(desk: Office, clerk: Desk):
    clerk.send("reference/products/new", **PRODUCT)
    clerk.send("reference/products/VOA", **PRODUCT, version="1", source="la première")
    said = clerk.send("reference/products/VOA", **PRODUCT, version="1", source="la deuxième")
    assert said.status_code == 412
    assert "Quelqu'un l'a changé entre-temps" in told(said)
    assert 'value="la deuxième"' in said.text
    assert desk.viewer.get("/api/v1/products/VOA").json()["source"] == "la première"


def test_every_form_that_changes_a_record_says_which_version_it_was_made_from(
    desk: Office, chief: Desk
):
    one, other = reporter(desk, "+22370000001"), subscriber(desk, "+22376000001")
    route = {"village": "KITA-DEMO", "market": "KAYES", "per_kg": 5}
    desk.operator.post("/api/v1/routes", json=route)
    for path in (
        "reference/products/ARA", "reference/markets/KITA", "reference/units/SAC",
        "reference/villages/KITA-DEMO", "office/staff/1", "people/routes",
        f"people/reporters/{one}", f"people/subscribers/{other}",
    ):  # fmt: skip
        assert re.search(r'name="version" value="\d+"', chief.get(path).text), path


def test_what_is_wrong_stands_beside_its_field_in_the_language_of_the_page(clerk: Desk):
    wrong = {"code": "V", "family": "pulse", "band_low": "-3", "loss_per_month": "x"}
    said = clerk.send("reference/products/new", **wrong)
    assert said.status_code == 422
    faults = re.findall(r'class="fault" id="f-([\w-]+)-bad">([^<]+)<', said.text)
    assert {name for name, _ in faults} >= {"code", "names-fr", "chain", "band_low"}
    assert "Il faut un nom en français." in dict(faults).values() or "obligatoire" in said.text
    assert 'value="x"' in said.text
    english = clerk.browser.post(
        "/console/reference/products/new?lang=en", data={"csrf": clerk.csrf, **wrong}
    )
    assert "Input should be greater than 0" in told(english)
    assert "Something is missing" in told(english)


def test_a_market_keeps_its_days_its_hurdles_and_its_cancelled_fairs(desk: Office, clerk: Desk):
    form = {"code": "SIRAKORO", "name": "Sirakoro", "kind": "rural", "active": "1",
            "fair_days": ["sat", "mon"]}  # fmt: skip
    assert clerk.send("reference/markets/new", **form).status_code == 303
    change = form | {"version": "1", "road_closed": "1", "latitude": "13,05",
                     "cancelled_on": "05/12/2026, 2026-12-12"}  # fmt: skip
    assert clerk.send("reference/markets/SIRAKORO", **change).status_code == 303
    kept = desk.viewer.get("/api/v1/markets/SIRAKORO").json()
    assert (kept["road_closed"], kept["latitude"]) == (True, 13.05)
    assert kept["cancelled_on"] == ["2026-12-05", "2026-12-12"]
    assert "route coupée" in told(clerk.get("reference/markets"))


def test_a_unit_in_use_is_not_removed_and_another_is(clerk: Desk):
    clerk.send("reference/weighings", unit="SAC", product="ARA", market="KITA", kilos="42,5")
    said = clerk.send("reference/units/SAC/remove")
    assert said.status_code == 409
    assert "sert encore ailleurs" in told(said)
    clerk.send("reference/units/new", **{"code": "CALEBASSE", "names.fr": "calebasse"},
               measure="vessel")  # fmt: skip
    assert clerk.send("reference/units/CALEBASSE/remove").status_code == 303


def test_a_village_loses_its_market_when_the_choice_is_emptied(desk: Office, clerk: Desk):
    form = {"name": "Kita démo", "commune": "Kita", "market": "", "households": "1 200"}
    assert clerk.send("reference/villages/KITA-DEMO", **form, version="1").status_code == 303
    kept = desk.viewer.get("/api/v1/villages/KITA-DEMO").json()
    assert (kept["market"], kept["households"]) == (None, 1200)


def test_a_word_nobody_taught_is_taught_from_its_own_line(desk: Office, clerk: Desk):
    one = reporter(desk, "+22370000001")
    assert one
    desk.nobody.post(
        "/hooks/loopback/" + "t" * 32 + "/sms",
        data={"from": "+22370000001", "to": "36000", "text": "KITA BIDULE 225", "id": "w-1"},
    )
    assert "bidule" in told(clerk.get("reference/words"))
    said = clerk.send("reference/words", target="product:ARA", text="bidule", language="fr")
    assert said.headers["location"].endswith("said=taught")
    assert desk.viewer.get("/api/v1/unmatched").json()["items"] == []
    again = clerk.send("reference/words", target="product:ARA", text="bidule")
    assert (again.status_code, "existe déjà" in told(again)) == (409, True)


def test_a_weighing_is_entered_and_taken_back(desk: Office, clerk: Desk):
    facts = {"unit": "SAC", "product": "ARA", "market": "KITA"}
    said = clerk.send("reference/weighings", **facts, kilos="42", weighed_on="2031-01-01")
    assert "Ce jour n'est pas encore venu." in told(said)
    assert clerk.send("reference/weighings", **facts, kilos="42,5").status_code == 303
    mine = desk.viewer.get("/api/v1/weighings").json()["items"][0]
    assert (mine["kilos"], mine["actor"]) == (42.5, "fatou")
    assert clerk.send(f"reference/weighings/{mine['id']}/remove").status_code == 303
    assert desk.viewer.get(f"/api/v1/weighings/{mine['id']}").status_code == 404


def test_staff_are_added_and_closed_but_nobody_closes_themselves(desk: Office, chief: Desk):
    short = chief.send("office", name="sira", role="operator", language="fr", password="short")
    assert "Au moins 10 caractères." in told(short)
    long = "a long enough password"
    form = {"name": "sira", "role": "operator", "language": "fr", "password": long}
    assert chief.send("office", **form).status_code == 303
    with reading(desk.engine) as session:
        ids = {each.name: each.id for each in session.exec(select(Staff))}
    change = {"role": "viewer", "language": "fr", "version": "1", "disabled": "1"}
    assert chief.send(f"office/staff/{ids['sira']}", **change).status_code == 303
    refused = chief.send(f"office/staff/{ids['fatou']}", **change)
    assert "On ne ferme pas son propre compte" in told(refused)
    assert "fermé" in told(chief.get("office"))


def test_a_key_is_shown_once_replaced_and_revoked(desk: Office, chief: Desk):
    made = chief.send("office/keys", staff="radio", role="viewer", days="30",
                      scopes=["quotes:read"])  # fmt: skip
    key = re.search(r"sugu_\w+", made.text)[0]
    radio = desk.caller(key)
    assert radio.get("/api/v1/quotes").status_code == 200
    assert radio.get("/api/v1/reports").status_code == 403
    assert key not in chief.get("office/keys").text
    number = desk.admin.get("/api/v1/keys").json()["items"][0]["id"]
    second = re.search(r"sugu_\w+", chief.send(f"office/keys/{number}/rotate").text)[0]
    chief.send(f"office/keys/{number}/revoke")
    assert radio.get("/api/v1/quotes").status_code == 401
    assert desk.caller(second).get("/api/v1/quotes").status_code == 200
    refused = chief.send("office/keys", staff="radio", role="admin", days="9")
    assert "Une clé ne peut pas dépasser" in told(refused)


def test_the_trail_is_filtered_and_read_again(chief: Desk):
    chief.send("reference/products/new", **PRODUCT)
    page = told(chief.get("office/audit?action=product&verify=1"))
    assert "Le journal est entier" in page
    assert "product:VOA" in page
    assert "session.open" not in page


def test_settings_are_read_and_never_their_secrets(desk: Office, chief: Desk):
    page = told(chief.get("office/settings"))
    assert "SUGU_QUIET_HOURS" in page
    assert desk.settings.require_secret() not in page


def test_a_person_may_have_their_data_and_have_it_erased(desk: Office, chief: Desk):
    subscriber(desk, "+22376000001")
    assert "accords" in told(chief.send("office/subjects", phone="76 00 00 01"))
    kept = chief.send("office/subjects", phone="76000001", do="export")
    assert json.loads(kept.text)["phone"] == "+22376000001"
    unsure = chief.send("office/subjects", phone="76000001", do="erase")
    assert "Cochez d'abord" in told(unsure)
    assert chief.send("office/subjects", phone="76000001", do="erase", sure="1").status_code == 303
    assert "Rien n'est gardé" in told(chief.send("office/subjects", phone="76000001"))
    trail = desk.admin.get("/api/v1/audit?action=subject").json()["items"]
    assert [each["action"] for each in trail] == ["subject.erase", "subject.export"]
    assert "76000001" not in json.dumps(trail)


def test_the_same_is_asked_of_the_api_by_an_admin_only(desk: Office):
    subscriber(desk, "+22376000001")
    body = {"phone": "+22376000001"}
    assert desk.operator.post("/api/v1/subjects/export", json=body).status_code == 403
    assert desk.admin.post("/api/v1/subjects/export", json=body).json()["consent"]
    assert desk.admin.post("/api/v1/subjects/erase", json=body).json() == {"erased": True}
    assert desk.admin.post("/api/v1/subjects/erase", json=body).status_code == 404


def test_a_new_password_is_ones_own_to_choose(chief: Desk):
    wrong = chief.send("office/password", old="not it", new="a new long password")
    assert "incorrect" in told(wrong)
    done = chief.send("office/password", old=PASSWORD, new="a new long password")
    assert done.headers["location"] == "/console/login"
    assert chief.get("office").status_code == 303


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("nowhere/at/all", 404, "Rien ne se trouve ici."),
        ("reference/planets", 404, "Rien ne se trouve ici."),
        ("prices/ZZZ", 404, "Rien ne se trouve ici."),
        ("office", 403, "Votre rôle ne permet pas cela."),
        ("prices/ARA?kg=-1", 422, "ce n'est pas juste"),
        ("people?cursor=nonsense", 422, "ce n'est pas juste"),
    ],
)
def test_a_page_that_fails_is_a_page_with_one_sentence(clerk: Desk, path, status, words):
    said = clerk.get(path)
    assert (said.status_code, words in told(said)) == (status, True), told(said)
    english = clerk.get(f"{path}{'&' if '?' in path else '?'}lang=en")
    assert '<html lang="en">' in english.text
    assert words not in told(english)


def test_a_page_that_breaks_is_noted_and_says_so(desk: Office, clerk: Desk, monkeypatch):
    monkeypatch.setattr("service.api.v1.products.read_product", None)
    from service.api.console import reference

    broken = reference.REGISTERS["products"]
    monkeypatch.setattr(reference, "REGISTERS", {"products": _with_read(broken, lambda *_: 1 / 0)})
    said = clerk.get("reference/products/ARA")
    assert (said.status_code, "Erreur du service" in said.text) == (500, True)
    assert "ZeroDivisionError" not in said.text


def _with_read(register, read):
    from dataclasses import replace

    return replace(register, read=read)


def test_a_form_left_open_too_long_changes_nothing_and_says_so(clerk: Desk):
    said = clerk.browser.post("/console/reference/products/new", data={**PRODUCT, "csrf": "old"})
    assert said.status_code == 403
    assert "Page ouverte depuis trop longtemps" in told(said)


def test_a_session_that_is_over_leads_to_the_door_and_back(desk: Office, clerk: Desk):
    with writing(desk.engine) as session:
        for row in session.exec(select(StaffSession)):
            row.expires_at = desk.clock()
            session.add(row)
    looked = clerk.get("people?q=awa")
    assert looked.headers["location"] == "/console/login?next=/console/people%3Fq%3Dawa&over=read"
    sent = clerk.send("reference/products/new", **PRODUCT)
    assert sent.headers["location"].endswith("&over=lost")
    page = clerk.browser.get(sent.headers["location"])
    assert "n'a pas été enregistré" in told(page)


def test_a_link_to_the_api_that_fails_in_a_browser_is_a_page_too(clerk: Desk):
    said = clerk.browser.get("/api/v1/exports/secrets.csv")
    assert (said.status_code, "Rien ne se trouve ici." in told(said)) == (404, True)
    machine = clerk.browser.get("/api/v1/exports/secrets.csv", headers={"accept": "*/*"})
    assert machine.headers["content-type"] == "application/problem+json"


# --- who may look ---------------------------------------------------------------------------------


def test_every_page_lets_in_those_it_should_and_nobody_else(desk: Office):
    browsers = {role: Desk(desk, role, f"one-{role}") for role in ROLES}
    deviations = []
    for method, path, policy, _ in policies(desk.app):
        if not path.startswith("/console") or policy == "public" or path.endswith("/logout"):
            continue
        bare = re.sub(r"\{\w+\}", "7", path).removeprefix("/console").removeprefix("/")
        whole = f"/console/{bare}".rstrip("/")
        nobody = desk.nobody.request(method, whole, follow_redirects=False)
        if not nobody.headers.get("location", "").startswith("/console/login"):
            deviations.append(f"nobody: {method} {path} -> {nobody.status_code}")
        for role, each in browsers.items():
            said = each.send(bare) if method == "POST" else each.get(bare)
            if (said.status_code == 403) == (ROLES.index(role) >= ROLES.index(policy)):
                deviations.append(f"{role}: {method} {path} -> {said.status_code}")
    assert deviations == []
