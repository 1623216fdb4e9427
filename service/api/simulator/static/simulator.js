/* Two phones that post a carrier's forms to Sugu's own hooks. Nothing is answered here. */
"use strict";

const setup = JSON.parse(document.getElementById("setup").textContent);
const words = setup.words;
const $ = (id) => document.getElementById(id);
const say = (name, values = {}) =>
  words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const random = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

const SLOW = 3000; // ms: a bad evening in the villages
const POLL = 1500; // ms between two looks at the messages
const NETWORK = "61002";
const LOGGED = 60;

/* --- letters on the wire ------------------------------------------------------------------- */

function measure(text) {
  let septets = 0;
  let odd = null;
  for (const char of text) {
    if (setup.extension.includes(char)) septets += 2;
    else if (setup.basic.includes(char)) septets += 1;
    else odd = odd ?? char;
  }
  if (odd === null) {
    const parts = septets <= setup.limit ? 1 : Math.ceil(septets / setup.part);
    return { septets, parts, odd };
  }
  const [single, part] = setup.units;
  return { septets: text.length, parts: text.length <= single ? 1 : Math.ceil(text.length / part), odd };
}

/* --- the wire ------------------------------------------------------------------------------ */

const log = [];

async function post(kind, fields, note = "") {
  const path = `${setup.hooks}/${kind}`;
  const started = performance.now();
  let status = 0;
  let answer = "";
  try {
    const response = await fetch(path, { method: "POST", body: new URLSearchParams(fields), credentials: "omit" });
    status = response.status;
    answer = await response.text();
  } catch {
    status = 0;
  }
  const exchange = { kind, path, fields, status, answer, note, ms: Math.round(performance.now() - started), at: new Date() };
  log.unshift(exchange);
  log.length = Math.min(log.length, LOGGED);
  drawLog();
  return exchange;
}

function curl(exchange) {
  const quoted = (text) => `'${text.replace(/'/g, "'\\''")}'`;
  const data = Object.entries(exchange.fields).map(([name, value]) => `  --data-urlencode ${quoted(`${name}=${value}`)}`);
  return [`curl -X POST ${quoted(location.origin + exchange.path)}`, ...data].join(" \\\n");
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawLog() {
  const list = $("log");
  list.replaceChildren();
  if (!log.length) list.append(element("li", "empty", say("nothing")));
  for (const exchange of log) list.append(drawExchange(exchange));
}

function drawExchange(exchange) {
  const item = element("li", "exchange");
  const head = element("p", "line");
  head.append(element("b", "", "POST"), element("code", "", exchange.path));
  head.append(element("span", "took", say("ms", { n: exchange.ms })));
  const form = element("dl", "form");
  for (const [name, value] of Object.entries(exchange.fields)) {
    const shown = element("dd", "", value === "" ? say("empty") : value);
    if (value === "") shown.className = "void";
    if (name === "text") shown.classList.add("key");
    form.append(element("dt", "", name), shown);
  }
  const answer = element("pre", "answer", exchange.answer || say("ended"));
  answer.tabIndex = 0;
  const foot = element("p", "line");
  foot.append(element("b", exchange.status === 200 ? "ok" : "bad", `${exchange.status || "×"}`));
  if (exchange.note) foot.append(element("span", "note", exchange.note));
  const copy = element("button", "plain", say("copy"));
  copy.type = "button";
  copy.addEventListener("click", () => copied(copy, curl(exchange)));
  foot.append(copy);
  item.append(head, form, answer, foot);
  return item;
}

async function copied(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", "unseen", text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = say("copied");
  await wait(1500);
  button.textContent = say("copy");
}

/* --- numbers -------------------------------------------------------------------------------- */

function chooser(select, other, changed) {
  const choose = () => {
    other.hidden = select.value !== "";
    changed();
  };
  select.addEventListener("change", choose);
  other.addEventListener("input", changed);
  choose();
  return () => select.value || other.value.trim();
}

/* --- the keypad phone ------------------------------------------------------------------------- */

const phone = { session: null, typed: "", shown: "", kind: "", busy: false };
let farmerNumber = () => "";

function draw() {
  const open = phone.session !== null;
  const screen = $("screen");
  const said = phone.shown || say("idle");
  if (screen.textContent !== said) screen.textContent = said;
  screen.classList.toggle("idle", !phone.shown);
  $("entry").textContent = phone.typed + (phone.busy ? "" : "▏");
  $("lcd-state").textContent = say(open ? "open" : phone.kind === "END" ? "over" : "ready");
  $("call-word").textContent = say(open ? "send" : "call");
  $("kind").textContent = phone.kind;
  $("kind").className = `kind ${phone.kind.toLowerCase()}`;
  const used = phone.kind ? measure(`${phone.kind} ${phone.shown}`).septets : 0;
  $("septets").textContent = phone.kind ? say("septets", { n: used, limit: setup.limit }) : "\u00a0";
  $("fill").style.width = `${Math.min(100, (100 * used) / setup.limit)}%`;
  $("fill").className = used > setup.limit ? "over" : "";
  $("farmer-phone").classList.toggle("busy", phone.busy);
}

function show(text, kind = "") {
  Object.assign(phone, { shown: text, kind, typed: "", busy: false });
  draw();
}

function press(key) {
  if (phone.busy) return;
  if (!phone.session && phone.kind) Object.assign(phone, { shown: "", kind: "" });
  if (!phone.session && phone.shown && !phone.typed) phone.shown = "";
  phone.typed = (phone.typed + key).slice(0, 60);
  draw();
}

function erase() {
  phone.typed = phone.typed.slice(0, -1);
  draw();
}

function go() {
  if (phone.busy) return;
  if (phone.session) {
    if (phone.typed !== "") turn(phone.typed);
    return;
  }
  dial(phone.typed || setup.code);
}

function dial(number) {
  const stem = setup.code.slice(0, -1);
  const inside = number.endsWith("#") ? number.slice(0, -1) : number;
  if (inside !== stem && !inside.startsWith(`${stem}*`)) {
    show(say("unknown", { code: setup.code }));
    return;
  }
  phone.session = { id: `ATUid_${random()}`, text: "", hops: 0, started: Date.now(), phone: farmerNumber(), last: "" };
  phone.typed = number;
  turn(inside.slice(stem.length + 1));
}

async function turn(entry) {
  const session = phone.session;
  const text = [session.text, entry].filter((part) => part !== "").join("*");
  Object.assign(phone, { busy: true, shown: phone.kind ? phone.shown : say("dialling") });
  draw();
  if ($("slow").checked) await wait(SLOW);
  const fields = {
    sessionId: session.id,
    serviceCode: setup.code,
    phoneNumber: session.phone,
    networkCode: NETWORK,
    text,
  };
  const lost = $("lose").checked;
  let exchange = await post("ussd", fields, lost ? say("lostanswer") : "");
  if ($("twice").checked) exchange = await post("ussd", fields, say("repeat"));
  if (phone.session !== session) return;
  Object.assign(session, { text, hops: session.hops + 1, last: exchange.answer });
  if (lost) {
    $("lose").checked = false;
    phone.session = null;
    show(say("lost"));
    return;
  }
  const [, kind, body] = exchange.answer.match(/^(CON|END) ?([\s\S]*)$/) ?? [];
  if (exchange.status !== 200 || !kind) {
    phone.session = null;
    show(say("down"));
    return;
  }
  if (kind === "END") {
    phone.session = null;
    over(session, "Success");
  }
  show(body, kind);
}

function over(session, status) {
  const now = new Date();
  return post("ussd-end", {
    date: now.toISOString().slice(0, 19).replace("T", " "),
    sessionId: session.id,
    serviceCode: setup.code,
    networkCode: NETWORK,
    phoneNumber: session.phone,
    status,
    cost: "0",
    durationInMillis: String(now - session.started),
    hopsCount: String(session.hops),
    input: session.text,
    lastAppResponse: session.last,
  });
}

function hang() {
  const session = phone.session;
  phone.session = null;
  if (session) over(session, "Incomplete");
  show("");
}

function cut() {
  if (!phone.session) return;
  over(phone.session, "Incomplete");
  phone.session = null;
  show(say("cut"));
}

function typing(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const inside = event.target.closest("#farmer-phone");
  if (!inside && event.target !== document.body) return;
  if (/^[0-9*#]$/.test(event.key)) press(event.key);
  else if (event.key === "Backspace") erase();
  else if (event.key === "Escape") hang();
  else if (event.key === "Enter" && event.target.tagName !== "BUTTON") go();
  else return;
  event.preventDefault();
}

/* --- the messages ------------------------------------------------------------------------------ */

const seen = new Map();

async function look(number, draws) {
  if (!/^\+?\d{8,15}$/.test(number.replace(/\s/g, ""))) return draws([]);
  try {
    const response = await fetch(`/simulator/inbox?phone=${encodeURIComponent(number)}`);
    if (!response.ok) return;
    const { items } = await response.json();
    const now = number + JSON.stringify(items);
    if (seen.get(draws) === now) return;
    seen.set(draws, now);
    draws(items);
  } catch {
    /* the server is away: the next look may find it */
  }
}

function hour(at) {
  return new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
}

function bubble(message) {
  const mine = message.direction === "in";
  const item = element("li", mine ? "mine" : "theirs");
  item.append(element("span", "unseen", `${say(mine ? "you" : "sugu")} : `));
  item.append(element("p", "", message.text));
  const foot = [hour(message.at)];
  if (!mine) foot.push(say("septets", { n: message.septets, limit: setup.limit }));
  if (message.state === "queued" || message.state === "sending") {
    item.classList.add("waiting");
    foot.push(say("queued"));
  }
  item.append(element("small", "", foot.join(" · ")));
  return item;
}

function fill(list, items, nothing) {
  const made = items.map(bubble);
  list.replaceChildren(...(made.length ? made : [element("li", "empty", nothing)]));
  list.scrollTop = list.scrollHeight;
}

const drawThread = (items) => fill($("thread"), items, say("thread"));
const drawInbox = (items) =>
  fill($("farmer-inbox"), items.filter((each) => each.direction === "out"), say("none"));

let reporterNumber = () => "";

function lookAtBoth() {
  if (document.hidden) return Promise.resolve();
  return Promise.all([look(farmerNumber(), drawInbox), look(reporterNumber(), drawThread)]);
}

async function write(text) {
  await post("sms", {
    linkId: "",
    text,
    to: "38477",
    id: crypto.randomUUID?.() ?? random(),
    date: new Date().toISOString().slice(0, 19).replace("T", " "),
    from: reporterNumber(),
    networkCode: NETWORK,
  });
  await lookAtBoth();
}

function count() {
  const text = $("message").value;
  const { septets, parts, odd } = measure(text);
  $("parts").textContent = !text
    ? "\u00a0"
    : odd === null
      ? say("parts", { n: septets, parts })
      : say("ucs2", { n: septets, parts, char: odd });
}

/* --- begin --------------------------------------------------------------------------------------- */

function begin() {
  farmerNumber = chooser($("farmer-number"), $("farmer-other"), () => {
    if (phone.session) hang();
    else show("");
    look(farmerNumber(), drawInbox);
  });
  reporterNumber = chooser($("reporter-number"), $("reporter-other"), () => look(reporterNumber(), drawThread));
  document.querySelectorAll("[data-key]").forEach((key) => key.addEventListener("click", () => press(key.dataset.key)));
  document.querySelectorAll("[data-dial]").forEach((key) =>
    key.addEventListener("click", () => {
      hang();
      dial(key.dataset.dial);
      $("farmer-phone").focus({ preventScroll: true });
    }),
  );
  document.querySelectorAll("[data-text]").forEach((key) =>
    key.addEventListener("click", () => {
      $("message").value = key.dataset.text;
      count();
      $("message").focus();
    }),
  );
  $("call").addEventListener("click", go);
  $("erase").addEventListener("click", erase);
  $("hang").addEventListener("click", hang);
  $("cut").addEventListener("click", cut);
  $("clear").addEventListener("click", () => {
    log.length = 0;
    drawLog();
  });
  document.addEventListener("keydown", typing);
  $("message").addEventListener("input", count);
  $("message").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    $("composer").requestSubmit();
  });
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("message").value.trim();
    if (!text) return;
    $("message").value = "";
    count();
    write(text);
  });
  draw();
  drawLog();
  drawThread([]);
  drawInbox([]);
  lookAtBoth();
  setInterval(lookAtBoth, POLL);
}

begin();
