// Inside an iframe: whose page it stands on, for its links, and its height for embed-frame.js.

const element = document.querySelector("affiliate-search");
if (!element.hasAttribute("site")) {
  try {
    element.setAttribute("site", new URL(document.referrer || location.ancestorOrigins[0]).hostname);
  } catch {
    // The page around hides its name.
  }
}
// The page's own link, for where no picture comes, leads on under the same name.
const site = element.getAttribute("site");
for (const link of site ? element.querySelectorAll("a") : []) {
  const address = new URL(link.href);
  address.searchParams.set("site", site);
  link.href = address;
}
// WordPress gives frames a secret, to which it listens (wp-includes/js/wp-embed.js).
const [, secret] = location.hash.match(/\bsecret=([a-z\d]+)$/i) ?? [];
const say = (message, value) => secret && parent.postMessage({ message, value, secret }, "*");
// A height is no secret, and the page around may be anyone's.
const tell = () => {
  parent.postMessage({ affiliateHeight: element.offsetHeight }, "*");
  say("height", element.offsetHeight);
};
new ResizeObserver(tell).observe(element);
// WordPress hides frames until they tell, and browsers don't observe what is hidden.
customElements.whenDefined(element.localName).then(tell);
addEventListener("message", ({ data }) => {
  if (data === "affiliateHeight" || (secret && data?.message === "ready")) tell();
});
// Its sandbox lets nothing open; it follows links to the frame's own host: to the picture's page,
// from where a click to the agency is counted.
if (secret && origin === "null") {
  addEventListener("click", (event) => {
    const link = event.composedPath().find((one) => one.localName === "a");
    if (!link) return;
    const page = link.dataset.id ? link.closest(".tile").querySelector("[data-look]") : link;
    event.preventDefault();
    event.stopImmediatePropagation();
    say("link", page.href);
  }, true);
}
// Without allow-forms a sandbox sends no form and tells of none; Enter clicks its button, too.
if (origin === "null") {
  addEventListener("click", (event) => {
    const form = event.composedPath().find((one) => one.localName === "button")?.form;
    if (!form?.checkValidity()) return;
    event.preventDefault();
    form.dispatchEvent(new Event("submit", { cancelable: true }));
  });
}
// A sandbox that keeps the frame's origin may open no window either: then nobody leaves.
const isBoxed = () => {
  try {
    document.domain = document.domain; // every sandbox forbids it, and nothing else depends on it
  } catch {
    return true;
  }
};
const leave = (event) => {
  const link = event.composedPath().find((one) => one.localName === "a");
  if (!link?.dataset.id || event.button > 1 || !isBoxed()) return;
  event.preventDefault();
  if (!open(link.href)) event.stopImmediatePropagation();
};
if (origin !== "null" && document.querySelector("base[target=_blank]")) {
  for (const name of ["click", "auxclick"]) addEventListener(name, leave, true);
}
