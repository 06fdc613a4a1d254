// Parameters against a metric: a line a run across an axis a parameter, and below it a cloud of points for each parameter.
// A part of an axis that is dragged over leaves the runs out that lie elsewhere: here, in the tables and in the charts.
// The metric and these parts stand in the address.

import { seriesColor } from "./palette.js";
import { apart, scale } from "./scale.js";
import { cut, make } from "./svg.js";

const HEIGHT = 260;
const TOP = 34;
const BOTTOM = 14;
const MIN_GAP = 120;
const KEY_STEP = 0.05;

const root = document.getElementById("coordinates");
const { runs, params, metrics } = JSON.parse(document.getElementById("coordinates-data").textContent);
const choice = root.querySelector("select");
const query = () => new URLSearchParams(location.search);
const brushes = new Map(query().getAll("brush").map(readBrush).filter(Boolean));
const low = HEIGHT - BOTTOM;
const y = (at) => low - at * (low - TOP);

function readBrush(text) {
  const [, from, to, key] = text.match(/^([\d.]+),([\d.]+),(.+)$/s) ?? [];
  return key && [key, [Number(from), Number(to)]];
}

for (const { key, note } of metrics) choice.add(new Option(`${key} ${note}`.trim(), key));
choice.value = metrics.some(({ key }) => key === query().get("metric")) ? query().get("metric") : metrics[0].key;
choice.addEventListener("change", () => {
  brushes.delete("metric");
  remember();
  draw();
});
root.querySelector(".brushed button").addEventListener("click", () => {
  brushes.clear();
  remember();
  draw();
});
root.hidden = false;
draw();
addEventListener("resize", draw);
document.addEventListener("run:highlight", ({ detail }) => {
  root.classList.toggle("is-lit", detail !== null);
  for (const each of root.querySelectorAll("[data-run]")) each.classList.toggle("lit", each.dataset.run === detail);
});

function axesNow() {
  const metric = metrics.find(({ key }) => key === choice.value);
  const all = [...params, { ...metric, isMetric: true }];
  return all.map((axis) => ({ ...axis, id: axis.isMetric ? "metric" : `p:${axis.key}`, scale: scale(axis.values) }));
}

function draw() {
  const axes = axesNow();
  const box = root.querySelector(".lines");
  const width = Math.max(box.clientWidth, MIN_GAP * axes.length);
  const gap = width / axes.length;
  const svg = make("svg", { width, height: HEIGHT, role: "group" });
  svg.setAttribute("aria-label", `${runs.length} runs by ${params.map(({ key }) => key).join(", ")} and ${choice.value}`);
  const x = (place) => gap * (place + 0.5);
  runs.forEach((run, index) => {
    const points = axes.flatMap(({ values, scale: { at } }, place) => (values[index] === null ? [] : [`${x(place)},${y(at(values[index]))}`]));
    const line = make("polyline", { points: points.join(" "), "data-run": run.id });
    line.style.stroke = seriesColor(run.color);
    line.append(make("title", {}, run.name));
    svg.append(lights(line, run));
  });
  axes.forEach((axis, place) => svg.append(drawAxis(axis, x(place), gap)));
  box.replaceChildren(svg);
  root.querySelector(".scatters").replaceChildren(...strongestFirst(axes).map((axis) => scatter(axis, axes.at(-1))));
  apply(axes);
}

function drawAxis(axis, x, gap) {
  const g = make("g", { class: axis.isMetric ? "axis of-metric" : "axis", transform: `translate(${x} 0)` });
  g.append(make("line", { y1: TOP, y2: low }), cut(make("text", { y: 16, class: "key" }, axis.key), Math.floor(gap / 7)));
  for (const { at, text } of apart(axis.scale.ticks, 0.07)) g.append(cut(make("text", { x: 7, y: y(at) + 4 }, text), Math.floor((gap - 14) / 7)));
  const mark = make("rect", { class: "brush", x: -7, width: 14 });
  const area = make("rect", { class: "reach", role: "button", x: -16, width: 32, y: TOP - 8, height: low - TOP + 16 });
  g.append(mark, area);
  span(mark, brushes.get(axis.id));
  area.addEventListener("pointerdown", (event) => brush(event, axis, area, mark));
  area.setAttribute("tabindex", "0");
  area.setAttribute("aria-label", `Part of ${axis.key}: ↑ and ↓ make it smaller, Delete takes it away`);
  area.addEventListener("keydown", (event) => brushByKey(event, axis, mark));
  return g;
}

function span(mark, [from, to] = [0, 0]) {
  mark.setAttribute("y", y(to));
  mark.setAttribute("height", Math.max(y(from) - y(to), 0));
}

function brush(event, axis, area, mark) {
  const svg = area.ownerSVGElement;
  const at = (pointer) => Math.min(Math.max((low - (pointer.clientY - svg.getBoundingClientRect().top)) / (low - TOP), 0), 1);
  const start = at(event);
  area.setPointerCapture(event.pointerId);
  area.onpointermove = (moved) => {
    brushes.set(axis.id, [Math.min(start, at(moved)), Math.max(start, at(moved))]);
    span(mark, brushes.get(axis.id));
    leaveOut(axesNow());
  };
  area.onpointerup = () => {
    area.onpointermove = null;
    // a click takes the part away
    const [from, to] = brushes.get(axis.id) ?? [0, 0];
    if (to - from < 0.02) brushes.delete(axis.id);
    remember();
    span(mark, brushes.get(axis.id));
    apply(axesNow());
  };
}

// up leaves out what is low, down what is high
function brushByKey(event, axis, mark) {
  const [from, to] = brushes.get(axis.id) ?? [0, 1];
  const smaller = { ArrowUp: [Math.min(from + KEY_STEP, to), to], ArrowDown: [from, Math.max(to - KEY_STEP, from)] }[event.key];
  if (smaller) brushes.set(axis.id, smaller);
  else if (["Delete", "Backspace"].includes(event.key)) brushes.delete(axis.id);
  else return;
  event.preventDefault();
  remember();
  span(mark, brushes.get(axis.id));
  apply(axesNow());
}

function strongestFirst(axes) {
  const ranked = axes.at(-1).weights.map(({ key }) => key);
  const rank = ({ key }) => (ranked.includes(key) ? ranked.indexOf(key) : ranked.length);
  return axes.slice(0, -1).sort((left, right) => rank(left) - rank(right));
}

function caption(axis, metric) {
  const weight = metric.weights.find(({ key }) => key === axis.key);
  const told = Object.assign(document.createElement("figcaption"), { title: axis.key });
  told.append(Object.assign(document.createElement("span"), { textContent: axis.key }));
  if (weight) {
    const title = `Strength between 0 and 1, of ranks: ${weight.note}`;
    told.append(Object.assign(document.createElement("span"), { className: weight.is_sure ? "weight" : "weight unsure", textContent: weight.strength, title }));
  }
  return told;
}

function scatter(axis, metric) {
  const [width, height] = [240, 150];
  const figure = document.createElement("figure");
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${metric.key} by ${axis.key}` });
  svg.append(make("line", { x1: 10, x2: width - 10, y1: height - 18, y2: height - 18 }));
  apart(axis.scale.ticks, 0.17).forEach(({ at, text }, index, all) => {
    const anchor = index === 0 && at < 0.1 ? "start" : index === all.length - 1 && at > 0.9 ? "end" : "middle";
    svg.append(cut(make("text", { x: 14 + at * (width - 28), y: height - 4, "text-anchor": anchor }, text), Math.floor(200 / all.length / 6)));
  });
  runs.forEach((run, index) => {
    const [value, size] = [axis.values[index], metric.values[index]];
    if (value === null || size === null) return;
    const dot = make("circle", { cx: 14 + axis.scale.at(value) * (width - 28), cy: height - 28 - metric.scale.at(size) * (height - 40), r: 4, "data-run": run.id });
    dot.style.fill = seriesColor(run.color);
    dot.append(make("title", {}, `${run.name}\n${axis.key} ${value}\n${metric.key} ${size}`));
    svg.append(lights(dot, run));
  });
  figure.append(caption(axis, metric), svg);
  return figure;
}

// Lines and points of runs that lie outside of what was dragged over step back; returns whether each run does.
function leaveOut(axes) {
  const isOut = (index) =>
    axes.some(({ id, values, scale: { at } }) => {
      const range = brushes.get(id);
      return range && (values[index] === null || at(values[index]) < range[0] || at(values[index]) > range[1]);
    });
  const out = runs.map((_, index) => isOut(index));
  const isOutOf = new Map(runs.map(({ id }, index) => [id, out[index]]));
  for (const each of root.querySelectorAll("[data-run]")) each.classList.toggle("out", isOutOf.get(each.dataset.run));
  return out;
}

// The rest of the page follows once the pointer lets go: nothing moves below it meanwhile.
function apply(axes) {
  const out = leaveOut(axes);
  const outIds = new Set(runs.filter((_, index) => out[index]).map(({ id }) => id));
  for (const chip of document.querySelectorAll(".run-chips li")) chip.classList.toggle("out", outIds.has(chip.dataset.highlight));
  for (const table of document.querySelectorAll(".compare-table")) {
    const isByRun = table.classList.contains("by-run");
    if (isByRun) [...table.tBodies[0].rows].forEach((row, index) => (row.hidden = out[index]));
    else for (const row of table.rows) [...row.cells].slice(1).forEach((cell, index) => (cell.hidden = out[index]));
  }
  const note = root.querySelector(".brushed");
  note.hidden = !brushes.size;
  root.querySelector(".hint").hidden = brushes.size > 0;
  note.querySelector("span").textContent = `${runs.length - outIds.size} of ${runs.length} runs, in the tables and charts, too`;
  document.dispatchEvent(new CustomEvent("run:hide", { detail: outIds }));
}

function remember() {
  const now = query();
  now.delete("brush");
  if (choice.value === metrics[0].key) now.delete("metric");
  else now.set("metric", choice.value);
  for (const [id, [from, to]] of brushes) now.append("brush", `${from.toFixed(3)},${to.toFixed(3)},${id}`);
  history.replaceState(null, "", `${location.pathname}?${now}${location.hash}`);
}

function lights(element, run) {
  const send = (detail) => document.dispatchEvent(new CustomEvent("run:highlight", { detail }));
  element.addEventListener("pointerenter", () => send(run.id));
  element.addEventListener("pointerleave", () => send(null));
  return element;
}
