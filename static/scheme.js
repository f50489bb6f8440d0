// The visitor's choice of light or dark, kept by the browser alone; applied before the first paint.
function applyScheme(scheme = "") {
  document.documentElement.style.colorScheme = scheme;
  for (const menu of document.querySelectorAll(".scheme select")) menu.value = scheme;
}
function restoreScheme() {
  try {
    applyScheme(localStorage.scheme);
  } catch {}  // storage is blocked
}
restoreScheme();
for (const name of ["pageshow", "storage"]) addEventListener(name, restoreScheme);  // also of another tab
addEventListener("change", ({ target }) => {
  if (!target.matches(".scheme select")) return;
  applyScheme(target.value);
  localStorage.scheme = target.value;
});
