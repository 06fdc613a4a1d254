"""Logging metrics, params and tags to a run, one or many at a time."""

from typing import NamedTuple

from django.db import transaction

from core.errors import InvalidValue, NotAllowed, NotFound
from tracker import ingest
from tracker.actions import params as param_actions
from tracker.actions import tags as tag_actions
from tracker.actions.runs import refuse_deleted
from tracker.lookups import RunRow, hold_run, hold_run_to_log
from tracker.models import Experiment, LoggedModel, LoggedModelMetric, Run
from tracker.validation import check_key, check_text, is_key

MAX_METRICS = 1_000
MAX_PARAMS = 100
MAX_TAGS = 100
MAX_ENTITIES = 1_000
MAX_DATASET_NAME = 500
MAX_DATASET_DIGEST = 36


class Measurement(NamedTuple):
    """A metric as it was sent; with `model_id` it is a metric of that logged model, too.

    What has the same attributes will do: the protocol's requests are not made into other objects first.
    """

    key: str
    value: float
    timestamp_ms: int
    step: int = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


def log(
    run: RunRow | Run,
    *,
    metrics: list[Measurement] = (),
    params: list[tuple[str, str]] = (),
    tags: list[tuple[str, str]] = (),
    by,
) -> None:
    """Log a batch as a whole or not at all. Raises InvalidValue for what is outside of the limits, before any write."""
    _check_limits(len(metrics), len(params), len(tags))
    _check_metrics(metrics)
    for i, (key, _) in enumerate(params):
        check_key(key, f"params[{i}].key")
    for i, (key, _) in enumerate(tags):
        check_key(key, f"tags[{i}].key")
    _refuse_repeated_params(params)
    _write(run, metrics, dict(params), dict(tags), by)


def log_metric(run: RunRow | Run, metric: Measurement, *, by) -> None:
    """Add a point to a metric; the same point again changes nothing."""
    _check_metric(metric, "")
    _write(run, [metric], {}, {}, by)


def _write(run, metrics: list[Measurement], params: dict[str, str], tags: dict[str, str], by) -> None:
    refuse_deleted(run)
    models = _models(metrics, by)
    # before the transaction: what needs no database must not hold others up
    points = ingest.of_measurements(metrics)
    with transaction.atomic():
        (hold_run_to_log if metrics or params else hold_run)(run.pk)
        if params:
            param_actions.write(run, params)
        ingest.write_batch(run.pk, points)
        if models:
            _write_model_metrics(run, models, metrics)
        if tags:
            tag_actions.write(run, tags, by=by)


def _check_limits(num_metrics: int, num_params: int, num_tags: int) -> None:
    for what, limit, number in (
        ("metrics", MAX_METRICS, num_metrics),
        ("params", MAX_PARAMS, num_params),
        ("tags", MAX_TAGS, num_tags),
        ("metrics, params, and tags", MAX_ENTITIES, num_metrics + num_params + num_tags),
    ):
        if number > limit:
            raise InvalidValue(
                f"A batch logging request can contain at most {limit} {what}. Got {number} {what}. "
                f"Please split up {what} across multiple requests and try again."
            )


def _check_metrics(metrics: list[Measurement]) -> None:
    # most of a thousand are of few keys and of no model: one look at each key will do
    if all(map(is_key, {metric.key for metric in metrics})) and not any(metric.model_id for metric in metrics):
        return
    for i, metric in enumerate(metrics):
        _check_metric(metric, f"metrics[{i}].")


def _check_metric(metric: Measurement, path: str) -> None:
    check_key(metric.key, f"{path}name")
    if metric.model_id and (metric.dataset_name or metric.dataset_digest):
        check_text(metric.dataset_name, f"{path}dataset_name", MAX_DATASET_NAME)
        check_text(metric.dataset_digest, f"{path}dataset_digest", MAX_DATASET_DIGEST)


def _refuse_repeated_params(params: list[tuple[str, str]]) -> None:
    if len(dict(params)) == len(params):
        return
    keys = [key for key, _ in params]
    repeated = sorted({key for key in keys if keys.count(key) > 1})
    raise InvalidValue(
        f"Duplicate parameter keys have been submitted: {repeated}. Please ensure the request contains only one "
        "param value per param key."
    )


def _models(metrics: list[Measurement], by) -> dict[str, int]:
    """Return {model_id: key} of the logged models named by metrics.

    To evaluate somebody else's model is to log in its experiment; its other metrics stay what they are. Raises NotFound
    and NotAllowed.
    """
    wanted = {metric.model_id for metric in metrics if metric.model_id}
    if not wanted:
        return {}
    models = LoggedModel.objects.active().filter(model_id__in=wanted)
    found = dict(models.filter(experiment__in=Experiment.objects.loggable_by(by)).values_list("model_id", "pk"))
    for model_id in sorted(wanted - found.keys()):
        if models.visible_to(by).filter(model_id=model_id).exists():
            raise NotAllowed(f"You may see the logged model {model_id}, but not log metrics in its experiment.")
        raise NotFound(f"Logged model with id={model_id[:256]} not found")
    return found


def _write_model_metrics(run, models: dict[str, int], metrics: list[Measurement]) -> None:
    rows = []
    for metric in metrics:
        if not metric.model_id:
            continue
        point = ingest.point(metric.value, timestamp_ms=metric.timestamp_ms, step=metric.step)
        rows.append(
            LoggedModelMetric(
                model_id=models[metric.model_id],
                run_id=run.pk,
                key=metric.key,
                value=point.value,
                is_nan=point.is_nan,
                timestamp_ms=point.timestamp_ms,
                step=point.step,
                dataset_name=metric.dataset_name,
                dataset_digest=metric.dataset_digest,
            )
        )
    LoggedModelMetric.objects.bulk_create(rows, ignore_conflicts=True)
