// The runs table: a selection that outlives pages and filters, keys, columns and their picker, completion of keys.

import { columnMenus } from "./column-menu.js";
import { columnPicker } from "./column-picker.js";
import { complete } from "./complete.js";
import { groups } from "./groups.js";
import { rowKeys } from "./row-keys.js";
import { selection } from "./selection.js";

const runs = document.getElementById("runs");
if (runs) {
  const picked = selection(runs, document.getElementById("selection"));
  rowKeys(runs, picked);
  groups(runs, picked);
  runs.addEventListener("live:swap", (event) => {
    for (const part of event.detail.told) if (part.matches("tr")) part.classList.add("fresh");
  });
}
columnMenus(document.querySelector("table.run-table"));
columnPicker(document.getElementById("choose-columns"));
document.querySelectorAll("[data-complete]").forEach(complete);
document.querySelectorAll("[data-position]").forEach((input) => {
  const position = Number(input.dataset.position);
  input.focus();
  input.setSelectionRange(position, input.value.length);
});
