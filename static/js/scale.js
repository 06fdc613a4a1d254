// Where a value lies along an axis, from 0 to 1: numbers by their size, or its logarithm where they span much, texts by turns.

import { number } from "./values.js";

export function scale(values) {
  const known = values.filter((value) => value !== null);
  return known.every((value) => typeof value === "number") ? numeric(known) : textual(known);
}

// the ticks that do not write over each other; the first and the last stay
export function apart(ticks, gap) {
  const sorted = [...ticks].sort((a, b) => a.at - b.at);
  const last = sorted.at(-1);
  const kept = [];
  for (const tick of sorted) {
    if (kept.length && tick.at - kept.at(-1).at < gap) continue;
    if (tick !== last && kept.length && last.at - tick.at < gap) continue;
    kept.push(tick);
  }
  return kept;
}

function numeric(known) {
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const isLog = low > 0 && high / low >= 20;
  const of = isLog ? Math.log : (value) => value;
  const span = of(high) - of(low) || 1;
  const at = (value) => (of(value) - of(low)) / span;
  const middle = isLog ? Math.sqrt(low * high) : (low + high) / 2;
  const ticks = new Set(known).size <= 5 ? [...new Set(known)] : [low, Number(middle.toPrecision(3)), high];
  return { at, ticks: ticks.map((value) => ({ at: at(value), text: number(value) })) };
}

function textual(known) {
  const texts = [...new Set(known)].sort();
  const at = (value) => (texts.indexOf(value) + 0.5) / texts.length;
  return { at, ticks: texts.slice(0, 12).map((text) => ({ at: at(text), text })) };
}
