// <affiliate-search> on other sites' pages: the server puts the first part of embed.js before it,
// the names of all filters (ASKED), the owner's accent, the texts and the styles.

const WHAT = ["q", "category", "contributor", "color", "ids", "collection"];
const ROWS = { __proto__: null, grid: 2, strip: 1, image: 2, search: 3 };
const answers = new Map();
const asking = new Set();
const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);
let agreed, boxes = 0;

/** One request for all embeds that ask the same; it ends when none of them wants it any more. */
function ask(address, all, signal) {
  let answer = answers.get(address);
  if (!answer) {
    const stop = new AbortController();
    const forget = () => answers.delete(address);
    answer = patiently(address, stop.signal, all);
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

/** A copy for this page: whole addresses, and styles set as strict policies allow. */
function settled(answer) {
  const results = answer.cloneNode(true);
  for (const one of results.querySelectorAll("*")) {
    for (const { name, value } of one.attributes) {
      if (name === "data-style") one.style.cssText = value;
      if (/href|ping|src/.test(name)) one.setAttribute(name, value.replace(/(^|, )\//g, `$1${here.origin}/`));
    }
  }
  return results;
}

const make = (name, fields) => Object.assign(document.createElement(name), fields);

class Embed extends Pictures {
  #frame = make("section", { role: "group", part: "frame" });
  #form = make("form", { role: "search" });
  #box = make("input", { type: "search", part: "box", required: true, maxLength: 500 });
  #go = make("button", { part: "button", textContent: "→" });
  #note = make("div", { className: "earns", part: "disclosure" });
  #said = make("p", { role: "status" });
  #area = make("div", { className: "area" });
  #link = make("slot");
  #turn = new AbortController();
  #begun;
  #words = null;
  #typed;
  #shown;
  #timer;
  #whole;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(this.#frame);
    this.#frame.append(this.#form, this.#note, this.#area);
    this.#area.append(this.#link);
    this.#form.append(this.#box, this.#go);
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.setAttribute("q", this.#typed = this.#box.value);
      // What was picked would be shown in place of the search.
      for (const name of WHAT.slice(4)) this.removeAttribute(name);
    };
    this.listen(root);
    // Several that change at once are one search.
    new MutationObserver(() => this.#update()).observe(this, { attributes: true });
    new ResizeObserver(() => this.#fit()).observe(this.#note);
    new IntersectionObserver((all) => all.at(-1).isIntersecting && this.begin(), { rootMargin: "600px" }).observe(this);
  }

  connectedCallback() {
    this.#update();
  }

  begin() {
    this.#begun = 1;
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

  /** What is asked; empty where nobody has said what to look for. */
  get #address() {
    const asked = new URLSearchParams();
    for (const name of [...ASKED, ...WHAT, "site"]) {
      const value = this.getAttribute(name) ||
        { lang: this.closest("[lang]")?.lang || document.documentElement.lang, site: location.host !== here.host && (location.hostname || origin) }[name];
      if (value) asked.set(name, value);
    }
    if (!WHAT.some((name) => asked.has(name))) {
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
    this.#go.ariaLabel = search;
    if (kind === "search") this.#form.ariaLabel ??= `${search} ${boxes++ ? boxes : ""}`.trim();
    const address = this.#address;
    if (this.#area.hidden = kind === "search" && !address) this.#release(this.#note.hidden = true);
    this.#fit();
    const shown = address + this.#limit;
    if (!this.#begun || shown === this.#shown) return;
    if (address && this.dataset.consent && !agreed) {
      asking.add(this);
      const onclick = () => {
        agreed = 1;
        asking.forEach((one) => one.begin());
        asking.clear();
        asking.add(this);
      };
      this.#area.replaceChildren(make("button", { part: "button", textContent, onclick }), this.#link);
      return;
    }
    clearTimeout(this.#timer);
    this.#turn.abort();
    const wait = this.#shown && this.#typed !== words && 200;
    this.#shown = shown;
    if (address) this.#timer = setTimeout(() => this.#load(address, this.getAttribute("fallback")), wait);
  }

  /** Show what an address finds, unless another overtakes it; where nothing comes, the link stays. */
  async #load(address, fallback) {
    const { signal } = this.#turn = new AbortController();
    this.#link.replaceChildren(make("a", { href: here.origin + address.replace(/search(?!.*\bq=)/, ""), textContent: this.#words || texts.search }));
    this.#area.replaceChildren(this.#link);
    this.#area.style.blockSize = "";
    this.#note.hidden = false;
    this.#frame.ariaBusy = "true";
    try {
      for (let late = 1, wait = ""; late; wait = "&wait=1") {
        const results = settled(await ask(`/embed${address}${here.search.replace("?", "&")}${wait}`, wait, signal));
        if (signal.aborted) return;
        this.#whole = !(late = !wait && results.dataset.late);
        const list = this.#area.querySelector(".tiles");
        if (wait && list) this.#add(list, results);
        else if ((results.querySelector(".tiles") || !late) && !this.#show(results) && fallback) throw fallback;
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#frame.ariaBusy = "false";
      console.warn(this, error);
      if (!fallback) return;
      const asked = new URLSearchParams(address.slice(8));
      for (const name of [...WHAT, "agency"]) asked.delete(name);
      asked.set("q", fallback);
      this.#load(`/search?${asked}`);
    }
  }

  /** Show the pictures; where there are none, readers get the page's own link, its owner the reason. */
  #show(results) {
    const list = results.querySelector(".tiles");
    const count = results.querySelector(".count").textContent;
    this.#frame.ariaLabel = count;
    this.#frame.ariaBusy = "false";
    this.#said.textContent = this.#kind === "search" ? count : "";
    this.#note.replaceChildren(this.#said, ...list ? results.querySelectorAll(".disclosure") : "");
    const asked = asking.delete(this);
    if (list) {
      for (const tile of [...list.children].slice(this.#limit)) tile.remove();
      this.#area.replaceChildren(list);
      this.#fit();
      if (asked) list.querySelector("a").focus();
    } else {
      console.warn(this, results.textContent.replace(/\s+/g, " "));
      // Who has typed the words is told what came of them.
      this.#note.hidden = !this.#words || this.#typed !== this.#words;
      this.#area.style.blockSize = "auto";
      this.#release();
    }
    return list;
  }

  /** Add what is not there yet behind what is: nothing moves. */
  #add(list, results) {
    const found = [...results.querySelectorAll(".tile")].filter((tile) =>
      !list.querySelector(`[data-id=${CSS.escape(tile.querySelector("a").dataset.id)}]`));
    list.append(...found.slice(0, this.#limit - list.children.length));
    this.#fit();
  }

  /** Give up the height that the page reserves. */
  #release() {
    if (this.style.minHeight !== "0px") this.style.minHeight = 0;
  }

  /** Give the rows what the note leaves of the height; what is in none of them is out of reach. */
  #fit() {
    const { style, offsetWidth } = this.#frame;
    const kind = this.#kind;
    const narrow = offsetWidth <= 480 && kind !== "strip";
    style.setProperty("--note", `${this.#note.offsetHeight}px`);
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
    // Perhaps of pictures behind these alone.
    const said = this.#note.querySelector(".disclosure");
    if (said) said.hidden = said.dataset.from > seen;
    if (kind === "strip") end += 16;
    if (this.#whole && kind !== "image" && end < this.#area.clientHeight) {
      this.#area.style.blockSize = `${end}px`;
      this.#release();
    }
  }
}

customElements.get("affiliate-search") || customElements.define("affiliate-search", Embed);
