"""A registry that looks like a team's: models at every stage, requests that wait, were approved and rejected, talk."""

import io
import json

from django.contrib.auth.models import Group

from accounts.access import Level
from accounts.models import User
from core.actions import comments
from registry.actions import checks, grants, model_versions, policies, registered_models, requests, transitions
from registry.models import RegisteredModel
from tracker.actions import artifacts, batches, logged_models
from tracker.actions.batches import Measurement
from tracker.models import Experiment, LoggedModel, Run

DESCRIPTION = """Tells good weld seams from bad ones, on the line at **plant 2**.

Not for seams thicker than 12 mm: nobody labelled any. Latency budget: *35 ms* at p95."""
CHECKS = [
    {"check": "metric_vs_incumbent", "metric": "val/accuracy", "is_large_good": True, "margin": 0.002},
    {"check": "signature_compatible"},
    {"check": "run_finished"},
    {"check": "artifacts"},
    {"check": "external", "name": "Latency budget"},
    {"check": "external", "name": "Bias review"},
]
COLUMNS = ["length_mm", "depth_mm", "current_a", "voltage_v", "camera", "operator"]
PRODUCTION = ("stage", "Production")


def seed(experiment: Experiment, *, by: User, others: tuple[User, User]) -> RegisteredModel:
    """Register models from an experiment's finished runs; return the one with most history, whose last version waits."""
    first, second = others
    runs = list(experiment.runs.filter(status=Run.Status.FINISHED).order_by("-start_time_ms")[1:7])
    model = _defect_net(runs, by=by, first=first, second=second)
    _others(runs, by=by, first=first, second=second)
    return model


def _defect_net(runs: list[Run], *, by: User, first: User, second: User) -> RegisteredModel:
    model = registered_models.create("defect-net", description=DESCRIPTION, tags=[("team", "vision")], by=first)
    grants.grant(model, level=Level.MANAGE, user=by, by=first)
    grants.grant(model, level=Level.EDIT, user=second, by=first)
    versions = [_version(model, run, by=first) for run in reversed(runs)]
    for version in versions[:3]:
        asked = requests.open(
            version, *PRODUCTION, archives_incumbent=True, comment="Better on the test set.", by=first
        )
        requests.approve(asked, comment="Looked at the hard seams, fine.", by=by)
    refused = requests.open(versions[3], *PRODUCTION, comment="Faster.", by=second)
    requests.reject(refused, comment="It confuses pores with spatter, see `plots/confusion.png`.", by=by)
    transitions.move(versions[4], "stage", "Staging", by=first)
    transitions.move(versions[4], "alias", "challenger", by=first)
    transitions.move(versions[2], "alias", "champion", by=first)
    board, _ = Group.objects.get_or_create(name="release-board")
    by.groups.add(board)
    first.groups.add(board)
    policies.set(
        model, *PRODUCTION, num_approvals=2, groups=[board], requires_comment=False, archives_incumbent=True,
        expires_after_days=14, checks=CHECKS, by=User.objects.filter(is_superuser=True).first(),
    )  # fmt: skip
    _ask(versions[4], by=by, first=first, second=second)
    return model


def _ask(version, *, by: User, first: User, second: User) -> None:
    checks.post(
        version,
        "Latency budget",
        "failed",
        summary="p95 41 ms, allowed 35 ms",
        link="https://ci.example.org/4711",
        by=second,
    )
    model_versions.describe(
        version,
        "Half a point better on the hard seams.\n\n- trained on `seams-2026-04`\n- latency is being looked at",
        by=first,
    )
    model_versions.set_tag(version, "data", "seams-2026-04", by=first)
    asked = requests.open(
        version, *PRODUCTION, by=second,
        comment="Half a point better on the hard seams; the confusion between pores and spatter is gone. Latency is being looked at.",
    )  # fmt: skip
    requests.approve(asked, comment="The pores are right now.", by=first)
    comments.create(version, "Pores look right now, see step 30. @ada, can you look at the latency?", by=second)
    comments.create(version, "On it: `batch=1` on the edge box.", by=by)


def _version(model: RegisteredModel, run: Run, *, by: User):
    """Log a model with a signature and a checksum for a run, and register it."""
    logged = logged_models.create(run.experiment, name="classifier", source_run=run, by=by)
    inputs = [{"name": name, "type": "double", "required": True} for name in COLUMNS]
    outputs = [{"name": "is_bad", "type": "long", "required": True}]
    signature = f"signature:\n  inputs: '{json.dumps(inputs)}'\n  outputs: '{json.dumps(outputs)}'\n"
    files = {
        "MLmodel": f"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n{signature}",
        "model.pkl": f"weights of {run.name}\n" * 2000,
        "requirements.txt": "mlflow==3.17.2\nscikit-learn==1.5.2\n",
    }
    for path, text in files.items():
        artifacts.upload(logged, path, io.BytesIO(text.encode()), by=by)
    logged_models.finalize(logged, LoggedModel.Status.READY, by=by)
    source = f"models:/{logged.model_id}"
    return model_versions.create(model, source=source, run_id=run.run_id, model_id=logged.model_id, by=by)


def _gone(run: Run, *, by: User, first: User) -> None:
    """Make a model that was in Production once, and delete it with what was asked for."""
    gone = registered_models.create("weld-classes", description="Classes of welds, until seams took over.", by=first)
    served, other = _version(gone, run, by=first), _version(gone, run, by=first)
    requests.approve(requests.open(served, *PRODUCTION, comment="For line 1.", by=first), comment="Fine.", by=by)
    transitions.move(served, "alias", "champion", by=first)
    transitions.move(served, "stage", "Archived", comment="Line 1 is closed.", by=by)
    requests.open(other, *PRODUCTION, comment="Should line 1 open again.", by=first)
    registered_models.delete(gone, by=by)


def _others(runs: list[Run], *, by: User, first: User, second: User) -> None:
    pores = registered_models.create("pores-segmentation", description="Outlines pores in X-ray images.", by=second)
    staged = _version(pores, runs[0], by=second)
    policies.set(pores, "stage", "Canary", wire_stage="Staging", num_approvals=0, by=second)
    transitions.move(staged, "stage", "Canary", by=second)
    requests.open(staged, *PRODUCTION, comment="Ready for line 3.", by=second)
    _version(pores, runs[1], by=second)
    model_versions.delete(_version(pores, runs[1], by=second), by=second)
    _gone(runs[2], by=by, first=first)
    registered_models.create("wer-2026", description="", by=by)
    hidden = registered_models.create("pricing", description="Not for everybody.", is_private=True, by=by)
    _version(hidden, runs[2], by=by)
    long = "a-very-long-name-that-a-pipeline-made-of-its-branch-its-date-and-its-parameters-2026-11-26"
    _version(registered_models.create(long, by=second), runs[3], by=second)
    batches.log_metric(runs[0], Measurement("f1", 0.93, timestamp_ms=1), by=by)
