// What a page does by itself: it shows what changes while it is open, and is led by keys. Without
// this file the same is done by reloads, links and forms.
"use strict";

const told = document.body.dataset;
const bar = document.querySelector(".news");
const help = document.querySelector("dialog.keys");

// ---------------------------------------------------------------- one page made like another one

const isRow = (node) => node.nodeType === 1 && node.dataset.key !== undefined;
const nameOf = (node) => (node.nodeType === 1 && (node.dataset.key || node.id)) || "";
const rowsOf = (part) => new Map([...part.querySelectorAll("[data-key]")].map((row) => [row.dataset.key, row]));
// A visitor's own doing stays: what is unfolded, ticked, and where the keys have been.
const KEPT = { DETAILS: "open", INPUT: "checked", OPTION: "selected" };

function morphAttributes(from, to) {
  const kept = (name) => name === KEPT[from.nodeName] || name === "tabindex" || name === "style";
  for (const { name, value } of to.attributes) {
    if (!kept(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    if (!kept(name) && !to.hasAttribute(name)) from.removeAttribute(name);
  }
}

// Without `rows` these stay as they are, and what is around them changes.
function morph(from, to, rows) {
  if (from.nodeName !== to.nodeName || from.nodeType !== 1) {
    if (!from.isEqualNode(to)) from.replaceWith(document.importNode(to, true));
    return;
  }
  morphAttributes(from, to);
  const named = new Map([...from.children].filter(nameOf).map((child) => [nameOf(child), child]));
  let at = from.firstChild;
  for (const next of to.childNodes) {
    if (!rows && isRow(next)) continue;
    let same = named.get(nameOf(next)) || (nameOf(next) ? null : at);
    while (same && !nameOf(next) && (nameOf(same) || same.nodeName !== next.nodeName)) same = same.nextSibling;
    if (!same) from.insertBefore(document.importNode(next, true), at);
    else {
      if (same === at) at = at.nextSibling;
      else from.insertBefore(same, at);
      morph(same, next, rows);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    if (rows || !isRow(gone)) gone.remove();
  }
}

// ---------------------------------------------------------------- nothing that is read moves

function placesIn(part) {
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const boxOf = (node) => {
    if (node.nodeType === 1) return node.getBoundingClientRect();
    range.selectNode(node);
    return range.getBoundingClientRect();
  };
  const places = [];
  for (let node = part; node; node = walker.nextNode()) {
    if (node.nodeType === 1 || node.nodeValue.trim()) places.push([node, boxOf(node)]);
  }
  const moved = ([node, was]) => {
    const is = node.isConnected ? boxOf(node) : was;
    return Math.abs(is.left - was.left) > 0.5 || Math.abs(is.top - was.top) > 0.5;
  };
  const height = part.getBoundingClientRect().height;
  return () => Math.abs(part.getBoundingClientRect().height - height) > 0.5 || places.some(moved);
}

// A table's columns keep their widths, whatever numbers stand in them next.
function pinColumns(part) {
  for (const table of part.querySelectorAll("table")) {
    const heads = [...(table.tHead?.rows[0].cells ?? [])];
    if (table.style.width || !heads.length || !table.tHead.getClientRects().length) continue;
    const widths = [table, ...heads].map((each) => `${each.getBoundingClientRect().width}px`);
    [table, ...heads].forEach((each, number) => { each.style.width = widths[number]; });
    table.style.tableLayout = "fixed";
  }
}

function freeColumns() {
  document.querySelectorAll("main table, main thead th").forEach((each) => each.removeAttribute("style"));
}

// Make as many of the pairs alike as nothing moves for: all, or else each half for itself.
function settle(part, pairs) {
  const differing = pairs.filter(([from, to]) => !from.isEqualNode(to));
  if (!differing.length) return;
  const moved = placesIn(part);
  pinColumns(part);
  const before = differing.map(([from]) => from.cloneNode(true));
  differing.forEach(([from, to]) => morph(from, to, from !== part));
  if (!moved()) return;
  differing.forEach(([from], number) => morph(from, before[number], from !== part));
  const half = differing.length >> 1;
  if (half) [differing.slice(0, half), differing.slice(half)].forEach((some) => settle(part, some));
}

// What counts as a change, as text: not a time that grew old, nor the token of a form.
function bare(part) {
  const copy = part.cloneNode(true);
  copy.querySelectorAll("time").forEach((each) => each.replaceWith(document.createElement("time")));
  copy.querySelectorAll("input[type=hidden]").forEach((each) => { each.value = ""; });
  copy.querySelectorAll("details").forEach((each) => { each.open = false; });
  copy.querySelectorAll("[data-key]").forEach((each) => each.removeAttribute("tabindex"));
  copy.querySelectorAll("[style]").forEach((each) => each.removeAttribute("style"));
  return copy.outerHTML.replace(/>\s+|\s+</g, (space) => space.trim());
}

function isHeld(part) {
  const selected = getSelection();
  return !selected.isCollapsed && selected.containsNode(part, true);
}

// Show of the new page what moves nothing; in words what is worth one, and whether there is more.
function showCalmly(page) {
  let fresh = 0, changed = false, health = "";
  for (const part of document.querySelectorAll("[data-live][id]")) {
    const wanted = page.getElementById(part.id);
    if (!wanted) { changed = true; continue; }
    if (isHeld(part)) continue;
    if (part.matches(".health") && bare(part) !== bare(wanted)) health = wanted.textContent.trim();
    const [rows, newer] = [rowsOf(part), rowsOf(wanted)];
    const below = part.getBoundingClientRect().top >= innerHeight;
    if (below && !part.contains(document.activeElement)) morph(part, wanted, true);
    else {
      settle(part, [[part, wanted]]);
      settle(part, [...rows].filter(([key]) => newer.has(key)).map(([key, row]) => [row, newer.get(key)]));
    }
    if (bare(part) === bare(wanted)) continue;
    changed = true;
    fresh += [...newer.keys()].filter((key) => !rows.has(key)).length;
  }
  changed ||= [...page.querySelectorAll("[data-live][id]")].some((each) => !document.getElementById(each.id));
  const more = fresh ? bar.dataset.new.replace("{count}", fresh) : bar.dataset.changed;
  return [health || (changed ? more : ""), changed];
}

function showAll(page) {
  const [main, known, focused] = [document.querySelector("main"), rowsOf(document), document.activeElement];
  const fresh = page.querySelector("main");
  fresh.querySelectorAll(".notice[role=status]").forEach((each) => each.remove()); // of a form, long ago
  freeColumns();
  morph(main, fresh, true);
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  return [...rowsOf(main)].filter(([key]) => !known.has(key)).map(([, row]) => row);
}

// ---------------------------------------------------------------- what changes, by itself

const AWAY = 30_000, UNATTENDED = 300_000, GAP = 2_000; // milliseconds
let source = null, tabs = null, mark = told.mark, waiting = document, timer = 0, missed = false, again = false, hiddenAt = 0, touchedAt = performance.now();

function say(words, offers) {
  const [text, button] = bar.children;
  if (text.textContent !== words) text.textContent = words;
  button.hidden = !offers;
}

function lost() {
  if (!source || source.readyState !== EventSource.OPEN) say(bar.dataset.lost, false);
}

function connect() {
  const address = new URL(told.events, location.href);
  const kinds = [...document.querySelectorAll("[data-live][id]")].map((part) => part.dataset.live);
  address.searchParams.set("mark", mark);
  if (kinds.every(Boolean)) address.searchParams.set("of", [...new Set(kinds.join(" ").split(" "))].join(" "));
  disconnect();
  // Browsers have six connections to a site: the tab that is seen takes that of those that are not.
  tabs = new BroadcastChannel("watcher");
  tabs.onmessage = () => { if (document.hidden) disconnect(); };
  tabs.postMessage("seen");
  source = new EventSource(address);
  source.onopen = () => { if (bar.firstElementChild.textContent === bar.dataset.lost) { say("", false); askSoon(); } };
  source.onmessage = (event) => { mark = event.lastEventId; askSoon(); };
  source.onerror = () => {
    setTimeout(lost, 10_000);
    if (source && source.readyState === EventSource.CLOSED) setTimeout(() => { if (source) connect(); }, 60_000);
  };
}

function disconnect() {
  for (const each of [source, tabs]) if (each) each.close();
  source = tabs = null;
}

function askSoon() {
  if (document.hidden) missed = true;
  else if (timer) again = true; // once the pause is over
  else timer = setTimeout(() => ask(false), GAP / 4 + Math.random() * GAP / 4);
}

// An answer did not come: until one does this may be old, though events still come.
function askLater() {
  say(bar.dataset.lost, false);
  if (source && source.readyState === EventSource.OPEN) setTimeout(askSoon, 10_000);
}

// Ask for this page anew; show all of it at once where nobody reads: `returned`, or long untouched.
async function ask(returned) {
  again = false;
  try {
    const answer = await fetch(location.href, { headers: { "X-Watcher-Live": "1" }, cache: "no-store" });
    if (answer.status >= 500) return askLater();
    if (!answer.ok || answer.redirected) return lost();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    mark = page.body.dataset.mark || mark;
    const idle = performance.now() - touchedAt > UNATTENDED;
    if ((returned && !scrollY) || idle) showAll(page);
    waiting = page;
    say(...showCalmly(page));
  } catch {
    askLater();
  } finally {
    setTimeout(() => { timer = 0; if (again) askSoon(); }, GAP);
  }
}

function onVisibility() {
  if (document.hidden) {
    hiddenAt = performance.now();
    setTimeout(() => { if (document.hidden) disconnect(); }, AWAY);
    return;
  }
  if (!source || missed) ask(performance.now() - hiddenAt > AWAY);
  if (!source) connect();
  missed = false;
}

if (told.events && document.querySelector("[data-live][id]")) {
  const note = document.querySelector(".reload");
  note.textContent = note.dataset.auto;
  bar.querySelector("button").addEventListener("click", () => {
    const fresh = showAll(waiting);
    say("", false);
    const first = fresh[0] || document.querySelector("main");
    (first.querySelector("a[href]") || first).focus({ preventScroll: true });
    first.scrollIntoView({ block: "nearest" });
  });
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "scroll"]) {
    addEventListener(kind, () => { touchedAt = performance.now(); }, { passive: true });
  }
  document.addEventListener("visibilitychange", onVisibility);
  addEventListener("resize", freeColumns);
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => { if (event.persisted && !source) onVisibility(); });
  if (!document.hidden) connect();
}

// ---------------------------------------------------------------- keys

const WRITES = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
const KEYS = { "/": search, "?": () => help.showModal(), j: () => step(1), k: () => step(-1), x: tick };
let going = -Infinity, last = "";

function areUsed() {
  try {
    return localStorage.getItem("watcher-keys") !== "off";
  } catch { // nothing is kept in this browser
    return true;
  }
}

function search() {
  const field = document.querySelector("input[type=search]");
  if (field) { field.focus(); field.select(); }
  else if (told.search) location.assign(`${told.search}#search`);
}

function rowNow() {
  return document.activeElement.closest("[data-key]");
}

function step(by) {
  const rows = [...document.querySelectorAll("main [data-key]")].filter((row) => row.getClientRects().length);
  let now = rows.indexOf(rowNow());
  if (now < 0) now = rows.findIndex((row) => row.dataset.key === last);
  if (now < 0) now = rows.findIndex((row) => row.getBoundingClientRect().top >= 0) - (by > 0);
  const row = rows[Math.min(Math.max(now + by, 0), rows.length - 1)];
  if (!row) return;
  last = row.dataset.key;
  const link = row.querySelector("a[href]");
  if (!link) row.tabIndex = -1;
  (link || row).focus({ focusVisible: true });
}

function tick() {
  rowNow()?.querySelector("input[type=checkbox]:enabled")?.click();
}

function onKey(event) {
  const { key, target } = event;
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (help.open || target.closest?.(WRITES) || !areUsed()) return;
  const page = event.timeStamp - going < 1_500 && document.querySelector(`[data-go="${CSS.escape(key)}"]`);
  going = key === "g" ? event.timeStamp : -Infinity;
  if (page) page.click();
  else if (Object.hasOwn(KEYS, key)) KEYS[key]();
  else return;
  event.preventDefault();
}

if (help) {
  const used = help.querySelector("input");
  used.checked = areUsed();
  used.addEventListener("change", () => localStorage.setItem("watcher-keys", used.checked ? "on" : "off"));
  help.querySelector("button").addEventListener("click", () => help.close());
  document.querySelector("[data-keys]").addEventListener("click", () => help.showModal());
  document.documentElement.classList.add("keyed");
  document.addEventListener("keydown", onKey);
  if (location.hash === "#search") search();
}
