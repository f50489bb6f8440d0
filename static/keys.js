// Keys among pictures: a grid is one stop of Tab, the arrows move inside it, "?" lists the keys.
// The first key pressed on a page imports this module.

const forward = document.dir === "rtl" ? -1 : 1;
const lastTiles = new WeakMap();  // by grid: the tile that last had the focus
const findTile = (element) => element.closest("main .tile");

/** Let Tab reach the links of one tile in each grid: the tile that last had the focus. */
function updateStops() {
  const focused = findTile(document.activeElement);
  for (const grid of document.querySelectorAll("main affiliate-search")) {
    if (grid.contains(focused)) lastTiles.set(grid, focused);
    let tile = lastTiles.get(grid);
    if (!grid.contains(tile)) tile = grid.querySelector(".tile:has(a)");
    for (const link of grid.querySelectorAll(".tile :is(a, .keep)")) link.tabIndex = tile.contains(link) ? 0 : -1;
  }
}

/** Return the tile of the next row above (-1) or below (1) whose middle is nearest. */
function findInNextRow(tiles, tile, by) {
  const box = tile.getBoundingClientRect();
  let row, nearest, least = Infinity;
  for (let at = tiles.indexOf(tile) + by; tiles[at]; at += by) {
    const { left, right, top } = tiles[at].getBoundingClientRect();
    if (Math.abs(top - box.top) < 2) continue;
    row ??= top;
    if (Math.abs(top - row) > 2) break;
    const distance = Math.abs(left + right - box.left - box.right);
    if (distance < least) [least, nearest] = [distance, tiles[at]];
  }
  return nearest;
}

/** Return the tile that a key leads to from another. */
function findTarget(key, tile) {
  const tiles = [...tile.closest("affiliate-search").querySelectorAll(".tile:has(a)")];
  const at = tiles.indexOf(tile);
  return {
    ArrowLeft: () => tiles[at - forward],
    ArrowRight: () => tiles[at + forward],
    ArrowUp: () => findInNextRow(tiles, tile, -1),
    ArrowDown: () => findInNextRow(tiles, tile, 1),
    Home: () => tiles[0],
    End: () => tiles.at(-1),
  }[key]?.();
}

function press(event) {
  const { key, target } = event;
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (key === "Tab") updateStops();
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea")) return;
  if (key === "?") document.getElementById("keys")?.showModal();
  const tile = !event.shiftKey && findTile(target);
  const next = tile && findTarget(key, tile);
  if (!next) return;
  event.preventDefault();
  next.querySelector(".picture").focus();
}

/** Handle a key that was pressed before this module was there, and all later keys. */
export function start(event) {
  press(event);
  addEventListener("keydown", press);
}
