// Inside an iframe: whose page it stands on, for its links, and its height for embed-frame.js.

const element = document.querySelector("affiliate-search");
if (document.referrer && !element.hasAttribute("site")) {
  element.setAttribute("site", new URL(document.referrer).hostname);
}
// A height is no secret, and the page around may be anyone's.
const tell = () => parent.postMessage({ affiliateHeight: element.offsetHeight }, "*");
new ResizeObserver(tell).observe(element);
addEventListener("message", ({ data }) => { if (data === "affiliateHeight") tell(); });
