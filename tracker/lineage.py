"""Where a run stands: what it used, what came of it, the runs above and below it; as far as a reader may see."""

from typing import NamedTuple

import orjson
from django.db.models import Exists, OuterRef

from tracker.actions.tags import LOGGED_MODELS_TAG
from tracker.models import Artifact, DatasetInput, Environment, LoggedModel, Metric, ModelInput, Run, RunTag
from tracker.models.run import AsRunId
from tracker.run_facts import PARENT_TAG, SYSTEM_PREFIX, Family, family, models_in, models_out

MAX_DATASETS = 50
MAX_FOLDERS = 50


class Lineage(NamedTuple):
    """The edges around a run."""

    family: Family
    datasets: list[DatasetInput]
    models_in: list[LoggedModel]
    models_out: list[LoggedModel]
    folders: list[str]  # of models that 2.x clients logged among the run's own files

    @property
    def is_empty(self) -> bool:
        around = self.family.parent or self.family.children
        return not (around or self.datasets or self.models_in or self.models_out or self.folders)


def lineage(run: Run, tags: dict[str, str], *, user) -> Lineage:
    """Return what stands around the run, in a constant number of queries."""
    datasets = run.dataset_inputs.select_related("dataset").order_by("pk")[:MAX_DATASETS]
    return Lineage(
        family(run, tags.get(PARENT_TAG, ""), user=user),
        list(datasets),
        models_in(run, user=user),
        models_out(run, user=user),
        model_folders(tags.get(LOGGED_MODELS_TAG, "")),
    )


def model_folders(history: str) -> list[str]:
    """Return the folders that 2.x clients logged models into, as their tag lists them.

    >>> model_folders('[{"artifact_path": "model"}, {"artifact_path": "model"}]')
    ['model']
    """
    try:
        listed = orjson.loads(history or "[]")
    except orjson.JSONDecodeError:
        return []
    paths = [one.get("artifact_path") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return list(dict.fromkeys(path for path in paths if isinstance(path, str) and path))[:MAX_FOLDERS]


class Kept(NamedTuple):
    """What a run has anything of."""

    metrics: bool
    system: bool
    environment: bool
    files: bool
    edges: bool


def kept(run: Run) -> Kept:
    """Tell what there is of a run, in one query."""
    me = OuterRef("pk")
    metrics, own = Metric.objects.filter(run=me), Artifact.objects
    edges = (
        Exists(DatasetInput.objects.filter(run=me)),
        Exists(ModelInput.objects.filter(run=me)),
        Exists(LoggedModel.objects.active().filter(source_run=me)),
        Exists(RunTag.objects.filter(run=me, key__in=(PARENT_TAG, LOGGED_MODELS_TAG))),
        Exists(RunTag.objects.alias(parent=AsRunId("value")).filter(key=PARENT_TAG, parent=run.run_id)),
    )
    row = (
        Run.objects.filter(pk=run.pk)
        .annotate(
            has_metrics=Exists(metrics),
            has_system=Exists(metrics.filter(key__startswith=SYSTEM_PREFIX)),
            has_environment=Exists(Environment.objects.of_run(run)),
            has_files=Exists(own.filter(run=me)) | Exists(own.filter(model__source_run=me)),
            **{f"edge_{place}": edge for place, edge in enumerate(edges)},
        )
        .values_list(
            "has_metrics", "has_system", "has_environment", "has_files", *(f"edge_{n}" for n in range(len(edges)))
        )
        .get()
    )
    return Kept(*row[:4], any(row[4:]))
