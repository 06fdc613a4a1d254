// The client prints links to the pages of MLflow's server, such as ADDRESS/#/experiments/0/runs/ID, which open our home
// page: it leads on to ours. Signing in comes between where it must; browsers keep what stands behind the # meanwhile.

const PAGES = [
  [/^#\/experiments\/\d+\/runs\/(\w+)/, "runs/"],
  [/^#\/experiments\/(\d+)/, "experiments/"],
];

for (const [pattern, page] of PAGES) {
  const id = pattern.exec(location.hash)?.[1];
  if (!id) continue;
  location.replace(new URL(page + id, location.href.split("#")[0]));
  break;
}
