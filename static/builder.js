// The builder of embeds: a choice in its form redraws preview and code; buttons copy the code.

const form = document.getElementById("builder");
const page = document.querySelector(".builder");
const output = page.querySelector(".built");
const picker = form.querySelector("[type=color]");
const { rows, kind, media, accent, ids } = form.elements;
let retriesLeft = 3;
let areFiltersOld = false;
let request, timer;

/** Show the controls that need scripts, and build again where pictures were still on their way. */
function prepareControls() {
  picker.hidden = false;
  document.getElementById("about-ids").hidden = false;
  for (const button of output.querySelectorAll(".copy")) button.hidden = false;
  // The preview fills the cache within seconds, which may change the codes.
  if (output.querySelector("[data-again]") && retriesLeft-- > 0) timer = setTimeout(build, 2000, readCodes());
}

const readCodes = (part = output) => [...part.querySelectorAll("textarea, .note")].map((code) => code.textContent).join();

/** Empty the fields of code, so that nobody copies code of earlier choices. */
function clearCodes() {
  output.setAttribute("aria-busy", "true");
  for (const code of output.querySelectorAll("textarea")) code.value = "";
}

/** Say beside each field of the form why the server refused its value. */
function showFaults(fresh) {
  for (const reason of form.querySelectorAll(".wrong")) {
    reason.textContent = fresh.getElementById(reason.id)?.textContent ?? "";
    form.querySelector(`[aria-describedby~="${reason.id}"]`).setAttribute("aria-invalid", !!reason.textContent);
  }
}

/** Replace the filters by those of the chosen kind of media; a fold stays as it is. */
function replaceFilters(fresh) {
  const [old, filters] = [form, fresh].map((part) => part.querySelector("#filters"));
  const fold = filters.querySelector("details");
  fold.open ||= old.querySelector("details").open;
  old.replaceWith(filters);
}

/** Replace preview and codes; a frame with the same address stays, and is not loaded again. */
function replaceOutput(fresh) {
  const [old, ground] = [output, fresh].map((part) => part.querySelector(".ground"));
  if (old && old.firstChild.src === ground?.firstChild.src) {
    old.className = ground.className;
    ground.remove();
    for (const part of [...output.children]) if (part !== old) part.remove();
    output.append(...fresh.children);
  } else output.replaceChildren(...fresh.children);
  output.removeAttribute("aria-busy");
}

/** Build what the form says; `before`, the codes of an earlier build, keeps the output where the
 *  codes are still the same or one has the focus. */
function build(before) {
  const parameters = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  const address = `/embed/builder?${parameters}`;
  const call = request = new XMLHttpRequest();
  call.open("GET", address);
  call.responseType = "document";
  call.onload = () => {
    const fresh = call.response?.querySelector(".built");
    if (!fresh) return;
    showFaults(call.response);
    if (!rows.value) rows.value = call.response.getElementById(rows.id).value;
    picker.value = call.response.querySelector("[type=color]").value;
    if (areFiltersOld) replaceFilters(call.response);
    areFiltersOld = false;
    if (before !== undefined && (readCodes(fresh) === before || output.querySelector(":focus"))) {
      prepareControls();
      return;
    }
    replaceOutput(fresh);
    history.replaceState(null, "", address);
    prepareControls();
  };
  call.send();
}

const isChoosing = () => form.elements.view.value === "choose";

/** Dim the pictures in the preview that are not chosen. */
function dimUnchosen(frame) {
  const chosen = ids.value.split(",").filter(Boolean);
  const { shadowRoot } = frame.contentDocument.querySelector("affiliate-search") ?? {};
  for (const { dataset, parentNode } of shadowRoot?.querySelectorAll(".picture") ?? []) {
    const isChosen = !chosen.length || chosen.includes(`${dataset.agency}:${dataset.id}`);
    parentNode.style.opacity = isChosen ? "" : ".4";
  }
}

/** Choose a picture clicked in the preview, or follow its link without the ping that counts a
 *  reader's click. */
function choosePicture(event, frame) {
  const link = event.composedPath().find((node) => node.dataset?.agency);
  if (!link) return;
  link.removeAttribute("ping");
  event.stopPropagation();
  if (!isChoosing() || event.type !== "click") return;
  event.preventDefault();
  const { agency, id } = link.dataset;
  const chosen = new Set(ids.value.split(",").filter(Boolean));
  if (!chosen.delete(`${agency}:${id}`)) chosen.add(`${agency}:${id}`);
  ids.value = [...chosen].join();
  dimUnchosen(frame);
  ids.dispatchEvent(new Event("input", { bubbles: true }));
}

output.addEventListener("load", ({ target }) => {
  for (const name of ["click", "auxclick", "contextmenu"]) {
    target.contentDocument.addEventListener(name, (event) => choosePicture(event, target), true);
  }
  target.contentDocument.addEventListener("pointerover", () => isChoosing() && dimUnchosen(target), true);
}, true);

page.addEventListener("input", ({ target }) => {
  if (target === picker) accent.value = picker.value;
  if (target === kind) rows.value = "";  // each kind has its own default
  areFiltersOld ||= target === media;
  clearCodes();
  clearTimeout(timer);
  request?.abort();
  retriesLeft = 3;
  timer = setTimeout(() => build(), target.matches("select, [type=radio], [type=checkbox]") ? 0 : 300);
});

output.addEventListener("click", async ({ target }) => {
  if (!target.matches(".copy")) return;
  const code = target.previousElementSibling;
  code.select();
  try {
    await navigator.clipboard.writeText(code.value);
    target.textContent = target.dataset.copied;
  } catch {
    // The code is selected: the keyboard can copy it.
  }
});

prepareControls();
