// What a picture's details need: further sellers, missing details, sharing, and copied credits.
// Quick look imports this module when first opened; a picture's own page imports it at once.

const { fetchFragment, hasModifier } = customElements.get("affiliate-search");

/** Add sellers that the search knows and the picture's page does not. */
export function addSellers(article, tile, { createButtons, setPingPlace }) {
  const { position } = tile.querySelector(".picture").dataset;
  const links = [...article.querySelectorAll("figure a, .buy a")];
  for (const link of links) setPingPlace(link, position);
  const isNew = ({ dataset }) => !links.some((link) => link.dataset.agency === dataset.agency);
  const more = createButtons(tile).filter(isNew);
  if (!more.length) return;
  let buy = article.querySelector(".buy");
  if (!buy) {
    buy = document.createElement("div");
    buy.className = "buy";
    article.querySelector("h1").after(buy);
  }
  buy.append(...more);
}

/** Put an article in the place of the tile's, which leaves it the button to keep and the focus. */
export function replaceArticle(host, article) {
  const focused = host.contains(document.activeElement) && document.activeElement;
  article.querySelector(".actions").prepend(...host.querySelectorAll(".keep"));
  host.replaceChildren(article);
  if (!focused) return;
  const same = article.querySelector(`.buy [data-agency="${focused.dataset.agency}"]`);
  (focused.isConnected ? focused : same ?? host.closest("dialog")).focus();
}

/** Load the details that need another call to the agency, and insert them. */
export async function loadDetails(article, signal) {
  const { more } = article.dataset;
  const full = more && await fetchFragment(more, signal).catch(() => null);
  const list = full && full.querySelector("dl");
  if (!list || !article.isConnected) return;
  article.querySelector("dl").replaceWith(list);
  const words = full.querySelector(".facts .chips");
  if (words && !article.querySelector(".facts .chips")) article.querySelector(".facts").append(words);
}

/** Copy a text, and say so on the pressed button; resolve with false where that is forbidden. */
async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return false;
  }
  for (const other of button.closest("article").querySelectorAll("[data-label]")) other.textContent = other.dataset.label;
  button.dataset.label ??= button.textContent;
  button.textContent = button.dataset.copied;
  (button.closest("dialog") ?? document).querySelector("[role=status]").textContent = button.dataset.copied;
  return true;
}

/** Show a field with a text, selected, so that the keyboard or a long press can copy the text. */
function select(field) {
  field.classList.add("shown");
  field.focus();
  field.select();
}

async function copyCredit(button) {
  const cell = button.closest("dd");
  const [sentence, field] = [cell.querySelector("span"), cell.querySelector(".code")];
  const isHtml = "html" in button.dataset;
  if (await copy(isHtml ? field.value : sentence.textContent, button)) return;
  if (isHtml) select(field);
  else getSelection().selectAllChildren(sentence);
}

/** Share a picture's address: by the system's own menu where there is one, else copied. */
async function share(link) {
  const url = new URL(link.dataset.path, location.href).href;
  const title = link.closest("article").querySelector("h1").textContent;
  try {
    if (!navigator.share) throw 0;
    await navigator.share({ title, url });
  } catch (error) {
    if (error.name === "AbortError" || await copy(url, link)) return;
    let field = link.parentNode.querySelector(".code");
    if (!field) {
      field = Object.assign(document.createElement("input"), { className: "code", readOnly: true, value: url, ariaLabel: link.textContent });
      link.parentNode.append(field);
    }
    select(field);
  }
}

addEventListener("click", (event) => {
  const { target } = event;
  if (target.matches(".copy")) copyCredit(target);
  if (!target.matches(".share") || hasModifier(event)) return;
  event.preventDefault();
  share(target);
});

const article = document.querySelector("main article");
if (article) loadDetails(article);
