// The builder: what is chosen is shown at once, and its code copied by a button.

const form = document.querySelector(".builder form");
const built = document.querySelector(".built");
const { rows, kind } = form.elements;
let turn;

function ready() {
  for (const button of built.querySelectorAll(".copy")) button.hidden = false;
}

form.addEventListener("change", ({ target }) => {
  if (target === kind) rows.value = "";  // each kind has its own
  if (!form.checkValidity()) return;
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  const address = `/embed/builder?${asked}`;
  turn?.abort();
  const call = turn = new XMLHttpRequest();
  call.open("GET", address);
  call.responseType = "document";
  call.onload = () => {
    const fresh = call.response?.querySelector(".built");
    if (!fresh) return;
    rows.value = call.response.querySelector("[name=rows]").value;
    built.replaceChildren(...fresh.children);
    history.replaceState(null, "", address);
    ready();
  };
  call.send();
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
