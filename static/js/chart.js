// A chart of one metric over one or many runs.
//
//     import { drawChart } from chart.js (unquoted here: collectstatic follows what is quoted)
//     const chart = drawChart(container, { metric: "loss", runs: [{ id, name, color: 0 }], settings });
//     chart.change({ x: "time", smoothing: 0.6, logY: true });
//
// `container` is an element, empty or with a fallback that the chart replaces; `color` numbers the palette of tokens.css.
// The page loads templates/_chart_scripts.html, and an element around it names the address: data-series="/series".
// Other parts of a page highlight a run by the event "run:highlight" on document, detail: its id or null; a chart sends
// the same event from its legend.

import { tableTwin } from "./chart_table.js";
import { follow } from "./crosshair.js";
import { axes, plot } from "./plot.js";
import { onThemeChange, seriesColor, seriesDash } from "./palette.js";
import { append, fetchSeries, smooth, take } from "./series.js";
import { number } from "./values.js";

export const DEFAULTS = { x: "step", smoothing: 0, logX: false, logY: false };
const charts = new Set();

export function drawChart(container, { metric, runs, settings = {}, hidden = [] }) {
  return new MetricChart(container, metric, runs, { ...DEFAULTS, ...settings }, hidden);
}

class MetricChart {
  constructor(container, metric, runs, settings, hidden) {
    Object.assign(this, { container, metric, runs, settings, range: null, highlighted: null, hidden: new Set(hidden) });
    this.url = container.closest("[data-series]").dataset.series;
    this.series = new Map(); // run id → { points, marks, cursor, total, isComplete, isLive }
    this.build();
    this.chart = plot(this.canvas, settings, (range) => this.zoom(range));
    this.canvas.addEventListener("dblclick", () => this.zoom(null));
    this.unfollow = follow(this);
    charts.add(this);
    this.load();
  }

  get isAlone() {
    return this.runs.length === 1;
  }

  get isLive() {
    return this.series.size === 0 || [...this.series.values()].some((series) => series.isLive);
  }

  build() {
    const html = document.createElement("template");
    html.innerHTML = `
      <div class="plot"><canvas role="img"></canvas><div class="crosshair" hidden></div>
        <button type="button" class="button reset" hidden>Reset zoom</button><p class="note" role="status"></p></div>
      <div class="legend"></div>
      <details class="points"><summary>Points as a table</summary><div class="table-wrap" tabindex="0"></div></details>`;
    this.container.querySelectorAll(".fallback").forEach((element) => element.remove());
    this.container.append(html.content);
    this.container.classList.add("is-drawn");
    const part = (name) => this.container.querySelector(name);
    [this.canvas, this.line, this.reset] = [part("canvas"), part(".crosshair"), part(".reset")];
    // until its points are there and say more
    this.canvas.setAttribute("aria-label", this.metric);
    [this.note, this.legend] = [part(".note"), part(".legend")];
    this.reset.addEventListener("click", () => this.zoom(null));
    tableTwin(part("details.points"), this);
    if (!this.isAlone) this.drawLegend();
  }

  // as many points as there are half pixels; rounded, so that charts of about one size share a request
  get maxPoints() {
    return Math.min(Math.max(Math.ceil(this.canvas.clientWidth / 150) * 300, 300), 3000);
  }

  async load() {
    const { range } = this;
    this.say(this.series.size ? "" : "Loading…");
    try {
      const found = await this.ask({ range });
      if (range !== this.range) return;
      this.series = new Map(found.map((one) => [one.run_id, take(one, range && this.series.get(one.run_id))]));
      this.draw();
    } catch (error) {
      this.say(error.message);
    }
  }

  // Ask for what is new; a zoomed chart stays as it is.
  async refresh() {
    if (this.range || !this.series.size) return this.range ? undefined : this.load();
    const since = [...this.series.values()].filter((one) => one.cursor).map((one) => one.cursor);
    const found = await this.ask({ since });
    if (this.range) return;
    const grown = found.filter((one) => !one.is_append || one.points.x.length || !one.is_live);
    for (const one of grown) {
      const old = this.series.get(one.run_id);
      this.series.set(one.run_id, one.is_append && old ? append(old, one) : take(one));
    }
    // appended points come at full resolution: once there are far too many, begin again
    if ([...this.series.values()].some((one) => one.points.length > 3 * this.maxPoints)) return this.load();
    if (grown.length) this.draw();
  }

  ask(more) {
    const { url, metric, settings, maxPoints: points } = this;
    return fetchSeries({ url, metric, points, x: settings.x, runs: this.runs.map((run) => run.id), ...more });
  }

  change(settings) {
    const old = this.settings;
    this.settings = { ...old, ...settings };
    if (old.x !== this.settings.x) {
      this.range = null;
      this.series.clear();
      return this.load();
    }
    this.draw();
  }

  zoom(range) {
    this.range = range;
    this.reset.hidden = !range;
    this.load();
  }

  highlight(runId) {
    this.highlighted = runId;
    this.draw();
  }

  // Draw all runs but these.
  hide(runIds) {
    this.hidden = new Set(runIds);
    if (!this.isAlone) this.drawLegend();
    this.draw();
  }

  toggle(runId) {
    if (!this.hidden.delete(runId)) this.hidden.add(runId);
    this.drawLegend();
    this.draw();
  }

  // the lines that are shown: raw points and those drawn, which are smoothed ones where that is asked for
  lines() {
    return this.runs.flatMap((run) => {
      const found = this.series.get(run.id);
      return found && !this.hidden.has(run.id) ? [this.lineOf(run, found)] : [];
    });
  }

  lineOf(run, found) {
    const { smoothing } = this.settings;
    found.smoothed = found.weight === smoothing ? found.smoothed : smoothing ? smooth(found.points, smoothing) : found.points;
    found.weight = smoothing;
    const number = run.color ?? this.runs.indexOf(run);
    return { run, points: found.points, shown: found.smoothed, marks: found.marks, color: seriesColor(number), dash: seriesDash(number) };
  }

  draw() {
    const lines = this.lines();
    this.chart.data.datasets = lines.flatMap((line) => this.datasets(line));
    this.chart.options.scales = axes(this.settings, this.range);
    this.chart.update("none");
    const numPoints = lines.reduce((sum, line) => sum + line.points.length, 0);
    this.say(numPoints ? "" : "No points yet");
    const last = this.isAlone && lines[0]?.points.at(-1)?.y;
    this.canvas.setAttribute("aria-label", `${this.metric}: ${this.runs.length === 1 ? "" : `${lines.length} runs, `}${numPoints} points drawn${last ? `, the last ${number(last)}` : ""}`);
    this.container.dispatchEvent(new CustomEvent("chart:drawn"));
  }

  datasets({ run, points, shown, marks, color, dash }) {
    const isDim = this.highlighted !== null && this.highlighted !== run.id;
    const shade = isDim ? faint(color, 25) : color;
    const style = { borderDash: dash, pointBackgroundColor: shade, pointBorderColor: shade, order: isDim ? 2 : 1 };
    const line = { ...style, data: shown, marks, borderColor: shade };
    if (this.highlighted === run.id) line.borderWidth = 2.6;
    if (shown === points) return [line];
    return [line, { ...style, data: points, borderColor: faint(color, isDim ? 10 : 28), isGhost: true, order: 3 }];
  }

  drawLegend() {
    const buttons = this.runs.map((run, index) => {
      const button = Object.assign(document.createElement("button"), { type: "button", title: run.name });
      const dot = document.createElement("i");
      dot.style.background = seriesColor(run.color ?? index);
      button.append(dot, Object.assign(document.createElement("span"), { textContent: run.name }));
      button.setAttribute("aria-pressed", String(!this.hidden.has(run.id)));
      button.addEventListener("click", () => this.toggle(run.id));
      for (const [kind, id] of [["pointerenter", run.id], ["pointerleave", null]]) {
        button.addEventListener(kind, () => document.dispatchEvent(new CustomEvent("run:highlight", { detail: id })));
      }
      return button;
    });
    this.legend.replaceChildren(...buttons);
  }

  showCrosshair(x) {
    const { scales, chartArea: area } = this.chart;
    const at = x === null ? NaN : scales.x.getPixelForValue(x);
    this.line.hidden = !(at >= area?.left && at <= area.right);
    if (this.line.hidden) return;
    Object.assign(this.line.style, { transform: `translateX(${at}px)`, top: `${area.top}px`, height: `${area.bottom - area.top}px` });
  }

  say(text) {
    this.note.textContent = text;
  }

  remove() {
    this.unfollow();
    charts.delete(this);
    this.chart.destroy();
    this.container.replaceChildren();
  }
}

const faint = (color, percent) => `color-mix(in srgb, ${color} ${percent}%, transparent)`;

document.addEventListener("run:highlight", ({ detail }) => charts.forEach((chart) => chart.isAlone || chart.highlight(detail)));
onThemeChange(() => charts.forEach((chart) => chart.draw()));
