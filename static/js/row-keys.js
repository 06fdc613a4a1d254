// j and k walk the rows, x selects the one they stand at, Enter opens it; a group is selected whole, and unfolds.

export function rowKeys(table, picked) {
  let at = null;
  const all = () => [...table.querySelectorAll("tbody tr:is([data-run], [data-group])")];
  const rows = () => all().filter((row) => !row.parentElement.hidden);
  // a group goes by one of its runs
  const nameOf = (row) => row.dataset.run ?? `group ${row.dataset.group}`;
  const current = () => rows().find((row) => nameOf(row) === at);

  function go(step) {
    const shown = rows();
    if (!shown.length) return;
    const place = shown.indexOf(current());
    const next = shown[place < 0 ? 0 : Math.min(Math.max(place + step, 0), shown.length - 1)];
    at = nameOf(next);
    mark();
    next.scrollIntoView({ block: "nearest" });
  }

  function mark() {
    all().forEach((row) => row.classList.toggle("at", nameOf(row) === at));
  }

  const actions = {
    j: () => go(1),
    k: () => go(-1),
    x: () => {
      const row = current();
      if (row?.dataset.group) row.querySelector("[data-select-group]").click();
      else if (row) picked.toggle(row);
    },
    Enter: () => current()?.querySelector(at.startsWith("group ") ? ".fold" : ".run-name").click(),
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
