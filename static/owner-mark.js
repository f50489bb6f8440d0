// The mark of the owner's browser: pages of pictures then have a link to license them. The mark
// names the agencies that sell licenses, opens nothing, and is removed by the log-out.

const sellers = document.querySelector("meta[name=sellers]")?.content;
try {
  if (sellers) localStorage.sellers = sellers;
  else localStorage.removeItem("sellers");
} catch {
  // Without storage the desk's form for an address is the way to license.
}
