// <affiliate-search> on other sites' pages. The server prepends the first part of embed.js and
// constants: the names of what gives an embed its pictures (SUBJECT), these and the names of all
// filters (ASKED), the owner's accent, the texts and the styles.

const ROWS = { __proto__: null, grid: 2, strip: 1, image: 2, search: 3 };
const answers = new Map();
const unagreed = new Set();
const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);
let agreed, boxes = 0;

/** Share one request among all embeds with the same address; abort after the last has left. */
function fetchShared(address, all, signal) {
  let answer = answers.get(address);
  if (!answer) {
    const stop = new AbortController();
    const forget = () => answers.delete(address);
    answer = fetchPatiently(address, stop.signal, all);
    answer.users = 0;
    answer.leave = () => --answer.users || answer.done || forget(stop.abort());
    answer.then(() => { answer.done = 1; }, forget);
    answers.set(address, answer);
    if (answers.size > 40) answers.delete(answers.keys().next().value);
  }
  answer.users++;
  signal.addEventListener("abort", answer.leave);
  return answer;
}

/** Copy results for this page: absolute addresses, and styles set by script, as any CSP allows. */
function adapt(answer) {
  const results = answer.cloneNode(true);
  for (const node of results.querySelectorAll("*")) {
    for (const { name, value } of node.attributes) {
      if (name === "data-style") node.style.cssText = value;
      if (/href|ping|src/.test(name)) node.setAttribute(name, value.replace(/(^|, )\//g, `$1${here.origin}/`));
    }
  }
  return results;
}

const create = (name, fields) => Object.assign(document.createElement(name), fields);

class Embed extends Pictures {
  #frame = create("section", { role: "group", part: "frame" });
  #form = create("form", { role: "search" });
  #box = create("input", { type: "search", part: "box", required: true, maxLength: 500 });
  #button = create("button", { part: "button", textContent: "→" });
  #note = create("div", { className: "earns", part: "disclosure" });
  #status = create("p", { role: "status" });
  #area = create("div", { className: "area" });
  #linkSlot = create("slot");
  #controller = new AbortController();
  #started;
  #words = null;
  #typedWords;
  #loadedKey;
  #timer;
  #isComplete;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(this.#frame);
    this.#frame.append(this.#form, this.#note, this.#area);
    this.#area.append(this.#linkSlot);
    this.#form.append(this.#box, this.#button);
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.setAttribute("q", this.#typedWords = this.#box.value);
      // Chosen pictures or a collection would take precedence over the words.
      for (const name of SUBJECT.slice(4)) this.removeAttribute(name);
    };
    this.listen(root);
    // Attributes that change at once cause one search.
    new MutationObserver(() => this.#update()).observe(this, { attributes: true });
    new ResizeObserver(() => this.#fitRows()).observe(this.#note);
    new IntersectionObserver((all) => all.at(-1).isIntersecting && this.begin(), { rootMargin: "600px" }).observe(this);
  }

  connectedCallback() {
    this.#update();
  }

  begin() {
    this.#started = 1;
    this.#update();
  }

  get #kind() {
    const kind = this.getAttribute("kind");
    return kind in ROWS ? kind : "grid";
  }

  get #rows() {
    return Math.min(Math.max(parseInt(this.getAttribute("rows")), 1) || ROWS[this.#kind], 6);
  }

  get #limit() {
    return this.#kind === "image" ? 1 : Math.max(parseInt(this.getAttribute("limit")), 1) || 48;
  }

  /** The address of the search; empty without words, filters or pictures to look for. */
  get #address() {
    const asked = new URLSearchParams();
    for (const name of ASKED) {
      const value = this.getAttribute(name) ||
        { lang: this.closest("[lang]")?.lang || document.documentElement.lang, site: location.host !== here.host && (location.hostname || origin) }[name];
      if (value) asked.set(name, value);
    }
    if (!SUBJECT.some((name) => asked.has(name))) {
      const words = this.#kind !== "search" && this.getAttribute("fallback");
      if (!words) return "";
      asked.set("q", words);
    }
    for (const name of this.getAttribute("agency")?.split(",") ?? []) asked.append("agency", name);
    return `/search?${asked}`;
  }

  #update() {
    const { style, dataset } = this.#frame;
    const kind = dataset.kind = this.#kind;
    const words = this.getAttribute("q");
    if (words !== this.#words) this.#box.value = this.#words = words;
    style.setProperty("--rows", this.#rows);
    style.setProperty("--accent", this.getAttribute("accent") || accent);
    const { search, show: textContent } = { ...texts, ...this.dataset };
    this.#box.ariaLabel = this.#box.placeholder = this.textContent.trim() || search;
    this.#button.ariaLabel = search;
    if (kind === "search") this.#form.ariaLabel ??= search + (boxes++ ? " " + boxes : "");
    const address = this.#address;
    if (this.#area.hidden = !address && kind === "search") this.#releaseHeight(this.#note.hidden = true);
    this.#fitRows();
    const shown = address + this.#limit;
    if (!this.#started || shown === this.#loadedKey) return;
    if (address && this.dataset.consent && !agreed) {
      unagreed.add(this);
      const onclick = () => {
        agreed = 1;
        unagreed.forEach((embed) => embed.begin());
        unagreed.clear();
        unagreed.add(this);
      };
      this.#area.replaceChildren(create("button", { part: "button", textContent, onclick }), this.#linkSlot);
      return;
    }
    clearTimeout(this.#timer);
    this.#controller.abort();
    const wait = this.#loadedKey && words !== this.#typedWords && 200;
    this.#loadedKey = shown;
    if (address) this.#timer = setTimeout(() => this.#load(address, this.getAttribute("fallback")), wait);
  }

  /** Show the results of an address, unless a newer search began; on failure the link stays. */
  async #load(address, fallback) {
    const { signal } = this.#controller = new AbortController();
    this.#linkSlot.replaceChildren(create("a", { href: here.origin + address.replace(/search(?!.*\bq=)/, ""), textContent: this.#words || texts.search }));
    this.#area.replaceChildren(this.#linkSlot);
    this.#area.style.blockSize = "";
    this.#note.hidden = false;
    this.#frame.ariaBusy = "true";
    try {
      for (let late = 1, wait = ""; late; wait = "&wait=1") {
        const results = adapt(await fetchShared(`/embed${address}${here.search.replace("?", "&")}${wait}`, wait, signal));
        if (signal.aborted) return;
        this.#isComplete = !(late = !wait && results.dataset.late);
        const list = this.#area.querySelector(".tiles");
        if (wait && list) this.#appendTiles(list, results);
        else if ((results.querySelector(".tiles") || !late) && !this.#showTiles(results) && fallback) throw fallback;
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#frame.ariaBusy = "false";
      console.warn(this, error);
      if (!fallback) return;
      const asked = new URLSearchParams(address.slice(8));
      for (const name of [...SUBJECT, "agency"]) asked.delete(name);
      asked.set("q", fallback);
      this.#load(`/search?${asked}`);
    }
  }

  /** Show the pictures; without any, keep the link for readers and log the reason for the owner. */
  #showTiles(results) {
    const list = results.querySelector(".tiles");
    const count = results.querySelector(".count").textContent;
    this.#frame.ariaLabel = count;
    this.#frame.ariaBusy = "false";
    this.#status.textContent = this.#kind === "search" ? count : "";
    this.#note.replaceChildren(this.#status, ...list ? results.querySelectorAll(".disclosure") : "");
    const asked = unagreed.delete(this);
    if (list) {
      for (const tile of [...list.children].slice(this.#limit)) tile.remove();
      this.#area.replaceChildren(list);
      this.#fitRows();
      if (asked) list.querySelector("a").focus();
    } else {
      console.warn(this, results.textContent.replace(/\s+/g, " "));
      // Readers who typed the words see that nothing was found.
      this.#note.hidden = !this.#words || this.#typedWords !== this.#words;
      this.#releaseHeight("auto");
    }
    return list;
  }

  /** Append the new tiles of late agencies behind the shown tiles, which keep their places. */
  #appendTiles(list, results) {
    const found = [...results.querySelectorAll(".tile")].filter((tile) =>
      !list.querySelector(`[data-id=${CSS.escape(tile.querySelector("a").dataset.id)}]`));
    list.append(...found.slice(0, this.#limit - list.children.length));
    this.#fitRows();
  }

  /** Set the height of the area, and drop the minimum height that the page reserves. */
  #releaseHeight(height) {
    this.#area.style.blockSize = height;
    if (this.style.minHeight !== "0px") this.style.minHeight = 0;
  }

  /** Fit the rows into the height below the note; tiles outside of all rows become inert. */
  #fitRows() {
    const { style, offsetWidth } = this.#frame;
    const kind = this.#kind;
    const narrow = offsetWidth < 481 && kind !== "strip";
    style.setProperty("--note", this.#note.offsetHeight + "px");
    style.setProperty("--lines", narrow ? Math.ceil(this.#rows * 1.4 - .3) : this.#rows);
    for (const link of this.#frame.querySelectorAll("a")) link.target = this.getAttribute("target") ?? "";
    const list = this.#area.querySelector(".tiles");
    if (!list) return;
    this.#area.style.blockSize = "";
    let end = 0, seen = 0;
    for (const tile of list.children) {
      tile.inert = tile.offsetTop >= list.clientHeight || !++seen;
      end = Math.max(end, tile.offsetTop + tile.offsetHeight);
    }
    // The disclosure may concern only pictures that are not shown.
    const said = this.#note.querySelector(".disclosure");
    if (said) said.hidden = said.dataset.from > seen;
    if (kind === "strip") end += 16;
    if (this.#isComplete && kind !== "image" && end < this.#area.clientHeight) {
      this.#releaseHeight(end + "px");
    }
  }
}

customElements.get("affiliate-search") || customElements.define("affiliate-search", Embed);
