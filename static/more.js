// More pictures under those on the screen. Five pages come from one call to an agency and load by
// themselves (`data-ahead`); what costs another call waits for the button.

const { patiently, modified } = customElements.get("affiliate-search");
const element = document.querySelector("main > affiliate-search[src]:not([limit])");
const link = () => element.querySelector(".pages [rel=next]");
let ahead = null;  // the next page, on its way
let busy = false;
let pressed = false;  // the focus goes on to it
let appended = 0;
let back = history.state;  // where the visitor was, until it is restored

/** Begin to fetch the page behind a link, once. */
function fetchAhead(next) {
  if (ahead?.href !== next.href) {
    stop();
    const controller = new AbortController();
    // Nobody waits for it yet, so that it can wait for all agencies.
    const address = `/ajax/search${new URL(next.href).search}`;
    const results = patiently(`${address}&wait=1`, controller.signal);
    const mine = ahead = { href: next.href, address, controller, results };
    results.catch(() => { if (ahead === mine) ahead = null; });
  }
  return ahead;
}

function stop() {
  pressed = false;
  ahead?.controller.abort();
}

/** Put the next page under the last one; true when it came. */
async function append() {
  const next = link();
  if (!next || busy) return false;
  busy = true;
  next.setAttribute("aria-busy", "true");
  try {
    const { address, results } = fetchAhead(next);
    const more = await results;
    if (link()?.href !== next.href) return false;  // of another search
    ahead = null;
    put(more);
    if (more.dataset.late) element.complete(element.querySelector(".results"), address, more.dataset.late);
    appended += 1;
    remember();
    if (!back) element.say(more.dataset.said);
    return true;
  } catch {
    next.removeAttribute("aria-busy");  // the link still leads there
    if (pressed) {
      const { unreachable } = element.dataset;
      next.parentNode.querySelector("span").textContent = unreachable;
      element.say(unreachable);
    }
    return false;
  } finally {
    busy = pressed = false;
  }
}

function put(more) {
  const section = element.querySelector(".results");
  const last = [...section.querySelectorAll(".tiles")].at(-1);
  const tiles = more.querySelector(".tiles");
  const first = tiles.querySelector("a");
  // In the same rows while those are well out of sight: nothing moves.
  if (last.lastElementChild.getBoundingClientRect().top < 1.5 * innerHeight) element.extend(last, [...tiles.children]);
  else last.append(...tiles.children);
  if (pressed) first.focus({ preventScroll: true });
  element.renew(section, more);
}

const near = new IntersectionObserver((seen) => {
  const next = link();
  if (!next || navigator.connection?.saveData || !seen.some((one) => one.isIntersecting)) return;
  if (next.closest("[data-ahead]")) append();
}, { rootMargin: "0px 0px 120% 0px" });

function watch() {
  near.disconnect();
  const pages = element.querySelector(".pages");
  if (pages) near.observe(pages);
}

/** Let the last row of a list fill its width once it is above what is seen, which stays. */
function fill() {
  const all = [...element.querySelectorAll(".results > .tiles")];
  for (const list of all.slice(0, -1)) {
    if (list.classList.contains("full") || list.lastElementChild.getBoundingClientRect().bottom > 0) continue;
    const next = pictures().find((one) => topOf(one) > 0);
    const before = next && topOf(next);
    list.classList.add("full");
    if (next && topOf(next) !== before) scrollBy({ top: topOf(next) - before, behavior: "instant" });
  }
}

// Back and reload: the same pages, the picture at the top at its place.
const topOf = (picture) => picture.closest(".tile").getBoundingClientRect().top;
const pictures = () => [...element.querySelectorAll(".tile .picture")];

function remember() {
  if (back) return;
  const first = pictures().find((one) => one.getBoundingClientRect().bottom > 0);
  const place = first && [first.dataset.id, topOf(first)];
  history.replaceState({ ...history.state, appended, place }, "");
}

async function restore() {
  history.scrollRestoration = "manual";
  const { appended: pages, place: [id, top] = [] } = back ?? {};
  while (appended < pages && await append());
  const first = id && pictures().find((one) => one.dataset.id === id);
  if (first) scrollBy(0, topOf(first) - top);
  back = null;
}

if (element) {
  const intent = ({ target }) => target === link() && fetchAhead(target);
  element.addEventListener("pointerover", intent);
  element.addEventListener("focusin", intent);
  element.addEventListener("click", (event) => {
    if (event.target !== link() || modified(event)) return;
    event.preventDefault();
    pressed = true;
    append();
  });
  element.addEventListener("asked", () => {
    stop();
    near.disconnect();
    appended = 0;
    back = history.state ?? {};
    history.scrollRestoration = "manual";
  });
  element.addEventListener("filled", restore);
  for (const name of ["filled", "renewed"]) element.addEventListener(name, watch);
  addEventListener("pageshow", watch);
  const rest = () => { fill(); remember(); };
  let soon;
  if ("onscrollend" in window) addEventListener("scrollend", rest);
  else addEventListener("scroll", () => { clearTimeout(soon); soon = setTimeout(rest, 150); });
  // A change of the history while the page is put away for Back would have it thrown away.
  addEventListener("click", remember, true);
  addEventListener("pagehide", ({ persisted }) => { stop(); if (!persisted) remember(); });
  if (!element.querySelector("[data-waiting]")) restore();
}
