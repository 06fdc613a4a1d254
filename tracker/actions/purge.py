"""Deleting for good what lies in the trash: rows first, in batches; a file goes when no row names it any more.

Every batch is a transaction of its own and takes what is left, so that a purge that was cut off is finished by its repeat.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Q, Sum

from core.actions import audit
from core.clock import now_ms
from core.errors import Conflict, InvalidValue, NotAllowed
from tracker import hold_reasons, holds, run_index
from tracker.actions.experiments import check_name, recount
from tracker.actions.selections import visible
from tracker.models import Artifact, Experiment, LoggedModel, Metric, Run

BATCH = 200

# Higher apps add to this what they still need: each takes runs' keys and who asks, and returns why some of them must stay.
KEEPERS: list[holds.Holder] = []


class Extent(NamedTuple):
    """What a purge takes away."""

    num_runs: int
    num_metrics: int
    num_models: int
    num_files: int
    size_bytes: int
    kept: dict[int, str]


def extent_of_runs(run_ids: Collection[str], *, by) -> Extent:
    """Return what purging these runs would take away, and which must stay. Raises like purging them."""
    return _extent(_in_trash(run_ids, by), LoggedModel.objects.none(), by)


def extent_of_experiment(experiment: Experiment, *, by) -> Extent:
    """Return what purging the experiment would take away, and which of its runs must stay. Raises like purging it."""
    _check_experiment(experiment, by)
    return _extent(Run.objects.filter(experiment=experiment), LoggedModel.objects.filter(experiment=experiment), by)


def runs(run_ids: Collection[str], *, by, token_id: int | None = None) -> int:
    """Delete runs of the trash for good with all that they logged; return how many went. It takes manage.

    Raises InvalidValue where one is not in the trash, or must stay for what came of it.
    """
    pks = list(_in_trash(run_ids, by).order_by("pk").values_list("pk", flat=True))
    _refuse_kept(pks, by)
    return sum(_purge_batch(pks[start : start + BATCH], by, token_id) for start in range(0, len(pks), BATCH))


def experiment(
    doomed: Experiment, *, by, token_id: int | None = None, progress: Callable[[float], None] | None = None
) -> bool:
    """Delete an experiment of the trash for good with all of its runs; return False if it was gone by then.

    Raises NotAllowed without manage, InvalidValue where it is not in the trash or a run of it must stay.
    """
    if not Experiment.objects.filter(pk=doomed.pk).exists():
        return False
    _check_experiment(doomed, by)
    left = Run.objects.filter(experiment=doomed).order_by("pk").values_list("pk", flat=True)
    num_runs = left.count()
    # a copy, because a queryset that was read once would give its first batch for ever
    _refuse_kept(list(left.all()), by)
    holds.refuse(
        holds.PURGED_LOGGED_MODELS,
        list(doomed.logged_models.order_by("pk").values_list("pk", flat=True)),
        "logged models",
        by=by,
    )
    num_done = 0
    while pks := list(left[:BATCH]):
        num_gone = _purge_batch(pks, by, token_id, is_audited=False)
        if not num_gone:
            raise InvalidValue("A run was taken out of the trash meanwhile.")
        num_done += num_gone
        if progress:
            progress(num_done / num_runs)
    with transaction.atomic():
        # again, now that nobody places a hold on it before it is gone
        for held in Experiment.objects.select_for_update(no_key=True).filter(pk=doomed.pk):
            _refuse_held(held)
        holds.release([], list(doomed.logged_models.values_list("pk", flat=True)))
        LoggedModel.objects.filter(experiment=doomed).delete()
        deleted, _ = Experiment.objects.exclude(deleted_at=None).filter(pk=doomed.pk).delete()
        if deleted:
            audit.record("experiment.purge", doomed, by=by, token_id=token_id, object_id=doomed.pk, num_runs=num_runs)
    return bool(deleted)


@transaction.atomic
def free_name(held: Experiment, *, by, token_id: int | None = None) -> str:
    """Rename an experiment of the trash, so that a new one may have its name; return what it is called now."""
    held = Experiment.objects.select_for_update().get(pk=held.pk)
    _check_experiment(held, by, verb="rename")
    name = f"{held.name[:440]} (deleted {held.deleted_at:%Y-%m-%d}, {held.pk})"
    check_name(name)
    if Experiment.objects.filter(name=name).exclude(pk=held.pk).exists():
        raise Conflict(f"There is an experiment {name} already.")
    before, held.name = held.name, name
    Experiment.objects.filter(pk=held.pk).update(name=name, last_update_time_ms=now_ms())
    audit.record("experiment.free_name", held, by=by, token_id=token_id, before=before)
    return name


def _extent(rows, models, by) -> Extent:
    pks = list(rows.values_list("pk", flat=True))
    models = models or LoggedModel.objects.filter(source_run__in=rows.values("pk"))
    files = Artifact.objects.filter(Q(run__in=rows.values("pk")) | Q(model__in=models.values("pk")))
    sums = files.aggregate(num=Count("pk"), size=Sum("blob__size_bytes"))
    return Extent(
        num_runs=len(pks),
        num_metrics=Metric.objects.filter(run__in=rows.values("pk")).count(),
        num_models=models.count(),
        num_files=sums["num"],
        size_bytes=sums["size"] or 0,
        kept=_kept(pks, by),
    )


def _in_trash(run_ids: Collection[str], by):
    found = visible(run_ids, by)
    managed = Experiment.objects.manageable_by(by)
    if found.exclude(experiment__in=managed).exists():
        raise NotAllowed("Deleting runs for good takes the level manage.")
    if found.active().exists():
        raise InvalidValue("Only runs in the trash can be deleted for good.")
    return found


def _check_experiment(held: Experiment, by, verb: str = "delete for good") -> None:
    if not Experiment.objects.manageable_by(by).filter(pk=held.pk).exists():
        raise NotAllowed(f"To {verb} an experiment of the trash takes the level manage.")
    if held.deleted_at is None:
        raise InvalidValue("Only an experiment in the trash can be deleted for good.")
    if held.pk == Experiment.DEFAULT_ID:
        raise InvalidValue("The experiment Default stays: scripts that name no experiment log to it.")
    if verb != "rename":
        _refuse_held(held)


def _refuse_held(held: Experiment) -> None:
    if held.holds.exists():
        raise InvalidValue("The experiment is under legal hold: it and its runs must stay.")


def _kept(pks: Collection[int], by) -> dict[int, str]:
    kept = hold_reasons.of_runs(pks)
    for keeper in KEEPERS:
        kept |= keeper(pks, by)
    return kept


def _refuse_kept(pks: Collection[int], by) -> None:
    kept = _kept(pks, by)
    if kept:
        reasons = "; ".join(sorted(set(kept.values()))[:3])
        raise InvalidValue(f"{len(kept)} of these runs must stay: {reasons}.")


@transaction.atomic
def _purge_batch(pks: list[int], by, token_id: int | None, *, is_audited: bool = True) -> int:
    """Delete these runs, whoever else deletes some of them meanwhile."""
    doomed = [run for run in take(pks) if run.deleted_at is not None]
    found = [run.pk for run in doomed]
    # once more, now that nobody registers, pins or holds any of them before they are gone
    _refuse_kept(found, by)
    remove_rows(found)
    for experiment_id in {run.experiment_id for run in doomed}:
        recount(experiment_id)
    for run in doomed if is_audited else ():
        audit.record("run.purge", run, by=by, token_id=token_id, object_id=run.run_id)
    return len(found)


def take(pks: Collection[int]) -> list[Run]:
    """Return these runs as they are now, kept from whoever would register, pin, hold or change them until the commit.

    Experiments before runs and runs before models, as all who delete take them, so that nobody waits in a circle.
    """
    models = LoggedModel.objects.filter(source_run__in=pks)
    experiments = set(Run.objects.filter(pk__in=pks).order_by().values_list("experiment_id", flat=True))
    experiments |= set(models.order_by().values_list("experiment_id", flat=True))
    list(Experiment.objects.select_for_update(no_key=True).filter(pk__in=experiments).order_by("pk"))
    runs = list(Run.objects.select_for_update().filter(pk__in=pks).order_by("pk"))
    list(models.select_for_update().order_by("pk"))
    # what was moved while we waited is for another time
    return [run for run in runs if run.experiment_id in experiments]


def remove_rows(found: list[int]) -> None:
    """Delete these runs with all that hangs on them, asking nobody. Call it inside a transaction that holds them."""
    models = LoggedModel.objects.filter(source_run__in=found)
    holds.release(found, list(models.values_list("pk", flat=True)))
    models.delete()
    run_index.take_out(found)
    _delete_points(found)
    Run.objects.filter(pk__in=found).delete()


# Neither engine is asked to fetch a million points first, as Django's collector would
_POINTS = "DELETE FROM {} WHERE metric_id IN (SELECT id FROM tracker_metric WHERE run_id IN ({}))"


def _delete_points(pks: list[int]) -> None:
    if not pks:
        return
    with connection.cursor() as cursor:
        for table in ("tracker_metricpoint", "tracker_metriclevel"):
            cursor.execute(_POINTS.format(table, ", ".join(["%s"] * len(pks))), pks)
