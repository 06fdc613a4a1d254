"""Points a second on PostgreSQL, the web tier included: `DATABASE_URL=postgres://… python benchmarks/postgres_ingest.py`.

Batches of 1,000 points from 8 connections of wrk into 100 runs: of one key, of 500 keys with two each, and of 1,000 keys.
Assay with 2 web workers, then `mlflow server --workers 2` on the same PostgreSQL, each on a database of its own, which is
dropped at the end. MLflow needs psycopg2-binary; MLFLOW_PYTHON names an interpreter that has both, and without one MLflow is
left out, and said.
"""

import argparse
import os
import secrets
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from peers import build, measure
from servers import MLFLOW_PYTHON, mlflow_has, running

OPERATIONS = {"batch-1x1000": "one key", "batch-500x2": "500 keys", "batch-1000x1": "1,000 keys"}
GOALS = {"batch-1x1000": 100_000, "batch-500x2": 60_000, "batch-1000x1": 60_000}
NUM_RUNS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=10, help="for each kind of batch")
    parser.add_argument("--servers", nargs="*", default=["assay", "mlflow"])
    options = parser.parse_args()
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        raise SystemExit("DATABASE_URL must name a PostgreSQL database; new ones are made beside it.")
    results = {name: points_a_second(name, url, options.seconds) for name in options.servers if is_there(name)}
    heads = [*results, "goal", *(["× mlflow"] if len(results) == 2 else [])]
    print("| 1,000 points of | " + " | ".join(heads) + " |\n|---|" + "---:|" * len(heads))
    for operation, label in OPERATIONS.items():
        cells = [f"{result[operation]:,.0f}" for result in results.values()] + [f"{GOALS[operation]:,}"]
        if len(results) == 2:
            cells.append(f"{results['assay'][operation] / max(results['mlflow'][operation], 1e-9):,.1f}")
        print(f"| {label} | {' | '.join(cells)} |")


def is_there(name: str) -> bool:
    if name == "mlflow" and not mlflow_has("psycopg2"):
        print(f"{MLFLOW_PYTHON} has no mlflow with psycopg2; mlflow is left out", file=sys.stderr)
        return False
    return True


def points_a_second(name: str, url: str, seconds: int) -> dict[str, float]:
    with own_database(url) as own, tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = own
        os.environ["MLFLOW_DATABASE"] = own.replace("postgres://", "postgresql://", 1)
        try:
            with running(name) as server:
                fixture = build(server, NUM_RUNS, Path(folder))
                found = {}
                for operation in OPERATIONS:
                    result = measure(server, operation, fixture, seconds)
                    print(f"{name}: {operation} {result}", file=sys.stderr)
                    found[operation] = result["per_s"] * 1000
                return found
        finally:
            os.environ["DATABASE_URL"] = url
            del os.environ["MLFLOW_DATABASE"]


@contextmanager
def own_database(url: str):
    name = f"assay_ingest_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


if __name__ == "__main__":
    main()
