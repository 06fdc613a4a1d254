"""Fill an empty database as a large team would in years: `python benchmarks/generate.py`, in minutes and without the API.

5,000 experiments, of which the first has 100,000 runs of 200 metrics and 50 params, and the others a few runs each; a run
of 2,000 metrics; 50 runs with a series of 1,000,000 points. It writes where ASSAY_HOME and DATABASE_URL point, which must
hold no runs, makes the admin `bench`, and prints what it made, how long each part took, and what it takes on disk.

    ASSAY_HOME=/tmp/large python benchmarks/generate.py --runs 10000 --metrics 20
    ASSAY_HOME=/tmp/large python benchmarks/at_size.py
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

django.setup()

from bulk import Bulk
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import User
from tracker import run_index
from tracker.models import Experiment, Run

START_MS = 1_700_000_000_000
MINUTE_MS = 60_000
# runs that an experiment other than the first has, and their metrics
FEW_RUNS, FEW_METRICS = 4, 5
WIDE_METRICS = 2_000
BATCH_RUNS = 5_000
NOISE = "(({n} * 7919 + {k} * 104729) % 10007) / 10007.0"


def main() -> None:
    options = read_options()
    call_command("migrate", verbosity=0)
    if Run.objects.exists():
        raise SystemExit("The database holds runs already: name an empty one (ASSAY_HOME, DATABASE_URL).")
    user, _ = User.objects.get_or_create(username="bench", defaults={"is_superuser": True, "is_staff": True})
    bulk = Bulk(connection)
    with bulk.quickly(), bulk.without_indexes("tracker_metric", "tracker_param", "tracker_runtag", "tracker_run"):
        timed("experiments", lambda: make_experiments(options.experiments, user))
        first = Experiment.objects.get(name="large").pk
        large = Shape("run", experiment=first, runs=options.runs, metrics=options.metrics, params=options.params)
        timed("runs of the first", lambda: make_runs(bulk, large, user))
        others = options.experiments - 1
        few = Shape("few", first + 1, runs=others * FEW_RUNS, metrics=FEW_METRICS, params=3, runs_each=FEW_RUNS)
        timed("runs of the others", lambda: make_runs(bulk, few, user))
        wide = Shape("wide", first, runs=1, metrics=WIDE_METRICS, params=options.params)
        timed("wide run", lambda: make_runs(bulk, wide, user))
        long = Shape("long", first, runs=options.series, metrics=1, params=1)
        timed("long runs", lambda: make_runs(bulk, long, user))
        timed("long series", lambda: make_series(bulk, options.points))
        timed("index by value", index_ended)
        print("indexes …", flush=True)
    timed("counts", lambda: bulk.run(COUNT_RUNS))
    timed("statistics", bulk.analyse)
    timed("levels", lambda: call_command("build_levels"))
    print(f"{Run.objects.count():,} runs; {bulk.size_bytes() / 1e9:.1f} GB in {settings.DATABASES['default']['NAME']}")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--experiments", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=100_000, help="in the first experiment")
    parser.add_argument("--metrics", type=int, default=200, help="of each of these runs")
    parser.add_argument("--params", type=int, default=50, help="of each of these runs")
    parser.add_argument("--points", type=int, default=1_000_000, help="of a long series")
    parser.add_argument("--series", type=int, default=50, help="how many long series")
    return parser.parse_args()


def timed(what: str, work) -> None:
    start = time.monotonic()
    work()
    print(f"{what}: {time.monotonic() - start:.1f} s", flush=True)


def make_experiments(number: int, user) -> None:
    Experiment.objects.bulk_create(
        [
            Experiment(
                name=f"team-{n % 20:02d}/project-{n // 20 % 50:02d}/experiment-{n:05d}" if n else "large",
                artifact_location=f"mlflow-artifacts:/e{n}",
                created_by=user,
                creation_time_ms=START_MS + n,
                last_update_time_ms=START_MS + n,
            )
            for n in range(number)
        ],
        batch_size=500,
    )


@dataclass(frozen=True)
class Shape:
    """So many runs alike, `runs_each` to an experiment from `experiment` on, each metric with one point."""

    name: str
    experiment: int
    runs: int
    metrics: int
    params: int
    runs_each: int = 10**9


def make_runs(bulk: Bulk, shape: Shape, user) -> None:
    begin = bulk.highest("tracker_run") + 1
    for first in range(begin, begin + shape.runs, BATCH_RUNS):
        count = min(BATCH_RUNS, begin + shape.runs - first)
        values = {**vars(shape), "begin": begin, "first": first, "count": count, "user": user.pk}
        with transaction.atomic():
            for statement in (RUNS, TAGS, PARAMS, METRICS, POINTS):
                bulk.run(statement, **values)


def make_series(bulk: Bulk, points: int) -> None:
    """Turn the metric of each run named long-… into a series, with a spike that a chart must show."""
    rows = Run.objects.filter(name__startswith="long-").order_by("pk").values_list("metrics__pk", "start_time_ms")
    for metric, start_ms in rows:
        bulk.run(NO_POINTS, metric=metric)
        for first in range(0, points, 100_000):  # a batch stays in memory
            bulk.run(SERIES, metric=metric, start_ms=start_ms, first=first, count=min(100_000, points - first))
        bulk.run(ROLLUP, metric=metric)


@transaction.atomic
def index_ended() -> None:
    """Do at once what the job does run by run."""
    run_index.add_where("r.status <> 'RUNNING'")
    run_index.waiting().update(is_indexed=True)


# {numbers first count}: a table n(n) of so many whole numbers; {hex n}: the number as 32 hexadecimal digits
RUNS = f"""
INSERT INTO tracker_run (id, run_id, experiment_id, name, status, start_time_ms, end_time_ms, claimed_user, created_by_id,
                         artifact_uri, created_at)
SELECT n, {{hex n}}, %(experiment)s + (n - %(begin)s) / %(runs_each)s, %(name)s || '-' || n,
       CASE WHEN n % 97 = 0 THEN 'FAILED' WHEN n % 5003 = 0 THEN 'RUNNING' ELSE 'FINISHED' END,
       {START_MS} + n * {MINUTE_MS}, {START_MS} + n * {MINUTE_MS} + n % 1000 * 1000, 'bench', %(user)s,
       'mlflow-artifacts:/' || {{hex n}}, CURRENT_TIMESTAMP
FROM {{numbers first count}}
"""
TAGS = """
INSERT INTO tracker_runtag (run_id, key, value)
SELECT n, 'mlflow.runName', %(name)s || '-' || n FROM {numbers first count}
UNION ALL SELECT n, 'mlflow.source.name', 'train.py' FROM {numbers first count}
"""
PARAMS = """
INSERT INTO tracker_param (run_id, key, value)
SELECT n, 'p' || k, CAST((n + k) % (k + 2) AS text) FROM {numbers first count} CROSS JOIN {keys params}
"""
_VALUE = NOISE.format(n="n", k="k")
_TIME = f"{START_MS} + n * {MINUTE_MS}"
METRICS = f"""
INSERT INTO tracker_metric (run_id, key, count, num_nan, last_step, last_timestamp_ms, last_value, last_is_nan, first_step,
                            first_timestamp_ms, first_value, first_is_nan, min_value, min_step, max_value, max_step, mean)
SELECT n, 'm' || k, 1, 0, 0, {_TIME}, {_VALUE}, {{false}}, 0, {_TIME}, {_VALUE}, {{false}}, {_VALUE}, 0, {_VALUE}, 0, {_VALUE}
FROM {{numbers first count}} CROSS JOIN {{keys metrics}}
"""
POINTS = """
INSERT INTO tracker_metricpoint (metric_id, step, timestamp_ms, value, is_nan)
SELECT id, 0, last_timestamp_ms, last_value, {false} FROM tracker_metric
WHERE id > (SELECT coalesce(max(metric_id), 0) FROM tracker_metricpoint)
"""
NO_POINTS = "DELETE FROM tracker_metricpoint WHERE metric_id = %(metric)s"
_STEP_VALUE = (
    f"sin(n / 20000.0) + 0.2 * {NOISE.format(n='n', k='(%(metric)s % 1000)')} + CASE WHEN n = 123457 THEN 50 ELSE 0 END"
)
SERIES = f"""
INSERT INTO tracker_metricpoint (metric_id, step, timestamp_ms, value, is_nan)
SELECT %(metric)s, n, %(start_ms)s + n * 100, {_STEP_VALUE}, {{false}} FROM {{numbers first count}}
"""
ROLLUP = """
UPDATE tracker_metric SET count = p.count, last_step = p.last, last_timestamp_ms = p.last_ms, last_value = p.mean,
    min_value = p.low, max_value = p.high, mean = p.mean, min_step = 0, max_step = 123457
FROM (SELECT count(*) AS count, max(step) AS last, max(timestamp_ms) AS last_ms, min(value) AS low, max(value) AS high,
             avg(value) AS mean FROM tracker_metricpoint WHERE metric_id = %(metric)s) AS p
WHERE id = %(metric)s
"""
COUNT_RUNS = """
UPDATE tracker_experiment SET num_runs = r.num, last_activity_ms = r.newest
FROM (SELECT experiment_id, count(*) AS num, max(start_time_ms) AS newest FROM tracker_run GROUP BY 1) AS r
WHERE r.experiment_id = tracker_experiment.id
"""

if __name__ == "__main__":
    main()
