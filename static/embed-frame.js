// Gives iframes of this site the height that they ask for.
const { origin } = new URL(import.meta.url);
const frames = () => [...document.querySelectorAll(`iframe[src^="${origin}/embed?"]`)];
addEventListener("message", (event) => {
  const height = event.origin === origin && event.data?.affiliateHeight;
  const frame = frames().find((one) => one.contentWindow === event.source);
  if (frame && height > 0) frame.height = Math.min(Math.ceil(height), 2000);
});
// What has loaded already asks once more.
for (const one of frames()) one.contentWindow.postMessage("affiliateHeight", origin);
