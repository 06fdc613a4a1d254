// The points of a chart as a table, for those who cannot see lines or want the numbers; written when it is opened.

import { number, onAxis } from "./values.js";

const MAX_ROWS = 500;

export function tableTwin(details, panel) {
  const write = () => details.open && details.querySelector("div").replaceChildren(...table(panel));
  details.addEventListener("toggle", write);
  panel.container.addEventListener("chart:drawn", write);
}

function table(panel) {
  const lines = panel.lines();
  const rows = lines.flatMap(({ run, points }) => points.map((point) => ({ run, ...point }))).sort((a, b) => a.x - b.x);
  const html = document.createElement("table");
  const heads = [panel.settings.x, ...(panel.isAlone ? [] : ["run"]), panel.metric];
  html.append(row("th", heads));
  for (const { run, x, y } of rows.slice(-MAX_ROWS)) {
    html.append(row("td", [onAxis(panel.settings.x, x), ...(panel.isAlone ? [] : [run.name]), y === null ? "NaN or ∞" : number(y)]));
  }
  const note = document.createElement("p");
  note.className = "muted small";
  const isThinned = [...panel.series.values()].some((one) => !one.isComplete);
  const parts = [rows.length > MAX_ROWS && `The last ${MAX_ROWS} of ${rows.length} points`, isThinned && "Thinned to the chart's pixels; zoom in for all"];
  note.textContent = parts.filter(Boolean).join(". ");
  return [note, html];
}

function row(kind, texts) {
  const tr = document.createElement("tr");
  for (const text of texts) {
    const cell = Object.assign(document.createElement(kind), { textContent: text });
    if (text === texts.at(-1)) cell.className = "num";
    tr.append(cell);
  }
  return tr;
}
