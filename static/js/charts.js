// A page of charts: one panel a metric, drawn when it is scrolled into view, with the controls above them.
//
// <section data-charts data-series="/series" data-runs='[{"id": …, "name": …}]' [data-is-live]>
//   <form class="chart-controls">…x, smoothing, log_x, log_y, find…</form>
//   <figure class="chart" data-metric="loss">…</figure>
//
// The controls' state stands in the address, so that a link shows the same charts.

import { DEFAULTS, drawChart } from "./chart.js";

const LIVE_MS = 2_000;
const NEW_PANELS_MS = 4_000;

export function chartsPage(root) {
  const runs = JSON.parse(root.dataset.runs);
  const controls = root.querySelector(".chart-controls");
  const drawn = new Map();
  const visible = new Set();
  let settings = read(controls);

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) visible.delete(target);
        else {
          visible.add(target);
          if (!drawn.has(target)) drawn.set(target, draw(target));
        }
      }
    },
    { rootMargin: "200px" },
  );

  let hidden = new Set();
  const hide = (ids) => {
    hidden = ids;
    drawn.forEach((chart) => chart.hide(ids));
  };
  runEyes(hide);
  // other parts of a page leave runs out, too
  document.addEventListener("run:hide", ({ detail }) => hide(detail));
  const draw = (figure) =>
    drawChart(figure, { metric: figure.dataset.metric, runs, settings: fit(settings, figure), hidden });

  function watch() {
    for (const figure of root.querySelectorAll("figure[data-metric]")) observer.observe(figure);
    find(root, controls.elements.find.value);
  }

  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", () => {
    const before = settings;
    settings = read(controls);
    find(root, controls.elements.find.value);
    if (JSON.stringify(before) === JSON.stringify(settings)) return remember(controls);
    for (const [figure, chart] of drawn) chart.change(fit(settings, figure));
    remember(controls);
  });
  watch();
  if (root.dataset.newPanels) newPanels(root, watch);
  if (root.hasAttribute("data-is-live")) live(() => [...visible].map((figure) => drawn.get(figure)).filter(Boolean));
}

// what was logged without steps is a column of points on the axis of steps
function fit(settings, figure) {
  return settings.x === "step" && figure.hasAttribute("data-has-no-steps") ? { ...settings, x: "relative" } : settings;
}

// Ask for what is new while somebody looks and a run is being logged.
function live(panels) {
  let wait = LIVE_MS;
  async function tick() {
    const shown = panels();
    if (!document.hidden) {
      const asked = await Promise.allSettled(shown.filter((chart) => chart.isLive).map((chart) => chart.refresh()));
      wait = asked.some(({ status }) => status === "rejected") ? Math.min(wait * 2, 30_000) : LIVE_MS;
    }
    if (!shown.length || shown.some((chart) => chart.isLive)) setTimeout(tick, wait);
  }
  setTimeout(tick, wait);
}

// A script may begin to log another metric: its panel comes into its group, and what is drawn stays as it is.
function newPanels(root, watch) {
  const groups = root.querySelector(".chart-groups");
  let etag = "";
  async function tick() {
    const again = () => setTimeout(tick, NEW_PANELS_MS);
    if (document.hidden) return again();
    try {
      const response = await fetch(root.dataset.newPanels, { headers: etag ? { "If-None-Match": etag } : {} });
      if (response.status === 200 && !response.redirected) {
        etag = response.headers.get("ETag");
        if (insert(groups, await response.text())) watch();
      }
      if (response.headers.get("X-Live") !== "stop") again();
    } catch {
      again();
    }
  }
  setTimeout(tick, NEW_PANELS_MS);
}

function insert(groups, html) {
  const fresh = Object.assign(document.createElement("template"), { innerHTML: html }).content;
  let isNew = false;
  for (const group of fresh.querySelectorAll(".chart-group")) {
    const old = document.getElementById(group.id);
    const panels = [...group.querySelectorAll("figure")].filter((figure) => !document.getElementById(figure.id));
    isNew ||= panels.length > 0;
    if (old) old.querySelector(".charts").append(...panels);
    else groups.append(group);
    if (old) old.querySelector("summary .muted").textContent = group.querySelector("summary .muted").textContent;
  }
  if (isNew) document.getElementById("no-charts")?.remove();
  return isNew;
}

function read(controls) {
  const { x, smoothing, log_x: logX, log_y: logY } = controls.elements;
  return { ...DEFAULTS, x: x.value, smoothing: Number(smoothing.value), logX: logX.checked, logY: logY.checked };
}

function remember(controls) {
  const query = new URLSearchParams(location.search);
  for (const { name, type, value, checked, defaultValue } of controls.elements) {
    if (!name) continue;
    const isDefault = type === "checkbox" ? !checked : value === (controls.querySelector(`[name=${name}]`).dataset.default ?? "");
    if (isDefault) query.delete(name);
    else query.set(name, type === "checkbox" ? "on" : value);
  }
  replace(query);
}

function replace(query) {
  history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`);
}

function find(root, text) {
  const wanted = text.trim().toLowerCase();
  for (const figure of root.querySelectorAll("figure[data-metric]")) {
    figure.hidden = !figure.dataset.metric.toLowerCase().includes(wanted);
  }
  for (const group of root.querySelectorAll(".chart-group")) {
    group.hidden = !group.querySelector("figure[data-metric]:not([hidden])");
    // what was searched for shows, folded or not
    if (wanted && !group.hidden) group.open = true;
  }
}

// buttons that take a run out of all charts and back; the address says which are out
function runEyes(changed) {
  const hidden = new Set(new URLSearchParams(location.search).get("hide")?.split(","));
  const buttons = document.querySelectorAll("[data-eye]");
  const mark = () => buttons.forEach((button) => button.setAttribute("aria-pressed", String(!hidden.has(button.dataset.eye))));
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => {
      if (!hidden.delete(button.dataset.eye)) hidden.add(button.dataset.eye);
      const query = new URLSearchParams(location.search);
      if (hidden.size) query.set("hide", [...hidden].join(","));
      else query.delete("hide");
      replace(query);
      mark();
      changed(hidden);
    });
  }
  mark();
  if (hidden.size) changed(hidden);
}

// names of runs around the charts light up their lines
function highlights() {
  for (const element of document.querySelectorAll("[data-highlight]")) {
    const send = (detail) => document.dispatchEvent(new CustomEvent("run:highlight", { detail }));
    element.addEventListener("pointerenter", () => send(element.dataset.highlight));
    element.addEventListener("pointerleave", () => send(null));
  }
}

document.querySelectorAll("[data-charts]").forEach(chartsPage);
highlights();
