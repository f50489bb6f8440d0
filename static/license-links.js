// In the owner's browser: beside each seller of a picture, a link to license it at the desk.

const sellers = localStorage.sellers.split(" ");

/** Add the links that are missing; quick look and late sellers bring further ones. */
function addLinks() {
  const query = location.pathname.startsWith("/video/") ? "?media=video" : "";
  for (const seller of document.querySelectorAll(".buy [data-id]:not(:has(+ [lang]))")) {
    const { agency, id } = seller.dataset;
    if (!sellers.includes(agency)) continue;
    const link = document.createElement("a");
    link.href = `/owner/license/${agency}/${encodeURIComponent(id)}${query}`;
    link.className = "primary";
    link.lang = "en";
    link.textContent = "License";
    link.ariaLabel = `License, ${agency}`;
    seller.after(link);
  }
}
new MutationObserver(addLinks).observe(document.body, { childList: true, subtree: true });
addLinks();
