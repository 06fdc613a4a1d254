"""What a version came of and what came of it, as far as the reader may see: data, run, logged model, version, its uses."""

from dataclasses import dataclass, field

from registry.models import ModelVersion, RegisteredModel
from tracker.models import DatasetInput, LoggedModel, ModelInput, Run

MAX_LISTED = 20


@dataclass
class Lineage:
    """The chain through one version; what `hides_run` says is there, and not the reader's to see; `lost_run` is the id of one
    that was deleted for good."""

    version: ModelVersion
    datasets: list[DatasetInput] = field(default_factory=list)
    run: Run | None = None
    model: LoggedModel | None = None
    # registered from the same files, under another number or name
    siblings: list[ModelVersion] = field(default_factory=list)
    # runs that used the logged model
    used_by: list[Run] = field(default_factory=list)
    hides_run: bool = False
    lost_run: str = ""


def of_version(version: ModelVersion, *, user) -> Lineage:
    found = Lineage(version)
    if version.source_run_id:
        found.run = Run.objects.visible_to(user).select_related("experiment").filter(pk=version.source_run_id).first()
        found.hides_run = found.run is None
    elif not version.is_deleted:
        found.lost_run = version.run_id
    if version.source_model_id:
        found.model = LoggedModel.objects.visible_to(user).filter(pk=version.source_model_id).first()
    if found.run:
        inputs = found.run.dataset_inputs.select_related("dataset").order_by("pk")
        found.datasets = list(inputs[:MAX_LISTED])
    if found.model:
        using = ModelInput.objects.filter(model_id=found.model.model_id).values("run")
        found.used_by = list(Run.objects.visible_to(user).active().filter(pk__in=using)[:MAX_LISTED])
    alike = ModelVersion.objects.active().visible_to(user).filter(storage_location=version.storage_location)
    found.siblings = list(alike.exclude(pk=version.pk).select_related("model").order_by("pk")[:MAX_LISTED])
    return found


def versions_of_runs(runs, *, user) -> dict[int, list[ModelVersion]]:
    """Return the versions that came of each run, by name and number, in one statement."""
    visible = RegisteredModel.objects.visible_to(user).active()
    rows = ModelVersion.objects.active().filter(source_run__in=[run.pk for run in runs], model__in=visible)
    found: dict[int, list[ModelVersion]] = {}
    for version in rows.select_related("model").order_by("model__name", "-version"):
        found.setdefault(version.source_run_id, []).append(version)
    return found
