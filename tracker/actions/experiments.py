"""What people and programs do with experiments."""

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.access import Level
from core.actions import audit
from core.clock import now_ms
from core.errors import Conflict, InvalidValue, NotFound
from tracker import holds
from tracker.locations import check_location, default_location
from tracker.models import Experiment, ExperimentGrant, ExperimentTag, Run
from tracker.validation import MAX_EXPERIMENT_TAG_VALUE, check_key, check_text

MAX_NAME = 500
# views that MLflow's web interface keeps in tags
VIEW_TAG = "mlflow.customView.view"
MAX_VIEWS = 50


@transaction.atomic
def create(
    name: str,
    *,
    artifact_location: str = "",
    tags: list[tuple[str, str]] = (),
    by,
    token_id: int | None = None,
    is_private: bool = False,
) -> Experiment:
    """Make an experiment that `by` manages. Raises Conflict for a name in use, by a deleted one too."""
    check_name(name)
    if artifact_location:
        check_location(artifact_location)
    for key, value in tags:
        _check_tag(key, value)
    _check_num_views(sum(key.startswith(VIEW_TAG) for key, _ in tags))
    if len(dict(tags)) < len(tags):
        # a client that loses the race for a name relies on this code; MLflow answers with it here, too
        raise Conflict(f"Experiment(name={name}) names a tag twice; each key may have one value.")
    now = now_ms()
    try:
        with transaction.atomic():
            experiment = Experiment.objects.create(
                name=name,
                artifact_location=artifact_location,
                is_private=is_private,
                created_by=by,
                creation_time_ms=now,
                last_update_time_ms=now,
            )
    except IntegrityError:
        raise Conflict(f"Experiment(name={name}) already exists. A deleted experiment keeps its name.")
    if not artifact_location:
        experiment.artifact_location = default_location(experiment.pk)
        experiment.save(update_fields=["artifact_location"])
    ExperimentTag.objects.bulk_create(ExperimentTag(experiment=experiment, key=key, value=value) for key, value in tags)
    ExperimentGrant.objects.create(experiment=experiment, user=by, level=Level.MANAGE, granted_by=by)
    audit.record("experiment.create", experiment, by=by, token_id=token_id)
    return experiment


@transaction.atomic
def rename(experiment: Experiment, name: str, *, by, token_id: int | None = None) -> None:
    """Give the experiment another name, at once and for everybody. Raises Conflict for one in use."""
    check_name(name)
    held = _hold(experiment)
    if held.is_deleted:
        raise InvalidValue("Cannot rename a non-active experiment.")
    before = held.name
    if name == before:
        return
    try:
        with transaction.atomic():
            Experiment.objects.filter(pk=held.pk).update(name=name, last_update_time_ms=now_ms())
    except IntegrityError:
        raise Conflict(f"Experiment(name={name}) already exists. A deleted experiment keeps its name.")
    experiment.name = name
    audit.record("experiment.rename", experiment, by=by, token_id=token_id, before=before)


@transaction.atomic
def delete(experiment: Experiment, *, by, token_id: int | None = None) -> None:
    """Put the experiment and all of its runs into the trash. Raises NotFound if it is there already."""
    if _hold(experiment).is_deleted:
        raise NotFound(f"No Experiment with id={experiment.pk} exists outside of the trash: it was deleted already")
    now = timezone.now()
    runs = Run.objects.filter(experiment=experiment, deleted_at=None)
    holds.refuse(holds.RUNS, list(runs.values_list("pk", flat=True)), "runs", by=by)
    models = experiment.logged_models.filter(deleted_at=None)
    holds.refuse(holds.LOGGED_MODELS, list(models.values_list("pk", flat=True)), "logged models", by=by)
    runs.update(deleted_at=now)
    Experiment.objects.filter(pk=experiment.pk).update(deleted_at=now, last_update_time_ms=now_ms())
    recount(experiment.pk)
    audit.record("experiment.delete", experiment, by=by, token_id=token_id)


@transaction.atomic
def restore(experiment: Experiment, *, by, token_id: int | None = None) -> None:
    """Take the experiment out of the trash with all of its runs, those deleted one by one included, as MLflow does."""
    if not _hold(experiment).is_deleted:
        raise NotFound(f"No Experiment with id={experiment.pk} exists in the trash: it is active")
    Run.objects.filter(experiment=experiment).exclude(deleted_at=None).update(deleted_at=None)
    Experiment.objects.filter(pk=experiment.pk).update(deleted_at=None, last_update_time_ms=now_ms())
    recount(experiment.pk)
    audit.record("experiment.restore", experiment, by=by, token_id=token_id)


@transaction.atomic
def set_tag(experiment: Experiment, key: str, value: str, *, by) -> None:
    _check_tag(key, value)
    _refuse_deleted(_hold(experiment))
    if key.startswith(VIEW_TAG):
        _check_num_views(experiment.tags.filter(key__startswith=VIEW_TAG).exclude(key=key).count() + 1)
    ExperimentTag.objects.bulk_create(
        [ExperimentTag(experiment=experiment, key=key, value=value)],
        update_conflicts=True,
        unique_fields=["experiment", "key"],
        update_fields=["value"],
    )


@transaction.atomic
def delete_tag(experiment: Experiment, key: str, *, by) -> None:
    """Raises NotFound where there is no such tag."""
    _refuse_deleted(_hold(experiment))
    deleted, _ = experiment.tags.filter(key=key).delete()
    if not deleted:
        raise NotFound(f"No tag with name: {key[:250]} in experiment with id {experiment.pk}")


def check_name(name: str) -> None:
    if not name.strip():
        raise InvalidValue(f"Invalid experiment name: '{name[:100]}'")
    check_text(name, "name", MAX_NAME)


def recount(experiment_id: int) -> None:
    """Write the counts that lists read. Call it inside a transaction that holds the experiment."""
    runs = Run.objects.filter(experiment_id=experiment_id, deleted_at=None)
    newest = runs.aggregate(start=Max("start_time_ms"))["start"] or 0
    Experiment.objects.filter(pk=experiment_id).update(num_runs=runs.count(), last_activity_ms=newest)


def _hold(experiment: Experiment) -> Experiment:
    """Take the row as it is now, so that no run is made or deleted in it meanwhile.

    Without its key, which who logs a dataset must refer to while holding a run.
    """
    held = Experiment.objects.select_for_update(no_key=True).filter(pk=experiment.pk).first()
    if held is None:
        raise NotFound(f"No Experiment with id={experiment.pk} exists")
    return held


def _check_tag(key: str, value: str) -> None:
    check_key(key)
    check_text(value, "value", MAX_EXPERIMENT_TAG_VALUE)


def _check_num_views(number: int) -> None:
    if number > MAX_VIEWS:
        raise InvalidValue(
            f"The maximum number of custom views per experiment is {MAX_VIEWS}. Delete an existing custom view first."
        )


def _refuse_deleted(experiment: Experiment) -> None:
    if experiment.is_deleted:
        raise InvalidValue(f"The experiment {experiment.pk} must be in the 'active' state. Current state is deleted.")
