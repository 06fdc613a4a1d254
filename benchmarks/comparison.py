"""Compare 200 runs of 100 params: `python benchmarks/comparison.py [--runs 200] [--params 100] [--metrics 20]`.

On a data folder of its own that goes at the end, or on the database that DATABASE_URL names, which must be empty. The
comparison is computed five times as the worker does; prints seconds of the clock and of this process, and the size of
what is stored. The goal is 2 seconds.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

NUM_REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--params", type=int, default=100, help="of each run")
    parser.add_argument("--metrics", type=int, default=20, help="of each run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"ASSAY_HOME": home, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        measure(options)


def measure(options) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from accounts.models import User
    from tracker.actions import comparisons
    from tracker.models import Comparison

    call_command("migrate", verbosity=0)
    user = User.objects.create_user(f"bench-{uuid.uuid4().hex[:8]}", password=None)
    stored = comparisons.create("benchmark", run_ids=fill(user, options), by=user)
    for _ in range(NUM_REPEATS):
        clock, work = time.perf_counter(), time.process_time()
        comparisons.compute(stored.pk, stored.job_id, lambda progress, doing: None)
        print(f"{time.perf_counter() - clock:.2f} s, {time.process_time() - work:.2f} s of them this process's")
    clock, work = time.perf_counter(), time.process_time()
    comparisons.has_changed(Comparison.objects.select_related("created_by").get(pk=stored.pk))
    print(f"looking for changes: {time.perf_counter() - clock:.3f} s, {time.process_time() - work:.3f} s")
    size = len(json.dumps(Comparison.objects.get(pk=stored.pk).result))
    print(f"{options.runs} runs, {options.params} params, {options.metrics} metrics: {size / 1e3:.0f} kB stored")


def fill(user, options) -> list[str]:
    """Make runs whose params are numbers, words and seeds, each one four times."""
    from core.clock import now_ms
    from tracker import ingest
    from tracker.actions import experiments
    from tracker.models import Param, Run, RunTag

    chance = random.Random(1)
    experiment = experiments.create(f"benchmark {uuid.uuid4().hex}", by=user)
    now = now_ms()
    runs = Run.objects.bulk_create(
        Run(run_id=uuid.uuid4().hex, experiment=experiment, name=f"run-{n}", start_time_ms=now + n, created_by=user,
            artifact_uri="mlflow-artifacts:/0", status="FINISHED")
        for n in range(options.runs)
    )  # fmt: skip
    for place, run in enumerate(runs):
        if place % 4 == 0:
            values = [chance.choice(["adam", "sgd", "lion"]) if n % 5 == 0 else f"{chance.random():.4f}"
                      for n in range(options.params - 1)]  # fmt: skip
        params = [("seed", str(place)), *((f"param_{n:03d}", value) for n, value in enumerate(values))]
        Param.objects.bulk_create(Param(run=run, key=key, value=value) for key, value in params)
        RunTag.objects.create(run=run, key="team", value=chance.choice(["a", "b"]))
        good = float(values[1]) + chance.gauss(0, 0.1)
        points = [(f"val/metric_{n}", ingest.point(good * n + chance.random(), timestamp_ms=now, step=0))
                  for n in range(options.metrics)]  # fmt: skip
        ingest.write(run.pk, points)
    return [run.run_id for run in runs]


if __name__ == "__main__":
    main()
