// <affiliate-search>: shows a search's results and tells the site which picture was clicked.

const here = new URL(import.meta.url);

/** Fetch a fragment as a document: no markup is ever assigned as text. */
function fragment(address, signal) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("GET", new URL(address, here));
    call.responseType = "document";
    call.timeout = 10000;
    call.onloadend = () => {
      const results = call.response?.querySelector(".results");
      results ? resolve(results) : reject(Error(call.status));
    };
    signal?.addEventListener("abort", () => call.abort());
    call.send();
  });
}

const pause = (milliseconds) => new Promise((go) => setTimeout(go, milliseconds));

/** Ask until there are pictures, with `all` until no agency is late, but for 20 s at most. */
async function patiently(address, signal, all) {
  const end = performance.now() + 20000;
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted();
    const begun = performance.now();
    const results = await fragment(address, signal);
    if (!results.dataset.late || (!all && results.querySelector(".tiles")) || performance.now() > end) return results;
    // What is answered at once comes from a busy site: give it a moment, a longer one each time.
    await pause(begun + 1000 * tries - performance.now());
  }
}

/** Tell of a click, once `again` where the site did not take it; a double is told by its click_id. */
async function send(address, again) {
  try {
    // Blockers let this through and drop beacons in silence.
    if (!("keepalive" in Request.prototype)) throw 0;
    if ((await fetch(address, { method: "POST", keepalive: true })).status < 500) return;
  } catch {
    navigator.sendBeacon?.(address);
  }
  if (again) setTimeout(send, 20000, address);
}

/** What all pages need: pictures that say when they are missing, clicks that are told. */
class Pictures extends HTMLElement {
  listen(root) {
    root.addEventListener("click", (event) => this.#tell(event));
    root.addEventListener("auxclick", (event) => event.button === 1 && this.#tell(event));
    root.addEventListener("error", ({ target }) => this.mend(target), true);
  }

  mend(image) {
    if (image.tagName === "IMG") image.closest(".tile, figure")?.classList.add("broken");
  }

  #tell(event) {
    const link = event.target.closest?.("a[data-id]");
    if (!link || (link.closest("affiliate-search") ?? this) !== this) return;
    if (origin === "null") {
      // In a sandbox (or a file): where that lets nothing open, nobody leaves.
      event.preventDefault();
      if (!open(link.href)) return;
    }
    const before = link.ping;
    send(link.ping += `&click_id=${crypto.getRandomValues(new Uint32Array(4)).join("-")}`, 1);
    // The next click is another one.
    setTimeout(() => link.ping = before);
  }
}

// Below: the site's own pages.

class AffiliateSearch extends Pictures {
  static observedAttributes = ["src"];
  static fragment = fragment;
  static patiently = patiently;
  static modified = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  #started = false;
  #turn = new AbortController();

  connectedCallback() {
    if (this.#started) return;
    this.#started = true;
    this.listen(this);
    for (const name of ["pointerover", "focusin"]) this.addEventListener(name, this.#intend);
    for (const image of this.querySelectorAll("img")) {
      if (image.complete && !image.naturalWidth) this.mend(image);
    }
    const results = this.querySelector(".results");
    if (results?.hasAttribute("data-waiting")) this.#load();
    else if (results) this.complete(results);
  }

  /** A large picture that is missing is shown small. */
  mend(image) {
    const { small } = image.dataset;
    delete image.dataset.small;
    if (small) image.src = small;
    else super.mend(image);
  }

  attributeChangedCallback(name, before, now) {
    if (this.#started && before !== now) this.#load();
  }

  /** Fill in what `src` finds, unless another search has overtaken it. */
  async #load() {
    this.#turn.abort();
    const { signal } = this.#turn = new AbortController();
    this.dispatchEvent(new Event("asked"));
    const waiting = this.querySelector(".results");
    waiting.setAttribute("aria-busy", "true");
    try {
      const results = await patiently(this.getAttribute("src"), signal);
      if (signal.aborted) return;
      const limit = Number(this.getAttribute("limit"));
      if (limit) this.#shorten(results, limit);
      waiting.replaceWith(results);
      this.say(results.querySelector(".count")?.textContent);
      this.dispatchEvent(new Event("filled", { bubbles: true }));
      this.complete(results);
    } catch {
      if (!signal.aborted) this.#fail(waiting);
    }
  }

  /** Append what late agencies bring, and have stale answers fetched anew behind. */
  async complete(results, address = this.getAttribute("src"), names = results.dataset.late) {
    const { signal } = this.#turn;
    let late = !address || this.hasAttribute("limit") ? [] : names?.split(" ") ?? [];
    try {
      if (address && !late.length && "stale" in results.dataset) await fragment(address, signal);
      for (let tries = 6; late.length && tries; tries--) {
        const begun = performance.now();
        const more = await fragment(`${address}&wait=1`, signal);
        if (signal.aborted) return;
        const still = more.dataset.late?.split(" ") ?? [];
        results = this.#append(results, more, late.filter((name) => !still.includes(name)));
        late = late.filter((name) => still.includes(name));
        if (late.length) await pause(begun + 1000 - performance.now());
      }
    } catch {
      // What is on the screen stays.
    }
    results.removeAttribute("data-late");
  }

  /** Add tiles: to the last row as far as its tiles keep their place, then in rows of their own. */
  extend(last, tiles) {
    const end = last.lastElementChild;
    const place = () => `${end.offsetTop} ${end.offsetWidth}`;
    const before = place();
    const list = last.cloneNode(false);
    while (tiles.length) {
      last.append(tiles[0]);
      if (tiles[0].offsetTop !== end.offsetTop || place() !== before) break;
      tiles = tiles.slice(1);
    }
    list.append(...tiles);
    if (tiles.length) last.after(list);
  }

  /** Add the pictures of some agencies behind all others: nothing that is on the screen moves.
   *  Gives the results that are on the page then. */
  #append(results, more, agencies) {
    const found = [...more.querySelectorAll(".tile")].filter((tile) =>
      agencies.includes(tile.querySelector("a").dataset.agency));
    const last = [...results.querySelectorAll(".tiles")].at(-1);
    if (!last) {
      results.replaceWith(more);
      this.dispatchEvent(new Event("filled", { bubbles: true }));
      return more;
    }
    this.extend(last, found);
    if (more.dataset.page === results.dataset.page) this.renew(results, more);
    if (found.length) this.say(this.dataset.later ?? `${found.length} more`);
    return results;
  }

  /** Bring what stands around the tiles up to the last page of them. */
  renew(results, more) {
    results.dataset.page = more.dataset.page;
    for (const name of [".count", ".pages", ".agencies"]) {
      const [old, fresh] = [results, more].map((part) => part.querySelector(name));
      const focused = old?.contains(document.activeElement);
      fresh?.querySelector("[rel=prev]")?.replaceWith(...old?.querySelectorAll("[rel=prev]") ?? []);
      if (old && fresh) old.replaceWith(fresh);
      else if (fresh) [...results.querySelectorAll(".tiles")].at(-1).after(fresh);
      else old?.remove();
      if (focused) fresh?.querySelector("[rel=next]")?.focus({ preventScroll: true });
    }
    // What is said of pictures that stay is said on, of those that come beside them too.
    for (const [name, before] of [[".summary .disclosure", ".count"], [".credits", ".tiles, .credits"]]) {
      const fresh = more.querySelector(name);
      const known = [...results.querySelectorAll(name)].some((one) => one.textContent === fresh?.textContent);
      if (fresh && !known) [...results.querySelectorAll(before)].at(-1)?.after(fresh);
    }
    this.dispatchEvent(new Event("renewed"));
  }

  #shorten(results, limit) {
    [...results.querySelectorAll(".tile")].slice(limit).forEach((tile) => tile.remove());
    const said = results.querySelector(".summary .disclosure");
    // Perhaps of pictures behind these alone.
    if (said && !(said.dataset.from > limit)) results.prepend(said);
    results.querySelectorAll(".summary, .pages, .chips").forEach((part) => part.remove());
  }

  #fail(results) {
    const { none = "No answer", unreachable = "The search could not be reached.", again = "Try again" } = this.dataset;
    results.querySelector(".count")?.replaceChildren(none);
    results.querySelectorAll(".disclosure, .note, .tiles, .pages, .agencies, .topics, .there").forEach((part) => part.remove());
    const note = document.createElement("p");
    note.className = "note";
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = again;
    note.append(unreachable, " ", link);
    results.append(note);
    results.removeAttribute("data-waiting");
    results.removeAttribute("aria-busy");
    this.say(unreachable);
  }

  /** Have a screen reader say it. */
  say(text) {
    const status = document.getElementById("status");
    if (status && text) status.textContent = text.trim();
  }

  async #intend({ target }) {
    const link = target.closest?.("a[data-clip]");
    if (link) (await import("./clip.js")).play(link);
  }
}

customElements.define("affiliate-search", AffiliateSearch);
