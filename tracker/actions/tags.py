"""Setting and deleting tags of runs; the tag mlflow.runName is the run's name."""

from django.db import transaction

from core.errors import NotFound
from tracker.actions.runs import RUN_NAME_TAG, refuse_deleted, rename, upsert_tags
from tracker.lookups import RunRow, hold_run
from tracker.models import Run, RunTag
from tracker.validation import MAX_TAG_VALUE, check_key

LOGGED_MODELS_TAG = "mlflow.log-model.history"


@transaction.atomic
def set(run: RunRow | Run, key: str, value: str, *, by) -> None:
    check_key(key)
    hold_run(run.pk)
    refuse_deleted(run)
    write(run, {key: value}, by=by)


def write(run: RunRow | Run, tags: dict[str, str], *, by) -> None:
    """Write checked tags, cut to their limit. Call it inside a transaction that holds the run."""
    tags = {key: value[:MAX_TAG_VALUE] for key, value in sorted(tags.items())}
    if RUN_NAME_TAG in tags:
        rename(run, tags.pop(RUN_NAME_TAG), by=by)
    upsert_tags(run.pk, tags)


@transaction.atomic
def delete(run: RunRow | Run, key: str, *, by) -> None:
    """Take a tag off. Raises NotFound where there is none; without mlflow.runName the run keeps its name."""
    hold_run(run.pk)
    refuse_deleted(run)
    deleted, _ = RunTag.objects.filter(run_id=run.pk, key=key).delete()
    if not deleted:
        raise NotFound(f"No tag with name: {key[:250]} in run with id {run.run_id}")
