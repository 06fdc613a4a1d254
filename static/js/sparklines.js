// Small curves in tables: <svg data-spark="METRIC" data-count="POINTS"> within an element that names data-sparks (the
// address of series); it or that element names data-run. Drawn when scrolled into view, and again when the number of
// points has changed.

import { fetchSeries } from "./series.js";

const POINTS = 100;

function sparklines(root) {
  const { sparks: url } = root.dataset;
  const drawn = new Map();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      draw(target);
    }
  });

  async function draw(svg) {
    const { spark: metric, count, x = "step", run = root.dataset.run } = svg.dataset;
    const name = `${run} ${metric}`;
    const before = drawn.get(name);
    if (before) svg.replaceChildren(...before.lines.map((line) => line.cloneNode()));
    if (before?.count === count) return;
    const [found] = await fetchSeries({ url, runs: [run], metric, x, points: POINTS });
    const lines = found ? polylines(found.points, svg.viewBox.baseVal) : [];
    drawn.set(name, { count, lines });
    svg.replaceChildren(...lines.map((line) => line.cloneNode()));
  }

  const watch = () => root.querySelectorAll("svg[data-spark]").forEach((svg) => observer.observe(svg));
  watch();
  document.addEventListener("live:swap", watch);
}

// one line for each stretch without a gap
function polylines({ x, y }, { width, height }) {
  const numbers = y.filter((value) => value !== null);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const left = x[0];
  const span = x.at(-1) - left || 1;
  const stretches = [[]];
  x.forEach((at, i) => {
    if (y[i] === null) return stretches.push([]);
    const up = high > low ? (y[i] - low) / (high - low) : 0.5;
    stretches.at(-1).push(`${(((at - left) / span) * (width - 2) + 1).toFixed(1)},${(height - 2 - up * (height - 4)).toFixed(1)}`);
  });
  return stretches.filter((points) => points.length).map((points) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("points", points.join(" "));
    return line;
  });
}

document.querySelectorAll("[data-sparks]").forEach(sparklines);
