// Gives iframes of this site the height that they ask for.
const { origin } = new URL(import.meta.url);
addEventListener("message", ({ origin: from, source, data }) => {
  const height = from === origin && data?.affiliateHeight;
  if (!(height > 0)) return;
  for (const frame of document.querySelectorAll("iframe")) {
    if (frame.contentWindow === source) frame.height = Math.min(Math.ceil(height), 2000);
  }
});
