// One vertical line through all charts of a page that share an axis, and one tooltip for all lines of the chart under
// the pointer, sorted by value.

import { number, onAxis } from "./values.js";

const MAX_ROWS = 20;
const NEAR_PX = 8;
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
  const scale = panel.chart.scales.x;
  const at = scale.getValueForPixel(event.offsetX);
  const near = [scale.getValueForPixel(event.offsetX - NEAR_PX), scale.getValueForPixel(event.offsetX + NEAR_PX)];
  const rows = panel.lines().flatMap((line) => nearest(line, at, near)).sort((a, b) => order(b) - order(a));
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

// the point of a line that is closest to x, by halving; none where the line has not begun yet or is over
function nearest({ run, color, points, shown }, x, [from, to]) {
  if (!points.length || points[0].x > to || points.at(-1).x < from) return [];
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
    const smoothed = row.smoothed === null ? [] : [element("span", `~ ${number(row.smoothed)}`)];
    const name = panel.isAlone ? [] : [element("span", row.run.name)];
    const line = element("div", "");
    line.append(dot, value, ...smoothed, ...name);
    return line;
  });
  const table = element("section", "");
  table.append(...lines);
  const more = rows.length > MAX_ROWS ? [element("div", `and ${rows.length - MAX_ROWS} more`)] : [];
  tooltip.replaceChildren(head, table, ...more);
  tooltip.hidden = false;
  const { offsetWidth: width, offsetHeight: height } = tooltip;
  const left = event.clientX + 16 + width > innerWidth ? event.clientX - 16 - width : event.clientX + 16;
  tooltip.style.left = `${Math.max(left, 4)}px`;
  tooltip.style.top = `${Math.min(Math.max(event.clientY - height / 2, 4), innerHeight - height - 4)}px`;
}

function element(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}
