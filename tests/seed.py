"""A portal that looks like a team's: folders, live and failed runs, sweeps with children, odd names, NaN.

Used by the tests that look at pages. By hand, in an empty data folder:
    python manage.py shell -c "from tests.seed import seed; from accounts.models import User; seed(by=User.objects.first())"
"""

import io
import math
import random

from django.db import transaction
from django.utils import timezone

from accounts.access import Level
from accounts.models import User
from core.clock import now_ms
from tests import seed_files
from tracker import ingest
from tracker.actions import artifacts, experiments, grants, inputs, logged_models
from tracker.actions import runs as run_actions
from tracker.models import Experiment, LoggedModel, LoggedModelMetric, Metric, Param, Run, RunTag

MLMODEL = b"""
flavors:
  python_function: {loader_module: mlflow.sklearn, python_version: 3.11.7}
  sklearn: {pickled_model: model.pkl, sklearn_version: 1.5.2}
mlflow_version: 3.17.2
model_size_bytes: 84100000
signature:
  inputs: '[{"type": "double", "name": "width_mm"}, {"type": "string", "name": "alloy", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]'
"""

HOUR_MS = 3_600_000
ARCHITECTURES = ("resnet50", "resnet101", "vit-s/16", "mlp")
COMMITS = ("3f9c1a7e5b2d", "a81d22f09c31")
LONG_NAME = "sweep-12-very-long-name-of-a-run-that-somebody-generated-from-every-parameter-lr=3e-4-bs=128"
NOTE = """Tells good **weld seams** from bad ones.

| split | seams |
|---|---|
| train | 12,400 |
| test | 1,550 |

- beat `lucid-marten-313` on *val/accuracy*
- hold latency below 35 ms"""


def seed(*, by: User, others: tuple[User, ...] = (), num_runs: int = 40) -> Experiment:
    """Fill the database; return the experiment that has most in it."""
    random.seed(7)
    people = (by, *others)
    seams = experiments.create(
        "defects/weld-seams", by=by, tags=[("mlflow.note.content", NOTE), ("team", "vision"), ("data", "seams-2026-04")]
    )
    experiments.set_tag(seams, "mlflow.experiment.primaryMetric.name", "val/accuracy", by=by)
    for number in range(num_runs):
        _run(seams, number, by=people[number % len(people)])
    _make_models(seams, by=by)
    for run in seams.runs.filter(status=Run.Status.FINISHED).order_by("-start_time_ms")[:1]:
        seed_files.fill(run, by=by)
    for run in seams.runs.filter(status=Run.Status.RUNNING).order_by("-start_time_ms")[:1]:
        seed_files.add(run, "plots/roc.png", seed_files.png(), by=by)
    _sweep(seams, by=by)
    _odd(seams, by=by)
    for name in ("defects/surface/scratches", "defects/surface/dents", "defects/pores", "baselines", "speech/wer-2026"):
        other = experiments.create(name, by=random.choice(people), is_private=name.endswith("dents"))
        for number in range(random.randint(0, 5)):
            _run(other, number * 3, by=by)
    hidden = experiments.create("secret/pricing-model", by=by, is_private=True, tags=[("cost-centre", "4711")])
    if others:
        grants.grant(hidden, level=Level.VIEW, user=others[0], by=by)
    gone = experiments.create("defects/first-try", by=by)
    _run(gone, 1, by=by)
    experiments.delete(gone, by=by)
    return seams


def _run(experiment, number: int, *, by, **fields) -> Run:
    """Make a run of `number` hours ago: the newest two live, the second of them silent; every seventh failed."""
    start = now_ms() - number * HOUR_MS - random.randint(0, HOUR_MS)
    run = run_actions.create(
        experiment, name=fields.pop("name", ""), start_time_ms=start, claimed_user=by.username, by=by
    )
    _describe(run, number)
    _measure(run, number)
    if number == 1:
        Run.objects.filter(pk=run.pk).update(stalled_at=timezone.now())
    if number >= 2:
        status = (
            Run.Status.FAILED if number % 7 == 3 else Run.Status.KILLED if number % 13 == 5 else Run.Status.FINISHED
        )
        run_actions.update(run, status=status, end_time_ms=start + random.randint(60_000, 5 * HOUR_MS), by=by)
    return run


def _describe(run: Run, number: int) -> None:
    """Log the params and the source of a run."""
    architecture = random.choice(ARCHITECTURES)
    _text(
        Param,
        run,
        arch=architecture,
        lr=random.choice(("1e-3", "3e-4", "0.01")),
        batch=random.choice(("64", "128", "256")),
        epochs="30",
        seed=number,
    )
    _text(
        RunTag,
        run,
        **{
            "mlflow.source.name": f"train/{architecture.partition('/')[0]}.py",
            "mlflow.source.git.commit": random.choice(COMMITS),
            "mlflow.source.type": "LOCAL",
        },
    )


def _measure(run: Run, number: int) -> None:
    """Log the metrics of a run; the newest writes until now."""
    best = 0.85 + random.random() * 0.1
    steps = 12 if number < 2 else 30
    pace_ms = (now_ms() - run.start_time_ms) // steps if number == 0 else 1000
    _points(
        run,
        "val/accuracy",
        [best - 0.5 * math.exp(-step / 6) + random.random() * 0.005 for step in range(steps)],
        pace_ms=pace_ms,
    )
    _points(
        run,
        "val/loss",
        [0.15 + 1.2 * math.exp(-step / 7) + random.random() * 0.02 for step in range(steps)],
        pace_ms=pace_ms,
    )
    _points(run, "train/loss", [0.05 + 1.5 * math.exp(-step / 6) for step in range(steps)], pace_ms=pace_ms)
    _points(run, "latency_ms", [28 + random.random() * 14], pace_ms=pace_ms)
    _points(run, "system/gpu_utilization", [80 + random.random() * 20 for _ in range(steps)], pace_ms=pace_ms)


def _make_models(experiment, *, by) -> None:
    """Let the newest runs use a dataset, keep a picture and log a model with the packages it needs."""
    for number, run in enumerate(experiment.runs.order_by("-start_time_ms")[1:6]):
        seams = inputs.DatasetUse(
            "seams", f"3f9c{number // 2}", "local", "/data/seams", tags=[("mlflow.data.context", "training")]
        )
        inputs.log(run, datasets=[seams], by=by)
        seed_files.add(run, "plots/confusion.png", seed_files.png(240 + 20 * number, 150), by=by)
        artifacts.upload(run, "labels.json", io.BytesIO(b'["good", "bad"]'), by=by)
        model = logged_models.create(
            experiment, name="seams-classifier", model_type="sklearn", source_run=run, params=[("depth", "50")], by=by
        )
        packages = f"mlflow==3.17.2\nnumpy==2.{number}.0\nscikit-learn==1.5.2\n" + "pillow==11.0\n" * (number % 2)
        artifacts.upload(model, "requirements.txt", io.BytesIO(packages.encode()), by=by)
        artifacts.upload(model, "python_env.yaml", io.BytesIO(b"python: 3.11.7"), by=by)
        artifacts.upload(model, "MLmodel", io.BytesIO(MLMODEL), by=by)
        LoggedModelMetric.objects.create(
            model=model,
            key="val/accuracy",
            value=0.9 + number / 100,
            timestamp_ms=run.start_time_ms,
            step=30,
            run=run,
            dataset_name="seams",
            dataset_digest="3f9c0",
        )
        logged_models.finalize(model, LoggedModel.Status.READY, by=by)


def _sweep(experiment, *, by) -> None:
    parent = _run(experiment, 9, by=by, name="grid-search-lr")
    for number in range(6):
        child = _run(experiment, 9, by=by, name=f"lr-{number}")
        _text(RunTag, child, **{"mlflow.parentRunId": parent.run_id})
    grandchild = _run(experiment, 9, by=by, name="fold-0")
    _text(RunTag, grandchild, **{"mlflow.parentRunId": child.run_id})


def _odd(experiment, *, by) -> None:
    """What makes tables ugly: long names, NaN, markup, nothing at all."""
    _run(experiment, 4, by=by, name=LONG_NAME)
    diverged = _run(experiment, 6, by=by, name="diverged")
    _points(diverged, "val/loss", [float("nan")] * 3, first_step=30)
    marked = _run(experiment, 7, by=by, name="<img src=x onerror=alert(1)>")
    _text(Param, marked, **{"note": "</script><b>{{7*7}}</b>", "formula": "=cmd()"})
    bare = run_actions.create(experiment, name="nothing-logged", start_time_ms=now_ms() - 11 * HOUR_MS, by=by)
    run_actions.update(bare, status=Run.Status.FINISHED, end_time_ms=now_ms() - 11 * HOUR_MS + 900, by=by)


def _text(model, run, **values) -> None:
    model.objects.bulk_create(model(run=run, key=key, value=str(value)) for key, value in values.items())


def _points(run, key: str, values: list[float], first_step: int = 0, pace_ms: int = 1000) -> Metric:
    points = [
        (key, ingest.point(value, timestamp_ms=run.start_time_ms + pace_ms * step, step=step))
        for step, value in enumerate(values, start=first_step)
    ]
    with transaction.atomic():
        ingest.write(run.pk, points)
    return run.metrics.get(key=key)
