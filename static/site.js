// The search form: short addresses, filters that answer at once, and the way back.

const form = document.querySelector("form.search");
const element = document.querySelector("main > affiliate-search[src]:not([limit])");
const sheet = form.querySelector(".filters");
const fields = form.querySelector(".fields");
const button = form.querySelector(".primary");
const wide = matchMedia("(min-width: 1100px)");
const beside = () => element && sheet?.open && wide.matches;
const over = () => sheet?.open && !wide.matches;
const modified = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
let shown = location.pathname + location.search;

form.addEventListener("formdata", ({ formData }) => {
  const all = [...formData];
  for (const [name] of all) formData.delete(name);
  for (const [name, value] of all) {
    if (value.trim() && name + value !== "safe1") formData.append(name, value);
  }
});

/** What the form asks; empty when that can't be searched. */
function asked() {
  const words = new URLSearchParams(new FormData(form));
  const says = ["q", "category", "contributor", "color"].some((name) => words.has(name));
  return says && form.checkValidity() ? `/search?${words}` : "";
}

// A color is either a swatch or typed.
form.addEventListener("input", ({ target }) => {
  if (target.name !== "color") return;
  const typed = form.querySelector(".colors > input");
  if (target !== typed) typed.value = "";
  else if (typed.value) form.querySelector(".any input").checked = true;
});

let turn;
function begin() {
  turn?.abort();
  return (turn = new AbortController()).signal;
}

/** Draw the form as the page of an address has it. */
function redraw(address, signal = begin()) {
  const call = new XMLHttpRequest();
  call.open("GET", address);
  call.responseType = "document";
  call.onload = () => {
    const fresh = call.response?.querySelector("form.search");
    if (!fresh?.querySelector(".fields") || signal.aborted) return;
    form.elements.q.value = fresh.elements.q.value;
    const held = document.activeElement.closest(".fields [name]");
    fresh.querySelector(".primary").replaceWith(button);
    fields.replaceChildren(...fresh.querySelector(".fields").children);
    const same = held?.type === "checkbox" ? `input[value="${held.value}"]` : `[name="${held?.name}"]`;
    fields.querySelector(same)?.focus({ preventScroll: true });
  };
  call.send();
}

/** Answer in place. */
function go(address, step = true) {
  if (address === shown) return;
  if (step) {
    history.pushState(null, "", address);
    scrollTo(0, 0);
  }
  shown = address;
  element.setAttribute("src", `/ajax${address}`);
}

fields?.addEventListener("change", ({ target }) => {
  const signal = begin();
  button.querySelector(".live").textContent = "";
  const address = asked();
  if (!address) return;
  if (target.name === "agency") redraw(address, signal);
  if (beside()) go(address);
  else count(address, signal);
});

/** Say on the button how many there would be; it works without. */
async function count(address, signal) {
  try {
    const { total } = await (await fetch(`/api${address}`, { signal })).json();
    if (!Number.isInteger(total)) return;
    button.querySelector(".live").textContent = ` (${total.toLocaleString(document.documentElement.lang)})`;
    element?.say(button.textContent);
  } catch {}
}

form.addEventListener("submit", (event) => {
  const address = asked();
  if (!address || !beside() || (address === shown && !element.querySelector("[aria-busy]"))) return;
  event.preventDefault();
  go(address);
});

element?.addEventListener("click", (event) => {
  const chip = event.target.closest(".chosen a");
  if (!chip || !beside() || modified(event)) return;
  event.preventDefault();
  const address = chip.pathname + chip.search;
  go(address);
  redraw(address);
  document.querySelector("main").focus({ preventScroll: true });
});

// With the keyboard Enter leaves the page, not each step through the menu.
const menu = form.elements.lang;
function speak() {
  const address = new URL(shown, location.href);
  address.searchParams.set("lang", menu.value);
  menu.value = menu.querySelector("[selected]").value;  // for the way back
  location.assign(address);
}
menu.addEventListener("change", () => menu.matches(":focus-visible") || speak());
menu.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || menu.selectedOptions[0].defaultSelected) return;
  event.preventDefault();
  speak();
});

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && sheet?.open) shut();
  if (event.key !== "/" || modified(event) || event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  form.elements.q.select();
});

function shut() {
  sheet.open = false;
  sheet.querySelector("summary").focus();
}

function leave(target) {
  if (target && over() && !sheet.contains(target)) sheet.open = false;
}
addEventListener("pointerdown", ({ target }) => leave(target));
sheet?.addEventListener("focusout", ({ relatedTarget }) => leave(relatedTarget));
sheet?.addEventListener("click", ({ target }) => { if (target === sheet || target.closest(".head button")) shut(); });

element?.addEventListener("filled", () => {
  const { title } = element.querySelector(".results").dataset;
  if (title) document.title = title;
});

addEventListener("popstate", ({ state }) => {
  const address = location.pathname + location.search;
  if (state?.look || address === shown) return;
  if (!element || !address.startsWith("/search?")) return location.reload();
  go(address, false);
  redraw(address);
});

// The sentence that credits a picture, where a button for it stands.
addEventListener("click", async ({ target }) => {
  if (!target.matches("dd > .copy")) return;
  const sentence = target.previousElementSibling;
  getSelection().selectAllChildren(sentence);
  try {
    await navigator.clipboard.writeText(sentence.textContent);
    target.textContent = target.dataset.copied;
  } catch {
    // It is selected, for the keyboard.
  }
});

addEventListener("pageshow", ({ persisted }) => persisted && (fields ? redraw(shown) : form.reset()));
