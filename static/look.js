// Quick look: a dialog over the results with a larger picture, at the address of its own page.

const dialog = document.getElementById("look");
const host = dialog.querySelector("affiliate-search");
const [before, after, close] = dialog.querySelectorAll("button");
const findLinks = () => [...document.querySelectorAll("main a[data-look]")];
const forward = document.dir === "rtl" ? -1 : 1;
const { fetchFragment, hasModifier } = customElements.get("affiliate-search");
// Screen readers ignore all that is outside of an open dialog.
const announcement = document.createElement("p");
let shownLink, pageTitle, growth, swipeStart, controller;

announcement.role = "status";
announcement.className = "unseen";
dialog.prepend(announcement);
dialog.tabIndex = -1;
const { again, ...state } = history.state ?? {};
if (again) history.replaceState(state, "");

/** A reload in quick look loads the picture's own page: forget the dialog. When Back led here
 *  because the browser has dropped the results, go back to them and open quick look there again. */
function returnToResults() {
  const { href } = location;
  const back = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  history.replaceState(null, "", back ? document.querySelector(".back a")?.href ?? "/" : href);
  if (!back) return;
  const saveAgain = () => history.replaceState({ ...history.state, again: href }, "");
  addEventListener("popstate", saveAgain, { capture: true, once: true });
  history.back();
}

/** Reload a search whose document still shows the picture's page, as Back after a reload leaves it,
 *  perhaps before this script runs. */
function reloadStaleSearch() {
  if (location.pathname === "/search" && document.querySelector("main article")) location.reload();
}
if (state.look) returnToResults();
else reloadStaleSearch();

const createElements = (...names) => names.map((name) => document.createElement(name));

/** Create a button for each seller of a tile; their pings name the position of the tile. */
function createButtons(tile) {
  const { see } = tile.parentNode.dataset;
  const { pathname } = tile.querySelector("[data-look]");
  return [...tile.querySelectorAll(".sellers bdi")].map((name) => {
    const link = (name.closest("a") ?? tile.querySelector(".picture")).cloneNode();
    link.className = "primary";
    link.removeAttribute("data-clip");
    link.append(see.replace("{}", name.dataset.at ?? name.textContent), " ", name.parentNode.querySelector("small")?.cloneNode(true) ?? "");
    setPingPlace(link, link.dataset.position);
    return link;
  }).filter((link) => link.pathname !== pathname);  // no button for the picture's own page
}

/** Add quick look and the position of the tile to a link's ping. */
function setPingPlace(link, position) {
  const address = new URL(link.ping, location.href);
  address.searchParams.set("position", link.dataset.position = position);
  address.searchParams.set("place", "look");
  link.ping = address;
}

/** Build an article of what the tile knows, shown until the details come. */
function buildFromTile(link) {
  const tile = link.closest(".tile");
  const [article, figure, facts, heading, buy, actions, by] = createElements("article", "figure", "div", "h1", "div", "p", "p");
  article.className = "image results";
  figure.style.cssText = `${tile.style.cssText}; --width: ${link.dataset.wide}px`;
  figure.dataset.title = link.querySelector("bdi").textContent;
  // The copy stays in the tile: Firefox loads no copy at once for sure.
  const crop = tile.querySelector(".crop");
  crop.replaceWith(crop.cloneNode(true));
  tile.querySelector("video")?.remove();
  figure.append(crop);
  figure.querySelector("img").decoding = "sync";
  facts.className = "facts";
  document.title = heading.textContent = announcement.textContent = figure.dataset.title;
  buy.className = "buy";
  buy.append(...createButtons(tile));
  by.className = "disclosure";
  const names = [...tile.querySelectorAll(".who bdi, .sellers bdi")].map((name) => name.textContent);
  by.textContent = tile.querySelector(".credit")?.title ?? names.join(" · ");
  actions.className = "actions";
  facts.append(actions, by);
  article.append(figure, heading, buy, facts);
  addDisclosure(article, tile);
  return article;
}

/** Import what the details need; a name of its own for each try, as browsers keep failures. */
let retry = "";
const importDetails = () => import(`./details.js${retry}`).catch((error) => {
  retry += "?";
  throw error;
});

/** Enable the buttons to further pictures. */
function updateSteps() {
  const all = findLinks();
  before.disabled = shownLink === all[0];
  after.disabled = shownLink === all.at(-1);
}
addEventListener("renewed", updateSteps, true);

async function showPicture(link) {
  controller?.abort();
  const { signal } = controller = new AbortController();
  shownLink = link;
  const tile = link.closest(".tile");
  updateSteps();
  host.replaceChildren(buildFromTile(link));
  if (!dialog.open) {
    dialog.showModal();
    dialog.focus();
  } else {
    if (!dialog.querySelector(":focus:enabled")) dialog.focus();
    tile.scrollIntoView({ block: "nearest" });  // loads further pages
  }
  dialog.scrollTop = 0;
  try {
    const address = new URL(link.href);
    const [article, { addSellers, loadDetails, replaceArticle }] = await Promise.all([
      fetchFragment(`/ajax${address.pathname}${address.search}`, signal),
      importDetails(),
    ]);
    await growth?.finished;
    if (signal.aborted) return;
    // The tile's picture stays behind the large picture until that is loaded.
    const small = host.querySelector("img");
    small.alt = "";
    article.querySelector(".large img")?.before(small);
    addSellers(article, tile, { createButtons, setPingPlace });
    addDisclosure(article, tile);
    replaceArticle(host, article);
    document.title = article.dataset.title;
    loadDetails(article, signal);
  } catch {
    if (!signal.aborted) showFailure(link);
  }
}

/** Copy the disclosure of the results into an article whose tile has earning links. */
function addDisclosure(article, tile) {
  const places = [".summary .disclosure", ".results > .disclosure:not(.credits)", ".earns"];
  const sentence = document.querySelector(places.map((selector) => `main ${selector}`).join());
  if (!("earns" in tile.dataset) || !sentence || article.querySelector(".earns")) return;
  const copy = sentence.cloneNode(true);
  copy.classList.add("earns");
  article.querySelector(".facts").prepend(copy);
}

/** Say that the details did not come, with a link to try again; the article of the tile stays. */
function showFailure(link) {
  const [note, again] = createElements("p", "a");
  note.className = "note";
  again.href = link.href;
  again.textContent = dialog.dataset.again;
  again.addEventListener("click", (event) => {
    event.preventDefault();
    showPicture(link);
  });
  announcement.textContent = dialog.dataset.failed;
  note.append(dialog.dataset.failed, " ", again);
  host.querySelector(".facts").append(note);
  addEventListener("online", () => note.isConnected && showPicture(link), { once: true });
}

if (document.querySelector("main article")) importDetails().catch(() => {});

/** Open quick look again for the address in `again`, once the tile is on the page. */
function reopen() {
  const link = findLinks().find((link) => link.href === again);
  if (!link || dialog.open) return;
  for (const name of ["filled", "renewed"]) removeEventListener(name, reopen, true);
  openLook(link);
}
if (again) {
  for (const name of ["filled", "renewed"]) addEventListener(name, reopen, true);
  reopen();
}

function openLook(link) {
  if (dialog.open) return;
  if (history.state?.look) {  // Back is still under way
    addEventListener("popstate", () => openLook(link), { once: true });
    return;
  }
  pageTitle = document.title;
  history.scrollRestoration = "manual";  // closing scrolls to the tile instead
  history.pushState({ look: true }, "", link.href);
  showPicture(link);
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) growFrom(link);
}

/** Let the picture grow from its tile. A view transition would open the dialog a frame later. */
function growFrom(link) {
  const figure = host.querySelector("figure");
  const { x, y, width } = link.closest(".tile").querySelector(".crop").getBoundingClientRect();
  const to = figure.getBoundingClientRect();
  growth = figure.animate({
    transform: [`translate(${x - to.x}px, ${y - to.y}px) scale(${width / to.width})`, "none"],
  }, { duration: 180, easing: "ease-out" });
}

function step(by) {
  const all = findLinks();
  const next = all[all.indexOf(shownLink) + by];
  if (!next) return;
  history.replaceState({ look: true }, "", next.href);
  showPicture(next);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("main a[data-look]");
  if (!link || hasModifier(event)) return;
  event.preventDefault();
  openLook(link);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== " " || hasModifier(event) || !event.target.matches("main .tile .picture")) return;
  event.preventDefault();
  openLook(event.target.closest(".tile").querySelector("[data-look]"));
});

before.addEventListener("click", () => step(-1));
after.addEventListener("click", () => step(1));
close.addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by && !hasModifier(event) && !event.target.matches("input, video")) step(by * forward);
});

// A horizontal swipe shows the next or previous picture; a played clip needs swipes.
dialog.addEventListener("pointerdown", (event) => { swipeStart = event.isPrimary && !event.target.played?.length && event; });
dialog.addEventListener("pointerup", (event) => {
  const by = event.clientX - swipeStart?.clientX;
  if (!event.isPrimary || event.pointerType === "mouse" || visualViewport.scale !== 1) return;
  if (Math.abs(by) > 60 && Math.abs(by) > 2 * Math.abs(event.clientY - swipeStart.clientY)) step(by < 0 ? forward : -forward);
});

dialog.addEventListener("close", () => {
  if (dialog.open) return;  // Forward has opened the dialog again
  controller.abort();
  document.title = pageTitle;
  if (history.state?.look) history.back();
  host.replaceChildren();
  const tile = shownLink.closest(".tile");
  tile.querySelector(".picture").focus({ preventScroll: true });
  tile.scrollIntoView({ block: "nearest" });
});

addEventListener("popstate", ({ state }) => {
  if (!state?.look) {
    reloadStaleSearch();
    dialog.close();
    return;
  }
  const link = findLinks().find((link) => link.href === location.href);
  if (link) showPicture(link);
  else location.reload();
});

// With "manual" WebKit restores a page from the back/forward cache at a wrong place.
addEventListener("pagehide", () => { history.scrollRestoration = "auto"; });
