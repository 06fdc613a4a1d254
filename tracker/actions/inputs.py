"""What a run used and what came of it: datasets and logged models, as edges that are written once."""

from typing import NamedTuple

import orjson
from django.db import transaction

from core.errors import InvalidValue
from tracker.actions.runs import refuse_deleted, upsert_tags
from tracker.actions.tags import LOGGED_MODELS_TAG
from tracker.lookups import RunRow, hold_run
from tracker.models import Dataset, DatasetInput, ModelInput, ModelOutput, Run, RunTag
from tracker.validation import check_text, invalid

CONTEXT_TAG = "mlflow.data.context"
MAX_DATASETS = 1_000
MAX_MODELS = 1_000
MAX_MODEL_ID = 256
_DATASET_LIMITS = {
    "name": 500,
    "digest": 36,
    "source_type": 36,
    "source": 65_535,
    "schema": 1_048_575,
    "profile": 16_777_215,
}
MAX_TAG_KEY = 255
MAX_TAG_VALUE = 500
MAX_MODEL_HISTORY = 1_000_000


class DatasetUse(NamedTuple):
    """A dataset, known by name and digest, with the tags of its use."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""
    tags: list[tuple[str, str]] = ()


@transaction.atomic
def log(run: RunRow | Run, *, datasets: list[DatasetUse] = (), model_ids: list[str] = (), by) -> None:
    """Link datasets and models to the run that uses them. Of the links to one dataset the first stays, with its tags."""
    _check_number(datasets, "datasets", MAX_DATASETS)
    for i, dataset in enumerate(datasets):
        _check_dataset(dataset, f"datasets[{i}]")
    _check_model_ids(model_ids)
    hold_run(run.pk)
    refuse_deleted(run)
    if datasets:
        link_datasets(run, datasets)
    ModelInput.objects.bulk_create(
        [ModelInput(run_id=run.pk, model_id=model_id) for model_id in dict.fromkeys(model_ids)], ignore_conflicts=True
    )


def link_datasets(run, datasets: list[DatasetUse]) -> None:
    """Write the datasets and the run's links to them that are not there. Call it in a transaction that holds the run."""
    first = {}
    for dataset in datasets:
        first.setdefault((dataset.name, dataset.digest), dataset)
    fields = _DATASET_LIMITS.keys()
    Dataset.objects.bulk_create(
        [
            Dataset(experiment_id=run.experiment_id, **{field: getattr(dataset, field) for field in fields})
            for _, dataset in sorted(first.items())
        ],
        ignore_conflicts=True,
    )
    known = Dataset.objects.filter(experiment_id=run.experiment_id, name__in={name for name, _ in first})
    ids = {(name, digest): pk for pk, name, digest in known.values_list("pk", "name", "digest")}
    DatasetInput.objects.bulk_create(
        [
            DatasetInput(
                run_id=run.pk,
                dataset_id=ids[key],
                context=dict(dataset.tags).get(CONTEXT_TAG, ""),
                tags=[list(tag) for tag in dict(dataset.tags).items()],
            )
            for key, dataset in first.items()
        ],
        ignore_conflicts=True,
    )


def _check_dataset(dataset: DatasetUse, path: str) -> None:
    for field in ("name", "digest"):
        if not getattr(dataset, field):
            raise InvalidValue(f"Missing value for required parameter '{path}.dataset.{field}'.")
    for field, limit in _DATASET_LIMITS.items():
        check_text(getattr(dataset, field), field, limit)
    for key, value in dataset.tags:
        if not key:
            raise InvalidValue(f"Missing value for required parameter '{path}.tags.key'.")
        check_text(key, "key", MAX_TAG_KEY)
        check_text(value, "value", MAX_TAG_VALUE)


@transaction.atomic
def log_outputs(run: RunRow | Run, models: list[tuple[str, int]], *, by) -> None:
    """Link [(model_id, step)] to the run that made them. A link that is there already stays as it is."""
    _check_model_ids([model_id for model_id, _ in models])
    hold_run(run.pk)
    refuse_deleted(run)
    ModelOutput.objects.bulk_create(
        [ModelOutput(run_id=run.pk, model_id=model_id, step=step) for model_id, step in models], ignore_conflicts=True
    )


def _check_number(rows, what: str, limit: int) -> None:
    if len(rows) > limit:
        raise InvalidValue(f"A request can contain at most {limit} {what}. Got {len(rows)} {what}.")


def _check_model_ids(model_ids: list[str]) -> None:
    _check_number(model_ids, "models", MAX_MODELS)
    for i, model_id in enumerate(model_ids):
        if not model_id:
            raise InvalidValue(f"Missing value for required parameter 'models[{i}].model_id'.")
        check_text(model_id, "model_id", MAX_MODEL_ID)


_MODEL_FIELDS = ("artifact_path", "flavors", "utc_time_created", "run_id")


@transaction.atomic
def record_model(run: RunRow | Run, model_json: str, *, by) -> None:
    """Append a model, as 2.x clients describe it, to the tag that lists the run's models."""
    model = _described_model(model_json)
    hold_run(run.pk)
    refuse_deleted(run)
    tag = RunTag.objects.filter(run_id=run.pk, key=LOGGED_MODELS_TAG).values_list("value", flat=True).first()
    try:
        models = orjson.loads(tag or "[]")
    except orjson.JSONDecodeError:
        models = None
    if not isinstance(models, list):
        raise InvalidValue(f"The tag {LOGGED_MODELS_TAG} of the run does not hold a list; delete it first.")
    if model in models:
        return
    value = orjson.dumps([*models, model]).decode()
    check_text(value, LOGGED_MODELS_TAG, MAX_MODEL_HISTORY)
    upsert_tags(run.pk, {LOGGED_MODELS_TAG: value})


def _described_model(model_json: str) -> dict:
    try:
        model = orjson.loads(model_json)
    except orjson.JSONDecodeError:
        raise InvalidValue(f"Malformed model info. \n {model_json[:500]} \n is not a valid JSON.")
    if not isinstance(model, dict):
        raise invalid("model_json", model_json, "it must be an object.")
    missing = [field for field in _MODEL_FIELDS if field not in model]
    if missing:
        raise InvalidValue(f"Model json is missing mandatory fields: {missing}")
    kept = {key: model[key] for key in ("run_id", "utc_time_created", "artifact_path", "model_uuid") if key in model}
    return {**kept, "flavors": _without_config(model["flavors"])}


def _without_config(flavors) -> dict:
    """Return the flavors without their configuration, which MLflow leaves to the file MLmodel."""
    if not isinstance(flavors, dict):
        raise InvalidValue("Model json is malformed: flavors must be an object.")
    return {
        flavor: {key: value for key, value in about.items() if key != "config"} if isinstance(about, dict) else about
        for flavor, about in flavors.items()
    }
