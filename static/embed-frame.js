// Sets the height of this site's iframes to the height that their pages post.
const { origin } = new URL(import.meta.url);
const findFrames = () => [...document.querySelectorAll(`iframe[src^="${origin}/embed?"]`)];
addEventListener("message", (event) => {
  const height = event.origin === origin && event.data?.affiliateHeight;
  const frame = findFrames().find((frame) => frame.contentWindow === event.source);
  if (frame && height > 0) frame.height = Math.min(Math.ceil(height), 2000);
});
// Frames that loaded before this script post their height again.
for (const frame of findFrames()) frame.contentWindow.postMessage("affiliateHeight", origin);
