// Suggestions and recent searches under the search box: an ARIA combobox. The first use of the box
// imports this module. Recent searches stay in this browser: they are sent nowhere.

const WAIT = 120;  // ms without a key before the site is asked
const RECENT = 8;

const box = document.getElementById("q");
const list = document.createElement("ul");
list.id = "suggestions";
list.role = "listbox";
list.hidden = true;
box.parentElement.append(list);
box.ariaAutoComplete = "list";
box.setAttribute("aria-controls", list.id);

let controller = new AbortController();
let timer = 0;
let typedText = box.value;
const findOptions = () => [...list.children];
const findSelected = () => list.querySelector("[aria-selected=true]");

function cancelFetch() {
  clearTimeout(timer);
  controller.abort();
}

function close() {
  cancelFetch();
  showOptions([]);
}

function createOption(text, i) {
  const option = document.createElement("li");
  option.id = `suggestion-${i}`;
  option.role = "option";
  option.ariaSelected = "false";
  option.append(document.createElement("bdi"));
  option.firstChild.textContent = text;
  return option;
}

function showOptions(words, label = box.labels[0].textContent) {
  list.replaceChildren(...words.map(createOption));
  list.className = "";
  list.ariaLabel = label;
  list.hidden = !words.length;
  box.ariaExpanded = String(!list.hidden);
  box.removeAttribute("aria-activedescendant");
}

function readRecent() {
  try {
    return JSON.parse(localStorage.recent).filter((words) => typeof words === "string");
  } catch {
    return [];  // storage is empty or blocked
  }
}

function saveRecent() {
  const words = box.value.trim();
  const others = readRecent().filter((other) => other.toLowerCase() !== words.toLowerCase());
  try {
    if (words) localStorage.recent = JSON.stringify([words, ...others].slice(0, RECENT));
  } catch {}
}

/** Offer the recent searches, and to clear them all as the last option. */
function showRecent() {
  const recent = readRecent().filter((words) => words !== box.value);
  typedText = box.value;
  showOptions(recent, box.dataset.recent);
  if (!recent.length) return;
  list.className = "recent";
  const clear = createOption(box.dataset.clear, recent.length);
  clear.className = "clear";
  list.append(clear);
}

function choose(option) {
  selectOption(option);
  if (!option.matches(".clear")) return box.form.requestSubmit();
  localStorage.removeItem("recent");
  close();
}

async function fetchSuggestions() {
  cancelFetch();
  const { signal } = controller = new AbortController();
  const lang = box.form.elements.lang.value;
  try {
    const answer = await fetch(`/suggest?${new URLSearchParams({ q: typedText, lang })}`, { signal });
    const [words, suggestions] = await answer.json();
    if (signal.aborted || document.activeElement !== box) return;
    showOptions(suggestions.filter((suggestion) => suggestion !== words));
  } catch {
    // The box works without suggestions.
  }
}

function scheduleFetch() {
  typedText = box.value;
  clearTimeout(timer);
  if (typedText.trim()) timer = setTimeout(fetchSuggestions, WAIT);
  else {
    cancelFetch();
    showRecent();
  }
}

function selectOption(option) {
  cancelFetch();
  findOptions().forEach((other) => { other.ariaSelected = String(other === option); });
  box.value = option?.matches(":not(.clear)") ? option.textContent : typedText;
  box.setAttribute("aria-activedescendant", option?.id ?? "");
}

// While an input method composes text, its keys choose no suggestion.
box.addEventListener("compositionstart", close);
box.addEventListener("compositionend", scheduleFetch);
box.addEventListener("input", (event) => event.isComposing || scheduleFetch());
box.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) {
    if (event.key === "Enter") event.preventDefault();
    return;
  }
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by && !list.hidden) {
    event.preventDefault();
    const places = [null, ...findOptions()];
    selectOption(places.at((places.indexOf(findSelected()) + by + places.length) % places.length));
  } else if (event.key === "ArrowDown") {
    typedText = box.value;
    if (typedText.trim()) fetchSuggestions();
    else showRecent();
  } else if (event.key === "Enter" && findSelected()?.matches(".clear")) {
    event.preventDefault();
    choose(findSelected());
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    selectOption(null);
    close();
  }
});
list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", ({ target }) => {
  const option = target.closest("li");
  if (option) choose(option);
});
for (const name of ["focus", "click"]) box.addEventListener(name, () => list.hidden && showRecent());
box.addEventListener("blur", close);
box.form.addEventListener("submit", () => {
  saveRecent();
  close();
});

/** Handle the event that imported this module. */
export function start({ isComposing }) {
  if (isComposing || document.activeElement !== box) return;
  if (box.value !== box.defaultValue) scheduleFetch();
  else if (list.hidden) showRecent();
}
