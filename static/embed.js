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
      const results = call.status === 200 && call.response?.querySelector(".results");
      if (results) resolve(results);
      else reject(Error(call.status));
    };
    signal?.addEventListener("abort", () => call.abort());
    call.send();
  });
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
    const address = new URL(link.ping, here);
    address.searchParams.set("click_id", crypto.getRandomValues(new Uint32Array(4)).join("-"));
    const before = link.ping;
    link.ping = address;
    // The next click is another one.
    setTimeout(() => { link.ping = before; });
    if (!navigator.sendBeacon(address)) fetch(address, { method: "POST", keepalive: true }).catch(() => {});
  }
}

// Below: the site's own pages.

class AffiliateSearch extends Pictures {
  static observedAttributes = ["src"];
  static fragment = fragment;
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
    else if (results) this.#complete(results);
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
      const results = await fragment(this.getAttribute("src"), signal);
      if (signal.aborted) return;
      const limit = Number(this.getAttribute("limit"));
      if (limit) this.#shorten(results, limit);
      waiting.replaceWith(results);
      this.say(results.querySelector(".count")?.textContent);
      this.dispatchEvent(new Event("filled", { bubbles: true }));
      this.#complete(results);
    } catch {
      if (!signal.aborted) this.#fail(waiting);
    }
  }

  /** Ask once more for agencies that were late, and have stale answers fetched anew behind. */
  async #complete(results, tries = 3) {
    const { dataset } = results;
    const address = this.getAttribute("src");
    const late = this.hasAttribute("limit") ? [] : dataset.late?.split(" ") ?? [];
    if (!address || (!late.length && !("stale" in dataset))) return;
    const { signal } = this.#turn;
    try {
      const shows = results.querySelector(".tiles");
      // The site was busy: give it a moment, a longer one each time.
      if (!shows) await new Promise((go) => setTimeout(go, 4000 / (tries + 1)));
      const more = await fragment(late.length ? `${address}&wait=1` : address, signal);
      if (!late.length || signal.aborted) return;
      if (!shows) {
        results.replaceWith(more);
        this.dispatchEvent(new Event("filled", { bubbles: true }));
        if (tries > 1) this.#complete(more, tries - 1);
        return;
      }
      const found = [...more.querySelectorAll(".tile")].filter((tile) =>
        late.includes(tile.querySelector("a").dataset.agency));
      // In rows of their own behind all others: nothing moves.
      const last = [...results.querySelectorAll(".tiles")].at(-1);
      const list = last.cloneNode(false);
      list.append(...found);
      if (found.length) last.after(list);
      if (more.dataset.page === results.dataset.page) this.renew(results, more);
      if (found.length) this.say(this.dataset.later ?? `${found.length} more`);
    } catch {
      // What is on the screen stays.
    }
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
    this.dispatchEvent(new Event("renewed"));
  }

  #shorten(results, limit) {
    [...results.querySelectorAll(".tile")].slice(limit).forEach((tile) => tile.remove());
    results.prepend(...results.querySelectorAll(".disclosure"));
    results.querySelectorAll(".summary, .pages, .chips").forEach((part) => part.remove());
  }

  #fail(results) {
    const { none = "No answer", unreachable = "The search could not be reached.", again = "Try again" } = this.dataset;
    results.querySelector(".count")?.replaceChildren(none);
    results.querySelectorAll(".disclosure, .note").forEach((part) => part.remove());
    const note = document.createElement("p");
    note.className = "note";
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = again;
    note.append(unreachable, " ", link);
    results.querySelector(".tiles")?.replaceWith(note);
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
