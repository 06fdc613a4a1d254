"""Saving, renaming, refreshing and deleting stored comparisons, and what their job does.

A comparison sees what its owner sees. Who may see its result is who may see every run in it (docs/decisions/comparisons.md).
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from core.actions import audit
from core.actions import jobs as job_actions
from core.errors import Conflict, InvalidFilter, InvalidValue, NotAllowed, NotFound
from core.models import Job
from tracker.comparing import members
from tracker.comparing.digest import digest
from tracker.comparing.members import MAX_RUNS
from tracker.models import Comparison, ComparisonRun, Experiment, Run

JOB = "comparison.compute"
MIN_RUNS = 2
MAX_NAME = 200
MAX_FILTER = 4_000
MAX_EXPERIMENTS = 100
CHECK_EVERY = timedelta(minutes=5)


@transaction.atomic
def create(
    name: str,
    *,
    run_ids: Sequence[str] = (),
    experiment_ids: Sequence[int] = (),
    filter: str = "",
    base_id: str = "",
    by,
    token_id: int | None = None,
) -> Comparison:
    """Save a comparison of these runs, or of what a filter finds in these experiments, and have it computed.

    Raises NotFound for a run or experiment that is not there for `by`, InvalidValue for a wrong number of runs or a name
    that is none, InvalidFilter.
    """
    run_ids, experiment_ids = list(dict.fromkeys(run_ids)), list(dict.fromkeys(experiment_ids))
    _check_asked(run_ids, experiment_ids, filter, base_id)
    _check_experiments(experiment_ids, by)
    comparison = Comparison(
        name=_checked(name),
        created_by=by,
        run_ids=run_ids,
        experiment_ids=experiment_ids,
        filter=filter,
        base_id=base_id,
        checked_at=timezone.now(),
    )
    pks = members.found(comparison)
    if run_ids and len(pks) < len(run_ids):
        raise NotFound(f"{len(run_ids) - len(pks)} of the {len(run_ids)} runs do not exist or are in the trash.")
    _check_number(len(pks))
    comparison.save()
    ComparisonRun.objects.bulk_create([ComparisonRun(comparison=comparison, run_id=pk) for pk in pks])
    _request(comparison)
    audit.record("comparison.create", comparison, by=by, token_id=token_id, num_runs=len(pks))
    return comparison


@transaction.atomic
def rename(comparison: Comparison, name: str, *, by, token_id: int | None = None) -> None:
    _check_may_change(comparison, by)
    before, comparison.name = comparison.name, _checked(name)
    comparison.save(update_fields=["name"])
    audit.record("comparison.rename", comparison, by=by, token_id=token_id, before=before)


@transaction.atomic
def set_base(comparison: Comparison, base_id: str, *, by, token_id: int | None = None) -> None:
    """Hold the others against another run of it, and have it computed again. Raises NotFound for a run that is not in it."""
    _check_may_change(comparison, by)
    if not members.visible_runs(comparison, user=by).filter(run_id=base_id).exists():
        raise NotFound("The comparison has no such run.")
    held = Comparison.objects.select_for_update(of=("self",)).select_related("job", "created_by").get(pk=comparison.pk)
    if held.is_computing:
        # it would come to figures against the base from before
        job_actions.cancel(held.job, by=None)
    before, held.base_id = held.base_id, base_id
    held.save(update_fields=["base_id"])
    _request(held)
    audit.record("comparison.set_base", held, by=by, token_id=token_id, before=before, base=base_id)


@transaction.atomic
def delete(comparison: Comparison, *, by, token_id: int | None = None) -> None:
    """Delete a comparison with its result; its runs stay."""
    _check_may_change(comparison, by)
    if comparison.is_computing:
        job_actions.cancel(comparison.job, by=by)
    audit.record("comparison.delete", comparison, by=by, token_id=token_id)
    comparison.delete()


@transaction.atomic
def refresh(comparison: Comparison) -> Job:
    """Have it computed again, by whoever may look at it; return the job, the one under way if there is one."""
    held = Comparison.objects.select_for_update(of=("self",)).select_related("job", "created_by").get(pk=comparison.pk)
    return held.job if held.is_computing else _request(held)


def cancel(comparison: Comparison, *, by) -> None:
    """Stop computing; the result from before, if there is one, stays. Raises Conflict where nothing is computed."""
    _check_may_change(comparison, by)
    if comparison.job is None:
        raise Conflict("Nothing is being computed.")
    job_actions.cancel(comparison.job, by=by)


def _request(comparison: Comparison) -> Job:
    # the owner's, whoever asked: it reads with the owner's eyes, and is the owner's to stop
    comparison.job = job_actions.request(JOB, {"comparison_id": comparison.pk}, by=comparison.created_by)
    comparison.save(update_fields=["job"])
    return comparison.job


# the job -----------------------------------------------------------------------------------------------------


def compute(pk: int, job_pk: int, report: Callable[[float, str], None]) -> dict | None:
    """Compute the result and keep it, unless a newer job has been asked for; None where the comparison is gone."""
    comparison = Comparison.objects.select_related("created_by").filter(pk=pk).first()
    if comparison is None:
        return None
    # numpy and scipy: only a worker that computes needs them
    from tracker.comparing.result import result

    _check_owner(comparison)
    report(0, "looking for the runs")
    pks = members.found(comparison)
    _check_number(len(pks))
    # before the runs are read: what is logged meanwhile is a change since
    state = digest(pks, comparison.base_id)
    runs = _ordered(pks)
    found = result(runs, _place_of_base(runs, comparison.base_id), report)
    found["num_beyond"] = members.num_beyond(comparison)
    found["num_missing"] = len(comparison.run_ids) - len(runs) if comparison.run_ids else 0
    report(0.98, "storing the result")
    _keep(comparison, job_pk, runs, result=found, digest=state)
    return {"num_runs": len(runs)}


@transaction.atomic
def _keep(comparison: Comparison, job_pk: int, runs: list[Run], **values) -> None:
    """Store a result with its runs in one transaction, so that nobody sees figures of runs that were not checked."""
    now = timezone.now()
    kept = Comparison.objects.filter(pk=comparison.pk, job=job_pk).update(
        **values, num_runs=len(runs), computed_at=now, checked_at=now
    )
    if not kept:
        return
    # those that were deleted for good meanwhile are held back by num_runs
    there = Run.objects.filter(pk__in=[run.pk for run in runs]).values_list("pk", flat=True)
    ComparisonRun.objects.filter(comparison=comparison).delete()
    ComparisonRun.objects.bulk_create(ComparisonRun(comparison=comparison, run_id=pk) for pk in there)


def _ordered(pks: list[int]) -> list[Run]:
    found = Run.objects.select_related("experiment").in_bulk(pks)
    return [found[pk] for pk in pks if pk in found]


def _place_of_base(runs: list[Run], base_id: str) -> int:
    return next((place for place, run in enumerate(runs) if run.run_id == base_id), 0)


# what changed ------------------------------------------------------------------------------------------------


def has_changed(comparison: Comparison) -> bool:
    """Tell whether the runs, or which they are, changed since the result was computed."""
    try:
        pks = members.found(comparison)
    except InvalidFilter:
        return False
    return len(pks) >= MIN_RUNS and digest(pks, comparison.base_id) != comparison.digest


def has_unchecked() -> bool:
    return _unchecked().exists()


def _unchecked():
    rows = Comparison.objects.filter(checked_at__lt=timezone.now() - CHECK_EVERY)
    return rows.filter(computed_at__isnull=False, created_by__is_active=True)


def refresh_changed(limit: int = 20) -> int:
    """Refresh those whose runs changed, of the `limit` that were not looked at for longest; return how many."""
    num = 0
    for comparison in _unchecked().select_related("job", "created_by").order_by("checked_at")[:limit]:
        Comparison.objects.filter(pk=comparison.pk).update(checked_at=timezone.now())
        if not comparison.is_computing and has_changed(comparison):
            refresh(comparison)
            num += 1
    return num


# checks ------------------------------------------------------------------------------------------------------


def _check_asked(run_ids: list[str], experiment_ids: list[int], filter: str, base_id: str) -> None:
    if bool(run_ids) == bool(experiment_ids):
        raise InvalidValue("A comparison is of runs, or of a search in experiments.")
    if len(experiment_ids) > MAX_EXPERIMENTS or len(filter) > MAX_FILTER:
        raise InvalidValue(f"A search looks into at most {MAX_EXPERIMENTS} experiments, by {MAX_FILTER} characters.")
    if any("\0" in text for text in (*run_ids, filter, base_id)) or len(base_id) > 64:
        raise InvalidValue("That is no id and no filter.")
    if run_ids:
        # before any is looked for
        _check_number(len(run_ids))


def _check_experiments(experiment_ids: list[int], by) -> None:
    known = Experiment.objects.visible_to(by).active().filter(pk__in=experiment_ids).count() if experiment_ids else 0
    if known < len(experiment_ids):
        raise NotFound(f"{len(experiment_ids) - known} of the {len(experiment_ids)} experiments do not exist.")


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME or "\0" in name:
        raise InvalidValue(f"A comparison needs a name of at most {MAX_NAME} characters.")
    return name


def _check_number(num: int) -> None:
    if num < MIN_RUNS:
        raise InvalidValue(f"It takes at least {MIN_RUNS} runs to compare, and there {_is(num)}.")
    if num > MAX_RUNS:
        raise InvalidValue(f"{num} runs are too many: at most {MAX_RUNS} can be compared.")


def _is(num: int) -> str:
    return "is one" if num == 1 else f"are {num or 'none'}"


def _check_owner(comparison: Comparison) -> None:
    if comparison.created_by is None or not comparison.created_by.is_active:
        raise NotAllowed(
            "Whoever saved this comparison is no longer active, so it is not computed anew. Save your own."
        )


def _check_may_change(comparison: Comparison, by) -> None:
    if not Comparison.objects.changeable_by(by).filter(pk=comparison.pk).exists():
        raise NotAllowed("Only who saved a comparison and site admins may change it.")
