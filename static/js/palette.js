// Colours of charts, as tokens.css has them now: they change with the theme.

const NUM_COLORS = 10;
const DASHES = [[], [6, 3], [2, 3]];

export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const seriesColor = (number) => token(`--series-${(number % NUM_COLORS) + 1}`);

// beyond ten lines colours come again, dashed
export const seriesDash = (number) => DASHES[Math.floor(number / NUM_COLORS) % DASHES.length];

export function onThemeChange(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
