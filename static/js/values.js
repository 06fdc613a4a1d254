// How values are written in charts; numbers as the template filter `number` writes them.

export function number(value) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e6 || size < 1e-4)) {
    return value.toExponential(5).replace(/\.?0+e/, "e").replace(/e([+-])(\d)$/, "e$10$2");
  }
  return String(Number(value.toPrecision(6)));
}

export function duration(seconds) {
  const sign = seconds < 0 ? "−" : "";
  const size = Math.abs(seconds);
  if (size < 60) return `${sign}${Number(size.toPrecision(3))} s`;
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([unit]) => size >= unit);
  const [[big, bigName], [small, smallName]] = [parts[first], parts[first + 1]];
  const rest = Math.floor((size % big) / small);
  return `${sign}${Math.floor(size / big)} ${bigName}${rest ? ` ${rest} ${smallName}` : ""}`;
}

const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

export function onAxis(x, value) {
  if (x === "time") return new Date(value).toLocaleString("en-GB", { day: "numeric", month: "short", ...clock });
  return x === "relative" ? duration(value) : `step ${value.toLocaleString("en-GB")}`;
}

// ticks of a time axis fall on whole seconds, minutes, hours or days
const STEPS = [0.001, 0.01, 0.1, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

export function timeTicks(min, max, secondsPerUnit, wanted = 6) {
  const span = (max - min) * secondsPerUnit;
  const days = 86400 * Math.max(Math.ceil(span / 86400 / wanted), 1);
  const step = (STEPS.find((size) => span / size <= wanted) ?? days) / secondsPerUnit;
  const ticks = [];
  for (let value = Math.ceil(min / step) * step; value <= max && ticks.length < 20; value += step) ticks.push({ value });
  return ticks;
}

export function tickLabel(x, value, span) {
  if (x === "relative") return duration(value);
  if (x === "step") return number(value);
  const at = new Date(value);
  if (span > 2 * 86400e3) return at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const { second, ...short } = clock;
  return at.toLocaleTimeString("en-GB", span < 600e3 ? clock : short);
}
