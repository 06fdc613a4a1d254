"""Import a large database of MLflow's: `python benchmarks/import_mlflow.py`, 1,000 runs with 100 metrics of 100 points.

The stock package makes the tables and this fills them, since logging 10,000,000 points through its server takes hours. It
then imports into a new home, again into the same one, and prints wall time and processor time of each. DATABASE_URL may
name a PostgreSQL database of its own to import into.

    python benchmarks/import_mlflow.py --runs 100 --files 10
"""

import argparse
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_MS = 1_700_000_000_000
MAKE_TABLES = (
    "from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore; import sys; SqlAlchemyStore(*sys.argv[1:])"
)

RUNS = """
INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,
                  source_version, lifecycle_stage, artifact_uri, experiment_id)
WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s LIMIT :runs)
SELECT printf('%032x', n), 'run-' || n, 'LOCAL', 'train.py', '', 'bench', 'FINISHED', :start + n * 1000,
       :start + n * 1000 + 900, '', 'active', :root || '/0/' || printf('%032x', n) || '/artifacts', 0 FROM s
"""
TAGS = "INSERT INTO tags SELECT 'mlflow.runName', name, run_uuid FROM runs"
METRICS = """
WITH RECURSIVE k(key) AS (SELECT 0 UNION ALL SELECT key + 1 FROM k LIMIT :metrics),
               p(step) AS (SELECT 0 UNION ALL SELECT step + 1 FROM p LIMIT :points)
INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)
SELECT 'm' || key, ((step * 7919 + key * 104729) % 10007) / 10007.0, start_time + step, run_uuid, step, 0
FROM runs CROSS JOIN k CROSS JOIN p
"""


def main() -> None:
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="bench-import-") as folder:
        source = Path(folder) / "mlflow.db"
        timed("source", lambda: make_source(source, options))
        env = {**os.environ, "ASSAY_HOME": f"{folder}/home"}
        manage(env, "migrate", "-v0")
        admin = {"DJANGO_SUPERUSER_PASSWORD": "benchmarks only"}
        manage({**env, **admin}, "createsuperuser", "--noinput", "--username", "bench", "--email", "bench@example.org")
        for what in ("import", "again"):
            timed(what, lambda: print(manage(env, "import_mlflow", str(source))))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--metrics", type=int, default=100, help="of each run")
    parser.add_argument("--points", type=int, default=100, help="of each metric")
    parser.add_argument("--files", type=int, default=1, help="of each run, 10 kB each")
    return parser.parse_args()


def make_source(path: Path, options) -> None:
    root = path.parent / "artifacts"
    subprocess.run([sys.executable, "-c", MAKE_TABLES, f"sqlite:///{path}", str(root)], check=True, capture_output=True)
    sizes = {"runs": options.runs, "metrics": options.metrics, "points": options.points}
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute(RUNS, {**sizes, "start": START_MS, "root": str(root)})
        database.execute(TAGS)
        database.executemany(
            "INSERT INTO params SELECT 'p' || :n, :n, run_uuid FROM runs", [{"n": n} for n in range(20)]
        )
        database.execute(METRICS, sizes)
        places = [row[0] for row in database.execute("SELECT artifact_uri FROM runs")]
    for n, place in enumerate(places):
        Path(place).mkdir(parents=True)
        for number in range(options.files):
            (Path(place) / f"file-{number}.bin").write_bytes(n.to_bytes(4, "big") * 2_560)


def manage(env: dict[str, str], *words: str) -> str:
    done = subprocess.run([sys.executable, str(ROOT / "manage.py"), *words], env=env, text=True, capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def timed(what: str, work) -> None:
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{what}: {time.monotonic() - start:.1f} s, of the processor {cpu_s:.1f} s", flush=True)


if __name__ == "__main__":
    main()
