// Plays a tile's clip, muted, after 300 ms of hover or focus, until pointer and focus leave.
// The first hover or focus on a tile with a clip imports this module.

const REDUCED = "(prefers-reduced-motion: reduce), (prefers-reduced-data: reduce)";
const LEAVE_EVENTS = ["pointerleave", "focusout"];

/** Play the clip of a tile's link, unless the visitor wants reduced motion or less data. */
export function play(link) {
  if (link.playing || !link.matches(":hover, :focus")) return;
  if (matchMedia(REDUCED).matches || navigator.connection?.saveData) return;
  link.playing = true;
  const video = document.createElement("video");
  const start = setTimeout(() => {
    Object.assign(video, { muted: true, loop: true, playsInline: true, src: link.dataset.clip });
    Object.assign(video.style, { position: "absolute", inset: 0, width: "100%", height: "100%", objectFit: "cover" });
    link.querySelector(".crop").append(video);
    video.play().catch(() => video.remove());  // the still picture shows again
  }, 300);
  const stop = ({ type }) => {
    if (link.matches(type === "focusout" ? ":hover" : ":focus-visible")) return;
    clearTimeout(start);
    video.removeAttribute("src");  // ends the download
    video.load();
    video.remove();
    link.playing = false;
    for (const name of LEAVE_EVENTS) link.removeEventListener(name, stop);
  };
  for (const name of LEAVE_EVENTS) link.addEventListener(name, stop);
}
