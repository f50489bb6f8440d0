// The page of the board: loads the visitor's own pictures, orders, removes and shares them.

import { keep, read, write } from "./keep.js";

const { fetchPatiently } = customElements.get("affiliate-search");
const host = document.querySelector("main > affiliate-search");
const empty = host.firstElementChild;
const isOwn = !new URLSearchParams(location.search).get("p")?.trim();
const status = document.getElementById("status");
const findCards = () => [...host.querySelectorAll(".card")];
const readShown = () => findCards().map((card) => card.dataset.pick);
let controller, undone, dragged;

/** Return the address of pictures under a path; commas and colons stay as they are. */
const buildAddress = (path, picks) => `${path}?p=${picks.map((pick) => pick.split(":").map(encodeURIComponent).join(":")).join()}`;

/** Show the visitor's pictures: those on the page in their order, else all anew. */
async function show() {
  const picks = read();
  const cards = new Map(findCards().map((card) => [card.dataset.pick, card]));
  controller?.abort();
  const { signal } = controller = new AbortController();
  if (!picks.length) host.replaceChildren(empty);
  else if (picks.every((pick) => cards.has(pick))) {
    const list = host.querySelector(".cards");
    for (const [pick, card] of cards) if (!picks.includes(pick)) card.remove();
    picks.forEach((pick, at) => {
      if (list.children[at] !== cards.get(pick)) list.insertBefore(cards.get(pick), list.children[at]);
    });
  } else await load(picks, signal);
  if (!signal.aborted) update();
}

async function load(picks, signal) {
  const section = host.firstElementChild;
  section.setAttribute("aria-busy", "true");
  try {
    const results = await fetchPatiently(`${buildAddress("/ajax/board", picks)}&lang=${document.documentElement.lang}`, signal, true);
    results.removeAttribute("data-late");
    if (!signal.aborted) host.replaceChildren(results);
  } catch {
    if (!signal.aborted) showFailure(section);
  }
  section.removeAttribute("aria-busy");
}

function showFailure(section) {
  const note = document.createElement("p");
  const again = document.createElement("a");
  note.className = "note";
  again.href = "";
  again.textContent = host.dataset.again;
  note.append(host.dataset.unreachable, " ", again);
  section.querySelectorAll(".note").forEach((old) => old.remove());
  section.append(note);
}

/** Bring count, addresses and buttons up to date with the pictures on the page. */
function update() {
  const cards = findCards();
  for (const button of host.querySelectorAll("button[hidden]")) {
    button.hidden = !isOwn && ["earlier", "later", "remove"].includes(button.dataset.do);
  }
  for (const [name, at] of [["earlier", 0], ["later", cards.length - 1]]) {
    cards.forEach((card, i) => { card.querySelector(`[data-do=${name}]`).disabled = i === at; });
  }
  for (const card of cards) {
    card.draggable = isOwn;
    for (const part of card.querySelectorAll("figure a, img")) part.draggable = !isOwn;
  }
  for (const button of host.querySelectorAll("[data-label]")) button.textContent = button.dataset.label;
  host.querySelector(".undo").hidden = !undone;
  const download = host.querySelector("[download]");
  if (!download) return;
  download.href = buildAddress("/board.csv", readShown());
  host.querySelector(".number").textContent = cards.length;
  host.querySelector(".cards").style.setProperty("--count", cards.length);
}

/** Store the order of the page; pictures that another tab has kept meanwhile follow. */
function storeOrder() {
  const stored = read();
  const shown = readShown().filter((pick) => stored.includes(pick));
  write([...shown, ...stored.filter((pick) => !shown.includes(pick))]);
}

function move(card, by) {
  const cards = findCards();
  const other = cards[cards.indexOf(card) + by];
  const button = document.activeElement;
  if (!other) return;
  if (by < 0) other.before(card);
  else other.after(card);
  storeOrder();
  update();
  if (button.disabled) card.querySelector("[data-do]:enabled").focus();
  else button.focus();
  status.textContent = `${findCards().indexOf(card) + 1} / ${cards.length}`;
}

async function remove(picks) {
  const stored = read();
  const next = findCards().findIndex((card) => picks.includes(card.dataset.pick));
  if (write(stored.filter((pick) => !picks.includes(pick)))) return;
  undone = stored;
  await show();
  const cards = findCards();
  (cards[Math.min(next, cards.length - 1)]?.querySelector("[data-do=remove]") ?? document.querySelector("main")).focus();
}

/** Share the address of the pictures: by the system's menu on a touch screen, else copy it. */
async function share(button) {
  const url = new URL(buildAddress("/board", readShown()), location.href).href;
  if (navigator.share && matchMedia("(hover: none)").matches) {
    const fault = await navigator.share({ url, title: document.title }).catch(({ name }) => name);
    if (!fault || fault === "AbortError") return;  // shared, or thought better of
  }
  try {
    await navigator.clipboard.writeText(url);
    tell(button);
  } catch {
    location.assign(url);  // the address bar has the address to copy
  }
}

function tell(button) {
  button.dataset.label ??= button.textContent;
  status.textContent = button.textContent = button.dataset.done;
}

const actions = {
  earlier: (_, card) => move(card, -1),
  later: (_, card) => move(card, 1),
  remove: (_, card) => remove([card.dataset.pick]),
  clear: () => remove(read()),
  share,
  undo: () => {
    write([...undone, ...read().filter((pick) => !undone.includes(pick))]);
    undone = null;
    show();
  },
  keep: (button) => {
    const fault = keep(readShown());
    if (fault) status.textContent = fault;
    else tell(button);
  },
};

host.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-do]");
  if (button) actions[button.dataset.do](button, button.closest(".card"));
});

host.addEventListener("dragstart", (event) => {
  dragged = isOwn && event.target.closest?.(".card");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.querySelector("h2").textContent);
  dragged.classList.add("dragged");
});
host.addEventListener("dragover", (event) => {
  if (!dragged) return;
  event.preventDefault();
  const card = event.target.closest(".card");
  if (!card || card === dragged) return;
  const cards = findCards();
  if (cards.indexOf(dragged) < cards.indexOf(card)) card.after(dragged);
  else card.before(dragged);
});
host.addEventListener("drop", (event) => {
  if (!dragged) return;
  event.preventDefault();
  storeOrder();
});
host.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  dragged = null;
  show();  // after Escape as before
});

if (isOwn) {
  addEventListener("storage", ({ key }) => { if (!key || key === "board") show(); });
  addEventListener("pageshow", ({ persisted }) => { if (persisted) show(); });
  show();
} else update();
