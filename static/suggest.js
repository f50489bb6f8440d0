// Suggestions under the search box: an ARIA combobox.

const WAIT = 120;

const box = document.getElementById("q");
const list = document.createElement("ul");
list.id = "suggestions";
list.role = "listbox";
list.hidden = true;
list.ariaLabel = box.labels[0].textContent;
box.parentElement.append(list);
box.role = "combobox";
box.ariaAutoComplete = "list";
box.ariaExpanded = "false";
box.setAttribute("aria-controls", list.id);

let turn = new AbortController();
let timer = 0;
let typed = box.value;
const options = () => [...list.children];
const active = () => list.querySelector("[aria-selected=true]");

function hush() {
  clearTimeout(timer);
  turn.abort();
}

function close() {
  hush();
  offer([]);
}

function offer(words) {
  list.replaceChildren(...words.map((text, i) => {
    const option = document.createElement("li");
    option.id = `suggestion-${i}`;
    option.role = "option";
    option.ariaSelected = "false";
    option.append(document.createElement("bdi"));
    option.firstChild.textContent = text;
    return option;
  }));
  list.hidden = !words.length;
  box.ariaExpanded = String(!list.hidden);
  box.removeAttribute("aria-activedescendant");
}

async function ask() {
  hush();
  const { signal } = turn = new AbortController();
  const lang = box.form.elements.lang.value;
  try {
    const answer = await fetch(`/suggest?${new URLSearchParams({ q: typed, lang })}`, { signal });
    const [words, found] = await answer.json();
    if (!signal.aborted && document.activeElement === box) offer(found.filter((one) => one !== words));
  } catch {
    // Typing goes on.
  }
}

function soon() {
  typed = box.value;
  clearTimeout(timer);
  if (typed.trim()) timer = setTimeout(ask, WAIT);
  else close();
}

function choose(option) {
  hush();
  options().forEach((one) => { one.ariaSelected = String(one === option); });
  box.value = option ? option.textContent : typed;
  box.setAttribute("aria-activedescendant", option?.id ?? "");
}

// An input method keeps its keys.
box.addEventListener("compositionstart", close);
box.addEventListener("compositionend", soon);
box.addEventListener("input", (event) => event.isComposing || soon());
box.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) {
    if (event.key === "Enter") event.preventDefault();
    return;
  }
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by && !list.hidden) {
    event.preventDefault();
    const places = [null, ...options()];
    choose(places.at((places.indexOf(active()) + by + places.length) % places.length));
  } else if (event.key === "ArrowDown" && box.value.trim()) {
    typed = box.value;
    ask();
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    choose(null);
    close();
  }
});
list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", ({ target }) => {
  const option = target.closest("li");
  if (!option) return;
  choose(option);
  box.form.requestSubmit();
});
box.addEventListener("blur", close);
box.form.addEventListener("submit", close);
