// The mark of the owner's browser: pages of pictures then have a link to license them. The mark
// names the agencies that sell licenses, opens nothing, and is removed by the log-out.

const sellers = document.querySelector("meta[name=sellers]")?.content;
try {
  if (sellers) localStorage.sellers = sellers;
  else localStorage.removeItem("sellers");
} catch {
  // Without storage the desk's form for an address is the way to license.
}

// WebKit keeps pages for Back in spite of `no-store` where the site has no https: after a log-out,
// or when the session has ended, such a page must not come back.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  document.body.replaceChildren();
  location.reload();
});
