// The search form: leave out what is empty or as by default, so that addresses stay short.
for (const form of document.querySelectorAll("form.search")) {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) {
      if (value.trim() === "" || (name === "safe" && value === "1")) formData.delete(name);
    }
  });
}

// Back to a page that is filled only after loading: return to the place that was left.
addEventListener("pagehide", () => history.replaceState({ place: scrollY }, ""));
addEventListener("filled", () => {
  const [visit] = performance.getEntriesByType("navigation");
  if (visit?.type === "back_forward" && history.state?.place) scrollTo(0, history.state.place);
}, { once: true });
