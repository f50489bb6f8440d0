// Plays a tile's clip, muted, once it has been looked at for a moment, until it no longer is.
// It is loaded by the first tile with a clip that is looked at.

const LITTLE = "(prefers-reduced-motion: reduce), (prefers-reduced-data: reduce)";
const LEFT = ["pointerleave", "focusout"];

/** Begin with the clip of a tile's link, unless its visitor wants no motion or little data. */
export function play(link) {
  if (link.playing || !link.matches(":hover, :focus")) return;
  if (matchMedia(LITTLE).matches || navigator.connection?.saveData) return;
  link.playing = true;
  const video = document.createElement("video");
  const start = setTimeout(() => {
    Object.assign(video, { muted: true, loop: true, playsInline: true, src: link.dataset.clip });
    Object.assign(video.style, { position: "absolute", inset: 0, width: "100%", height: "100%", objectFit: "cover" });
    link.querySelector(".crop").append(video);
    video.play().catch(() => video.remove());  // the still stays
  }, 300);
  const stop = ({ type }) => {
    if (link.matches(type === "focusout" ? ":hover" : ":focus-visible")) return;
    clearTimeout(start);
    video.removeAttribute("src");  // which ends its loading
    video.load();
    video.remove();
    link.playing = false;
    for (const name of LEFT) link.removeEventListener(name, stop);
  };
  for (const name of LEFT) link.addEventListener(name, stop);
}
