// The search form: short addresses, filters that search at once, history and the keyboard.

const form = document.querySelector("form.search");
const element = document.querySelector("main > affiliate-search[src]:not([limit])");
const filters = form.querySelector(".filters");
const fields = form.querySelector(".fields");
const button = form.querySelector(".primary");
const wide = matchMedia("(min-width: 1100px)");
const isPanelOpen = () => element && filters?.open && wide.matches;
const isSheetOpen = () => filters?.open && !wide.matches;
const hasModifier = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
let shownAddress = location.pathname + location.search;

form.addEventListener("formdata", ({ formData }) => {
  const all = [...formData];
  for (const [name] of all) formData.delete(name);
  for (const [name, value] of all) {
    if (value.trim() && name + value !== "safe1") formData.append(name, value);
  }
});

/** Return the address of the search that the form describes; empty when invalid or without words. */
function readAddress() {
  const words = new URLSearchParams(new FormData(form));
  const hasSubject = ["q", "category", "contributor", "color"].some((name) => words.has(name));
  return hasSubject && form.checkValidity() ? `/search?${words}` : "";
}

// A color is either chosen from the swatches or typed.
form.addEventListener("input", ({ target }) => {
  if (target.name !== "color") return;
  const typed = form.querySelector(".colors > input");
  if (target !== typed) typed.value = "";
  else if (typed.value) form.querySelector(".any input").checked = true;
});

let controller;
function newSignal() {
  controller?.abort();
  return (controller = new AbortController()).signal;
}

/** Redraw the form with the fields that the page of an address has. */
function redraw(address, signal = newSignal()) {
  const call = new XMLHttpRequest();
  call.open("GET", address);
  call.responseType = "document";
  call.onload = () => {
    const fresh = call.response?.querySelector("form.search");
    if (!fresh?.querySelector(".fields") || signal.aborted) return;
    box.value = fresh.elements.q.value;
    const focused = document.activeElement.closest(".fields [name]");
    fresh.querySelector(".primary").replaceWith(button);
    fields.replaceChildren(...fresh.querySelector(".fields").children);
    const selector = focused?.type === "checkbox" ? `input[value="${focused.value}"]` : `[name="${focused?.name}"]`;
    fields.querySelector(selector)?.focus({ preventScroll: true });
  };
  call.send();
}

/** Show the results of an address in place; `step` adds an entry to the history. */
function showResults(address, step = true) {
  if (address === shownAddress) return;
  if (step) {
    history.pushState(null, "", address);
    scrollTo(0, 0);
  }
  shownAddress = address;
  element.setAttribute("src", `/ajax${address}`);
}

fields?.addEventListener("change", ({ target }) => {
  const signal = newSignal();
  button.querySelector(".live").textContent = "";
  const address = readAddress();
  if (!address) return;
  if (target.name === "agency") redraw(address, signal);
  if (isPanelOpen()) showResults(address);
  else showCount(address, signal);
});

/** Show on the button how many pictures the search finds; failures leave the button as usual. */
async function showCount(address, signal) {
  try {
    const { total } = await (await fetch(`/api${address}`, { signal })).json();
    if (!Number.isInteger(total)) return;
    button.querySelector(".live").textContent = ` (${total.toLocaleString(document.documentElement.lang)})`;
    element?.announce(button.textContent);
  } catch {}
}

form.addEventListener("submit", (event) => {
  const address = readAddress();
  if (!address || !isPanelOpen() || (address === shownAddress && !element.querySelector("[aria-busy]"))) return;
  event.preventDefault();
  showResults(address);
});

element?.addEventListener("click", (event) => {
  const chip = event.target.closest(".chosen a, .summary nav a");
  if (!chip || !isPanelOpen() || hasModifier(event)) return;
  event.preventDefault();
  const address = chip.pathname + chip.search;
  showResults(address);
  redraw(address);
  document.querySelector("main").focus({ preventScroll: true });
});

// Imports a module for what the page can do without; offline, or when it is being left, it does.
function load(name, use = () => {}) {
  import(`./${name}.js`).then(use, () => {});
}

const box = form.elements.q;
box.role = "combobox";
box.ariaExpanded = "false";
for (const name of ["focus", "pointerdown", "input"]) {
  box.addEventListener(name, (event) => load("suggest", ({ start }) => start(event)), { once: true });
}
if (document.activeElement === box) load("suggest");

addEventListener("keydown", function importKeys(event) {
  load("keys", ({ start }) => {
    removeEventListener("keydown", importKeys);
    start(event);
  });
});

// With the keyboard only Enter changes the language, not each arrow key in the menu.
const menu = form.elements.lang;
function changeLanguage() {
  const address = new URL(shownAddress, location.href);
  address.searchParams.set("lang", menu.value);
  menu.value = menu.querySelector("[selected]").value;  // Back must show the language of the page
  location.assign(address);
}
menu.addEventListener("change", () => menu.matches(":focus-visible") || changeLanguage());
menu.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || menu.selectedOptions[0].defaultSelected) return;
  event.preventDefault();
  changeLanguage();
});

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const menu = document.querySelector(".sort[open], .filters[open]");
  if (event.key === "Escape" && menu) close(menu);
  // Many keyboards have the slash on a key with Shift.
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  box.select();
});

function close(menu) {
  menu.open = false;
  menu.querySelector("summary").focus();
}

for (const name of ["pointerdown", "focusin"]) {
  addEventListener(name, ({ target }) => {
    const menu = document.querySelector(".sort[open]");
    if (menu && !menu.contains(target)) menu.open = false;
    if (isSheetOpen() && !filters.contains(target)) filters.open = false;
  });
}
filters?.addEventListener("click", ({ target }) => {
  if (target === filters || target.closest(".head button")) close(filters);
});

element?.addEventListener("filled", () => {
  const { title } = element.querySelector(".results").dataset;
  if (title) document.title = title;
});

addEventListener("popstate", ({ state }) => {
  const address = location.pathname + location.search;
  if (state?.look || address === shownAddress) return;
  if (!element || !address.startsWith("/search?")) return location.reload();
  showResults(address, false);
  redraw(address);
});

// Only a browser that the owner's desk has marked loads the links to license.
try {
  if (localStorage.sellers) load("license-links");
} catch {}

// Keeping pictures begins with the first pointer or focus; at once on touch and where some are kept.
// Later than a click that leaves the page: Firefox keeps no page for Back whose import it has ended.
const importKeep = () => setTimeout(load, 200, "keep");
try {
  if (localStorage.board || matchMedia("(hover: none)").matches || document.querySelector(".image")) importKeep();
  else for (const name of ["pointerover", "focusin"]) addEventListener(name, importKeep, { once: true });
} catch {}

addEventListener("pageshow", ({ persisted }) => persisted && (fields ? redraw(shownAddress) : form.reset()));
