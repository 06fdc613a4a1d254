// Points of metrics from the server. Panels that ask in the same moment share one request (pages/series.py).

const MAX_KEYS = 40;
const MAX_SERIES = 200;
const waiting = new Map();

// Resolves to the series of one metric, an array with an entry for each run that has it.
export function fetchSeries({ url, runs, metric, x, points, range, since }) {
  if (range) return request(url, { runs, x, points, range }, [{ metric, since: [] }]).then((all) => all.get(metric));
  const group = JSON.stringify([url, runs, x, points]);
  if (!waiting.has(group)) {
    waiting.set(group, []);
    setTimeout(() => send(group), 10);
  }
  return new Promise((resolve, reject) => waiting.get(group).push({ metric, since: since ?? [], resolve, reject }));
}

async function send(group) {
  const asked = waiting.get(group);
  waiting.delete(group);
  const [url, runs, x, points] = JSON.parse(group);
  const size = Math.max(Math.min(MAX_KEYS, Math.floor(MAX_SERIES / runs.length)), 1);
  for (let at = 0; at < asked.length; at += size) {
    const part = asked.slice(at, at + size);
    request(url, { runs, x, points }, part).then(
      (all) => part.forEach(({ metric, resolve }) => resolve(all.get(metric))),
      (error) => part.forEach(({ reject }) => reject(error)),
    );
  }
}

async function request(url, { runs, x, points, range }, asked) {
  const query = new URLSearchParams({ runs: runs.join(","), x, points });
  if (range) [query.set("from", range[0]), query.set("to", range[1])];
  for (const { metric, since } of asked) {
    query.append("key", metric);
    for (const cursor of since) query.append("since", cursor);
  }
  const response = await fetch(`${url}?${query}`, { headers: { Accept: "application/json" } });
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  if (!isJson) throw new Error(response.redirected ? "You are signed out." : `The server answered ${response.status}.`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  const all = new Map(asked.map(({ metric }) => [metric, []]));
  for (const found of answer.series) all.get(found.key)?.push(found);
  return all;
}

// What a chart keeps of an answer. A zoomed one has no cursor: live goes on from where the whole chart was.
export function take(found, before) {
  const { x, y } = found.points;
  return {
    points: x.map((at, i) => ({ x: at, y: y[i] })),
    marks: found.marks,
    cursor: found.cursor || before?.cursor,
    isComplete: found.is_complete,
    isLive: found.is_live,
  };
}

export function append(old, found) {
  const fresh = take(found);
  const points = old.points.concat(fresh.points);
  const isBehind = fresh.points.length && old.points.length && fresh.points[0].x < old.points.at(-1).x;
  if (isBehind) points.sort((a, b) => a.x - b.x);
  const isComplete = old.isComplete && fresh.isComplete;
  return { ...fresh, points, marks: old.marks.concat(fresh.marks), isComplete };
}

// Exponential moving average without the pull towards 0 at its start (as TensorBoard has it); gaps stay gaps.
export function smooth(points, weight) {
  let average = 0;
  let total = 0;
  return points.map(({ x, y }) => {
    if (y === null) return { x, y };
    average = average * weight + (1 - weight) * y;
    total = total * weight + (1 - weight);
    return { x, y: average / total };
  });
}
