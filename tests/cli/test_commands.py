"""Every command does one thing, and says one clear sentence when it cannot."""

import csv
import json
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlmodel import col, select
from starlette.testclient import TestClient

from service import clock
from service.app import create_app
from service.audit import AuditEntry
from service.cli import copies, world
from service.cli.files import IMPORTED
from service.db import make_engine, reading, writing
from service.people import store
from service.people.tables import ApiKey, Contact, Reporter, Staff, Village
from service.phone import Phone, Vault
from service.prices.store import bump
from service.prices.tables import MarketRow, ReferencePrice, ReportRow, WeighingRow
from service.settings import Settings
from service.sms import outbox
from service.sms.outbox.limits import Limits
from service.sms.tables import Delivery
from tests.cli.conftest import SECRET, Sugu, run

AWA = "+22370000001"
FARMER = "+22376000001"


def fails(result, *words: str) -> str:
    """One sentence on standard error, nothing like a stack trace, and a code that says so."""
    assert result.exit_code == 1, (result.exit_code, result.output)
    assert not result.exception or isinstance(result.exception, SystemExit)
    said = result.stderr.strip()
    assert said
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    for word in words:
        assert word in last, last
    return last


def works(result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def enrol(engine: Engine, *phones: str) -> None:
    with writing(engine) as session:
        for phone in phones:
            store.enrol_reporter(
                session, Vault(SECRET), Phone(phone), clock.system(), name="Awa", market="KITA"
            )


# migrate and seed


def test_migrate_makes_the_database_and_may_be_repeated(bare: Sugu, tmp_path: Path):
    for _ in range(2):
        assert works(bare("migrate")) == "The database is up to date.\n"
    assert (tmp_path / "new" / "sugu.db").exists()


def test_seed_says_how_many_facts_are_new(bare: Sugu):
    works(bare("migrate"))
    first = works(bare("seed", "kita"))
    assert int(first.split()[0]) > 500
    assert works(bare("seed", "kita")) == "0 sourced facts loaded.\n"


def test_seed_of_another_world_is_a_sentence(quick: Sugu):
    fails(quick("seed", "mars"), "kita", "demo")


def test_the_demo_takes_no_gateway_from_a_file_of_settings(
    surroundings: pytest.MonkeyPatch, tmp_path: Path
):
    """Its phone numbers are invented, and may be somebody's."""
    surroundings.setattr(os, "environ", dict(os.environ))
    (tmp_path / ".env").write_text("SUGU_GATEWAY=orange\nSUGU_ROUTES=moov=kannel\n")
    assert Settings().leads_out
    assert not world.demo_settings("127.0.0.1", 8000).leads_out


def test_the_demo_is_refused_beside_real_people(quick: Sugu, kita_sqlite_url: str):
    engine = make_engine(kita_sqlite_url)
    enrol(engine, AWA)
    engine.dispose()
    fails(quick("seed", "demo"), "real reporters", "another file")


def test_before_migrate_every_command_says_one_sentence(bare: Sugu, tmp_path: Path):
    (tmp_path / "f.csv").write_text("code\nX\n")
    for words in (
        ("seed", "kita"), ("explain", "ARA", "KITA"), ("replay", "2026-01-01", "2026-02-01"),
        ("staff", "key", "x"), ("staff", "disable", "x"), ("dial",), ("text", "x"),
        ("import", "villages", "f.csv"), ("export", "quotes"), ("audit", "verify"),
        ("subject", "export", FARMER), ("rekey",),
    ):  # fmt: skip
        fails(bare(*words))


def test_without_a_secret_nothing_is_sealed_or_served(
    quick: Sugu, surroundings: pytest.MonkeyPatch
):
    surroundings.delenv("SUGU_SECRET_KEY")
    for words in (("staff", "key", "x"), ("text", "x"), ("dial",), ("rekey",), ("serve",)):
        fails(quick(*words), "SUGU_SECRET_KEY")
    surroundings.setenv("SUGU_SECRET_KEY", "short")
    fails(quick("staff", "key", "x"), "shorter")


def test_a_setting_that_cannot_be_meant_is_named(quick: Sugu, surroundings: pytest.MonkeyPatch):
    surroundings.setenv("SUGU_GATEWAY", "pigeon")
    fails(quick("doctor"), "SUGU_GATEWAY")


def test_a_database_that_is_not_there_is_a_sentence(quick: Sugu, surroundings: pytest.MonkeyPatch):
    surroundings.setenv("SUGU_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:9/none")
    fails(quick("explain", "ARA", "KITA"), "database")


# staff


def test_a_new_key_is_printed_and_nothing_else(sugu: Sugu, kita: Engine):
    result = sugu("staff", "key", "console", "--role", "admin")
    assert re.fullmatch(r"sugu_[A-Za-z0-9]+_[A-Za-z0-9]{40,}\n", works(result))
    assert result.stderr == ""
    with reading(kita) as session:
        key = session.exec(select(ApiKey)).one()
        assert key.role == "admin"
        assert result.stdout.strip().split("_")[2].encode() not in key.digest
        (line,) = session.exec(select(AuditEntry)).all()
        assert (line.actor, line.action) == ("command line", "key.issue")
        assert result.stdout.strip() not in str(line.after)


def test_a_role_nobody_has_is_a_sentence(quick: Sugu):
    fails(quick("staff", "key", "x", "--role", "king"), "viewer, operator, approver, admin")


def test_a_person_gets_a_password_asked_for_twice(quick: Sugu, kita_sqlite_url: str):
    words = "karité et arachide"
    result = quick("staff", "add", "Aminata", "--role", "approver", input=f"{words}\n{words}\n")
    works(result)
    assert words not in result.output
    fails(quick("staff", "add", "Oumar", input="court\ncourt\n"), "characters")
    engine = make_engine(kita_sqlite_url)
    with reading(engine) as session:
        (person,) = session.exec(select(Staff)).all()
    engine.dispose()
    assert (person.name, person.role) == ("Aminata", "approver")
    assert words not in person.password


def test_disabling_somebody_who_is_not_there_makes_nobody(quick: Sugu, kita_sqlite_url: str):
    fails(quick("staff", "disable", "nobody"), "nobody")
    engine = make_engine(kita_sqlite_url)
    with reading(engine) as session:
        assert session.exec(select(Staff)).all() == []
    engine.dispose()


def test_a_disabled_person_is_disabled(quick: Sugu):
    works(quick("staff", "key", "Oumar"))
    assert works(quick("staff", "disable", "Oumar")) == "Oumar can no longer do anything.\n"


# text, dial, explain, replay


def test_a_texted_price_is_answered_explained_and_made_again(sugu: Sugu, kita: Engine):
    enrol(kita, AWA, "+22370000002")
    told = works(sugu("text", "KITA ARA 225", "--as", AWA))
    assert told.startswith("Noté Kita ")
    assert "Arachide coque 225 F/kg" in told
    works(sugu("text", "KITA ARA 235", "--as", "+22370000002"))
    why = works(sugu("explain", "ara", "kita")).splitlines()
    assert why[0].startswith("ARA KITA ")
    assert "230 F/kg (225-235), grade B, 2 reporters, method sugu-1" in why[0]
    assert why[1].strip().startswith("counts   report 1: 225 F on ")
    assert "weight 50%, trust 1" in why[1]
    assert "said 225 F for 1 KG" in why[1]
    today = clock.system().date()
    first, last = f"{today - timedelta(days=1)}", f"{today}"
    again = works(sugu("replay", first, last))
    assert json.loads(again)["value"] == 230
    assert works(sugu("replay", first, last)) == again


def test_explain_names_what_was_dropped(quick: Sugu, kita_sqlite_url: str):
    engine = make_engine(kita_sqlite_url)
    phones = [f"+2237000000{number}" for number in range(1, 5)]
    enrol(engine, *phones)
    for phone, amount in zip(phones, (220, 225, 230, 400), strict=True):
        works(quick("text", f"KITA ARA {amount}F", "--as", phone))
    with writing(engine) as session:
        asked = session.exec(select(ReportRow).order_by(col(ReportRow.id).desc())).first()
        asked.status = "confirmed"
    engine.dispose()
    assert "dropped  report 4: 400 F, stray" in works(quick("explain", "ARA", "KITA"))


def test_explain_names_the_kilos_of_a_sack_and_what_was_not_heard(
    quick: Sugu, kita_sqlite_url: str
):
    engine = make_engine(kita_sqlite_url)
    enrol(engine, AWA, "+22370000002")
    today = clock.system().date()
    with writing(engine) as session:
        for kilos in (98.0, 100.0, 102.0):
            session.add(
                WeighingRow(unit="SAC", product="MAI", market="KITA", kilos=kilos, weighed_on=today)
            )
        bump(session, catalog=True)
    works(quick("text", "KITA MAI 15000 LE SAC", "--as", AWA))
    works(quick("text", "KITA MAI 1500 F", "--as", "+22370000002"))
    why = works(quick("explain", "MAI", "KITA"))
    assert f"said 15 000 F for 1 SAC of 100 kg (weighed {today}, cv 2%)" in why
    assert "unheard  report 2: 1500 F/kg, asked, zero" in why


def test_a_number_changed_by_hand_makes_replay_fail(quick: Sugu, kita_sqlite_url: str):
    engine = make_engine(kita_sqlite_url)
    enrol(engine, AWA)
    works(quick("text", "KITA ARA 225F", "--as", AWA))
    with writing(engine) as session:
        session.exec(select(ReportRow)).one().basis_value = 400.0
    engine.dispose()
    today = f"{clock.system().date()}"
    fails(quick("replay", today, today), "1 published")


def test_explaining_what_nobody_knows_is_a_sentence(quick: Sugu):
    fails(quick("explain", "XXX", "KITA"), "XXX")
    fails(quick("explain", "ARA", "KITA"), "never had a price")
    fails(quick("explain", "ARA", "KITA", "hier"), "hier is not a day")
    fails(quick("replay", "2026-13-01", "2026-12-01"), "2026-13-01 is not a day")


def test_a_code_is_dialled_with_all_its_keys(sugu: Sugu):
    screen = works(sugu("dial", "*384*77*1*1*1#", "--as", FARMER))
    assert "Kita" in screen
    assert screen.count("/160") == screen.count("-" * 24) // 2


def test_a_dial_without_keys_asks_for_them(quick: Sugu):
    result = quick("dial", "--as", FARMER, input="1\n1\n1\n0\n0\n0\n")
    assert result.stdout.count("CON") >= 2


def test_a_number_that_is_none_is_a_sentence(quick: Sugu):
    fails(quick("text", "x", "--as", "MOOV"), "MOOV", "phone number")
    fails(quick("dial", "--as", "12"), "12")


def test_the_terminal_needs_no_token_of_a_carrier(quick: Sugu, surroundings: pytest.MonkeyPatch):
    surroundings.delenv("SUGU_LOOPBACK__HOOK_TOKEN")
    assert "PRIX ARACHIDE KITA" in works(quick("text", "AIDE", "--as", FARMER))
    assert "Quel produit" in works(quick("dial", "1", "--as", "+22376000002"))


def test_words_without_an_answer_say_so(quick: Sugu):
    works(quick("text", "blabla", "--as", FARMER))
    assert works(quick("text", "patati", "--as", FARMER)) == "(no reply)\n"


# files


def rows(engine: Engine, table) -> list:
    with reading(engine) as session:
        return list(session.exec(select(table)))


def test_a_dry_run_checks_every_line_and_keeps_nothing(sugu: Sugu, kita: Engine, tmp_path: Path):
    file = tmp_path / "reporters.csv"
    file.write_text(f"phone,name,market\n{AWA},Awa,KITA\nnobody,B,KITA\n+22370000002,C,NOWHERE\n")
    before = len(rows(kita, Contact))
    result = sugu("import", "reporters", str(file), "--dry-run")
    fails(result, "Mend the lines")
    assert "line 3, phone: " in result.stderr
    assert "line 4, market: " in result.stderr
    assert "3 lines, 1 new, 0 changed, 2 wrong (dry run: nothing kept)" in result.stdout
    assert (rows(kita, Reporter), len(rows(kita, Contact))) == ([], before)
    assert rows(kita, ApiKey) == rows(kita, Staff) == [], "the key lent for it is gone"


def test_an_import_keeps_what_is_right(quick: Sugu, kita_sqlite_url: str, tmp_path: Path):
    file = tmp_path / "villages.csv"
    file.write_text("code,name,commune,market\nNEW-1,Neuf,Djidian,DJIDIAN\n")
    assert works(quick("import", "villages", str(file))) == "1 lines, 1 new, 0 changed, 0 wrong\n"
    assert works(quick("import", "villages", str(file))) == "1 lines, 0 new, 0 changed, 0 wrong\n"
    engine = make_engine(kita_sqlite_url)
    assert [each.name for each in rows(engine, Village) if each.code == "NEW-1"] == ["Neuf"]
    engine.dispose()


def test_survey_prices_come_in_as_history_with_their_source(
    quick: Sugu, kita_sqlite_url: str, tmp_path: Path
):
    file = tmp_path / "hdx.csv"
    file.write_text(
        "date,admin1,market,commodity,unit,priceflag,pricetype,currency,price\n"
        "2024-05-15,Kayes,Kita,Maize,KG,actual,Retail,XOF,210\n"
    )
    engine = make_engine(kita_sqlite_url)
    before = len(rows(engine, ReferencePrice))
    works(quick("import", "prices", str(file)))
    found = rows(engine, ReferencePrice)
    assert len(found) == before + 1
    assert rows(engine, ReportRow) == []
    assert found[-1].source
    engine.dispose()


def test_a_file_that_is_not_there_or_no_table_is_a_sentence(quick: Sugu, tmp_path: Path):
    said = fails(quick("import", "villages", "nowhere.csv"), "nowhere.csv: No such file")
    assert "Errno" not in said
    fails(quick("import", "planets", "nowhere.csv"), *IMPORTED)
    (tmp_path / "odd.csv").write_bytes(b"\x00\xff\xfe" * 50)
    fails(quick("import", "villages", "odd.csv"))
    (tmp_path / "empty.csv").write_text("")
    fails(quick("import", "villages", "empty.csv"))


def test_an_export_goes_to_the_screen_or_to_a_file(
    quick: Sugu, kita_sqlite_url: str, tmp_path: Path
):
    engine = make_engine(kita_sqlite_url)
    enrol(engine, AWA)
    engine.dispose()
    works(quick("text", "KITA ARA 225F", "--as", AWA))
    table = list(csv.DictReader(works(quick("export", "quotes")).splitlines()))
    assert [(row["product"], row["market"], row["value"]) for row in table] == [
        ("ARA", "KITA", "225")
    ]
    assert "bytes" in works(quick("export", "reports", "reports.xlsx"))
    assert (tmp_path / "reports.xlsx").read_bytes().startswith(b"PK")
    assert AWA[1:] not in works(quick("export", "reports"))
    fails(quick("export", "secrets"), "One of reports, quotes")


# keeping


def test_the_doctor_names_what_would_fail(sugu: Sugu):
    result = sugu("doctor")
    fails(result, "checks failed")
    assert "ok   secret key" in result.stdout
    assert "ok   database" in result.stdout
    assert "ok   migrations" in result.stdout
    assert "FAIL worker: no worker has ticked lately" in result.stdout
    assert "FAIL gateway: loopback sends nowhere" in result.stdout


def test_the_doctor_of_an_empty_machine_says_what_to_do(bare: Sugu, surroundings):
    surroundings.delenv("SUGU_SECRET_KEY")
    surroundings.setenv("SUGU_AFRICASTALKING__HOOK_TOKEN", "short")
    result = bare("doctor")
    fails(result, "checks failed")
    assert "run `sugu migrate`" in result.stdout
    assert "openssl rand -hex 32" in result.stdout
    assert "FAIL hook tokens: too short: africastalking" in result.stdout


def test_a_copy_put_back_holds_everything_and_sends_nothing(
    sugu: Sugu, kita: Engine, tmp_path: Path
):
    enrol(kita, AWA)
    works(sugu("text", "KITA ARA 225F", "--as", AWA))
    with writing(kita) as session:
        contact = session.exec(select(Contact)).one()
        for state in ("queued", "sending"):
            done = outbox.enqueue(
                session, contact_id=contact.id, body=f"un {state}", language="fr", kind="alert",
                now=clock.system(), limits=Limits(),
            )  # fmt: skip
            assert isinstance(done, Delivery)
            done.state = state
    copy = tmp_path / "copies" / "sugu.copy"
    assert str(copy) in works(sugu("backup", str(copy)))
    with writing(kita) as session:
        session.get_one(MarketRow, "KITA").name = "Lost"
        session.exec(select(ReportRow)).one().text = "lost"
    kita.dispose()
    told = works(sugu("restore", str(copy)))
    assert told.startswith("Restored; 3 messages")
    with reading(kita) as session:
        assert session.get_one(MarketRow, "KITA").name == "Kita"
        assert session.exec(select(ReportRow)).one().text == "KITA ARA 225F"
        states = set(session.exec(select(Delivery.state)))
        assert states <= {"unknown", "expired"}, states
        assert [each.action for each in session.exec(select(AuditEntry))] == ["restore"]
    assert works(sugu("audit", "verify")).startswith("The audit trail is whole: 1 entries")


def test_a_sealed_copy_opens_with_the_secret_key_alone(
    sugu: Sugu, kita: Engine, tmp_path: Path, surroundings: pytest.MonkeyPatch
):
    enrol(kita, AWA)
    works(sugu("text", "KITA ARA 225", "--as", AWA))
    kita.dispose()
    works(sugu("backup", str(tmp_path / "copy"), "--encrypt"))
    assert [each.name for each in tmp_path.iterdir() if "copy" in each.name] == ["copy"]
    assert b"report" not in (tmp_path / "copy").read_bytes()
    assert "Restored" in works(sugu("restore", str(tmp_path / "copy")))
    assert works(sugu("explain", "ARA", "KITA"))
    works(sugu("audit", "verify"))
    surroundings.setenv("SUGU_SECRET_KEY", "another secret altogether: 9876543210")
    fails(sugu("restore", str(tmp_path / "copy")), "SUGU_SECRET_KEY")
    assert [each.name for each in tmp_path.iterdir() if "copy" in each.name] == ["copy"]


def test_no_password_stands_on_a_command_line():
    where = make_url("postgresql+psycopg://sugu:s3cret@db/sugu?connect_timeout=3")
    assert copies._plain(where) == "postgresql://sugu@db/sugu?connect_timeout=3"
    assert copies._environment(where)["PGPASSWORD"] == "s3cret"


def test_the_doctor_of_a_postgresql_tries_its_tools_and_its_spool(
    surroundings: pytest.MonkeyPatch, kita_postgresql_url: str, tmp_path: Path
):
    surroundings.setenv("SUGU_DATABASE_URL", kita_postgresql_url)
    told = run("doctor").stdout
    assert re.search(r"ok   backup: pg_dump \d+ for PostgreSQL \d+", told)
    assert f"ok   spool: {tmp_path}/var" in told
    surroundings.setenv("PATH", str(tmp_path))
    assert "FAIL backup: pg_dump is not installed" in run("doctor").stdout
    fake = tmp_path / "pg_dump"
    fake.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
    fake.chmod(0o755)
    assert "FAIL backup: pg_dump 9 cannot copy" in run("doctor").stdout


def test_a_copy_is_nobody_elses_to_read(quick: Sugu, tmp_path: Path):
    works(quick("backup", "sugu.copy"))
    assert (tmp_path / "sugu.copy").stat().st_mode & 0o077 == 0


def test_the_database_that_is_put_aside_keeps_its_newest_reports(
    quick: Sugu, kita_sqlite_url: str, tmp_path: Path
):
    works(quick("backup", "sugu.copy"))
    engine = make_engine(kita_sqlite_url)
    with writing(engine) as session:
        session.get_one(MarketRow, "KITA").name = "Newest"
    held = engine.connect()  # a reader keeps the write-ahead log from being folded in
    works(quick("restore", "sugu.copy"))
    held.close()
    engine.dispose()
    aside = make_engine(f"sqlite:///{tmp_path}/kita.before-restore")
    with reading(aside) as session:
        assert session.get_one(MarketRow, "KITA").name == "Newest"
    aside.dispose()


def test_what_is_no_copy_is_not_put_in_place(quick: Sugu, kita_sqlite_url: str, tmp_path: Path):
    (tmp_path / "torn.copy").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    fails(quick("restore", "torn.copy"), "torn.copy")
    fails(quick("restore", "nowhere.copy"), "nowhere.copy")
    fails(quick("restore", kita_sqlite_url.removeprefix("sqlite:///")), "itself")
    works(quick("explain", "ARA", "KITA")) if False else fails(
        quick("explain", "ARA", "KITA"), "never"
    )


def test_a_database_in_use_is_not_replaced(quick: Sugu, kita_sqlite_url: str):
    from service.worker.locks import Busy, hold

    works(quick("backup", "sugu.copy"))
    lock = hold(kita_sqlite_url, "serve")
    assert not isinstance(lock, Busy)
    fails(quick("restore", "sugu.copy"), "stop the server")
    lock.release()
    works(quick("restore", "sugu.copy"))


def test_a_broken_trail_is_named(sugu: Sugu, kita: Engine):
    works(sugu("staff", "key", "a"))
    works(sugu("staff", "key", "b"))
    with writing(kita) as session:
        session.get_one(AuditEntry, 1).actor = "somebody else"
    fails(sugu("audit", "verify"), "entry 1")


def test_a_person_is_told_and_forgotten_from_the_command_line(quick: Sugu):
    works(quick("text", "PRIX ARACHIDE KITA", "--as", FARMER))
    told = json.loads(works(quick("subject", "export", FARMER)))
    assert told["phone"] == FARMER
    assert works(quick("subject", "erase", "76 00 00 01")) == "Erased.\n"
    assert works(quick("subject", "erase", FARMER)) == "Nothing is kept about this number.\n"
    assert json.loads(works(quick("subject", "export", FARMER))) == {}


def test_every_number_is_sealed_anew(quick: Sugu, surroundings: pytest.MonkeyPatch):
    works(quick("text", "PRIX ARACHIDE KITA", "--as", FARMER))
    surroundings.setenv("SUGU_SECRET_KEY", SECRET[::-1])
    surroundings.setenv("SUGU_SECRET_KEYS_OLD", SECRET.replace(",", ""))
    assert works(quick("rekey")).startswith("1 numbers sealed anew")
    surroundings.delenv("SUGU_SECRET_KEYS_OLD")
    assert json.loads(works(quick("subject", "export", FARMER)))["phone"] == FARMER


def test_a_machines_key_follows_to_the_new_secret_at_its_next_use(
    quick: Sugu, surroundings: pytest.MonkeyPatch, kita_sqlite_url: str
):
    key = works(quick("staff", "key", "radio")).strip()
    surroundings.setenv("SUGU_SECRET_KEY", SECRET[::-1])
    surroundings.setenv("SUGU_SECRET_KEYS_OLD", SECRET.replace(",", ""))
    assert "1 API keys follow at their next use" in works(quick("rekey"))
    ask = {"Authorization": f"Bearer {key}"}
    with TestClient(create_app(Settings(_env_file=None))) as house:
        assert house.get("/api/v1/quotes", headers=ask).status_code == 200
    assert "may now be dropped" in works(quick("rekey"))
    surroundings.delenv("SUGU_SECRET_KEYS_OLD")
    with TestClient(create_app(Settings(_env_file=None))) as house:
        assert house.get("/api/v1/quotes", headers=ask).status_code == 200
    assert works(quick("audit", "verify")).startswith("The audit trail is whole: 1 entries")


def test_the_backtest_of_the_advice_is_a_table(quick: Sugu):
    assert "years" in works(quick("bench", "advice")).lower()


def test_help_lists_every_command():
    told = run("--help").stdout
    for name in (
        "serve", "worker", "demo", "migrate", "seed", "doctor", "staff", "import", "export",
        "explain", "replay", "backup", "restore", "dial", "text", "bench", "audit", "subject",
    ):  # fmt: skip
        assert name in told
