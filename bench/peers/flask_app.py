"""Flask as its tutorial shows it: a view, `request.form`, a SQLite connection on `g`."""

import os
import sqlite3
from datetime import UTC, datetime

from flask import Flask, Response, g, request
from words import WORDS

app = Flask(__name__)

PRICE = """SELECT value, low, high, fair_on, reporters, product.fr, product.bm, market.name AS market
FROM price JOIN product ON product.id = price.product JOIN market ON market.id = price.market
WHERE price.product = ? AND price.market = ?"""


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(os.environ["BENCH_TABLE"], timeout=10)
        g.db.row_factory = sqlite3.Row
        g.db.execute("PRAGMA synchronous=NORMAL")
    return g.db


@app.teardown_appcontext
def close_db(_error):
    db = g.pop("db", None)
    if db is not None:
        db.close()


@app.post("/ussd")
def ussd():
    form, db = request.form, get_db()
    who = profile(db, form["phoneNumber"])
    answer = f"CON {screen(db, who, form['text'])}"
    db.execute(
        "INSERT INTO log (at, session, phone, text, answer) VALUES (?,?,?,?,?)",
        (datetime.now(UTC).isoformat(), form["sessionId"], who["phone"], form["text"], answer),
    )
    db.commit()
    return Response(answer, mimetype="text/plain")


def profile(db, phone):
    found = db.execute("SELECT * FROM caller WHERE phone = ?", (phone,)).fetchone()
    if found is None:
        db.execute("INSERT INTO caller (phone, language) VALUES (?, 'fr')", (phone,))
        return profile(db, phone)
    return found


def screen(db, who, text):
    keys, say = [each for each in text.split("*") if each], WORDS[who["language"]]
    if not keys or keys[0] != "1":
        return f"{price_lines(db, who, who['product'], who['market'])}\n{say['menu']}"
    if len(keys) == 1:
        rows = db.execute("SELECT * FROM product ORDER BY id LIMIT 5")
        listed = "\n".join(f"{row['key']} {row[who['language']]}" for row in rows)
        return f"{say['which']}\n{listed}\n{say['back']}"
    return price_at(db, who, *keys[1:3])


def price_at(db, who, product_key, market_key=None):
    say, market = WORDS[who["language"]], (who["market"],)
    product = db.execute("SELECT id FROM product WHERE key = ?", (product_key,)).fetchone()
    if market_key is not None:
        market = db.execute("SELECT id FROM market WHERE key = ?", (market_key,)).fetchone()
    if product is None or market is None:
        return say["unknown"]
    pair = product[0], market[0]
    db.execute("UPDATE caller SET product = ?, market = ? WHERE phone = ?", (*pair, who["phone"]))
    return f"{price_lines(db, who, *pair)}\n{say['back']}"


def price_lines(db, who, product, market):
    found = db.execute(PRICE, (product, market)).fetchone()
    return (
        f"{found[who['language']]}, {found['market']}\n"
        f"{found['value']} F/kg ({found['low']}-{found['high']})\n"
        f"{found['fair_on']}, {found['reporters']} {WORDS[who['language']]['reports']}"
    )
