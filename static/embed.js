// <affiliate-search>: shows the results of a search, fills them in when they come, and tells
// the site which picture was clicked. On the site's own page it enhances what the server sent.

const here = new URL(import.meta.url);

/** Fetch a fragment as a document: no markup is ever assigned as text. */
function fragment(address) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("GET", new URL(address, here));
    call.responseType = "document";
    call.timeout = 10000;
    call.onload = () => {
      const results = call.status === 200 && call.response?.querySelector(".results");
      if (results) resolve(document.adoptNode(results));
      else reject(new Error(`HTTP ${call.status}`));
    };
    call.onerror = call.ontimeout = () => reject(new Error("no answer"));
    call.send();
  });
}

function clickId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

class AffiliateSearch extends HTMLElement {
  #started = false;

  connectedCallback() {
    if (this.#started) return;
    this.#started = true;
    this.addEventListener("click", (event) => this.#tell(event));
    this.addEventListener("auxclick", (event) => event.button === 1 && this.#tell(event));
    this.addEventListener("error", (event) => this.#mend(event.target), true);
    for (const image of this.querySelectorAll("img")) {
      if (image.complete && !image.naturalWidth) this.#mend(image);
    }
    const results = this.querySelector(".results");
    if (results?.hasAttribute("data-waiting")) this.#load();
    else this.#complete(results);
  }

  async #load() {
    const waiting = this.querySelector(".results");
    try {
      const results = await fragment(this.getAttribute("src"));
      const limit = Number(this.getAttribute("limit"));
      if (limit) this.#shorten(results, limit);
      waiting.replaceWith(results);
      this.#say(results.querySelector(".count")?.textContent);
      this.dispatchEvent(new Event("filled", { bubbles: true }));
      this.#complete(results);
    } catch {
      this.#fail(waiting);
    }
  }

  /** Ask once more for agencies that were late, and have stale answers fetched anew behind. */
  async #complete(results, tries = 3) {
    const late = this.hasAttribute("limit") ? [] : results?.dataset.late?.split(" ") ?? [];
    const stale = results?.hasAttribute("data-stale");
    if (!late.length && !stale) return;
    const address = this.getAttribute("src");
    try {
      const tiles = results.querySelector(".tiles");
      // With nothing to show yet the site was busy: give it a moment, a longer one each time.
      if (!tiles) await new Promise((go) => setTimeout(go, 4000 / (tries + 1)));
      const more = await fragment(late.length ? `${address}&wait=1` : address);
      if (!late.length) return;
      if (!tiles) {
        results.replaceWith(more);
        if (tries > 1) this.#complete(more, tries - 1);
        return;
      }
      const found = [...more.querySelectorAll(".tile")].filter((tile) =>
        late.includes(tile.querySelector("a").dataset.agency));
      // In rows of their own, so that no row on the screen is justified anew.
      const list = tiles.cloneNode(false);
      list.append(...found);
      if (found.length) tiles.after(list);
      for (const name of [".count", ".agencies", ".pages"]) {
        const [old, fresh] = [results, more].map((part) => part.querySelector(name));
        if (old && fresh) old.replaceWith(fresh);
        else if (fresh) results.append(fresh);
        else old?.remove();
      }
      if (found.length) this.#say(`${found.length} more`);
    } catch {
      // What is on the screen stays; the next visit asks again.
    }
  }

  #shorten(results, limit) {
    [...results.querySelectorAll(".tile")].slice(limit).forEach((tile) => tile.remove());
    results.prepend(...results.querySelectorAll(".disclosure"));
    results.querySelectorAll(".summary, .pages, .chips").forEach((part) => part.remove());
  }

  #fail(results) {
    results.querySelector(".count")?.firstChild.replaceWith("No answer ");
    results.querySelector(".disclosure")?.remove();
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = "The search could not be reached. ";
    const again = document.createElement("a");
    again.href = location.href;
    again.textContent = "Try again";
    note.append(again);
    results.querySelector(".tiles")?.replaceWith(note);
    results.removeAttribute("data-waiting");
    results.removeAttribute("aria-busy");
    this.#say(note.textContent);
  }

  #say(text) {
    const status = document.getElementById("status");
    if (status && text) status.textContent = text.trim();
  }

  #mend(image) {
    if (image.tagName === "IMG") image.closest(".tile")?.classList.add("broken");
  }

  #tell(event) {
    const link = event.target.closest?.("a[data-id]");
    if (!link) return;
    const address = new URL(link.ping || "/clicks", here);
    const id = clickId();
    address.searchParams.set("click_id", id);
    const fields = Object.fromEntries(address.searchParams);
    const before = link.ping;
    link.ping = address.pathname + address.search;
    setTimeout(() => { link.ping = before; });  // the next click is another one
    const body = JSON.stringify({ ...fields, position: Number(fields.position) });
    if (!navigator.sendBeacon(new URL("/clicks", here), body)) {
      fetch(new URL("/clicks", here), { method: "POST", body, keepalive: true }).catch(() => {});
    }
  }
}

customElements.define("affiliate-search", AffiliateSearch);
