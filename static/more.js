// Appends the next pages of results. Five pages come from one call to an agency and load while
// scrolling (`data-ahead`); a page that costs another call waits for a click on "More pictures".

const { fetchPatiently, hasModifier } = customElements.get("affiliate-search");
const element = document.querySelector("main > affiliate-search[src]:not([limit])");
const findNextLink = () => element.querySelector(".pages [rel=next]");
let nextPage = null;  // the request for the next page: href, address, controller, results
let busy = false;
let wasClicked = false;  // after a click on the link: the focus moves to the first new picture
let appended = 0;
let savedPlace = history.state;  // the place of the visitor before Back or reload, until restored

/** Begin to fetch the page of a link, unless its request is already under way. */
function fetchNextPage(next) {
  if (nextPage?.href !== next.href) {
    abortNextPage();
    const controller = new AbortController();
    // A page fetched ahead of need may wait for slow agencies.
    const address = `/ajax/search${new URL(next.href).search}`;
    const results = fetchPatiently(`${address}&wait=1`, controller.signal);
    const request = nextPage = { href: next.href, address, controller, results };
    results.catch(() => { if (nextPage === request) nextPage = null; });
  }
  return nextPage;
}

function abortNextPage() {
  wasClicked = false;
  nextPage?.controller.abort();
}

/** Append the next page below the last; resolve with true after success. */
async function appendNextPage() {
  const next = findNextLink();
  if (!next || busy) return false;
  busy = true;
  next.setAttribute("aria-busy", "true");
  try {
    const { address, results } = fetchNextPage(next);
    const more = await results;
    if (findNextLink()?.href !== next.href) return false;  // a new search began
    nextPage = null;
    insertPage(more);
    if (more.dataset.late) element.complete(element.querySelector(".results"), address, more.dataset.late);
    appended += 1;
    savePlace();
    if (!savedPlace) element.announce(more.dataset.said);
    return true;
  } catch {
    next.removeAttribute("aria-busy");  // the link still opens the page
    if (wasClicked) {
      const { unreachable } = element.dataset;
      next.parentNode.querySelector("span").textContent = unreachable;
      element.announce(unreachable);
    }
    return false;
  } finally {
    busy = wasClicked = false;
  }
}

function insertPage(more) {
  const section = element.querySelector(".results");
  const last = [...section.querySelectorAll(".tiles")].at(-1);
  const tiles = more.querySelector(".tiles");
  const first = tiles.querySelector("a");
  // Rows well below the screen take the new tiles; a last row in sight must not move.
  if (last.lastElementChild.getBoundingClientRect().top < 1.5 * innerHeight) element.extend(last, [...tiles.children]);
  else last.append(...tiles.children);
  if (wasClicked) first.focus({ preventScroll: true });
  element.renew(section, more);
}

const observer = new IntersectionObserver((entries) => {
  const next = findNextLink();
  if (!next || navigator.connection?.saveData || !entries.some((entry) => entry.isIntersecting)) return;
  if (next.closest("[data-ahead]")) appendNextPage();
}, { rootMargin: "0px 0px 120% 0px" });

function observePages() {
  observer.disconnect();
  const pages = element.querySelector(".pages");
  if (pages) observer.observe(pages);
}

/** Let the last row of a list fill its width once above the screen, and correct the scrolling. */
function fillRows() {
  const all = [...element.querySelectorAll(".results > .tiles")];
  for (const list of all.slice(0, -1)) {
    if (list.classList.contains("full") || list.lastElementChild.getBoundingClientRect().bottom > 0) continue;
    const next = findPictures().find((picture) => tileTop(picture) > 0);
    const before = next && tileTop(next);
    list.classList.add("full");
    if (next && tileTop(next) !== before) scrollBy({ top: tileTop(next) - before, behavior: "instant" });
  }
}

// After Back or a reload the same pages are loaded, and the topmost picture stands where it stood.
const tileBox = (picture) => picture.closest(".tile").getBoundingClientRect();  // needs no layout of its content
const tileTop = (picture) => tileBox(picture).top;
const findPictures = () => [...element.querySelectorAll(".tile .picture")];

function savePlace() {
  if (savedPlace) return;
  const first = findPictures().find((picture) => tileBox(picture).bottom > 0);
  const place = first && [first.dataset.id, tileTop(first)];
  history.replaceState({ ...history.state, appended, place }, "");
}

async function restorePlace() {
  history.scrollRestoration = "manual";
  const { appended: pages, place: [id, top] = [] } = savedPlace ?? {};
  while (appended < pages && await appendNextPage());
  const first = id && findPictures().find((picture) => picture.dataset.id === id);
  if (first) scrollBy(0, tileTop(first) - top);
  savedPlace = null;
}

if (element) {
  const fetchOnIntent = ({ target }) => target === findNextLink() && fetchNextPage(target);
  element.addEventListener("pointerover", fetchOnIntent);
  element.addEventListener("focusin", fetchOnIntent);
  element.addEventListener("click", (event) => {
    if (event.target !== findNextLink() || hasModifier(event)) return;
    event.preventDefault();
    wasClicked = true;
    appendNextPage();
  });
  element.addEventListener("searchstart", () => {
    abortNextPage();
    observer.disconnect();
    appended = 0;
    savedPlace = history.state ?? {};
    history.scrollRestoration = "manual";
  });
  element.addEventListener("filled", restorePlace);
  for (const name of ["filled", "renewed"]) element.addEventListener(name, observePages);
  addEventListener("pageshow", observePages);
  const afterScroll = () => { fillRows(); savePlace(); };
  let timer;
  if ("onscrollend" in window) addEventListener("scrollend", afterScroll);
  else addEventListener("scroll", () => { clearTimeout(timer); timer = setTimeout(afterScroll, 150); });
  // A changed history entry at pagehide would evict the page from the back/forward cache.
  addEventListener("click", savePlace, true);
  addEventListener("pagehide", ({ persisted }) => { abortNextPage(); if (!persisted) savePlace(); });
  if (!element.querySelector("[data-waiting]")) restorePlace();
}
