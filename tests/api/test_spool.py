"""PostgreSQL is away: what carriers bring is kept beside it, and taken in afterwards, in order."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from service.api import hooks
from service.api.spool import Spool, Waiting, spool_of
from service.db import make_engine, reading
from service.people.tables import Contact
from service.phone import Vault
from service.prices.tables import ReportRow
from service.sms.gateway import Kind, RawRequest
from service.sms.tables import Delivery, Inbox
from tests.sms.talk import AWA, FARMER, FRIDAY
from tests.town import SECRET, TOKEN, Town, reporters

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
VAULT = Vault(SECRET)


@pytest.fixture
def town(
    kita_postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    monkeypatch.chdir(tmp_path)
    engine = make_engine(kita_postgresql_url)
    town = Town(engine, kita_postgresql_url, FRIDAY)
    reporters(town, AWA)
    town.open()
    yield town
    town.close()
    engine.dispose()


@contextmanager
def away(engine: Engine) -> Iterator[None]:
    """Every connection is cut, and no new one let in."""
    name = engine.url.database
    other = create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
    with other.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(text(cut), {"name": name})
        yield
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    other.dispose()


def drain(town: Town) -> int:
    return town.state.spool.drain(lambda each: hooks.take_in(town.state, each))


def kept(town: Town, table) -> list:
    with reading(town.engine) as session:
        return list(session.exec(select(table).order_by(col(table.id))))


def test_a_message_is_acknowledged_and_taken_in_when_the_database_is_back(town: Town):
    with away(town.engine):
        assert town.text(AWA, "KITA ARA 225") == 200
        assert town.state.spool.count() == 1
        assert drain(town) == 0
    town.clock.pass_(hours=1)
    assert drain(town) == 1
    assert town.state.spool.count() == 0
    assert [(each.amount, each.status) for each in kept(town, ReportRow)] == [(225, "accepted")]
    assert kept(town, Inbox)[0].received_at == FRIDAY  # when it came, not when it was taken in
    assert len(kept(town, Delivery)) == 1


def test_what_comes_while_something_waits_waits_behind_it(town: Town):
    """A correction that overtook its report would be corrected by it."""
    with away(town.engine):
        town.text(AWA, "KITA ARA 225")
        town.clock.pass_(minutes=1)
    town.text(AWA, "CORR ARA 235")
    assert kept(town, ReportRow) == []
    assert drain(town) == 2
    said = [(each.amount, each.status) for each in kept(town, ReportRow)]
    assert said == [(225, "superseded"), (235, "accepted")]


def test_a_repeat_of_what_waits_is_taken_in_once(town: Town):
    with away(town.engine):
        for _ in range(3):
            assert town.text(AWA, "KITA ARA 225", id="mo-same") == 200
    assert drain(town) == 3
    assert (len(kept(town, Inbox)), len(kept(town, Delivery))) == (1, 1)


def test_killed_between_taking_in_and_crossing_out_it_is_still_one(town: Town):
    with away(town.engine):
        town.text(AWA, "KITA ARA 225")

    class Killed(BaseException):
        pass

    def die(each: Waiting) -> None:
        hooks.take_in(town.state, each)
        raise Killed

    with pytest.raises(Killed):
        town.state.spool.drain(die)
    assert town.state.spool.count() == 1
    again = spool_of(str(town.settings.database_url), town.vault)
    assert again.drain(lambda each: hooks.take_in(town.state, each)) == 1
    assert (len(kept(town, Inbox)), len(kept(town, ReportRow))) == (1, 1)


def test_a_report_of_delivery_and_a_leave_are_kept_too(town: Town):
    with away(town.engine):
        door = f"/hooks/loopback/{TOKEN}"
        note = {"id": "ATXid_1", "status": "Success", "phoneNumber": AWA}
        assert town.post(f"{door}/delivery", note).status == 200
        assert town.post(f"{door}/opt-out", {"phoneNumber": FARMER}).status == 200
    assert drain(town) == 2
    stopped = [each.stopped_at for each in kept(town, Contact) if each.stopped_at]
    assert stopped == [FRIDAY]


def test_a_wrong_token_is_still_nobody(town: Town):
    with away(town.engine):
        assert town.post("/hooks/loopback/wrong/sms", {"id": "x"}).status == 404
    assert town.state.spool.count() == 0


def test_dials_go_on_from_memory(town: Town):
    town.text(AWA, "KITA ARA 225")
    before = town.dial(FARMER, "1*1*1", session="s-1")
    with away(town.engine):
        assert town.dial(FARMER, "1*1*1", session="s-1") == before
        assert town.dial("+22376000009").startswith(("CON", "END"))


def test_where_neither_can_keep_it_nothing_is_acknowledged(town: Town, tmp_path: Path):
    (tmp_path / "var").write_text("a file where the directory should be")
    with away(town.engine):
        assert town.text(AWA, "KITA ARA 225") == 503


def test_a_sqlite_house_has_no_spool(kita_sqlite_url: str):
    assert spool_of(kita_sqlite_url, VAULT) is None


# the spool by itself


def request(words: str) -> Waiting:
    body = f"text={words}&from=%2B22370000001".encode()
    return Waiting("loopback", Kind.SMS, RawRequest("POST", "/hooks", "", {"a": "b"}, body), AT)


def test_what_waits_survives_the_process_and_keeps_its_order(tmp_path: Path):
    for number in range(20):
        spool = Spool(tmp_path / "spool.db", VAULT)
        spool.put(request(f"M{number}"))  # never closed: the process was killed
    seen: list[Waiting] = []
    assert Spool(tmp_path / "spool.db", VAULT).drain(seen.append) == 20
    assert seen == [request(f"M{number}") for number in range(20)]


def test_a_poison_request_is_put_aside_and_holds_up_nobody(tmp_path: Path):
    spool = Spool(tmp_path / "spool.db", VAULT)
    for words in ("good", "poison", "fine"):
        spool.put(request(words))
    seen: list[bytes] = []

    def take(each: Waiting) -> None:
        if b"poison" in each.raw.body:
            raise ZeroDivisionError
        seen.append(each.raw.body)

    assert spool.drain(take) == 3
    assert [body[5:9] for body in seen] == [b"good", b"fine"]
    assert spool.count() == 0
    with closing(sqlite3.connect(tmp_path / "spool.db")) as raw:
        assert raw.execute("SELECT failed FROM waiting").fetchall() == [("ZeroDivisionError",)]


def test_a_database_that_goes_again_leaves_the_rest_where_it_is(tmp_path: Path):
    spool, taken = Spool(tmp_path / "spool.db", VAULT), []
    for number in range(3):
        spool.put(request(f"M{number}"))

    def take(each: Waiting) -> None:
        if taken:
            raise OperationalError("", {}, Exception())
        taken.append(each)

    assert spool.drain(take) == 1
    assert spool.count() == 2


def test_one_process_of_a_host_drains_at_a_time(tmp_path: Path):
    one, other = (Spool(tmp_path / "spool.db", VAULT) for _ in range(2))
    one.put(request("M"))
    counts: list[int] = []
    assert one.drain(lambda _: counts.append(other.drain(lambda _: None))) == 1
    assert counts == [0]


def test_nothing_readable_lies_on_the_disk_and_a_new_key_may_take_over(tmp_path: Path):
    spool = Spool(tmp_path / "spool.db", VAULT)
    spool.put(request("arachide"))
    spool.close()
    raw = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"70000001" not in raw
    assert b"arachide" not in raw
    anew = Vault("another secret that is long enough 0123", [SECRET])
    assert Spool(tmp_path / "spool.db", anew).rekey() == 1
    seen: list[Waiting] = []
    bare = Vault("another secret that is long enough 0123")
    assert Spool(tmp_path / "spool.db", bare).drain(seen.append) == 1
    assert seen == [request("arachide")]
    with pytest.raises(InvalidTag):
        VAULT.open_bytes(bare.seal_bytes(b"x"))
