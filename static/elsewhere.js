// <affiliate-search> on other sites' pages: the server puts the first part of embed.js before it.

const ASKED = ("q exclude media type orientation color people age gender ethnicity category " +
  "contributor license released safe sort duration resolution aspect fps lang").split(" ");
const ROWS = { grid: 2, strip: 1, image: 2, search: 3 };
const answers = new Map();
const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

/** One request for all embeds that ask the same. */
function ask(address, all) {
  if (!answers.has(address)) {
    answers.set(address, patiently(address, undefined, all));
    answers.get(address).catch(() => answers.delete(address));
  }
  return answers.get(address);
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

/** What is in no visible row is out of reach. */
function fit(list) {
  for (const tile of list.children) tile.inert = tile.offsetTop >= list.clientHeight;
}

const resized = new ResizeObserver((all) => all.forEach(({ target }) => fit(target)));
const near = new IntersectionObserver((all) => {
  for (const { isIntersecting, target } of all) if (isIntersecting) target.begin();
}, { rootMargin: "600px" });

const make = (name, fields) => Object.assign(document.createElement(name), fields);

class Embed extends Pictures {
  static observedAttributes = [...ASKED, "agency", "site", "kind", "rows", "limit", "theme", "accent"];
  #frame = make("section", { role: "group", part: "frame" });
  #form = make("form", { role: "search" });
  #box = make("input", { type: "search", part: "box", required: true, maxLength: 500 });
  #go = make("button", { part: "button", textContent: "→" });
  #note = make("div", { className: "earns", part: "disclosure" });
  #said = make("p", { role: "status" });
  #area = make("div", { className: "area" });
  #link = make("slot");
  #begun;
  #shown;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(this.#frame);
    this.#frame.append(this.#form, this.#note, this.#area);
    this.#form.append(this.#box, this.#go);
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.setAttribute("q", this.#box.value);
    };
    this.listen(root);
  }

  connectedCallback() {
    this.#update();
    near.observe(this);
  }

  disconnectedCallback() {
    near.unobserve(this);
  }

  attributeChangedCallback(name, before, now) {
    if (name === "q") this.#box.value = now;
    // Several that change at once are one search.
    queueMicrotask(() => this.#update());
  }

  begin() {
    this.#begun = true;
    this.#update();
  }

  get #kind() {
    const kind = this.getAttribute("kind");
    return kind in ROWS ? kind : "grid";
  }

  get #limit() {
    return this.#kind === "image" ? 1 : parseInt(this.getAttribute("limit")) || 48;
  }

  /** What is asked; empty where nobody has said what to look for. */
  get #address() {
    const asked = new URLSearchParams();
    for (const name of ASKED) if (this.getAttribute(name)) asked.set(name, this.getAttribute(name));
    if (!/\b(q|category|contributor|color)=/.test(asked)) return "";
    for (const name of this.getAttribute("agency")?.split(",") ?? []) asked.append("agency", name);
    asked.set("site", this.getAttribute("site") || location.hostname);
    return `/search?${asked}`;
  }

  #update() {
    const { style, dataset } = this.#frame;
    dataset.kind = this.#kind;
    const rows = Math.min(parseInt(this.getAttribute("rows")) || ROWS[this.#kind], 6);
    style.setProperty("--rows", rows);
    style.setProperty("--narrow", Math.round(rows * 1.4));
    style.setProperty("--accent", this.getAttribute("accent") || accent);
    const theme = this.getAttribute("theme") ?? "";
    style.colorScheme = theme.replace("auto", "light dark");
    this.#frame.toggleAttribute("data-theme", theme);
    this.#box.ariaLabel = this.#box.placeholder = this.#go.ariaLabel = this.textContent.trim() || "Search";
    const address = this.#address;
    this.#area.hidden = this.#note.hidden = !address;
    const shown = address + this.#limit;
    if (this.#begun && address && shown !== this.#shown) this.#load(address, this.#shown = shown);
  }

  /** Show what an address finds, unless another overtakes it; where nothing comes, the link stays. */
  async #load(address, shown) {
    const textContent = this.getAttribute("q") || "Search";
    this.#link.replaceChildren(make("a", { href: here.origin + address, textContent }));
    this.#area.replaceChildren(this.#link);
    this.#frame.ariaBusy = "true";
    try {
      for (let late, wait = ""; late !== ""; wait = "&wait=1") {
        const results = settled(await ask(`/embed${address}${wait}`, wait));
        if (shown !== this.#shown) return;
        if (late && this.#area.querySelector(".tiles")) this.#add(results, late);
        else this.#show(results);
        late = wait ? "" : results.dataset.late ?? "";
      }
    } catch {
      if (shown === this.#shown) this.#frame.ariaBusy = "false";
    }
  }

  #show(results) {
    const list = results.querySelector(".tiles");
    const count = results.querySelector(".count").textContent;
    this.#frame.ariaLabel = count;
    this.#frame.ariaBusy = "false";
    this.#said.textContent = this.#kind === "search" ? count : "";
    this.#note.replaceChildren(this.#said, ...results.querySelectorAll(".disclosure"));
    const put = () => {
      [...list.children].slice(this.#limit).forEach((tile) => tile.remove());
      this.#area.replaceChildren(list);
      resized.observe(list);
    };
    if (!list) this.#area.replaceChildren(make("p", { textContent: count }), ...results.querySelectorAll(".note"));
    else if (!this.dataset.consent) put();
    else {
      const onclick = () => {
        delete this.dataset.consent;
        put();
        list.querySelector("a").focus();
      };
      this.#area.replaceChildren(make("button", { part: "button", textContent: results.dataset.show, onclick }));
    }
  }

  /** Behind what is there already: nothing moves. */
  #add(results, late) {
    const list = this.#area.querySelector(".tiles");
    const found = [...results.querySelectorAll(".tile")].filter((tile) =>
      late.split(" ").includes(tile.querySelector("a").dataset.agency));
    list.append(...found.slice(0, this.#limit - list.children.length));
    fit(list);
  }
}

if (!customElements.get("affiliate-search")) customElements.define("affiliate-search", Embed);
