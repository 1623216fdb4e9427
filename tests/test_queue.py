"""Writers of a SQLite file take turns, over threads and processes; nobody waits for ever."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from service import db
from service.db import Queue, make_engine, writing
from service.sms.tables import Budget

WRITER = """
import sys
from service.db import make_engine, writing
from service.sms.tables import Budget
engine = make_engine(sys.argv[1])
for n in range(40):
    with writing(engine) as session:
        session.add(Budget(scope=f"theirs:{n}"))
    print(n, flush=True)
"""


def add(engine: Engine, scope: str) -> None:
    with writing(engine) as session:
        session.add(Budget(scope=scope))


def test_two_processes_that_write_without_a_break_take_turns(sqlite_url: str):
    engine = make_engine(sqlite_url)
    other = subprocess.Popen(
        [sys.executable, "-c", WRITER, sqlite_url], stdout=subprocess.PIPE, text=True
    )
    other.stdout.readline()  # it writes now
    mine = 0
    while other.poll() is None:
        with writing(engine) as session:
            session.add(Budget(scope=f"ours:{mine}"))
        mine += 1
    other.stdout.close()
    assert other.returncode == 0
    assert mine >= 10
    engine.dispose()


def test_threads_write_one_after_the_other_and_lose_nothing(sqlite_url: str):
    engine = make_engine(sqlite_url)

    def write(name: str) -> None:
        for n in range(20):
            with writing(engine) as session:
                session.add(Budget(scope=f"{name}:{n}"))

    threads = [threading.Thread(target=write, args=[name]) for name in "abcd"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with writing(engine) as session:
        assert len(session.exec(select(Budget)).all()) == 80
    engine.dispose()


def test_who_waits_too_long_is_told_as_by_the_database(sqlite_url: str, monkeypatch):
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.05)
    first, second = make_engine(sqlite_url), make_engine(sqlite_url)
    with writing(first) as session:
        session.add(Budget(scope="held"))
        session.flush()
        with pytest.raises(OperationalError, match="locked"):
            add(second, "late")
    add(second, "later")
    first.dispose()
    second.dispose()


def test_a_place_in_the_queue_is_given_back_whatever_happens(tmp_path: Path):
    queue = Queue(tmp_path / "sugu.db")

    def breaks() -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        queue.wait(breaks, 1.0)
    assert queue.wait(lambda: True, 1.0)
    assert not queue.wait(lambda: False, 0.01)
    assert Queue(tmp_path / "sugu.db").wait(lambda: True, 1.0)
