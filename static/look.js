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
const { again, ...state } = history.state ?? {};
if (again) history.replaceState(state, "");

/** Reloaded in quick look the page is the picture's own. Where Back led here, for the browser has
 *  not kept the results, go on to them, with quick look over them again. */
function goOn() {
  const { href } = location;
  const back = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  history.replaceState(null, "", back ? document.querySelector(".back a")?.href ?? "/" : href);
  if (!back) return;
  const tell = () => history.replaceState({ ...history.state, again: href }, "");
  addEventListener("popstate", tell, { capture: true, once: true });
  history.back();
}

/** Back from a reloaded picture the browser stays in its document, perhaps before this runs. */
function settle() {
  if (location.pathname === "/search" && document.querySelector("main article")) location.reload();
}
if (state.look) goOn();
else settle();

const make = (...names) => names.map((name) => document.createElement(name));

/** A tile's sellers as buttons, which tell of clicks with the tile's own place. */
function buttons(tile) {
  const { see } = tile.parentNode.dataset;
  const { pathname } = tile.querySelector("[data-look]");
  return [...tile.querySelectorAll(".sellers bdi")].map((name) => {
    const link = (name.closest("a") ?? tile.querySelector(".picture")).cloneNode();
    link.className = "primary";
    link.removeAttribute("data-clip");
    link.append(see.replace("{}", name.dataset.at ?? name.textContent), " ", name.parentNode.querySelector("small")?.cloneNode(true) ?? "");
    placed(link, link.dataset.position);
    return link;
  }).filter((link) => link.pathname !== pathname);  // that page is the picture's own
}

/** Have a link tell that it was clicked in quick look, and where its tile stands. */
function placed(link, position) {
  const address = new URL(link.ping, location.href);
  address.searchParams.set("position", link.dataset.position = position);
  address.searchParams.set("place", "look");
  link.ping = address;
}

/** What the tile has already, until the details come. */
function sketch(link) {
  const tile = link.closest(".tile");
  const [article, figure, facts, heading, buy] = make("article", "figure", "div", "h1", "div");
  article.className = "image results";
  figure.style.cssText = `${tile.style.cssText}; --width: ${link.dataset.wide}px`;
  figure.dataset.title = link.querySelector("bdi").textContent;
  figure.append(tile.querySelector(".crop").cloneNode(true));
  facts.className = "facts";
  heading.textContent = said.textContent = figure.dataset.title;
  buy.className = "buy";
  buy.append(...buttons(tile));
  facts.append(heading, buy);
  article.append(figure, facts);
  disclose(article, tile);
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
    article.querySelector(".large img")?.before(small);
    sell(article, link.closest(".tile"));
    place.replaceChildren(article);
    document.title = article.dataset.title;
    complete(article, signal);
  } catch {
    if (!signal.aborted) fail(link);
  }
}

/** The search that the tile stands in may know more sellers than the picture's address. */
function sell(article, tile) {
  const { position } = tile.querySelector(".picture").dataset;
  const links = [...article.querySelectorAll("figure a, .buy a")];
  for (const link of links) placed(link, position);
  const more = buttons(tile).filter(({ dataset }) => !links.some((one) => one.dataset.agency === dataset.agency));
  const [made] = make("div");
  made.className = "buy";
  const buy = article.querySelector(".buy") ?? made;
  buy.append(...more);
  if (more.length && buy === made) article.querySelector("h1").after(buy);
  disclose(article, tile);
}

/** Say it here, too, where a link of the tile earns. */
function disclose(article, tile) {
  const there = [".summary .disclosure", ".results > .disclosure:not(.credits)", ".buy + .disclosure"];
  const said = document.querySelector(there.map((one) => `main ${one}`).join());
  if (!("earns" in tile.dataset) || !said || article.querySelector(".buy + .disclosure")) return;
  article.querySelector(".buy")?.after(said.cloneNode(true));
}

/** Put the details there that only a call of its own brings. */
async function complete(article, signal) {
  const { more } = article.dataset;
  const full = more && await fragment(more, signal).catch(() => null);
  const list = full && full.querySelector("dl");
  if (!list || !article.isConnected) return;
  article.querySelector("dl").replaceWith(list);
  const words = full.querySelector(".facts .chips");
  if (words && !article.querySelector(".facts .chips")) article.querySelector(".facts").append(words);
}

/** Say that the details did not come; what the tile has stays, and leads to its agencies. */
function fail(link) {
  const [note, again] = make("p", "a");
  note.className = "note";
  again.href = link.href;
  again.textContent = dialog.dataset.again;
  again.addEventListener("click", (event) => {
    event.preventDefault();
    show(link);
  });
  said.textContent = dialog.dataset.failed;
  note.append(dialog.dataset.failed, " ", again);
  place.querySelector(".facts").append(note);
}

complete(document.querySelector("main article") ?? { dataset: {} });

/** Open what was open when the page was left, once its tile is there. */
function resume() {
  const link = links().find((one) => one.href === again);
  if (!link || dialog.open) return;
  for (const name of ["filled", "renewed"]) removeEventListener(name, resume, true);
  open(link);
}
if (again) {
  for (const name of ["filled", "renewed"]) addEventListener(name, resume, true);
  resume();
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

// A swipe goes on.
dialog.addEventListener("pointerdown", (event) => { start = event; });
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

// WebKit returns to a page kept for Back at another place otherwise.
addEventListener("pagehide", () => { history.scrollRestoration = "auto"; });
