"""What a run's page tells about it: where its code came from, what it used, what came of it. Reads, never writes."""

import re
import shlex
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from tracker.columns import is_small_good
from tracker.models import Artifact, LoggedModel, ModelInput, Run, RunTag
from tracker.models.run import AsRunId

PARENT_TAG = "mlflow.parentRunId"
NOTE_TAG = "mlflow.note.content"
SYSTEM_PREFIX = "system/"
# tags that the client writes for programs; pages show what they mean instead
HIDDEN_TAGS = "mlflow."
MAX_CHILDREN = 20


@dataclass(frozen=True)
class Source:
    """Where the code of a run came from, as the client tagged it; what it did not tag is empty."""

    kind: str  # LOCAL, NOTEBOOK, PROJECT, JOB, …
    name: str
    commit: str
    branch: str
    repository: str
    entry_point: str
    environment: str  # of a project: conda, virtualenv, docker, local
    diff: str  # what was not committed

    @property
    def is_project(self) -> bool:
        return self.kind == "PROJECT"

    @property
    def file(self) -> str:
        """Return the script without its folders."""
        return self.name.rstrip("/").replace("\\", "/").rpartition("/")[2]


def source(tags: dict[str, str]) -> Source:
    return Source(
        kind=tags.get("mlflow.source.type", ""),
        name=tags.get("mlflow.source.name", ""),
        commit=tags.get("mlflow.source.git.commit", ""),
        branch=tags.get("mlflow.source.git.branch", "") or tags.get("mlflow.gitBranch", ""),
        repository=tags.get("mlflow.source.git.repoURL", "") or tags.get("mlflow.gitRepoURL", ""),
        entry_point=tags.get("mlflow.project.entryPoint", ""),
        environment=tags.get("mlflow.project.env", ""),
        diff=tags.get("mlflow.source.git.diff", ""),
    )


def rerun_command(code: Source, params: list[tuple[str, str]], *, tracking_uri: str, experiment: str) -> str:
    """Return shell lines that run the code again into the same experiment; "" where the client said too little.

    >>> code = source({"mlflow.source.type": "LOCAL", "mlflow.source.name": "train.py"})
    >>> print(rerun_command(code, [], tracking_uri="http://h", experiment="seams"))
    export MLFLOW_TRACKING_URI=http://h
    export MLFLOW_EXPERIMENT_NAME=seams
    python train.py
    """
    if not code.name:
        return ""
    where = [
        f"export MLFLOW_TRACKING_URI={shlex.quote(tracking_uri)}",
        f"export MLFLOW_EXPERIMENT_NAME={shlex.quote(experiment)}",
    ]
    if code.is_project:
        return "\n".join([*where, _project_command(code, params)])
    if code.kind == "NOTEBOOK" or code.file.endswith(".ipynb"):
        run = f"jupyter nbconvert --to notebook --execute {shlex.quote(code.name)}"
    else:
        run = f"python {shlex.quote(code.name)}"
    checkout = [f"git checkout {shlex.quote(code.commit)}"] if code.commit else []
    return "\n".join([*where, *checkout, run])


def _project_command(code: Source, params: list[tuple[str, str]]) -> str:
    words = ["mlflow", "run", code.repository or code.name]
    if code.entry_point and code.entry_point != "main":
        words += ["-e", code.entry_point]
    if code.commit and (code.repository or "://" in code.name or code.name.startswith("git@")):
        words += ["-v", code.commit]
    if code.environment:
        words += ["--env-manager", code.environment]
    for key, value in params:
        words += ["-P", f"{key}={value}"]
    return shlex.join(words)


_LARGE_IS_GOOD = {
    *("acc", "accuracy", "auc", "auroc", "bleu", "dice", "f1", "iou", "jaccard", "map", "ndcg"),
    *("precision", "r2", "recall", "rouge", "score", "specificity"),
}


def direction(key: str) -> str:
    """Return which values of a metric are better, by the usual names: "up", "down", or "" where a name tells nothing.

    >>> direction("val/accuracy"), direction("val_loss"), direction("lr")
    ('up', 'down', '')
    """
    if is_small_good(key):
        return "down"
    words = re.split(r"[/_.\- ]", key.lower())
    return "up" if _LARGE_IS_GOOD.intersection(words) else ""


class Family(NamedTuple):
    """The runs around a run that the reader may see."""

    parent: Run | None
    children: list[Run]
    num_children: int


def family(run: Run, parent_id: str, *, user) -> Family:
    visible = Run.objects.visible_to(user).active()
    edges = RunTag.objects.alias(parent=AsRunId("value")).filter(key=PARENT_TAG, parent=run.run_id)
    children = visible.filter(pk__in=edges.values("run_id")).order_by("start_time_ms", "run_id")
    shown = list(children[: MAX_CHILDREN + 1])
    num_children = len(shown) if len(shown) <= MAX_CHILDREN else children.count()
    parent = visible.filter(run_id=parent_id[:64]).first() if parent_id else None
    return Family(parent, shown[:MAX_CHILDREN], num_children)


class Size(NamedTuple):
    num_files: int
    size_bytes: int


def size(run: Run) -> Size:
    """Return what the run's own files take, and those of the models that it logged."""
    owned = Q(run=run) | Q(model__in=LoggedModel.objects.filter(source_run=run, deleted_at=None))
    found = Artifact.objects.filter(owned).aggregate(num=Count("pk"), total=Sum("blob__size_bytes"))
    return Size(found["num"], found["total"] or 0)


def models_out(run: Run, *, user) -> list[LoggedModel]:
    """Return the logged models that came of the run, the newest first."""
    rows = LoggedModel.objects.visible_to(user).active().filter(source_run=run)
    return list(rows.order_by("-creation_time_ms", "model_id")[:50])


def models_in(run: Run, *, user) -> list[LoggedModel]:
    """Return the logged models that the run used."""
    ids = ModelInput.objects.filter(run=run).values("model_id")
    return list(LoggedModel.objects.visible_to(user).active().filter(model_id__in=ids)[:50])


@dataclass(frozen=True)
class ChartGroup:
    """Metrics whose names share a prefix: one foldable group of charts."""

    prefix: str
    metrics: list

    @property
    def is_system(self) -> bool:
        return self.prefix == SYSTEM_PREFIX.rstrip("/")


def chart_groups(metrics: list) -> list[ChartGroup]:
    """Group rollups by what stands in front of the last / of their key; those without one first, system/ last."""
    groups: dict[str, list] = {}
    for metric in metrics:
        prefix = "system" if metric.key.startswith(SYSTEM_PREFIX) else metric.key.rpartition("/")[0]
        groups.setdefault(prefix, []).append(metric)
    ordered = sorted(groups.items(), key=lambda item: (item[0] == "system", item[0] != "", item[0]))
    return [ChartGroup(prefix, found) for prefix, found in ordered]
