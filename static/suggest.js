// Suggestions under the search box: an ARIA combobox. The first use of the box imports this module.

const WAIT = 120;  // ms without a key before the site is asked

const box = document.getElementById("q");
const list = document.createElement("ul");
list.id = "suggestions";
list.role = "listbox";
list.hidden = true;
list.ariaLabel = box.labels[0].textContent;
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

function showOptions(words) {
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
  else close();
}

function selectOption(option) {
  cancelFetch();
  findOptions().forEach((other) => { other.ariaSelected = String(other === option); });
  box.value = option ? option.textContent : typedText;
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
  } else if (event.key === "ArrowDown" && box.value.trim()) {
    typedText = box.value;
    fetchSuggestions();
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    selectOption(null);
    close();
  }
});
list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", ({ target }) => {
  const option = target.closest("li");
  if (!option) return;
  selectOption(option);
  box.form.requestSubmit();
});
box.addEventListener("blur", close);
box.form.addEventListener("submit", close);
// Words typed before this module was there.
if (box.value !== box.defaultValue && document.activeElement === box) scheduleFetch();
