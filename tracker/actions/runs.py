"""What people and programs do with a run as a whole; what they log to it stands in batches.py, tags.py and inputs.py."""

import uuid

from django.db import connection, transaction
from django.utils import timezone

from core.actions import audit
from core.clock import now_ms
from core.errors import InvalidValue
from core.sql import insert, write_rows
from tracker import happenings, holds
from tracker.actions.experiments import recount
from tracker.locations import below
from tracker.lookups import ExperimentRow, RunRow, hold_run
from tracker.models import Experiment, Run
from tracker.names import random_name
from tracker.validation import MAX_KEY, check_text, check_time

RUN_NAME_TAG = "mlflow.runName"
MAX_USER = 256


@transaction.atomic
def create(
    experiment: ExperimentRow | Experiment,
    *,
    name: str = "",
    start_time_ms: int | None = None,
    claimed_user: str = "",
    tags: dict[str, str] | None = None,
    by,
    token_id: int | None = None,
) -> Run:
    """Start a run. Without a name, here or in the tag mlflow.runName, it gets one.

    Tags are stored as they come, however long, as MLflow does here. Two calls alike to the millisecond are two runs:
    grid search makes such children.
    """
    tags = dict(tags or {})
    check_time(start_time_ms, "start_time")
    for key in tags:
        check_text(key, "tags.key", MAX_KEY)
    name = tags[RUN_NAME_TAG] = _one_name(name, tags.get(RUN_NAME_TAG, ""))
    start_time_ms = now_ms() if start_time_ms is None else start_time_ms
    _count_new_run(experiment.pk, start_time_ms)
    run_id = uuid.uuid4().hex
    run = Run(
        run_id=run_id,
        experiment_id=experiment.pk,
        name=name,
        start_time_ms=start_time_ms,
        claimed_user=claimed_user[:MAX_USER],
        created_by=by,
        token_id=token_id,
        artifact_uri=below(experiment.artifact_location, run_id, "artifacts"),
    )
    insert(run)
    upsert_tags(run.pk, tags)
    return run


def _count_new_run(experiment_id: int, start_time_ms: int) -> None:
    """Count a run in its experiment before it is there, so that nobody deletes the experiment until the commit."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_NEW_RUN, [start_time_ms, start_time_ms, experiment_id])
        if not cursor.rowcount:
            raise InvalidValue(
                f"The experiment {experiment_id} must be in the 'active' state. Current state is deleted."
            )


_COUNT_NEW_RUN = """
UPDATE tracker_experiment SET num_runs = num_runs + 1,
    last_activity_ms = CASE WHEN last_activity_ms < %s THEN %s ELSE last_activity_ms END
WHERE id = %s AND deleted_at IS NULL
"""

_UPSERT_TAG = (
    "INSERT INTO tracker_runtag (run_id, key, value) {rows} "
    "ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value"
)


def upsert_tags(run_pk: int, tags: dict[str, str]) -> None:
    """Write tags as they are; checks, limits and the run's name are the caller's."""
    # in one order, so that two writers do not wait for each other in a circle
    write_rows(_UPSERT_TAG, ("bigint", "text", "text"), [(run_pk, key, value) for key, value in sorted(tags.items())])


def _one_name(name: str, name_in_tag: str) -> str:
    if name and name_in_tag and name != name_in_tag:
        raise InvalidValue(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with "
            f"different values (run_name='{name[:250]}', mlflow.runName='{name_in_tag[:250]}')."
        )
    return name or name_in_tag or random_name()


@transaction.atomic
def update(
    run: RunRow | Run,
    *,
    status: Run.Status | None = None,
    end_time_ms: int | None = None,
    name: str = "",
    by,
) -> dict:
    """Change what is given, leave the rest; return the changed fields. A new name goes into the tag, too."""
    check_time(end_time_ms, "end_time")
    hold_run(run.pk)
    refuse_deleted(run)
    changes = {"status": status and status.value, "end_time_ms": end_time_ms, "name": name or None}
    changes = {field: value for field, value in changes.items() if value is not None}
    if changes and _write(run.pk, changes):
        happenings.ended(run.pk, run.experiment_id, changes["status"])
    if name:
        upsert_tags(run.pk, {RUN_NAME_TAG: name})
    return changes


def _write(run_pk: int, changes: dict) -> bool:
    """Write fields of a held run; return whether its status is another than it was. A word on its status ends a stall."""
    assignments = ", ".join(f"{field} = %s" for field in changes)
    statement, values = f"UPDATE tracker_run SET {assignments} WHERE id = %s", [*changes.values(), run_pk]
    with connection.cursor() as cursor:
        if "status" in changes:
            statement = statement.replace(" WHERE", ", stalled_at = NULL WHERE")
            cursor.execute(f"{statement} AND status <> %s", [*values, changes["status"]])
            if cursor.rowcount:
                return True
        cursor.execute(statement, values)
    return False


def rename(run: RunRow | Run, name: str, *, by) -> None:
    """Name the run; an empty name changes nothing."""
    update(run, name=name, by=by)


@transaction.atomic
def delete(run: Run, *, by, token_id: int | None = None) -> None:
    """Put the run into the trash; one that is there stays there."""
    _set_deleted(run, timezone.now(), "run.delete", by=by, token_id=token_id)


@transaction.atomic
def restore(run: Run, *, by, token_id: int | None = None) -> None:
    """Take the run out of the trash, though its experiment be deleted."""
    _set_deleted(run, None, "run.restore", by=by, token_id=token_id)


def _set_deleted(run: Run, deleted_at, action: str, *, by, token_id: int | None) -> None:
    # the experiment first, then its runs: the order in which deleting an experiment takes them
    Experiment.objects.select_for_update(no_key=True).get(pk=run.experiment_id)
    if deleted_at is not None:
        holds.refuse(holds.RUNS, [run.pk], "runs", by=by)
    changed = Run.objects.filter(pk=run.pk, deleted_at__isnull=deleted_at is not None).update(deleted_at=deleted_at)
    if changed:
        recount(run.experiment_id)
        audit.record(action, run, by=by, token_id=token_id, object_id=run.run_id)


def refuse_deleted(run: RunRow | Run) -> None:
    if run.is_deleted:
        raise InvalidValue(f"The run {run.run_id} must be in the 'active' state. Current state is deleted.")
