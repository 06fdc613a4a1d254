"""Compare Assay with `mlflow server` and FastTrackML, request by request: `python benchmarks/peers.py`.

Each server alone in turn, SQLite in WAL with synchronous=NORMAL on all sides and Assay with FULL in a column beside,
authentication on for Assay, 2 web workers, 8 connections from wrk. Fixture: 100 experiments, one of them with 1,000
runs of 20 params, 20 metrics and 3 tags, and a run with a history of 20,000 points. Prints requests a second and ratios.

Needs `wrk` (Debian's package), and `pip install mlflow==3.17.2 fasttrackml`; a peer that is absent is left out, and said.
MLFLOW_PYTHON names an interpreter that has MLflow, FML the program of FastTrackML, where they are elsewhere. Six minutes.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from servers import BIN, MLFLOW_PYTHON, ROOT, Server, mlflow_has, running

# what reads comes first, on the fixture as it is: the faster a server takes points, the more it would have to read after.
# Runs end last: nobody logs to runs that have ended.
OPERATIONS = {
    "run-get": "get a run",
    "search-filter": "search: metric and param, by metric, 100",
    "search-list": "list 100 runs",
    "search-experiments": "search experiments",
    "history-20000": "history of 20,000 points",
    "log-metric": "log one metric",
    "batch-40": "batch of 40 points (10 keys × 4)",
    "batch-400": "batch of 400 points (100 × 4)",
    "batch-500x2": "batch of 1,000 points (500 × 2)",
    "batch-1x1000": "batch of 1,000 points (1 × 1,000)",
    "params-10": "10 params",
    "params-100": "100 params",
    "run-create": "create a run",
    "run-update": "update a run",
}
NUM_EXPERIMENTS, NUM_RUNS, NUM_VALUES, HISTORY = 100, 1000, 20, 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=4, help="for each operation and server")
    parser.add_argument("--only", nargs="*", choices=OPERATIONS, default=list(OPERATIONS))
    parser.add_argument("--servers", nargs="*", default=["assay", "assay-full", "mlflow", "fasttrackml"])
    parser.add_argument("--runs", type=int, default=NUM_RUNS, help="runs in the fixture")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: apt-get install wrk")
    results: dict[str, dict[str, dict]] = {}
    for name in options.servers:
        if name == "mlflow" and not mlflow_has("mlflow"):
            print(f"{MLFLOW_PYTHON} has no mlflow; left out", file=sys.stderr)
            continue
        if name == "fasttrackml" and not (shutil.which(os.environ.get("FML", "fml")) or (BIN / "fml").exists()):
            print("fasttrackml is not installed; left out", file=sys.stderr)
            continue
        with running(name) as server, tempfile.TemporaryDirectory() as folder:
            print(f"{name}: building the fixture", file=sys.stderr)
            fixture = build(server, options.runs, Path(folder))
            results[name] = {}
            for operation in options.only:
                results[name][operation] = measure(server, operation, fixture, options.seconds)
                print(f"{name}: {operation} {results[name][operation]}", file=sys.stderr)
    print(table(results, options.only))


def call(server: Server, path: str, body: dict) -> dict:
    headers = {"Content-Type": "application/json"}
    if server.authorization:
        headers["Authorization"] = server.authorization
    url = f"{server.url}/api/2.0/mlflow/{path}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        return json.loads(urllib.request.urlopen(request, timeout=120).read())
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{server.name}: {path} answered {error.code}: {error.read()[:300]}")


def build(server: Server, num_runs: int, folder: Path) -> dict[str, str]:
    """Return what load.lua needs to know of the fixture, as environment variables."""
    with ThreadPoolExecutor(4) as pool:
        ids = list(
            pool.map(
                lambda n: call(server, "experiments/create", {"name": f"e{n}"})["experiment_id"], range(NUM_EXPERIMENTS)
            )
        )
        runs = list(pool.map(lambda n: make_run(server, ids[0], n), range(num_runs)))
        # from 1 on: FastTrackML takes no timestamp of 0
        points = [{"key": "long", "value": random.random(), "timestamp": n, "step": n} for n in range(1, HISTORY + 1)]
        for start in range(0, HISTORY, 1000):
            call(server, "runs/log-batch", {"run_id": runs[0], "metrics": points[start : start + 1000]})
    (folder / "runs").write_text("\n".join(runs) + "\n")
    return {"RUNS": str(folder / "runs"), "EXPERIMENT": ids[0], "HISTORY_RUN": runs[0]}


def make_run(server: Server, experiment_id: str, n: int) -> str:
    run = call(server, "runs/create", {"experiment_id": experiment_id, "start_time": n, "run_name": f"r{n}"})
    run_id = run["run"]["info"]["run_id"]
    call(
        server,
        "runs/log-batch",
        {
            "run_id": run_id,
            "metrics": [
                {"key": f"m{k}", "value": random.random(), "timestamp": n + 1, "step": 1} for k in range(NUM_VALUES)
            ],
            "params": [{"key": f"p{k}", "value": str(n % (k + 2))} for k in range(NUM_VALUES)],
            "tags": [{"key": f"t{k}", "value": str(n)} for k in range(3)],
        },
    )
    return run_id


def measure(server: Server, operation: str, fixture: dict[str, str], seconds: int) -> dict:
    env = {
        **os.environ,
        **fixture,
        "OPERATION": operation,
        "PREFIX": server.prefix,
        "AUTHORIZATION": server.authorization,
    }
    words = [
        "wrk",
        "-t2",
        "-c8",
        f"-d{seconds}s",
        "--timeout",
        "60s",
        "-s",
        str(ROOT / "benchmarks" / "load.lua"),
        server.url,
    ]
    output = subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout
    summary = json.loads(output.strip().splitlines()[-1])
    return {
        "per_s": summary["requests"] / summary["duration_us"] * 1e6,
        "errors": summary["errors"],
        "p95_ms": summary["p95_us"] / 1000,
    }


def table(results: dict, operations: list[str]) -> str:
    """Return a Markdown table: requests a second of each server, and how many times a peer Assay answers."""
    names = list(results)
    peers = [name for name in names if not name.startswith("assay")]
    ours = next((name for name in names if name.startswith("assay")), None)
    head = ["requests a second", *names, *[f"× {peer}" for peer in peers if ours]]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for operation in operations:
        cells = [OPERATIONS[operation]]
        for name in names:
            result = results[name][operation]
            cells.append(f"{result['per_s']:,.1f}" + (f" ({result['errors']} errors)" if result["errors"] else ""))
        for peer in peers if ours else []:
            cells.append(f"{results[ours][operation]['per_s'] / max(results[peer][operation]['per_s'], 1e-9):,.1f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
