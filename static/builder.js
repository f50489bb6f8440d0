// The builder: what is chosen is shown at once, and its code copied by a button.

const form = document.getElementById("builder");
const page = document.querySelector(".builder");
const built = page.querySelector(".built");
const picker = form.querySelector("[type=color]");
const { rows, kind, accent, ids } = form.elements;
let tries = 3;
let turn, pause;

function ready() {
  picker.hidden = false;
  document.getElementById("about-ids").hidden = false;
  for (const button of built.querySelectorAll(".copy")) button.hidden = false;
  // What the preview fetches is in the cache in a moment.
  if (built.querySelector("[data-again]") && tries-- > 0) pause = setTimeout(build, 2000, codes());
}

const codes = (part = built) => [...part.querySelectorAll("textarea")].map((one) => one.defaultValue).join();

/** Old code never stands beside new choices. */
function clear() {
  built.setAttribute("aria-busy", "true");
  for (const code of built.querySelectorAll("textarea")) code.value = "";
}

/** Say beside each field why its value is refused. */
function judge(fresh) {
  for (const reason of form.querySelectorAll(".wrong")) {
    reason.textContent = fresh.getElementById(reason.id)?.textContent ?? "";
    form.querySelector(`[aria-describedby~="${reason.id}"]`).setAttribute("aria-invalid", !!reason.textContent);
  }
}

/** Put what was made in place of the old; a preview that stays the same is not loaded again. */
function show(fresh) {
  const [old, ground] = [built, fresh].map((part) => part.querySelector(".ground"));
  if (old && old.firstChild.src === ground?.firstChild.src) {
    old.className = ground.className;
    ground.remove();
    for (const part of [...built.children]) if (part !== old) part.remove();
    built.append(...fresh.children);
  } else built.replaceChildren(...fresh.children);
  built.removeAttribute("aria-busy");
}

/** Show what the form says; asked again, what stays as it was or is in use is left alone. */
function build(before) {
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  const address = `/embed/builder?${asked}`;
  const call = turn = new XMLHttpRequest();
  call.open("GET", address);
  call.responseType = "document";
  call.onload = () => {
    const fresh = call.response?.querySelector(".built");
    if (!fresh) return;
    judge(call.response);
    if (!rows.value) rows.value = call.response.getElementById(rows.id).value;
    picker.value = call.response.querySelector("[type=color]").value;
    if (before !== undefined && (codes(fresh) === before || built.querySelector(":focus"))) {
      ready();
      return;
    }
    show(fresh);
    history.replaceState(null, "", address);
    ready();
  };
  call.send();
}

const choosing = () => form.elements.view.value === "choose";

/** The pictures in the preview that are not chosen step back. */
function mark(frame) {
  const chosen = ids.value.split(",").filter(Boolean);
  const { shadowRoot } = frame.contentDocument.querySelector("affiliate-search") ?? {};
  for (const { dataset, parentNode } of shadowRoot?.querySelectorAll(".picture") ?? []) {
    const one = !chosen.length || chosen.includes(`${dataset.agency}:${dataset.id}`);
    parentNode.style.opacity = one ? "" : ".4";
  }
}

/** What is clicked in the preview is no reader's click: it is told nobody, or chosen. */
function choose(event, frame) {
  const link = event.composedPath().find((one) => one.dataset?.agency);
  if (!link) return;
  link.removeAttribute("ping");
  event.stopPropagation();
  if (!choosing() || event.type !== "click") return;
  event.preventDefault();
  const { agency, id } = link.dataset;
  const chosen = new Set(ids.value.split(",").filter(Boolean));
  if (!chosen.delete(`${agency}:${id}`)) chosen.add(`${agency}:${id}`);
  ids.value = [...chosen].join();
  mark(frame);
  ids.dispatchEvent(new Event("input", { bubbles: true }));
}

built.addEventListener("load", ({ target }) => {
  for (const name of ["click", "auxclick", "contextmenu"]) {
    target.contentDocument.addEventListener(name, (event) => choose(event, target), true);
  }
  target.contentDocument.addEventListener("pointerover", () => choosing() && mark(target), true);
}, true);

page.addEventListener("input", ({ target }) => {
  if (target === picker) accent.value = picker.value;
  if (target === kind) rows.value = "";  // each kind has its own
  clear();
  clearTimeout(pause);
  turn?.abort();
  tries = 3;
  pause = setTimeout(() => build(), target.matches("select, [type=radio], [type=checkbox]") ? 0 : 300);
});

built.addEventListener("click", async ({ target }) => {
  if (!target.matches(".copy")) return;
  const code = target.previousElementSibling;
  code.select();
  try {
    await navigator.clipboard.writeText(code.value);
    target.textContent = target.dataset.copied;
  } catch {
    // It is selected, for the keyboard.
  }
});

ready();
