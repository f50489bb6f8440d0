// Inside an iframe: whose page it stands on, for its links, and its height for embed-frame.js.

const element = document.querySelector("affiliate-search");
if (!element.hasAttribute("site")) {
  try {
    element.setAttribute("site", new URL(document.referrer || location.ancestorOrigins[0]).hostname);
  } catch {
    // The page around hides its name.
  }
}
// A height is no secret, and the page around may be anyone's.
const tell = () => parent.postMessage({ affiliateHeight: element.offsetHeight }, "*");
new ResizeObserver(tell).observe(element);
addEventListener("message", ({ data }) => { if (data === "affiliateHeight") tell(); });
