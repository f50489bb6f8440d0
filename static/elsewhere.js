// <affiliate-search> on other sites' pages; the server joins it to embed.js's first part and embed.css.

const ASKED = ("q exclude media type orientation color people age gender ethnicity category " +
  "contributor license released safe sort lang").split(" ");
const ROWS = { grid: 2, strip: 1, image: 2, search: 3 };
const answers = new Map();
const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

const make = (name, fields) => Object.assign(document.createElement(name), fields);

/** One request for all embeds that ask the same. */
function ask(address) {
  if (!answers.has(address)) {
    answers.set(address, fragment(address));
    answers.get(address).catch(() => answers.delete(address));
  }
  return answers.get(address);
}

/** A copy for this page: whole addresses, and styles set as strict policies allow. */
function settled(answer) {
  const results = answer.cloneNode(true);
  for (const one of results.querySelectorAll("[href], [src]")) {
    for (const name of ["href", "ping", "src", "srcset"]) {
      const value = one.getAttribute(name);
      if (value) one.setAttribute(name, value.replace(/(^|, )\//g, `$1${here.origin}/`));
    }
    if (one.src) Object.assign(one, { loading: "lazy", fetchPriority: "auto" });
  }
  for (const tile of results.querySelectorAll(".tile")) tile.style.cssText = tile.getAttribute("style");
  return results;
}

/** What is in no visible row is out of reach. */
function fit(list) {
  for (const tile of list.children) tile.inert = tile.offsetTop >= list.clientHeight;
}
const resized = new ResizeObserver((all) => all.forEach(({ target }) => fit(target)));
const near = new IntersectionObserver((all) => {
  for (const { isIntersecting, target } of all) if (isIntersecting) target.getRootNode().host.begin();
}, { rootMargin: "600px" });

class Embed extends Pictures {
  static observedAttributes = [...ASKED, "agency", "site", "kind", "rows", "limit", "theme", "accent"];
  #frame = make("section", { role: "group", part: "frame" });
  #form = make("form", { role: "search" });
  #box = make("input", { type: "search", part: "box", required: true, maxLength: 500 });
  #go = make("button", { part: "button" });
  #said = make("p", { role: "status" });
  #note = make("p", { className: "note", part: "disclosure" });
  #area = make("div", { className: "area", part: "area" });
  #link = make("slot");
  #begun = false;
  #agreed = false;
  #due = null;
  #shown = null;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(this.#frame);
    this.#frame.append(this.#form, this.#said, this.#note, this.#area);
    this.#form.append(this.#box, this.#go);
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.setAttribute("q", this.#box.value);
      this.begin();
    };
    this.listen(root);
  }

  connectedCallback() {
    this.#update();
    near.observe(this.#frame);
  }

  disconnectedCallback() {
    near.unobserve(this.#frame);
  }

  attributeChangedCallback() {
    // Several that change at once are one search.
    this.#due ??= Promise.resolve().then(() => { this.#due = null; this.#update(); });
  }

  begin() {
    this.#begun = true;
    this.#update();
  }

  get #kind() {
    const kind = this.getAttribute("kind");
    return kind in ROWS ? kind : "grid";
  }

  /** What is asked; empty where nobody has said what to look for. */
  get #address() {
    const asked = new URLSearchParams();
    for (const name of ASKED) if (this.getAttribute(name)) asked.set(name, this.getAttribute(name));
    if (!["q", "category", "contributor", "color"].some((name) => asked.has(name))) return "";
    for (const name of this.getAttribute("agency")?.split(",") ?? []) asked.append("agency", name);
    asked.set("site", this.getAttribute("site") || location.hostname);
    return `/search?${asked}`;
  }

  #update() {
    const { style, dataset } = this.#frame;
    const theme = this.getAttribute("theme");
    const label = this.textContent.trim() || "Search";
    dataset.kind = this.#kind;
    style.setProperty("--rows", parseInt(this.getAttribute("rows")) || ROWS[this.#kind]);
    style.setProperty("--accent", this.getAttribute("accent")?.replace(/^#?/, "#") ?? accent);
    style.colorScheme = theme === "auto" ? "light dark" : theme;
    this.#form.hidden = this.#kind !== "search";
    this.#box.ariaLabel = this.#box.placeholder = this.#go.ariaLabel = label;
    this.#box.value ||= this.getAttribute("q");
    const address = this.#address;
    this.#area.hidden = this.#note.hidden = !address;
    const shown = address + this.getAttribute("limit");
    if (this.#begun && address && shown !== this.#shown) this.#load(address, this.#shown = shown);
  }

  /** Show what an address finds, unless another has overtaken it; the link stays where nothing comes. */
  async #load(address, shown) {
    const link = make("a", { href: here.origin + address, textContent: this.getAttribute("q") });
    this.#link.replaceChildren(link);
    this.#area.replaceChildren(this.#link);
    this.#frame.ariaBusy = "true";
    try {
      let results = settled(await ask(`/ajax${address}`));
      const { late } = results.dataset;
      if (shown === this.#shown) this.#show(results);
      if (!late) return;
      results = settled(await ask(`/ajax${address}&wait=1`));
      if (shown === this.#shown) this.#add(results, late.split(" "));
    } catch {
      if (shown === this.#shown) this.#frame.ariaBusy = "false";
    }
  }

  #show(results) {
    const list = results.querySelector(".tiles");
    const count = results.querySelector(".count").textContent;
    this.#frame.ariaLabel = count;
    this.#frame.ariaBusy = "false";
    if (this.#kind === "search") this.#said.textContent = count;
    this.#note.replaceChildren(...results.querySelectorAll(".disclosure"));
    if (!list) {
      this.#area.replaceChildren(make("p", { textContent: count }), ...results.querySelectorAll(".note"));
    } else if (this.dataset.consent === "click" && !this.#agreed) {
      const { show } = results.dataset;
      const button = make("button", { part: "button", textContent: show });
      button.onclick = () => {
        this.#agreed = true;
        this.#show(results);
        list.querySelector("a").focus();
      };
      this.#area.replaceChildren(button);
    } else {
      [...list.children].slice(this.getAttribute("limit") || 48).forEach((tile) => tile.remove());
      this.#area.replaceChildren(list);
      resized.observe(list);
    }
  }

  /** Behind what is there already: nothing moves. */
  #add(results, late) {
    const list = this.#area.querySelector(".tiles");
    if (!list) return this.#show(results);
    const found = [...results.querySelectorAll(".tile")].filter((tile) =>
      late.includes(tile.querySelector("a").dataset.agency));
    list.append(...found.slice(0, (this.getAttribute("limit") || 48) - list.children.length));
    fit(list);
  }
}

if (!customElements.get("affiliate-search")) customElements.define("affiliate-search", Embed);
