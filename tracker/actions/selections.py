"""What people do with the runs they selected: tag, move, delete, restore, all of them or none.

Repeating any of these changes nothing more, so a double click does no harm.
"""

from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.actions import audit
from core.errors import InvalidValue, NotAllowed, NotFound
from tracker import holds, run_index
from tracker.actions.experiments import recount
from tracker.actions.runs import RUN_NAME_TAG
from tracker.models import Dataset, DatasetInput, Experiment, LoggedModel, Run, RunTag
from tracker.models.run import AsRunId
from tracker.validation import MAX_TAG_VALUE, check_key, check_text

MAX_RUNS = 5000
PARENT = "mlflow.parentRunId"


@transaction.atomic
def tag(run_ids: Collection[str], key: str, value: str, *, by) -> int:
    """Give the runs a tag, in place of one of that key; return how many. It takes the right to write to each of them."""
    check_key(key)
    check_text(value, "value", MAX_TAG_VALUE)
    if key == RUN_NAME_TAG:
        raise InvalidValue("Several runs cannot be given one name.")
    runs = list(_allowed(run_ids, by, Run.objects.loggable_by(by), "log to").active())
    RunTag.objects.bulk_create(
        [RunTag(run=run, key=key, value=value) for run in runs],
        update_conflicts=True,
        unique_fields=["run", "key"],
        update_fields=["value"],
    )
    return len(runs)


@transaction.atomic
def untag(run_ids: Collection[str], key: str, *, by) -> int:
    """Take a tag off the runs; return how many had it."""
    if key.startswith("mlflow."):
        raise InvalidValue(f"The tag {key} is the client's own.")
    runs = _allowed(run_ids, by, Run.objects.loggable_by(by), "log to").active()
    deleted, _ = RunTag.objects.filter(run__in=runs, key=key).delete()
    return deleted


@transaction.atomic
def move(run_ids: Collection[str], to: Experiment, *, by, token_id: int | None = None) -> int:
    """Move the runs to another experiment; return how many moved. It takes edit on both sides.

    With a run go its metrics, params, tags, files, logged models and datasets, because they hang on the run; its id and
    therefore its addresses stay, and so does the place of its files. Children are runs of their own: pass them, too.
    Raises InvalidValue where they would leave an experiment under legal hold.
    """
    to = _hold([to.pk])[0]
    if not Experiment.objects.editable_by(by).filter(pk=to.pk).exists():
        raise NotAllowed(f"It takes the level edit on {to.name} to move runs there.")
    if to.is_deleted:
        raise InvalidValue(f"{to.name} is in the trash.")
    runs = _allowed(run_ids, by, Run.objects.editable_by(by), "edit")
    sources = sorted(set(runs.values_list("experiment_id", flat=True)) - {to.pk})
    _refuse_held(_hold(sources))
    moving = list(runs.filter(experiment__in=sources).select_related("experiment"))
    pks = [run.pk for run in moving]
    run_index.take_out(Run.objects.select_for_update().filter(pk__in=pks).order_by("pk").values_list("pk", flat=True))
    LoggedModel.objects.filter(source_run__in=pks).update(experiment=to)
    _take_datasets_along(pks, to)
    Run.objects.filter(pk__in=pks).update(experiment=to)
    for experiment_id in [*sources, to.pk]:
        recount(experiment_id)
    for run in moving:
        left = {"from_experiment": run.experiment.name, "to_experiment": to.name}
        audit.record("run.move", run, by=by, token_id=token_id, object_id=run.run_id, **left)
    return len(moving)


@transaction.atomic
def delete(run_ids: Collection[str], *, by, token_id: int | None = None) -> int:
    """Put the runs into the trash; return how many were not there yet."""
    return _set_deleted(run_ids, timezone.now(), "run.delete", by=by, token_id=token_id)


@transaction.atomic
def restore(run_ids: Collection[str], *, by, token_id: int | None = None) -> int:
    """Take the runs out of the trash; return how many were in it."""
    return _set_deleted(run_ids, None, "run.restore", by=by, token_id=token_id)


def with_descendants(runs: QuerySet) -> list[str]:
    """Return the ids of these runs and of all below them, in the same experiments and as deleted as they are."""
    first = list(runs.values_list("run_id", "experiment_id", "deleted_at"))
    found = dict.fromkeys(run_id for run_id, _, _ in first)
    experiments = {experiment_id for _, experiment_id, _ in first}
    is_deleted = bool(first) and first[0][2] is not None
    below = list(found)
    while below and len(found) <= MAX_RUNS:
        edges = RunTag.objects.alias(parent=AsRunId("value")).filter(
            key=PARENT, parent__in=below, run__experiment__in=experiments, run__deleted_at__isnull=not is_deleted
        )
        below = [run_id for run_id in edges.values_list("run__run_id", flat=True) if run_id not in found]
        found.update(dict.fromkeys(below))
    return list(found)


def visible(run_ids: Collection[str], by) -> QuerySet:
    """Return the runs. Raises NotFound where `by` may not see one of them, InvalidValue for none or too many."""
    run_ids = set(run_ids)
    if not run_ids:
        raise InvalidValue("Select at least one run.")
    if len(run_ids) > MAX_RUNS:
        raise InvalidValue(f"{len(run_ids)} runs are selected; at most {MAX_RUNS} can be changed at once.")
    runs = Run.objects.visible_to(by).filter(run_id__in=run_ids)
    num_missing = len(run_ids) - runs.count()
    if num_missing:
        raise NotFound(f"{num_missing} of the {len(run_ids)} selected runs do not exist.")
    return runs


def _allowed(run_ids: Collection[str], by, allowed: QuerySet, verb: str) -> QuerySet:
    """Return the runs if all of them are among `allowed`; raise NotAllowed for the first that is not."""
    runs = visible(run_ids, by)
    num_refused = runs.exclude(pk__in=allowed.values("pk")).count()
    if num_refused:
        raise NotAllowed(f"You may not {verb} {num_refused} of the selected runs, so none was changed.")
    return runs


def _set_deleted(run_ids: Collection[str], deleted_at, action: str, *, by, token_id: int | None) -> int:
    verb = "restore" if deleted_at is None else "delete"
    runs = _allowed(run_ids, by, Run.objects.deletable_by(by), verb)
    # the experiments first, then their runs: the order in which deleting an experiment takes them
    experiments = _hold(sorted(set(runs.values_list("experiment_id", flat=True))))
    changing = list(runs.deleted() if deleted_at is None else runs.active())
    if deleted_at is not None:
        holds.refuse(holds.RUNS, [run.pk for run in changing], "runs", by=by)
    Run.objects.filter(pk__in=[run.pk for run in changing]).update(deleted_at=deleted_at)
    for experiment in experiments:
        recount(experiment.pk)
    for run in changing:
        audit.record(action, run, by=by, token_id=token_id, object_id=run.run_id)
    return len(changing)


def _hold(pks: list[int]) -> list[Experiment]:
    """Take the experiments, in one order for everybody."""
    return list(Experiment.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk"))


def _refuse_held(sources: list[Experiment]) -> None:
    """A run that left an experiment under legal hold would be out of its reach."""
    names = Experiment.objects.filter(pk__in=[source.pk for source in sources], holds__isnull=False).values_list(
        "name", flat=True
    )
    if name := names.first():
        raise InvalidValue(f"{name} is under legal hold: its runs stay in it.")


def _take_datasets_along(pks: list[int], to: Experiment) -> None:
    """Point the runs at the same datasets of their new experiment; those of the old one stay with its other runs."""
    edges = list(DatasetInput.objects.filter(run__in=pks).exclude(dataset__experiment=to).select_related("dataset"))
    known = {(row.name, row.digest): row for row in Dataset.objects.filter(experiment=to)} if edges else {}
    for edge in edges:
        old = edge.dataset
        if (old.name, old.digest) not in known:
            known[old.name, old.digest] = Dataset.objects.create(
                experiment=to,
                name=old.name,
                digest=old.digest,
                source_type=old.source_type,
                source=old.source,
                schema=old.schema,
                profile=old.profile,
            )
        edge.dataset = known[old.name, old.digest]
    DatasetInput.objects.bulk_update(edges, ["dataset"], batch_size=500)
