// The Chart.js side of a chart: options, axes, and the marks of values that are not numbers.

import { token } from "./palette.js";
import { number, tickLabel, timeTicks } from "./values.js";

const marks = {
  id: "marks",
  afterDatasetsDraw(chart) {
    const { ctx, chartArea: area, scales } = chart;
    for (const { marks: points = [], borderColor } of chart.data.datasets) {
      ctx.fillStyle = borderColor;
      for (const [x] of points) {
        const at = scales.x.getPixelForValue(x);
        if (at < area.left || at > area.right) continue;
        ctx.beginPath();
        ctx.moveTo(at, area.bottom - 7);
        ctx.lineTo(at - 3.5, area.bottom);
        ctx.lineTo(at + 3.5, area.bottom);
        ctx.fill();
      }
    }
  },
};

export function plot(canvas, settings, onZoom) {
  return new globalThis.Chart(canvas, {
    type: "line",
    data: { datasets: [] },
    plugins: [marks],
    options: {
      animation: false,
      parsing: false,
      normalized: true,
      maintainAspectRatio: false,
      events: [],
      spanGaps: false,
      datasets: { line: { borderWidth: 1.6, borderJoinStyle: "round", pointRadius, pointHitRadius: 0 } },
      plugins: {
        legend: { display: false },
        tooltip: { enabled: false },
        zoom: {
          zoom: {
            mode: "x",
            drag: { enabled: true, threshold: 6, backgroundColor: "rgb(128 128 128 / .2)" },
            onZoomComplete: ({ chart }) => onZoom([chart.scales.x.min, chart.scales.x.max]),
          },
        },
      },
      scales: axes(settings),
    },
  });
}

// lines need no dots; a point without neighbours would be invisible without one
function pointRadius({ dataset, dataIndex }) {
  const { data } = dataset;
  if (dataset.isGhost) return 0;
  if (data.length <= 30) return 2;
  const isAlone = (data[dataIndex - 1]?.y ?? null) === null && (data[dataIndex + 1]?.y ?? null) === null;
  return isAlone ? 2 : 0;
}

export function axes({ x, logX, logY }, range) {
  const ink = token("--ink-3");
  const grid = { color: token("--line"), drawTicks: false };
  const font = { size: 11, family: token("--font") };
  const isLogX = logX && x !== "time";
  const span = (scale) => scale.max - scale.min;
  return {
    x: {
      type: isLogX ? "logarithmic" : "linear",
      bounds: "data",
      min: range?.[0],
      max: range?.[1],
      grid: { display: false },
      border: { color: token("--line-2") },
      afterBuildTicks(scale) {
        if (x !== "step" && !isLogX) scale.ticks = timeTicks(scale.min, scale.max, x === "time" ? 0.001 : 1);
      },
      ticks: {
        color: ink, font, maxRotation: 0, autoSkipPadding: 16, padding: 6,
        callback(value) {
          return x === "step" && !Number.isInteger(value) ? "" : tickLabel(x, value, span(this));
        },
      },
    },
    y: {
      type: logY ? "logarithmic" : "linear",
      // whole ticks at both ends; those of a logarithmic axis would leave most of it empty
      bounds: logY ? "data" : "ticks",
      grace: logY ? 0 : "5%",
      grid,
      border: { display: false },
      ticks: { color: ink, font, maxTicksLimit: 6, padding: 8, callback: (value) => number(value) },
    },
  };
}
