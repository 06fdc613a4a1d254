// Groups of the runs table: htmx brings the runs of one when it is first unfolded; its box selects them all.

export function groups(table, picked) {
  table.addEventListener("click", (event) => {
    const fold = event.target.closest(".group-row .fold");
    if (!fold || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const isOpen = fold.getAttribute("aria-expanded") !== "true";
    fold.setAttribute("aria-expanded", String(isOpen));
    document.getElementById(fold.getAttribute("aria-controls")).hidden = !isOpen;
    keepInAddress(table);
  });
  table.addEventListener("htmx:afterSwap", () => picked.setAll([], true));
  table.addEventListener("htmx:responseError", ({ target }) => target.setAttribute("aria-expanded", "false"));
  table.querySelectorAll("[data-select-group]").forEach((box) => {
    box.hidden = false;
    box.addEventListener("change", () => select(box, picked));
  });
}

function keepInAddress(table) {
  const query = new URLSearchParams(location.search);
  query.delete("open");
  for (const fold of table.querySelectorAll('.group-row .fold[aria-expanded="true"]')) {
    query.append("open", fold.closest("tr").dataset.group);
  }
  history.replaceState(history.state, "", `?${query}`);
}

async function select(box, picked) {
  box.disabled = true;
  const response = await fetch(box.dataset.selectGroup).catch(() => null);
  box.disabled = false;
  if (!response?.ok) {
    box.checked = !box.checked;
    return;
  }
  const { runs, num } = await response.json();
  picked.setAll(runs, box.checked);
  const taken = runs.filter((id) => picked.has(id)).length;
  box.indeterminate = box.checked && taken < num;
  if (box.indeterminate) say(`Only ${taken} of the group's ${num} runs are selected: a selection holds 5,000.`);
}

function say(text) {
  const note = document.getElementById("num-selected");
  note.textContent += `. ${text}`;
}
