"""What every contender sells: 20 products at 30 markets, and who asks for them.

One table for all. A price names its product and its market, so that an answer meant for another
caller cannot pass for this one's.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

PRODUCTS = (
    ("ARA", "Arachide", "Tiga"), ("ARD", "Graines", "Tigakise"), ("MAI", "Mais", "Kaba"),
    ("SOR", "Sorgho", "Keninke"), ("MIL", "Mil", "Sanyo"), ("RIZ", "Riz", "Malo"),
    ("NIE", "Niebe", "Sosso"), ("SES", "Sesame", "Bene"), ("FON", "Fonio", "Fini"),
    ("KAR", "Karite", "Si"), ("OIG", "Oignon", "Jaba"), ("TOM", "Tomate", "Tamati"),
    ("GOM", "Gombo", "Gan"), ("PIM", "Piment", "Foronto"), ("COT", "Coton", "Kori"),
    ("PAT", "Patate", "Woso"), ("IGN", "Igname", "Ku"), ("MAN", "Manioc", "Bananku"),
    ("VOA", "Voandzou", "Tiganikuru"[:8]), ("TAM", "Tamarin", "Ntomi"),
)  # fmt: skip
"""(code, French, Bambara), none longer than any screen shows in full."""
MARKETS = tuple((f"F{n:02}", f"Foire {n:02}") for n in range(1, 31))
CALLERS = 50_000
REGULARS = 500
"""The first of them dial for the price screen, again and again; each of the others has one
dialogue, then the next has one: who comes back within ten minutes is offered to continue."""
CODE = "*384*77#"
REPORTERS = 300


@dataclass(frozen=True, slots=True)
class Caller:
    """A known phone: where it stands in the table before it presses anything."""

    phone: str
    language: str
    product: int
    market: int


def value(product: int, market: int) -> int:
    """F/kg, below a thousand and a multiple of the coin."""
    return 150 + 5 * ((product * 37 + market * 11) % 120)


def spread(worth: int) -> tuple[int, int]:
    return worth - 15, worth + 15


def caller(n: int) -> Caller:
    return Caller(f"+22376{n:06}", "bm" if n % 2 else "fr", n % 20, n // 20 % 30)


def callers() -> Iterator[Caller]:
    return (caller(n) for n in range(CALLERS))


def name(product: int, language: str) -> str:
    return PRODUCTS[product][2 if language == "bm" else 1]


def fair_day(today: date) -> date:
    return today - timedelta(days=1)


def key(number: int) -> str:
    """The digits of a stable number (1 to 30): 9 alone means "more" in Sugu."""
    return "09" if number == 9 else str(number)


def write_table(path: Path, today: date) -> None:
    """The same facts as a SQLite file in the shape a tutorial gives them, for the peers."""
    with sqlite3.connect(path) as db:
        db.executescript(
            """PRAGMA journal_mode=WAL;
            CREATE TABLE product (id INTEGER PRIMARY KEY, key TEXT UNIQUE, fr TEXT, bm TEXT);
            CREATE TABLE market (id INTEGER PRIMARY KEY, key TEXT UNIQUE, name TEXT);
            CREATE TABLE price (id INTEGER PRIMARY KEY, product INTEGER, market INTEGER,
              value INTEGER, low INTEGER, high INTEGER, fair_on TEXT, reporters INTEGER,
              UNIQUE (product, market));
            CREATE TABLE caller (id INTEGER PRIMARY KEY, phone TEXT UNIQUE, language TEXT,
              product INTEGER, market INTEGER);
            CREATE TABLE log (id INTEGER PRIMARY KEY, at TEXT, session TEXT, phone TEXT,
              text TEXT, answer TEXT);"""
        )
        for at, (_, french, bambara) in enumerate(PRODUCTS):
            row = (at, key(at + 1), french, bambara)
            db.execute("INSERT INTO product VALUES (?,?,?,?)", row)
        for at, (_, called) in enumerate(MARKETS):
            db.execute("INSERT INTO market VALUES (?,?,?)", (at, key(at + 1), called))
        for p in range(len(PRODUCTS)):
            for m in range(len(MARKETS)):
                worth = value(p, m)
                facts = (p, m, worth, *spread(worth), f"{fair_day(today):%d/%m}", 3)
                columns = "product,market,value,low,high,fair_on,reporters"
                db.execute(f"INSERT INTO price ({columns}) VALUES (?,?,?,?,?,?,?)", facts)
        for each in callers():
            db.execute(
                "INSERT INTO caller (phone,language,product,market) VALUES (?,?,?,?)",
                (each.phone, each.language, each.product, each.market),
            )
    db.close()
