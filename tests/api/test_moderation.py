"""Staff decide about reports, and every published number can be explained."""

import re
from datetime import date

from service.db import writing
from service.people.tables import Reporter as ReporterRow
from service.prices.absent import note
from service.prices.tables import Gap, ReportRow
from tests.api.office import Office, code, reporter, subscriber

API = "/api/v1"


def three(office: Office) -> list[int]:
    return [reporter(office, f"+2237000000{n}", name=f"R{n}") for n in (1, 2, 3)]


def value(office: Office, product: str = "ARA") -> int | None:
    items = office.viewer.get(f"{API}/quotes?product={product}&market=KITA").json()["items"]
    return items[0]["value"] if items else None


def test_three_reports_make_a_quote_of_grade_a(office: Office):
    for who, amount in zip(three(office), (220, 225, 230), strict=True):
        office.report(who, "ARA", amount)
    quote = office.viewer.get(f"{API}/quotes?product=ARA&market=KITA").json()["items"][0]
    assert quote | {
        "value": 225, "unit": "kg", "low": 220, "high": 230, "reporters": 3, "grade": "A",
        "fair_on": "2026-11-20", "freshness": "fresh",
    } == quote  # fmt: skip
    assert quote["method"]


def test_rejecting_a_report_takes_it_out_of_the_quote_at_once(office: Office):
    ids = [office.report(w, "ARA", a) for w, a in zip(three(office), (200, 225, 230), strict=True)]
    assert value(office) == 225
    said = office.operator.post(f"{API}/reports/{ids[2]}/reject", json={"reason": "suspicious"})
    assert (said.json()["status"], said.json()["reason"]) == ("rejected", "suspicious")
    assert value(office) in {210, 212, 215}
    back = office.operator.post(f"{API}/reports/{ids[2]}/accept", json={"reason": "checked"})
    assert back.json()["status"] == "confirmed"
    assert value(office) == 225


def test_a_correction_is_a_new_report_and_the_old_words_stay(office: Office):
    one = three(office)[0]
    wrong = office.report(one, "ARA", 225)
    said = office.operator.post(
        f"{API}/reports/{wrong}/correct", json={"reason": "typo_x10", "amount": 235}
    )
    assert said.status_code == 200, said.text
    new = said.json()
    assert (new["amount"], new["value"], new["status"], new["supersedes"]) == (
        235,
        235,
        "confirmed",
        wrong,
    )
    old = office.viewer.get(f"{API}/reports/{wrong}").json()
    assert (old["status"], old["amount"], old["text"]) == ("superseded", 225, "ARA 225")
    assert value(office) == 235
    again = office.operator.post(f"{API}/reports/{wrong}/reject", json={"reason": "stale"})
    assert code(again) == "wrong_state"


def test_a_price_of_an_unweighed_vessel_keeps_its_own_unit(office: Office):
    one = three(office)[0]
    number = office.report(one, "ARA", 17_500, unit="SAC")
    report = office.viewer.get(f"{API}/reports/{number}").json()
    assert (report["value"], report["unit"], report["amount"]) == (None, "SAC", 17_500)


def test_reports_are_found_by_status_product_and_words(office: Office):
    one = three(office)[0]
    office.report(one, "ARA", 225)
    number = office.report(one, "MAI", 150)
    office.operator.post(f"{API}/reports/{number}/reject", json={"reason": "stale"})

    def ids(query: str) -> list[int]:
        return [each["id"] for each in office.viewer.get(f"{API}/reports?{query}").json()["items"]]

    assert ids("status=rejected") == [number]
    assert ids("product=MAI") == [number]
    assert ids("q=mai") == [number]
    assert len(ids("status=rejected&status=accepted")) == len(ids(""))
    assert code(office.viewer.get(f"{API}/reports?status=lost")) == "invalid"


def test_a_number_is_explained_by_what_it_rests_on(office: Office):
    ids = [office.report(w, "ARA", a) for w, a in zip(three(office), (220, 225, 230), strict=True)]
    office.operator.post(f"{API}/reports/{ids[0]}/reject", json={"reason": "stale"})
    said = office.viewer.get(f"{API}/quotes/explain?product=ARA&market=KITA&on=2026-11-20").json()
    assert {each["report"] for each in said["reports"]} == set(ids[1:])
    assert sum(each["share"] for each in said["reports"]) == 1
    assert [(each["report"], each["status"], each["reason"]) for each in said["uncounted"]] == [
        (ids[0], "rejected", "stale"),
    ]  # fmt: skip
    assert {each["reporter_name"] for each in said["reports"]} == {"R2", "R3"}
    assert (
        code(office.viewer.get(f"{API}/quotes/explain?product=ARA&market=DJIDIAN")) == "not_found"
    )
    assert (
        code(office.viewer.get(f"{API}/quotes/explain?product=XXX&market=KITA")) == "unknown_code"
    )


def test_an_old_quote_is_shown_as_old(office: Office):
    office.report(three(office)[0], "ARA", 225)
    office.clock.pass_(days=40)
    quote = office.viewer.get(f"{API}/quotes?product=ARA&market=KITA").json()["items"][0]
    assert (quote["freshness"], quote["grade"], quote["trend"]) == ("expired", "D", None)
    assert office.viewer.get(f"{API}/quotes?current=true").json()["items"] == []


def test_advice_has_the_shapes_of_the_product_page(office: Office):
    office.report(three(office)[0], "ARA", 225)
    where = office.viewer.get(f"{API}/advice/where?product=ARA&village=KITA-DEMO&kg=100")
    assert where.status_code == 200, where.text
    assert {
        "product",
        "village",
        "kg",
        "home",
        "options",
        "floor",
        "break_even_kg",
        "verdict",
        "market",
        "reasons",
    } <= where.json().keys()
    when = office.viewer.get(f"{API}/advice/when?product=ARA&market=KITA")
    assert when.status_code == 200, when.text
    assert {"clear", "peak_month", "low_month", "gap", "years", "source"} == when.json()[
        "season"
    ].keys()
    assert (
        code(office.viewer.get(f"{API}/advice/where?product=ARA&village=NOPE&kg=1"))
        == "unknown_code"
    )
    assert (
        code(office.viewer.get(f"{API}/advice/where?product=ARA&village=KITA-DEMO&kg=0"))
        == "invalid"
    )


def test_a_fair_that_owes_prices_is_on_the_board_with_whom_to_call(office: Office):
    office.operator.patch(f"{API}/markets/KITA", json={"fair_days": ["fri"]})
    one = three(office)[0]
    office.report(one, "ARA", 225)
    office.report(one, "MAI", 150)
    office.clock.pass_(days=7)
    office.report(one, "ARA", 230)
    office.clock.pass_(days=2)
    board = office.operator.get(f"{API}/silence").json()["items"]
    kita = next(each for each in board if each["market"] == "KITA")
    assert (kita["fair_on"], kita["received"], kita["owed"], kita["silent"]) == (
        "2026-11-27",
        ["ARA"],
        ["MAI"],
        False,
    )
    assert (
        kita["call"][0] | {"phone": "+22370000001", "last_report_on": "2026-11-27"}
        == kita["call"][0]
    )
    office.clock.pass_(days=7)
    kita = next(
        e for e in office.viewer.get(f"{API}/silence").json()["items"] if e["market"] == "KITA"
    )
    assert (kita["silent"], kita["alarming"], kita["call"][0]["phone"]) == (
        True,
        True,
        "+223****0001",
    )


def test_what_a_reporter_saw_no_price_of_is_owed_no_longer_and_shown_apart(office: Office):
    office.operator.patch(f"{API}/markets/KITA", json={"fair_days": ["fri"]})
    one = three(office)[0]
    office.report(one, "MIL", 200)
    office.clock.pass_(days=9)
    board = office.operator.get(f"{API}/silence").json()["items"]
    assert [(each["owed"], each["silent"]) for each in board] == [(["MIL"], True)]
    with writing(office.engine) as session:
        note(session, one, ["MIL"], "KITA", date(2026, 11, 27), office.clock())
    (kita,) = office.operator.get(f"{API}/silence").json()["items"]
    assert (kita["received"], kita["absent"], kita["owed"], kita["silent"], kita["alarming"]) == (
        [], ["MIL"], [], False, False
    )  # fmt: skip
    assert value(office, "MIL") == 200
    told = office.viewer.get(f"{API}/quotes/explain?product=MIL&market=KITA").json()
    assert [each["value"] for each in told["reports"]] == [200], told
    assert "MIL" in office.operator.get(f"{API}/exports/silence.csv").text


def test_what_was_asked_in_vain_is_counted_by_village_product_and_week(office: Office):
    with writing(office.engine) as session:
        for village, asked in (("KITA-DEMO", 3), ("", 2)):
            session.add(
                Gap(week="2026-W47", village=village, product="ARA", market="KITA", asked=asked)
            )
    items = office.viewer.get(f"{API}/gaps?product=ARA").json()["items"]
    assert sum(each["asked"] for each in items) == 5
    top = office.viewer.get(f"{API}/gaps/top").json()["items"]
    assert top == [{"product": "ARA", "market": "KITA", "villages": 2, "asked": 5}]


def test_stats_count_people_prices_and_messages(office: Office):
    subscriber(office, "+22376000001", sex="f")
    subscriber(office, "+22376000002", sex="m")
    office.report(three(office)[0], "ARA", 225)
    said = office.viewer.get(f"{API}/stats").json()
    assert (said["reach"]["subscribers"], said["reach"]["reachable"]) == (2, 2)
    assert {each["name"]: each["count"] for each in said["reach"]["by_sex"]} == {"f": 1, "m": 1}
    assert (said["prices"]["reports"], said["prices"]["quotes"], said["prices"]["within_day"]) == (
        1,
        1,
        1.0,
    )
    assert (said["since"], said["until"]) == ("2026-10-24", "2026-11-20")
    assert code(office.viewer.get(f"{API}/stats?from=2026-11-21&to=2026-11-20")) == "invalid"


def test_messages_come_in_and_go_out_in_one_list(office: Office):
    reporter(office, "+22370000001")
    form = {
        "id": "mo-1",
        "from": "+22370000001",
        "to": "36000",
        "text": "KITA ARA 225",
        "date": "2026-11-20 10:00:00",
    }
    assert office.nobody.post(f"/hooks/loopback/{'t' * 32}/sms", data=form).status_code == 200
    items = office.operator.get(f"{API}/messages").json()["items"]
    assert [each["direction"] for each in items] == ["out", "in"]
    heard = items[1]
    assert (
        heard | {"phone": "+22370000001", "text": "KITA ARA 225", "state": "handled", "segments": 1}
        == heard
    )
    assert office.viewer.get(f"{API}/messages/{heard['id']}").json()["phone"] == "+223****0001"
    first = office.viewer.get(f"{API}/messages?limit=1").json()
    second = office.viewer.get(f"{API}/messages?limit=1&cursor={first['next']}").json()
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [each["id"] for each in items]
    assert second["next"] is None
    assert len(office.viewer.get(f"{API}/messages?direction=in&q=ara").json()["items"]) == 1
    assert len(office.viewer.get(f"{API}/messages?q=70000001").json()["items"]) == 2
    assert office.viewer.get(f"{API}/messages?q=70000009").json()["items"] == []
    raw = office.operator.get(f"{API}/messages/{heard['id']}/exchange").json()
    assert "KITA" in raw[0]["body"]
    assert "t" * 32 not in str(raw)
    assert code(office.viewer.get(f"{API}/messages/in-99")) == "not_found"
    assert code(office.viewer.get(f"{API}/messages/sideways")) == "not_found"


def test_the_card_of_digits_names_each_product_in_both_languages(office: Office):
    card = office.viewer.get("/console/card").text
    assert card.count('class="key"') == len(office.state.book().sold()) + len(
        office.state.book().fairs()
    )
    assert "Arachide coque" in card
    assert "Tiga farama" in card
    assert office.settings.ussd_code in card
    assert "/console/card" in office.viewer.get("/console/bulletins").text


def test_a_card_keeps_its_digits_when_a_product_is_added(office: Office):
    before = digits(office)
    form = {
        "code": "MIE", "chain": "honey", "family": "garden", "names": {"fr": "Abeille", "bm": "Di"},
    }  # fmt: skip
    assert office.operator.post(f"{API}/products", json=form).status_code == 201
    assert before.items() < digits(office).items()


def digits(office: Office) -> dict[str, str]:
    """What stands on the card: name to digits."""
    row = re.compile(r'scope="row">(\d+)</th><td>([^<]+)')
    return {name: key for key, name in row.findall(office.viewer.get("/console/card").text)}


def test_the_page_of_screens_marks_drafts_and_says_whether_they_ship(office: Office):
    page = office.viewer.get("/console/screens").text
    assert "SUGU_SHIP_DRAFTS" in page
    assert "à relire" in page


def test_a_measured_yield_makes_the_advice_speak_of_shelling(office: Office):
    form = {"raw": "ara", "made": "ard", "share": 0.65, "cost_per_kg": 10}
    made = office.operator.post(f"{API}/yields", json=form)
    assert made.status_code == 201
    assert office.viewer.get(f"{API}/yields").json()["items"][0]["share"] == 0.65
    people = three(office)
    for who in people:
        office.report(who, "ARA", 225)
        office.report(who, "ARD", 500)
    where = f"{API}/advice/where?product=ARA&village=KITA-DEMO&kg=100"
    its = office.viewer.get(where).json()["shelling"]
    assert (its["market"], its["gain"], its["pays"]) == ("KITA", 90, True)
    number = made.json()["id"]
    assert office.operator.delete(f"{API}/yields/{number}").status_code == 204
    assert office.viewer.get(where).json()["shelling"] is None
    same = form | {"made": "ARA"}
    assert office.operator.post(f"{API}/yields", json=same).status_code == 422
    later = form | {"measured_on": "2030-01-01"}
    assert office.operator.post(f"{API}/yields", json=later).status_code == 422
    assert office.viewer.post(f"{API}/yields", json=form).status_code == 403


def test_a_bulletin_is_printed_sent_on_and_read_aloud(office: Office):
    for who, amount in zip(three(office), (220, 225, 230), strict=True):
        office.report(who, "ARA", amount)
    said = office.viewer.get(f"{API}/bulletins/KITA").json()
    assert said["prices"][0]["value"] == 225
    assert "225 F/kg (220-230)" in said["text"]["fr"]
    assert "deux cent vingt-cinq francs le kilo" in said["radio"]["fr"]
    assert "dɔrɔmɛ bi naani ni duuru" in said["radio"]["bm"]
    assert said["sms"]["fr"].endswith("ven 20/11 : Arachide coque 225 F/kg")
    assert "(dòròmè 45)" in said["sms"]["bm"]
    named = office.viewer.get(f"{API}/bulletins/KITA?format=sms&village=KITA-DEMO")
    assert named.text.startswith("A lire à ")
    assert (
        code(office.viewer.get(f"{API}/bulletins/KITA?format=sms&village=NOPE")) == "unknown_code"
    )
    page = office.viewer.get(f"{API}/bulletins/KITA?format=html")
    assert "<table>" in page.text
    assert page.headers["content-type"].startswith("text/html")
    assert "http" not in page.text
    radio = office.viewer.get(f"{API}/bulletins/KITA?format=radio&language=bm")
    assert radio.text == said["radio"]["bm"]
    assert "pas de prix" in office.viewer.get(f"{API}/bulletins/DJIDIAN?format=text").text
    assert code(office.viewer.get(f"{API}/bulletins/NOWHERE")) == "not_found"


def test_a_run_is_followed_until_it_ends(desk: Office):
    subscriber(desk, "+22376000001")
    form = {
        "name": "Essai",
        "body": {"fr": "Bonjour"},
        "audience": {"villages": ["*"]},
        "when": "now",
    }
    made = desk.operator.post(f"{API}/broadcasts", json=form).json()
    run = desk.operator.post(f"{API}/broadcasts/{made['id']}/submit").json()["run_id"]
    desk.operator.post(f"{API}/broadcasts/{made['id']}/cancel")
    told = desk.viewer.get(f"{API}/runs/{run}/events")
    assert told.headers["content-type"].startswith("text/event-stream")
    assert "event: progress" in told.text
    assert '"state":"cancelled"' in told.text.replace(" ", "")
    assert "event: end" in told.text
    assert code(desk.nobody.get(f"{API}/runs/{run}/events")) == "unauthenticated"


def test_sending_again_what_may_have_been_sent_needs_the_number_said(office: Office):
    from sqlmodel import select

    from service.sms.tables import Delivery

    subscriber(office, "+22376000001")
    form = {
        "name": "Essai",
        "body": {"fr": "Bonjour"},
        "audience": {"villages": ["*"]},
        "when": "now",
    }
    made = office.operator.post(f"{API}/broadcasts", json=form).json()
    run = office.operator.post(f"{API}/broadcasts/{made['id']}/submit").json()["run_id"]
    with writing(office.engine) as session:
        for row in session.exec(select(Delivery)):
            row.state, row.rank = "unknown", 15
            session.add(row)
    path = f"{API}/runs/{run}/resend-unknown"
    assert code(office.operator.post(path)) == "role_too_low"
    asked = office.approver.post(path)
    assert (asked.status_code, code(asked), asked.json()["count"]) == (
        428,
        "confirmation_needed",
        1,
    )
    assert office.approver.post(path, json={"confirm": 1}).json()["total"] == 1
    nothing = office.operator.post(f"{API}/runs/{run}/retry-failed")
    assert code(nothing) == "blocked"


def test_a_preview_names_people_words_and_what_stands_against_it(office: Office):
    form = {
        "name": "Essai",
        "body": {"fr": "Prix: ɛ"},
        "audience": {"villages": ["*"]},
        "when": "now",
    }
    seen = office.operator.post(f"{API}/broadcasts/preview", json=form)
    assert seen.status_code == 200, seen.text
    assert [each["code"] for each in seen.json()["blockers"]] == ["nobody"]
    assert seen.json()["pages"][0]["offenders"] == [
        {"position": 6, "character": "ɛ", "instead": "è"}
    ]
    assert office.viewer.get(f"{API}/broadcasts").json()["items"] == []
    made = office.operator.post(f"{API}/broadcasts", json=form).json()
    again = office.viewer.get(f"{API}/broadcasts/{made['id']}/preview").json()
    assert office.viewer.post(f"{API}/broadcasts/{made['id']}/preview").json() == again
    assert again == seen.json()
    blocked = office.operator.post(f"{API}/broadcasts/{made['id']}/submit")
    assert (blocked.status_code, code(blocked)) == (409, "blocked")


def test_stop_said_aloud_is_a_stop(office: Office):
    number = subscriber(office, "+22376000001")
    said = office.operator.post(f"{API}/subscribers/{number}/stop").json()
    assert (said["consented"], said["stopped"]) == (False, True)
    assert [line["given"] for line in said["ledger"]] == [False, True]


def test_staff_see_what_was_learnt_of_a_reporter_and_may_have_it_forgotten(office: Office):
    one = reporter(office, "+22370000001")
    with writing(office.engine) as session:
        learnt = {"money": "dorome", "units": {"MAI": "SAC"}, "markets": ["KAYES"]}
        session.get_one(ReporterRow, one).habits = learnt
    assert office.viewer.get(f"{API}/reporters/{one}").json()["habits"]["money"] == "dorome"
    said = office.operator.patch(f"{API}/reporters/{one}", json={"habits": {}})
    assert (said.status_code, said.json()["habits"]) == (200, {"markets": ["KAYES"]}), said.text
    wrong = office.operator.patch(f"{API}/reporters/{one}", json={"habits": {"money": "franc"}})
    assert code(wrong) == "invalid"


def test_the_board_of_silence_says_what_to_say_on_the_phone(office: Office):
    who = reporter(office, "+22370000001", name="Awa K.")
    reporter(office, "+22370000002", name="Moussa", language="bm")
    office.report(who, "ARA", 225)
    week = {"fair_days": ["fri"], "daily": False}
    assert office.admin.patch(f"{API}/markets/KITA", json=week).status_code == 200
    office.clock.pass_(days=8)
    (kita,) = office.viewer.get(f"{API}/silence").json()["items"]
    assert (kita["silent"], kita["owed"]) == (True, ["ARA"])
    script = {each["name"]: each["script"] for each in kita["call"]}
    assert script["Awa K."].startswith("Bonjour Awa K., ici Sugu. Foire de Kita, ven 27/11")
    assert "Arachide coque" in script["Awa K."]
    assert script["Moussa"].startswith("I ni ce Moussa")
    page = office.operator.get("/console").text
    assert "Bonjour Awa K., ici Sugu." in page


def test_a_fair_whose_only_report_was_undone_is_silent(office: Office):
    who = reporter(office, "+22370000001")
    office.admin.patch(f"{API}/markets/KITA", json={"fair_days": ["fri"], "daily": False})
    number = office.report(who, "ARA", 225)
    with writing(office.engine) as session:
        session.get_one(ReportRow, number).status = "cancelled"
    office.clock.pass_(days=2)
    (kita,) = office.viewer.get(f"{API}/silence").json()["items"]
    assert (kita["received"], kita["silent"], kita["alarming"]) == ([], True, True)


def test_the_page_of_a_reporter_shows_card_habits_and_evidence_to_those_who_act(office: Office):
    who = reporter(office, "+22370000001", name="Awa K.")
    other = reporter(office, "+22370000002", name="Moussa D.")
    for product, amount in (("ARA", 225), ("MAI", 150), ("MIL", 200), ("SOR", 180)):
        office.report(who, product, amount)
        office.report(other, product, amount)
    page = office.operator.get(f"/console/people/reporters/{who}").text
    assert "Fiche : novembre 2026" in page
    assert "mêmes prix que Moussa D., au franc près" in page
    assert "Habitudes apprises" in page
    assert "à regarder" in office.operator.get("/console/people").text
    seen = office.viewer.get(f"/console/people/reporters/{who}").text
    assert "Fiche : novembre 2026" in seen
    assert "au franc près" not in seen
    assert "à regarder" not in office.viewer.get("/console/people").text
    told = office.operator.get(f"/console/people/reporters/{who}?lang=en&month=2026-10").text
    assert "Card: October 2026" in told


def test_a_check_is_noted_and_habits_are_forgotten_from_the_page(office: Office):
    who = reporter(office, "+22370000001", name="Awa K.")
    number = office.report(who, "ARA", 225)
    path = f"/console/people/reporters/{who}"
    said = office.operator.post(
        f"{path}/checks/{number}", data={"value": "230,5", "month": "2026-11"}
    )
    assert said.status_code == 200
    assert "juste" in said.text
    with writing(office.engine) as session:
        session.get_one(ReporterRow, who).habits = {"units": {"MAI": "SAC"}, "markets": ["KAYES"]}
    assert "Maïs sans mesure" in office.operator.get(path).text
    assert office.operator.post(f"{path}/habits").status_code == 200
    assert office.viewer.get(f"{API}/reporters/{who}").json()["habits"] == {"markets": ["KAYES"]}
    assert office.viewer.post(f"{path}/habits").status_code == 403


def test_no_export_that_a_viewer_may_open_holds_a_flag(office: Office):
    who = reporter(office, "+22370000001")
    other = reporter(office, "+22370000002")
    for product, amount in (("ARA", 225), ("MAI", 150), ("MIL", 200), ("SOR", 180)):
        office.report(who, product, amount)
        office.report(other, product, amount)
    for name in ("reporters", "rewards", "reports"):
        text = office.viewer.get(f"{API}/exports/{name}.csv").text
        assert "flag" not in text
        assert "twin" not in text
