// Inside an iframe: name the host of the surrounding page in clicks, and post the height.

const element = document.querySelector("affiliate-search");
if (!element.hasAttribute("site")) {
  try {
    element.setAttribute("site", new URL(document.referrer || location.ancestorOrigins[0]).hostname);
  } catch {
    // The surrounding page's referrer policy withholds its address.
  }
}
// The link shown in place of missing pictures names the same host.
const site = element.getAttribute("site");
for (const link of site ? element.querySelectorAll("a") : []) {
  const address = new URL(link.href);
  address.searchParams.set("site", site);
  link.href = address;
}
// WordPress takes messages of frames that repeat its secret (wp-includes/js/wp-embed.js).
const [, secret] = location.hash.match(/\bsecret=([a-z\d]+)$/i) ?? [];
const postToWordPress = (message, value) => secret && parent.postMessage({ message, value, secret }, "*");
// Any origin may read the height: the surrounding page can be anyone's.
const postHeight = () => {
  parent.postMessage({ affiliateHeight: element.offsetHeight }, "*");
  postToWordPress("height", element.offsetHeight);
};
new ResizeObserver(postHeight).observe(element);
// WordPress hides frames until their height comes, and browsers don't observe hidden elements.
customElements.whenDefined(element.localName).then(postHeight);
addEventListener("message", ({ data }) => {
  if (data === "affiliateHeight" || (secret && data?.message === "ready")) postHeight();
});
// The sandbox of WordPress opens no window; WordPress follows links to the frame's own host. So a
// click leads to the picture's page, whose link to the agency counts the click.
if (secret && origin === "null") {
  addEventListener("click", (event) => {
    const link = event.composedPath().find((node) => node.localName === "a");
    if (!link) return;
    const page = link.dataset.id ? link.closest(".tile").querySelector("[data-look]") : link;
    event.preventDefault();
    event.stopImmediatePropagation();
    postToWordPress("link", page.href);
  }, true);
}
// Without allow-forms a sandbox fires no submit event; Enter still clicks the form's button.
if (origin === "null") {
  addEventListener("click", (event) => {
    const form = event.composedPath().find((node) => node.localName === "button")?.form;
    if (!form?.checkValidity()) return;
    event.preventDefault();
    form.dispatchEvent(new Event("submit", { cancelable: true }));
  });
}
// A sandbox that keeps the frame's origin may forbid new windows: then no click is counted.
const isSandboxed = () => {
  try {
    document.domain = document.domain; // throws in every sandbox, and changes nothing elsewhere
  } catch {
    return true;
  }
};
const openAgency = (event) => {
  const link = event.composedPath().find((node) => node.localName === "a");
  if (!link?.dataset.id || event.button > 1 || !isSandboxed()) return;
  event.preventDefault();
  if (!open(link.href)) event.stopImmediatePropagation();
};
if (origin !== "null" && document.querySelector("base[target=_blank]")) {
  for (const name of ["click", "auxclick"]) addEventListener(name, openAgency, true);
}
