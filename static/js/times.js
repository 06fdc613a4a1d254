// Keeps relative times fresh, in the words of pages/templatetags/assay.py.

const STEPS = [[3600, 60, "min"], [86400, 3600, "h"], [7 * 86400, 86400, "d"]];

export function inWords(seconds) {
  if (seconds < 45) return "just now";
  for (const [limit, size, word] of STEPS) {
    if (seconds < limit) return `${Math.max(Math.round(seconds / size), 1)} ${word} ago`;
  }
  return null;
}

export function freshTimes() {
  const refresh = () => {
    for (const element of document.querySelectorAll("time[datetime]")) {
      const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000;
      const words = seconds >= 0 ? inWords(seconds) : null;
      if (words && element.textContent !== words && / ago$|^just now$/.test(element.textContent)) element.textContent = words;
    }
  };
  setInterval(refresh, 20_000);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}
