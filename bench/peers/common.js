// What both Node contenders share: the table in SQLite, the words, the log.
const express = require('express');
const Database = require('better-sqlite3');

const db = new Database(process.env.BENCH_TABLE);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = NORMAL');

const callerOf = db.prepare('SELECT * FROM caller WHERE phone = ?');
const newCaller = db.prepare("INSERT INTO caller (phone, language) VALUES (?, 'fr')");
const priceOf = db.prepare(
  `SELECT value, low, high, fair_on, reporters, product.fr, product.bm, market.name AS market
   FROM price JOIN product ON product.id = price.product JOIN market ON market.id = price.market
   WHERE price.product = ? AND price.market = ?`);
const productBy = db.prepare('SELECT * FROM product WHERE key = ?');
const marketBy = db.prepare('SELECT * FROM market WHERE key = ?');
const firstProducts = db.prepare('SELECT * FROM product ORDER BY id LIMIT 5');
const remember = db.prepare('UPDATE caller SET product = ?, market = ? WHERE phone = ?');
const log = db.prepare('INSERT INTO log (at, session, phone, text, answer) VALUES (?,?,?,?,?)');

const words = {
  fr: { reports: 'releves', menu: '1 Autre prix\n2 Ou vendre\n3 Vendre ou attendre\n4 Alertes\n9 Plus',
    which: 'Quel produit ?', back: '0 Retour 00 Accueil', unknown: 'Choix non valable' },
  bm: { reports: 'kibaru', menu: '1 Songo were\n2 Feereyoro\n3 Feere wala makono\n4 Ladonniya\n9 Caman',
    which: 'Fen jumen ?', back: '0 Kosegin 00 So', unknown: 'A ma nye' },
};

function profile(phone) {
  return callerOf.get(phone) || (newCaller.run(phone), callerOf.get(phone));
}

function priceLines(who, product, market) {
  const found = priceOf.get(product, market);
  const say = words[who.language];
  return `${found[who.language]}, ${found.market}\n${found.value} F/kg (${found.low}-${found.high})\n` +
    `${found.fair_on}, ${found.reporters} ${say.reports}`;
}

function home(who) {
  return `${priceLines(who, who.product, who.market)}\n${words[who.language].menu}`;
}

function products(who) {
  const say = words[who.language];
  const lines = firstProducts.all().map((each) => `${each.key} ${each[who.language]}`);
  return `${say.which}\n${lines.join('\n')}\n${say.back}`;
}

function priceAt(who, productKey, marketKey) {
  const product = productBy.get(productKey);
  const market = marketKey === undefined ? { id: who.market } : marketBy.get(marketKey);
  if (!product || !market) return words[who.language].unknown;
  remember.run(product.id, market.id, who.phone);
  return `${priceLines(who, product.id, market.id)}\n${words[who.language].back}`;
}

function logged(body, answer) {
  log.run(new Date().toISOString(), body.sessionId, body.phoneNumber, body.text, answer);
  return answer;
}

function serve(route) {
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  route(app);
  app.listen(Number(process.env.BENCH_PORT), '127.0.0.1');
}

module.exports = { profile, home, products, priceAt, logged, serve };
