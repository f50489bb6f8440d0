// Pictures that the visitor keeps, in this browser alone: their store, and buttons on tiles.
// Imported with the first pointer or focus; on touch, or with kept pictures, at once.

const MOST = 60;
const PICK = /^([\w-]{1,40}):([^:,\s]{1,900})(:video)?$/;
const isTouch = matchMedia("(hover: none)").matches;
const link = document.querySelector(".to-board");
const { keep: label, failed, full } = link.dataset;
let shown = [];  // the kept pictures

/** Return the kept pictures; what other programs have stored is left out. */
export function read() {
  try {
    return [...new Set((localStorage.board ?? "").split(",").map(normalize).filter(Boolean))].slice(0, MOST);
  } catch {
    return [];  // storage is blocked
  }
}

/** Return a picture as the server writes pictures; empty where a text is none. */
function normalize(text) {
  const [, agency, encoded, kind = ""] = PICK.exec(text) ?? [];
  try {
    const id = decodeURIComponent(encoded);
    if (!agency || id.length > 100 || id !== id.trim() || /[^\P{Z} ]|\p{C}/u.test(id)) return "";
    const escapeSign = (sign) => `%${sign.charCodeAt().toString(16).toUpperCase()}`;
    return `${agency.toLowerCase()}:${encodeURIComponent(id).replace(/[!'()*]/g, escapeSign)}${kind}`;
  } catch {
    return "";
  }
}

/** Store pictures in place of those kept; return the text that says why they are not stored. */
export function write(picks) {
  try {
    if (picks.length) localStorage.board = picks;
    else localStorage.removeItem("board");
  } catch {
    return failed;  // storage is full or blocked
  }
  sync();
}

/** Keep further pictures; return the text that says why they are not kept. */
export function keep(picks) {
  const all = [...new Set([...read(), ...picks])];
  return all.length > MOST ? full : write(all);
}

/** Return the picture at the path of its page. */
function readPick(path) {
  const [, media, agency, id] = path.split("/");
  return normalize(`${agency}:${id}${media === "video" ? ":video" : ""}`);
}

function toggle(button) {
  const { pick } = button.dataset;
  const kept = read();
  delete button.dataset.told;
  const fault = kept.includes(pick) ? write(kept.filter((other) => other !== pick)) : keep([pick]);
  if (fault) (button.closest("dialog") ?? document).querySelector("[role=status]").textContent = button.dataset.told = fault;
}

function createButton(pick, title) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "keep";
  button.dataset.pick = pick;
  button.ariaLabel = `${label}: ${title}`;
  button.ariaPressed = shown.includes(pick);
  button.addEventListener("click", () => toggle(button));
  return button;
}

/** Add the button of a tile, which Tab reaches last, and only where Tab reaches the tile. */
function addToTile(details) {
  const tile = details.closest(".tile");
  if (tile.querySelector(".keep")) return;
  const button = createButton(readPick(details.pathname), details.querySelector("bdi").textContent);
  button.tabIndex = details.tabIndex;
  tile.append(button);
}

/** Add buttons to kept tiles in parts of the page, on touch to all, and to a shown picture. */
function complete(parts) {
  for (const part of parts) {
    for (const details of part.querySelectorAll?.("main .tile [data-look]") ?? []) {
      if (isTouch || shown.includes(readPick(details.pathname))) addToTile(details);
    }
  }
  for (const article of document.querySelectorAll("article.image:not(:has(.facts .keep))")) {
    const button = createButton(readPick(location.pathname), article.querySelector("h1").textContent);
    button.textContent = label;
    article.querySelector(".actions").prepend(button);
  }
}

/** Show on the page what is kept: the count, pressed buttons, and buttons on kept tiles. */
function sync() {
  shown = read();
  link.querySelector("b").textContent = shown.length || "";
  complete([document]);
  for (const button of document.querySelectorAll(".keep")) button.ariaPressed = shown.includes(button.dataset.pick);
}

/** Give the tile under a mouse or with the focus its button. */
function meet({ target, pointerType }) {
  const details = pointerType !== "touch" && target?.closest?.("main .tile")?.querySelector("[data-look]");
  if (details) addToTile(details);
}

function start() {
  for (const name of ["pointerover", "focusin"]) addEventListener(name, meet);
  for (const name of ["storage", "pageshow"]) addEventListener(name, sync);
  new MutationObserver((records) => complete(records.flatMap(({ addedNodes }) => [...addedNodes]))).observe(document, { childList: true, subtree: true });
  meet({ target: document.querySelector("main .tile:is(:hover, :focus-within)") });
  sync();
}

const styles = document.createElement("link");
styles.rel = "stylesheet";
styles.href = new URL("keep.css", import.meta.url);
styles.onload = start;
try {
  if (localStorage) document.head.append(styles);
} catch {}  // storage is blocked: no button would keep anything
