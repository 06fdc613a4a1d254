// One vertical line through all charts of a page that share an axis, and one tooltip for all lines of the chart under
// the pointer, sorted by value.

import { number, onAxis } from "./values.js";

const MAX_ROWS = 20;
const panels = new Set();
let tooltip;

export function follow(panel) {
  panels.add(panel);
  const canvas = panel.canvas;
  canvas.addEventListener("pointermove", (event) => point(panel, event));
  canvas.addEventListener("pointerdown", (event) => point(panel, event));
  canvas.addEventListener("pointerleave", leave);
  return () => panels.delete(panel);
}

function point(panel, event) {
  const area = panel.chart.chartArea;
  if (!area || event.offsetX < area.left || event.offsetX > area.right) return leave();
  const at = panel.chart.scales.x.getValueForPixel(event.offsetX);
  const rows = panel.lines().flatMap((line) => nearest(line, at)).sort((a, b) => order(b) - order(a));
  const x = rows.length ? rows.reduce((a, b) => (Math.abs(b.x - at) < Math.abs(a.x - at) ? b : a)).x : at;
  for (const other of panels) {
    if (other.settings.x === panel.settings.x) other.showCrosshair(x);
  }
  show(panel, event, x, rows);
}

const order = ({ y }) => (y === null ? -Infinity : y);

function leave() {
  for (const panel of panels) panel.showCrosshair(null);
  if (tooltip) tooltip.hidden = true;
}

// the point of a line that is closest to x, by halving
function nearest({ run, color, points, shown }, x) {
  if (!points.length) return [];
  let low = 0;
  let high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle].x < x) low = middle;
    else high = middle;
  }
  const at = Math.abs(points[low].x - x) <= Math.abs(points[high].x - x) ? low : high;
  return [{ run, color, x: points[at].x, y: points[at].y, smoothed: shown === points ? null : shown[at].y }];
}

function show(panel, event, x, rows) {
  tooltip ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "chart-tooltip" }));
  const head = element("strong", onAxis(panel.settings.x, x));
  const lines = rows.slice(0, MAX_ROWS).map((row) => {
    const dot = element("i", "");
    dot.style.background = row.color;
    const value = element("b", row.y === null ? "not a number" : number(row.y));
    const smoothed = element("span", row.smoothed === null ? "" : `~ ${number(row.smoothed)}`);
    const line = element("div", "");
    line.append(dot, value, smoothed, element("span", panel.isAlone ? "" : row.run.name));
    return line;
  });
  if (rows.length > MAX_ROWS) lines.push(element("div", `and ${rows.length - MAX_ROWS} more`));
  tooltip.replaceChildren(head, ...lines);
  tooltip.hidden = false;
  const { offsetWidth: width, offsetHeight: height } = tooltip;
  const left = event.clientX + 16 + width > innerWidth ? event.clientX - 16 - width : event.clientX + 16;
  tooltip.style.left = `${Math.max(left, 4)}px`;
  tooltip.style.top = `${Math.min(Math.max(event.clientY - height / 2, 4), innerHeight - height - 4)}px`;
}

function element(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}
