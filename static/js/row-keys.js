// j and k walk the rows, x selects the one they stand at, Enter opens it.

export function rowKeys(table, picked) {
  let at = null;
  const rows = () => [...table.querySelectorAll("tbody tr[data-run]")];
  const current = () => rows().find((row) => row.dataset.run === at);

  function go(step) {
    const all = rows();
    if (!all.length) return;
    const place = all.indexOf(current());
    const next = all[place < 0 ? 0 : Math.min(Math.max(place + step, 0), all.length - 1)];
    at = next.dataset.run;
    mark();
    next.scrollIntoView({ block: "nearest" });
  }

  function mark() {
    rows().forEach((row) => row.classList.toggle("at", row.dataset.run === at));
  }

  const actions = {
    j: () => go(1),
    k: () => go(-1),
    x: () => current() && picked.toggle(current()),
    Enter: () => current()?.querySelector(".run-name").click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
    // a link or button that has the focus is what Enter is for; letters mean nothing to it
    if (event.key === "Enter" && (!current() || event.target.closest("a, button, summary"))) return;
    if (!(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  });
  table.addEventListener("live:swap", mark);
  document.body.dataset.keys = JSON.stringify({ j: "Next run", k: "Previous run", x: "Select the run", Enter: "Open the run" });
}
