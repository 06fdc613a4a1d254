// The client prints links to the pages of MLflow's server, such as ADDRESS/#/experiments/0/runs/ID, and people kept
// others; all open our home page, which leads on to ours. Signing in comes between where it must; browsers keep what
// stands behind the # meanwhile.

const PAGES = [
  [/^#\/experiments\/\d+\/runs\/(\w+)/, (id) => `runs/${id}`],
  [/^#\/experiments\/\d+\/models\/(m-\w+)/, (id) => `logged-models/${id}`],
  [/^#\/experiments\/(\d+)/, (id) => `experiments/${id}`],
  [/^#\/models\/([^/?]+)\/versions\/(\d+)/, (name, number) => `models/${name}/versions/${number}`],
  [/^#\/models\/([^/?]+)/, (name) => `models/${name}`],
  [/^#\/models\/?(?:\?|$)/, () => "models"],
];

for (const [pattern, page] of PAGES) {
  const found = pattern.exec(location.hash);
  if (!found) continue;
  location.replace(new URL(page(...found.slice(1)), location.href.split("#")[0]));
  break;
}
