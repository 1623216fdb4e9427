/* What a page gains when scripts run; every page works without. */
"use strict";

/* On a narrow screen the menu shows where one is, and a chart its newest end. */
const menu = document.querySelector(".menu");
const here = menu?.querySelector("[aria-current]");
if (here) menu.scrollLeft = here.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
for (const chart of document.querySelectorAll(".chart.newest")) chart.scrollLeft = chart.scrollWidth;

/* The phone picture beside a broadcast that is being written. */
for (const form of document.querySelectorAll("[data-preview]")) {
  const shown = document.getElementById("preview");
  let timer = 0;
  let asked = 0;
  const look = async () => {
    const mine = ++asked;
    const response = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (mine === asked && response.ok && !response.redirected) shown.innerHTML = await response.text();
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, 400);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  look();
}

/* A run that is being sent: counts as they move. */
const progress = document.querySelector("[data-events]");
if (progress) {
  const source = new EventSource(progress.dataset.events);
  source.addEventListener("progress", (event) => {
    const run = JSON.parse(event.data);
    for (const [name, number] of Object.entries(run.counts)) {
      const place = progress.querySelector(`[data-count="${name}"]`);
      if (place) place.textContent = number;
    }
    progress.querySelector("progress").value = run.total - run.counts.queued - run.counts.sending;
    progress.querySelector('[data-live="stuck"]').hidden = !run.stuck;
  });
  source.addEventListener("end", () => {
    source.close();
    location.reload();
  });
}

/* Moderation: a accepts, r rejects, e corrects, n goes on. */
const cases = [...document.querySelectorAll("[data-case]")];
if (cases.length) {
  let at = Math.max(0, cases.findIndex((each) => `#${each.id}` === location.hash));
  const stand = () => {
    cases.forEach((each, index) => each.classList.toggle("on", index === at));
    cases[at].focus({ preventScroll: true });
    cases[at].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const here = cases[at];
    const press = (query) => here.querySelector(query)?.click();
    switch (event.key) {
      case "a": press('[data-key="a"]'); break;
      case "r": press('[data-key="r"]'); break;
      case "e": {
        const edit = here.querySelector("[data-edit]");
        if (!edit) return;
        edit.open = true;
        edit.querySelector("input").select();
        break;
      }
      case "n": at = (at + 1) % cases.length; stand(); break;
      default: return;
    }
    event.preventDefault();
  });
  stand();
  for (const button of document.querySelectorAll("[data-tick]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const box of document.querySelectorAll("[data-near]")) box.checked = true;
    });
  }
}
