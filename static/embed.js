// <affiliate-search>: shows the results of a search, and reports clicks on pictures to the site.

const here = new URL(import.meta.url);

/** Fetch a fragment as a parsed document; no script assigns markup as text. */
function fetchFragment(address, signal) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("GET", new URL(address, here));
    call.responseType = "document";
    call.timeout = 1e4;
    call.onloadend = () => {
      const results = call.response?.querySelector(".results");
      if (results) resolve(results);
      reject(call.status);
    };
    signal?.addEventListener("abort", () => call.abort());
    call.send();
  });
}

/** Fetch again until there are pictures, with `all` until no agency is late; 20 s at most. */
async function fetchPatiently(address, signal, all) {
  const end = performance.now() + 2e4;
  for (let tries = 1; ; ) {
    signal.throwIfAborted();
    const begun = performance.now();
    const results = await fetchFragment(address, signal);
    if (!results.dataset.late || (!all && results.querySelector(".tiles")) || performance.now() > end) return results;
    // An answer in less than 1 s comes from a busy site: wait one second more after each try.
    await new Promise((go) => setTimeout(go, begun + 1e3 * tries++ - performance.now()));
  }
}

/** Report a click; `again` retries once after a failure: the click_id exposes duplicates. */
async function sendClick(address, again) {
  try {
    // Content blockers let fetch through, and drop beacons without an error.
    if (!("keepalive" in Request.prototype)) throw 0;
    if ((await fetch(address, { method: "POST", keepalive: 1 })).status < 500) return;
  } catch {
    navigator.sendBeacon?.(address);
  }
  if (again) setTimeout(sendClick, 2e4, address);
}

/** The part that all pages need: broken pictures are marked, clicks are reported. */
class Pictures extends HTMLElement {
  listen(root) {
    root.addEventListener("click", (event) => this.#tell(event));
    root.addEventListener("auxclick", (event) => event.button === 1 && this.#tell(event));
    root.addEventListener("error", ({ target }) => this.mend(target), true);
  }

  mend(image) {
    if (image.matches("img")) image.closest(".tile, figure")?.classList.add("broken");
  }

  #tell(event) {
    const link = event.target.closest("a[data-id]");
    if (!link || (link.closest("affiliate-search") ?? this) !== this) return;
    const { ping, href } = link;
    const id = crypto.getRandomValues(new Uint32Array(4)).join("-");
    // impact.com and Partnerize report the id with a sale. The next click gets an id of its own.
    link.href = href.replace(/\/c\/[\d/]+\?/, `$&SharedId=${id}&`).replace(/pubref:[^/]+/, `$&~${id}`);
    setTimeout(() => { link.ping = ping; link.href = href; });
    if (origin === "null") {
      // In a sandbox (or a file) the window may be blocked: then no click is reported.
      event.preventDefault();
      if (!open(link.href)) return;
    }
    sendClick(link.ping += `&click_id=${id}`, 1);
  }
}

// Below: the site's own pages.

class AffiliateSearch extends Pictures {
  static observedAttributes = ["src"];
  static fetchFragment = fetchFragment;
  static fetchPatiently = fetchPatiently;
  static hasModifier = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  #started = false;
  #controller = new AbortController();

  connectedCallback() {
    if (this.#started) return;
    this.#started = true;
    this.listen(this);
    for (const name of ["pointerover", "focusin"]) this.addEventListener(name, this.#playClip);
    for (const image of this.querySelectorAll("img")) {
      if (image.complete && !image.naturalWidth) this.mend(image);
    }
    const results = this.querySelector(".results");
    if (results?.hasAttribute("data-waiting")) this.#load();
    else if (results) this.complete(results);
  }

  /** Show the thumbnail in place of a large picture that is missing. */
  mend(image) {
    const { small } = image.dataset;
    delete image.dataset.small;
    if (small) image.src = small;
    else super.mend(image);
  }

  attributeChangedCallback(name, before, now) {
    if (this.#started && before !== now) this.#load();
  }

  /** Show the results of `src`, unless a newer search began. */
  async #load() {
    this.#controller.abort();
    const { signal } = this.#controller = new AbortController();
    this.dispatchEvent(new Event("searchstart"));
    const waiting = this.querySelector(".results");
    waiting.setAttribute("aria-busy", "true");
    try {
      const results = await fetchPatiently(this.getAttribute("src"), signal);
      if (signal.aborted) return;
      const limit = Number(this.getAttribute("limit"));
      if (limit) this.#shorten(results, limit);
      waiting.replaceWith(results);
      this.announce(results.querySelector(".count")?.textContent);
      this.dispatchEvent(new Event("filled", { bubbles: true }));
      this.complete(results);
    } catch {
      if (!signal.aborted) this.#showFailure(waiting);
    }
  }

  /** Append the pictures of late agencies, and have the server refresh stale answers. */
  async complete(results, address = this.getAttribute("src"), names = results.dataset.late) {
    const { signal } = this.#controller;
    let late = !address || this.hasAttribute("limit") ? [] : names?.split(" ") ?? [];
    try {
      if (address && !late.length && "stale" in results.dataset) await fetchFragment(address, signal);
      for (let tries = 6; late.length && tries; tries--) {
        const begun = performance.now();
        const more = await fetchFragment(`${address}&wait=1`, signal);
        if (signal.aborted) return;
        const still = more.dataset.late?.split(" ") ?? [];
        results = this.#append(results, more, late.filter((name) => !still.includes(name)));
        late = late.filter((name) => still.includes(name));
        if (late.length) await new Promise((go) => setTimeout(go, begun + 1000 - performance.now()));
      }
    } catch {
      // The results on the screen stay.
    }
    results.removeAttribute("data-late");
  }

  /** Add tiles to the last row while its tiles keep their places, then to a new list below. */
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

  /** Append the pictures of some agencies, so that no tile on the screen moves; return the section
   *  of results that is on the page afterwards. */
  #append(results, more, agencies) {
    if (more.dataset.page === "1") this.#renewTabs(results, more);
    const tiles = [...more.querySelectorAll(".tile")].filter((tile) =>
      !this.#addSellers(results, tile) && agencies.includes(tile.querySelector("a").dataset.agency));
    const last = [...results.querySelectorAll(".tiles")].at(-1);
    if (!last) {
      results.replaceWith(more);
      this.dispatchEvent(new Event("filled", { bubbles: true }));
      return more;
    }
    this.extend(last, tiles);
    if (more.dataset.page === results.dataset.page) this.renew(results, more);
    if (tiles.length) this.announce(this.dataset.later ?? `${tiles.length} more`);
    return results;
  }

  /** Update the counts of tabs, of which one may have the focus, to a later answer. */
  #renewTabs(results, more) {
    const fresh = more.querySelectorAll(".tabs a");
    results.querySelectorAll(".tabs a").forEach((tab, at) => tab.replaceChildren(...fresh[at].cloneNode(true).childNodes));
  }

  /** Add the sellers of a tile to the tile on the page that shows the picture of one of them, which
   *  keeps its picture and link; return whether there is such a tile. */
  #addSellers(results, tile) {
    const name = ({ dataset }) => `${dataset.agency}:${dataset.id}`;
    const names = [...tile.querySelectorAll("[data-id]")].map(name);
    const old = [...results.querySelectorAll(".picture")].find((link) => names.includes(name(link)))?.closest(".tile");
    const sellers = tile.querySelector(".sellers");
    const number = sellers.querySelectorAll("a").length - 1;
    if (old && number > 0 && !old.contains(document.activeElement)) {
      old.classList.add("sold");
      old.dataset.badge = old.dataset.badge.replace(/( \+\d+)?$/, ` +${number}`);
      if ("earns" in tile.dataset) old.dataset.earns = "";
      old.querySelector(".sellers").replaceWith(sellers);
    }
    return !!old;
  }

  /** Update count, links to pages, agencies, disclosures and credits to the last page of tiles. */
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
    // The earlier pictures keep their sentences; new pictures add theirs unless already shown.
    for (const [name, before] of [[".summary .disclosure", ".count"], [".credits", ".tiles, .credits"]]) {
      const fresh = more.querySelector(name);
      const known = [...results.querySelectorAll(name)].some((node) => node.textContent === fresh?.textContent);
      if (fresh && !known) [...results.querySelectorAll(before)].at(-1)?.after(fresh);
    }
    this.dispatchEvent(new Event("renewed"));
  }

  #shorten(results, limit) {
    [...results.querySelectorAll(".tile")].slice(limit).forEach((tile) => tile.remove());
    const disclosure = results.querySelector(".summary .disclosure");
    // The disclosure may concern only pictures beyond the limit.
    if (disclosure && !(disclosure.dataset.from > limit)) results.prepend(disclosure);
    results.querySelectorAll(".summary, .pages, .chips").forEach((part) => part.remove());
  }

  #showFailure(results) {
    const { none = "No answer", unreachable = "The search could not be reached.", again = "Try again" } = this.dataset;
    results.querySelector(".count")?.replaceChildren(none);
    results.querySelectorAll(":scope > nav, .tabs small, .disclosure, .note, .tiles, .agencies, .there").forEach((part) => part.remove());
    const note = document.createElement("p");
    note.className = "note";
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = again;
    note.append(unreachable, " ", link);
    results.append(note);
    results.removeAttribute("data-waiting");
    results.removeAttribute("aria-busy");
    this.announce(unreachable);
  }

  /** Let screen readers announce a text. */
  announce(text) {
    const status = document.getElementById("status");
    if (status && text) status.textContent = text.trim();
  }

  async #playClip({ target }) {
    const link = target.closest?.("a[data-clip]");
    if (link) (await import("./clip.js")).play(link);
  }
}

customElements.define("affiliate-search", AffiliateSearch);
