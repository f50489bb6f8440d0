// Quick look: a picture larger, over the results. It has the address of the picture's own page.

const dialog = document.getElementById("look");
const place = dialog.querySelector("affiliate-search");
const [before, after, close] = dialog.querySelectorAll("button");
const links = () => [...document.querySelectorAll("main a[data-look]")];
const forward = document.dir === "rtl" ? -1 : 1;
const { fragment, modified } = customElements.get("affiliate-search");
const said = document.createElement("p");  // outside of an open dialog nothing is read out
let shown, title, grown, start, opening, turn;

said.role = "status";
said.className = "unseen";
dialog.prepend(said);
dialog.tabIndex = -1;
if (history.state?.look) {  // reloaded: the page itself
  history.replaceState(null, "");
  history.scrollRestoration = "auto";
}

/** Back from a reloaded picture the browser stays in its document, perhaps before this runs. */
function settle() {
  if (location.pathname === "/search" && document.querySelector("main article")) location.reload();
}
settle();

/** What the tile has already, until the details come. */
function sketch(link) {
  const tile = link.closest(".tile");
  const [article, figure, facts, heading] = ["article", "figure", "div", "h1"].map((name) =>
    document.createElement(name));
  article.className = "image results";
  figure.style.cssText = `${tile.style.cssText}; --width: ${link.dataset.wide}px`;
  figure.append(tile.querySelector(".crop").cloneNode(true));
  facts.className = "facts";
  heading.textContent = said.textContent = link.querySelector("bdi").textContent;
  facts.append(heading);
  article.append(figure, facts);
  return article;
}

async function show(link) {
  turn?.abort();
  const { signal } = turn = new AbortController();
  shown = link;
  opening = false;
  const all = links();
  before.disabled = link === all[0];
  after.disabled = link === all.at(-1);
  place.replaceChildren(sketch(link));
  if (!dialog.open) {
    dialog.showModal();
    dialog.focus();
  } else if (document.activeElement.disabled) dialog.focus();
  dialog.scrollTop = 0;
  try {
    const address = new URL(link.href);
    const article = await fragment(`/ajax${address.pathname}${address.search}`, signal);
    await grown;
    if (signal.aborted) return;
    // The tile's picture stays until the large one has come.
    const small = place.querySelector("img");
    small.alt = "";
    article.querySelector("img").before(small);
    place.replaceChildren(article);
    document.title = article.dataset.title;
  } catch {
    if (!signal.aborted) location.replace(link.href);  // the page itself says what is wrong
  }
}

function open(link) {
  if (history.state?.look) {
    if (!opening) addEventListener("popstate", () => open(link), { once: true });  // on the way back
    return;
  }
  opening = true;
  ({ title } = document);
  history.scrollRestoration = "manual";  // the tile is brought into sight
  history.pushState({ look: true }, "", link.href);
  if (!document.startViewTransition || matchMedia("(prefers-reduced-motion: reduce)").matches) {
    show(link);
    return;
  }
  let part = link.closest(".tile").querySelector(".crop");
  const name = (text) => { part.style.viewTransitionName = text; };
  name("look");
  grown = document.startViewTransition(() => {
    name("");
    show(link);
    part = place.querySelector(".crop");
    name("look");
  }).finished.finally(() => name(""));
}

function step(by) {
  const all = links();
  const next = all[all.indexOf(shown) + by];
  if (!next) return;
  history.replaceState({ look: true }, "", next.href);
  show(next);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("main a[data-look]");
  if (!link || modified(event)) return;
  event.preventDefault();
  open(link);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches("main .tile .picture")) return;
  event.preventDefault();
  open(event.target.closest(".tile").querySelector("[data-look]"));
});

before.addEventListener("click", () => step(-1));
after.addEventListener("click", () => step(1));
close.addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by && !modified(event)) step(by * forward);
});

// A swipe goes on, a click beside it all closes.
const beside = ({ target }) => !target.closest("button, figure, .facts, .similars");
dialog.addEventListener("pointerdown", (event) => { start = event; });
dialog.addEventListener("click", (event) => start && beside(start) && beside(event) && dialog.close());
dialog.addEventListener("pointerup", (event) => {
  const by = event.clientX - start?.clientX;
  const swiped = event.pointerType !== "mouse" && Math.abs(by) > 60 && visualViewport.scale === 1;
  if (swiped && Math.abs(by) > 2 * Math.abs(event.clientY - start.clientY)) {
    step(by < 0 ? forward : -forward);
  }
});

dialog.addEventListener("close", () => {
  if (dialog.open) return;  // forward again meanwhile
  turn.abort();
  document.title = title;
  if (history.state?.look) history.back();
  place.replaceChildren();
  const tile = shown.closest(".tile");
  tile.querySelector(".picture").focus({ preventScroll: true });
  tile.scrollIntoView({ block: "nearest" });
});

addEventListener("popstate", ({ state }) => {
  if (!state?.look) {
    settle();
    dialog.close();
    return;
  }
  const link = links().find((one) => one.href === location.href);
  if (link) show(link);
  else location.reload();
});

addEventListener("pagehide", ({ persisted }) => { if (!persisted) history.scrollRestoration = "auto"; });
