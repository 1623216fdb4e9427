"""The smallest forms of the product page make what they say, and appear at once everywhere."""

from datetime import timedelta

import pytest

from tests.api.office import Office, code, reporter, subscriber

API = "/api/v1"
BROADCAST = {
    "name": "Foire de Kita",
    "body": {"fr": "PRIX {date} {prices}", "bm": "SONGO {date} {prices}"},
    "audience": {"villages": ["*"]},
}


def test_the_smallest_reporter_form_enrols_a_reporter_and_makes_the_cooperative(office: Office):
    form = {
        "phone": "+22370000001",
        "name": "Awa K.",
        "market": "KITA",
        "cooperative": "demo",
        "language": "fr",
    }
    said = office.operator.post(f"{API}/reporters", json=form)
    assert said.status_code == 201
    assert said.json() | form == said.json()
    assert office.viewer.get(f"{API}/cooperatives/demo").json()["reporters"] == 1


def test_the_smallest_subscriber_form_writes_consent_into_the_ledger(office: Office):
    form = {
        "phone": "+22376000001", "language": "bm", "village": "KITA-DEMO", "sex": "f",
        "consent": {"how": "paper", "ref": "F-12"},
    }  # fmt: skip
    said = office.operator.post(f"{API}/subscribers", json=form)
    assert said.status_code == 201
    made = said.json()
    assert (made["consented"], made["stopped"]) == (True, False)
    assert [(line["how"], line["ref"], line["actor"]) for line in made["ledger"]] == [
        ("paper", "F-12", "operator")
    ]


def test_a_phone_that_is_enrolled_cannot_be_enrolled_again(office: Office):
    first = reporter(office, "+22370000001")
    again = office.operator.post(f"{API}/reporters", json={"phone": "70 00 00 01", "name": "B"})
    assert (again.status_code, code(again), again.json()["id"]) == (409, "already_exists", first)


def test_people_of_the_demo_world_can_be_enrolled_again(office: Office):
    from service.db import writing
    from service.people.demo import seed_demo
    from service.sms.lexicon import default_aliases

    with writing(office.engine) as session:
        seed_demo(session, office.state.vault, default_aliases(), office.clock())
    office.state.refresh()
    made = office.operator.post(f"{API}/reporters", json={"phone": "+22370000001", "name": "Awa"})
    assert (made.status_code, made.json()["name"], made.json()["market"]) == (201, "Awa", "KITA")
    form = {"phone": "+22376000001", "language": "bm", "consent": {"how": "paper", "ref": "F-12"}}
    said = office.operator.post(f"{API}/subscribers", json=form)
    assert (said.status_code, said.json()["language"]) == (201, "bm")
    assert said.json()["ledger"][0]["ref"] == "F-12"


def test_a_phone_that_has_only_dialled_becomes_a_subscriber(office: Office):
    from service.db import writing
    from service.people import store
    from service.phone import Phone

    with writing(office.engine) as session:
        contact = store.contact_for(
            session, office.state.vault, Phone("+22376000009"), office.clock()
        )
        store.subscriber_for(session, store.key(contact.id), office.clock())
    assert subscriber(office, "+22376000009")


def test_every_way_of_saying_when_is_understood(office: Office):
    subscriber(office, "+22376000001")
    for when, due in (
        ({"once": "2026-11-27T06:45:00Z"}, "2026-11-27T06:45:00Z"),
        ({"weekly": ["fri"], "at": "06:45"}, "2026-11-27T06:45:00Z"),
        ({"fair": "KITA", "at": "06:45"}, None),
        ("now", None),
    ):
        said = office.operator.post(f"{API}/broadcasts", json=BROADCAST | {"when": when})
        assert said.status_code == 201, said.text
        assert said.json()["state"] == "draft"
        if due:
            assert said.json()["next"][0] == due


def test_days_by_number_are_refused(office: Office):
    said = office.operator.post(
        f"{API}/broadcasts", json=BROADCAST | {"when": {"weekly": ["5"], "at": "06:45"}}
    )
    assert (said.status_code, code(said)) == (422, "refused")


def test_a_small_broadcast_of_now_is_sent_when_it_is_submitted(office: Office):
    subscriber(office, "+22376000001")
    body = {"fr": "Bonjour de Kita", "bm": "I ni sogoma"}
    made = office.operator.post(
        f"{API}/broadcasts", json=BROADCAST | {"body": body, "when": "now"}
    ).json()
    said = office.operator.post(f"{API}/broadcasts/{made['id']}/submit")
    assert said.status_code == 200, said.text
    run = said.json()["run_id"]
    counts = office.viewer.get(f"{API}/runs/{run}").json()["counts"]
    assert counts == {
        "queued": 1, "sending": 0, "accepted": 0, "delivered": 0, "failed": 0, "unknown": 0,
        "expired": 0, "suppressed": 0, "cancelled": 0,
    }  # fmt: skip
    items = office.viewer.get(f"{API}/broadcasts/{made['id']}/runs").json()["items"]
    assert [each["id"] for each in items] == [run]
    lines = office.operator.get(f"{API}/runs/{run}/deliveries").json()["items"]
    assert [(each["phone"], each["state"]) for each in lines] == [("+22376000001", "queued")]


def test_the_same_words_to_the_same_people_are_asked_about_when_one_wishes(office: Office):
    """A plain submit is taken as meant; `confirm: false` has the duplicate guard speak."""
    subscriber(office, "+22376000001")
    plan = BROADCAST | {"body": {"fr": "Bonjour de Kita"}, "when": "now"}
    first, second = (office.operator.post(f"{API}/broadcasts", json=plan).json() for _ in "ab")
    assert office.operator.post(f"{API}/broadcasts/{first['id']}/submit").status_code == 200
    path = f"{API}/broadcasts/{second['id']}/submit"
    said = office.operator.post(path, json={"confirm": False})
    assert (said.status_code, code(said)) == (409, "duplicate")
    assert office.operator.post(path).json()["run_id"]


def test_above_the_threshold_a_second_person_must_approve(engine, database_url):
    from tests.api.conftest import FRIDAY
    from tests.api.office import open_office

    with open_office(engine, database_url, FRIDAY, approval_above=0) as office:
        subscriber(office, "+22376000001")
        body = {"fr": "Bonjour de Kita"}
        made = office.operator.post(
            f"{API}/broadcasts", json=BROADCAST | {"body": body, "when": "now"}
        ).json()
        path = f"{API}/broadcasts/{made['id']}"
        assert office.operator.post(f"{path}/submit").json()["state"] == "pending"
        assert code(office.operator.post(f"{path}/approve")) == "role_too_low"
        approved = office.approver.post(f"{path}/approve")
        assert approved.json()["run_id"]
        assert office.operator.post(f"{path}/pause").json()["state"] == "paused"
        assert office.operator.post(f"{path}/resume").json()["state"] == "running"
        assert office.operator.post(f"{path}/cancel").json()["state"] == "cancelled"
        assert code(office.operator.post(f"{path}/cancel")) == "wrong_state"


def test_nobody_approves_what_they_wrote(engine, database_url):
    from tests.api.conftest import FRIDAY
    from tests.api.office import open_office

    with open_office(engine, database_url, FRIDAY, approval_above=0) as office:
        subscriber(office, "+22376000001")
        form = BROADCAST | {"body": {"fr": "Bonjour"}, "when": "now"}
        made = office.approver.post(f"{API}/broadcasts", json=form).json()
        path = f"{API}/broadcasts/{made['id']}"
        office.approver.post(f"{path}/submit")
        assert code(office.approver.post(f"{path}/approve")) == "own"


def test_a_new_market_product_and_unit_are_in_service_at_once(office: Office):
    market = {"code": "SIRAKORO", "name": "Sirakoro", "commune": "Kita", "fair_days": ["sat"]}
    product = {
        "code": "VOA",
        "chain": "bambara groundnut",
        "family": "pulse",
        "names": {"fr": "Voandzou"},
    }
    unit = {"code": "PANIER", "names": {"fr": "panier"}, "measure": "vessel"}
    for path, form in (("markets", market), ("products", product), ("units", unit)):
        said = office.operator.post(f"{API}/{path}", json=form)
        assert said.status_code == 201, said.text
    catalog = office.state.book().catalog
    assert "SIRAKORO" in catalog.markets
    assert "VOA" in catalog.products
    assert "PANIER" in catalog.units
    assert catalog.markets["SIRAKORO"].ussd_key == max(m.ussd_key for m in catalog.markets.values())


def test_a_weighing_gives_a_vessel_its_kilos(office: Office):
    form = {"unit": "SAC", "product": "ARA", "market": "KITA", "kilos": 42.5}
    said = office.operator.post(f"{API}/weighings", json=form)
    assert said.status_code == 201, said.text
    assert said.json()["weighed_on"] == "2026-11-20"
    assert office.state.book().catalog.weights["SAC", "ARA", "KITA"].kilos == 42.5


def test_a_route_makes_advice_reckon_with_it(office: Office):
    form = {"village": "KITA-DEMO", "market": "KAYES", "per_kg": 35, "per_trip": 12000}
    assert office.operator.post(f"{API}/routes", json=form).status_code == 201
    assert office.state.book().routes["KITA-DEMO"][0].per_kg == 35
    again = office.operator.post(f"{API}/routes", json=form)
    assert code(again) == "already_exists"


def test_a_fair_called_off_is_known_to_the_book(office: Office):
    day = (office.clock() + timedelta(days=7)).date()
    said = office.operator.patch(f"{API}/markets/KITA", json={"cancelled_on": [day.isoformat()]})
    assert said.status_code == 200, said.text
    assert day in office.state.book().catalog.markets["KITA"].cancelled_on


def test_unknown_fields_codes_and_phones_are_named(desk: Office):
    said = desk.operator.post(f"{API}/reporters", json={"phone": "12", "name": "", "colour": "red"})
    errors = {each["field"]: each["code"] for each in said.json()["errors"]}
    assert errors == {"phone": "phone", "name": "string_too_short", "colour": "extra_forbidden"}
    said = desk.operator.post(
        f"{API}/reporters", json={"phone": "+22370000001", "name": "A", "market": "NOWHERE"}
    )
    assert (said.status_code, code(said)) == (422, "unknown_code")


def test_a_new_way_of_writing_is_folded_and_taught(office: Office):
    form = {"kind": "product", "target": "ARA", "text": "Tigafàrama"}
    said = office.operator.post(f"{API}/aliases", json=form)
    assert (said.status_code, said.json()["form"]) == (201, "tigafarama")
    assert code(office.operator.post(f"{API}/aliases", json=form)) == "already_exists"


def test_an_alias_needs_a_letter_or_a_digit(office: Office):
    form = {"kind": "product", "target": "ARA", "text": "?!"}
    said = office.operator.post(f"{API}/aliases", json=form)
    assert (said.status_code, code(said)) == (422, "invalid")


def test_a_unit_named_with_signs_alone_leaves_messages_understood(office: Office):
    form = {"code": "XX", "names": {"fr": "*"}, "measure": "count"}
    assert office.operator.post(f"{API}/units", json=form).status_code == 201
    assert office.viewer.get(f"{API}/quotes").status_code == 200
    assert "ara" in office.state.lexicon().meanings


def test_what_the_api_alone_has_made_is_reported_and_dialled_without_a_restart(sqlite_url: str):
    """A market, a product, a vessel and its weighing; then a price from the new fair, in the new
    vessel, on a farmer's screen by the kilo."""
    from service.api import security
    from service.db import make_engine, writing
    from tests.api.conftest import FRIDAY
    from tests.town import open_town

    engine = make_engine(sqlite_url)
    with open_town(engine, sqlite_url, FRIDAY) as town:
        with writing(engine) as session:
            key = security.issue_key(session, town.settings, "clerk", "operator", FRIDAY)
        made = [
            town.ask("POST", path, key, form)
            for path, form in (
                ("markets", {"code": "SIRAKORO", "name": "Sirakoro", "fair_days": ["fri"]}),
                ("products", {"code": "VOA", "chain": "bambara groundnut", "family": "pulse",
                              "names": {"fr": "Voandzou"}}),
                ("units", {"code": "CALEBASSE", "names": {"fr": "calebasse"},
                           "measure": "vessel"}),
                ("weighings", {"unit": "CALEBASSE", "product": "VOA", "market": "SIRAKORO",
                               "kilos": 2.5}),
                ("reporters", {"phone": "+22370000055", "name": "Awa", "market": "SIRAKORO"}),
            )
        ]  # fmt: skip
        assert [status for status, _ in made] == [201] * 5
        market, product = made[0][1]["ussd_key"], made[1][1]["ussd_key"]
        assert town.text("+22370000055", "SIRAKORO VOANDZOU 500 la calebasse") == 200
        town.dial("+22376000001", "1")  # the language, once
        screen = town.dial("+22376000001", f"1*{product}*{market}")
        assert "Voandzou, Sirakoro" in screen
        assert "200 F/kg" in screen
    engine.dispose()


def test_the_kilos_of_each_vessel_are_summed_up_with_spread_and_age(office: Office):
    for kilos, day in ((40, "2026-11-19"), (42, "2026-11-20"), (44, "2026-08-01")):
        form = {"unit": "SAC", "product": "ARA", "market": "KITA", "kilos": kilos,
                "weighed_on": day}  # fmt: skip
        assert office.operator.post(f"{API}/weighings", json=form).status_code == 201
    path = f"{API}/weighings/summary?product=ARA&market=KITA"
    (sack,) = office.viewer.get(path).json()["items"]
    assert (sack["kilos"], sack["count"], sack["last_on"]) == (42, 3, "2026-11-20")
    assert sack["cv"] == pytest.approx(0.0476)
    assert (sack["due"], sack["stale"]) == (False, False)
    office.clock.pass_(days=91)
    assert office.viewer.get(path).json()["items"][0]["due"]
    office.clock.pass_(days=30)
    assert office.viewer.get(path).json()["items"][0]["stale"]
