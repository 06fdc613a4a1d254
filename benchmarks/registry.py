"""Measure the registry: `python benchmarks/registry.py [--postgres postgres://…/an_empty_database]`.

First the client's hottest calls beside `mlflow server`, each server alone in turn, with 100 models of 10 versions: requests
a second of wrk with 8 connections, as benchmarks/peers.py does it, and how many times MLflow's. Then pages, lists and
searches over 1,000 models with 50 versions each, for an admin and for a plain member, on a SQLite file of its own and, where
one is named, on an empty PostgreSQL database: server time, by benchmarks/registry_pages.py.

Needs `wrk` (Debian's package) and `pip install mlflow==3.17.2`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from peers import call
from servers import ROOT, Server, running

OPERATIONS = {
    "registered-models/get": "registered-models/get?name={}",
    "registered-models/get-latest-versions": "registered-models/get-latest-versions?name={}",
    "the same, of Production": "registered-models/get-latest-versions?name={}&stages=Production",
    "registered-models/alias": "registered-models/alias?name={}&alias=champion",
    "model-versions/get": "model-versions/get?name={}&version=8",
    "model-versions/get-download-uri": "model-versions/get-download-uri?name={}&version=8",
}
NUM_MODELS, NUM_VERSIONS = 100, 10
STAGES = {8: "Production", 9: "Staging", 7: "Archived"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=5, help="for each operation and server")
    parser.add_argument("--servers", nargs="*", default=["assay", "mlflow"], help="none to leave this part out")
    parser.add_argument("--postgres", help="address of an empty PostgreSQL database, for the second part")
    parser.add_argument("--no-pages", action="store_true", help="leave the second part out")
    options = parser.parse_args()
    if options.servers and not shutil.which("wrk"):
        raise SystemExit("wrk is missing: apt-get install wrk")
    if options.servers:
        print(compare(options.servers, options.seconds), flush=True)
    if not options.no_pages:
        measure_pages("SQLite", {})
        if options.postgres:
            measure_pages("PostgreSQL", {"DATABASE_URL": options.postgres})


def compare(names: list[str], seconds: int) -> str:
    """Return a Markdown table of requests a second."""
    results: dict[str, list[float]] = {}
    for name in names:
        with running(name) as server:
            print(f"{name}: building the fixture", file=sys.stderr)
            models = build(server)
            results[name] = [measure(server, path, models, seconds) for path in OPERATIONS.values()]
    is_compared = {"assay", "mlflow"} <= results.keys()
    head = ["requests a second", *results, *(["× mlflow"] if is_compared else [])]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for row, operation in enumerate(OPERATIONS):
        cells = [f"{found[row]:,.1f}" for found in results.values()]
        cells += [f"{results['assay'][row] / results['mlflow'][row]:,.1f}"] if is_compared else []
        lines.append(f"| {operation} | {' | '.join(cells)} |")
    return "\n".join(lines)


def build(server: Server) -> list[str]:
    """Return the names of models that are as those of a team: in stages, tagged, with an alias."""
    names = [f"model-{n:03d}" for n in range(NUM_MODELS)]
    for name in names:
        call(server, "registered-models/create", {"name": name, "tags": [{"key": "team", "value": "ndt"}]})
        for number in range(1, NUM_VERSIONS + 1):
            tags = [{"key": "n", "value": str(number)}]
            call(server, "model-versions/create", {"name": name, "source": f"s3://bucket/{number}", "tags": tags})
        for number, stage in STAGES.items():
            of = {"name": name, "version": str(number)}
            call(server, "model-versions/transition-stage", {**of, "stage": stage, "archive_existing_versions": False})
        call(server, "registered-models/alias", {"name": name, "alias": "champion", "version": "8"})
    return names


def measure(server: Server, path: str, models: list[str], seconds: int) -> float:
    """Return requests a second; the paths of all models stand in a file that wrk's script reads."""
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as paths:
        api = f"{server.prefix}/api/2.0/mlflow/"
        paths.write("".join(f"{api}{path.format(quote(name))}\n" for name in models))
        paths.flush()
        env = {**os.environ, "PATHS": paths.name, "AUTHORIZATION": server.authorization}
        script = str(ROOT / "benchmarks" / "paths.lua")
        words = ["wrk", "-t2", "-c8", f"-d{seconds}s", "--timeout", "60s", "-s", script, server.url]
        output = subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout
    summary = json.loads(output.strip().splitlines()[-1])
    if summary["errors"]:
        raise SystemExit(f"{server.name}: {path} had {summary['errors']} errors")
    return summary["requests"] / summary["duration_us"] * 1e6


def measure_pages(what: str, env: dict[str, str]) -> None:
    print(f"\n{what}", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-registry-") as home:
        inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        words = [sys.executable, str(Path(__file__).with_name("registry_pages.py"))]
        subprocess.run(words, env={**inherited, **env, "ASSAY_HOME": home}, check=True)


if __name__ == "__main__":
    main()
