"""Metric history (MLFLOW_CONTRACT 1.3)."""

from typing import Annotated

import msgspec
import orjson
from django.core import signing
from django.http import StreamingHttpResponse

from api import wire
from api.endpoint import Int64, RequiredText
from api.runs import OfRun, run_id_of
from core.errors import InvalidValue
from tracker import history
from tracker.models import Run
from tracker.rollup import Point

MAX_HISTORY = 25_000
MAX_RUNS = 100
MAX_SAMPLE = 2_500


class GetHistory(OfRun, kw_only=True):
    metric_key: RequiredText
    max_results: Int64 | None = None
    page_token: str = ""


def get_history(request, body: GetHistory):
    """GET metrics/get-history; an unknown run or key has no points, which is not an error"""
    if body.max_results is not None and body.max_results <= 0:
        raise InvalidValue(
            f"Invalid value {body.max_results} for parameter 'max_results' supplied: it must be positive."
        )
    metric = next(iter(history.sources(_visible(request, [run_id_of(body)]), body.metric_key)), None)
    if metric is None:
        return {}
    after, by_key = _position(body.page_token, metric.pk)
    limit = min(body.max_results or MAX_HISTORY, MAX_HISTORY)
    if after is None and metric.count > limit:
        # many pages follow: one walk through the history tells whether the order of its key will do
        by_key = history.is_chronological(metric.pk)
    rows = history.page(metric.pk, limit=limit + 1, after=after, by_key=by_key)
    if len(rows) > limit and body.max_results is None:
        return StreamingHttpResponse(_everything(body.metric_key, rows, by_key=by_key), content_type="application/json")
    answer = {"metrics": wire.metric_points(rows[:limit], body.metric_key)}
    if len(rows) > limit:
        answer["next_page_token"] = _token(rows[limit - 1], by_key=by_key)
    return answer


def _everything(key: str, rows: list[history.Row], *, by_key: bool):
    """Yield the whole history as JSON from its first page on; a million points pass through little memory."""
    yield b'{"metrics":['
    separator = b""
    while rows:
        yield separator + orjson.dumps(wire.metric_points(rows, key))[1:-1]
        separator = b","
        metric_id, *last = rows[-1]
        rows = history.page(metric_id, limit=MAX_HISTORY, after=Point(*last), by_key=by_key)
    yield b"]}"


def _token(row: history.Row, *, by_key: bool) -> str:
    return signing.dumps([by_key, *row], salt="metric-history", compress=True)


def _position(token: str, metric_id: int) -> tuple[Point | None, bool]:
    """Return where a page token points, and its order. Raises InvalidValue for one that is not of this history."""
    if not token:
        return None, False
    try:
        by_key, of_metric, *position = signing.loads(token, salt="metric-history")
    except (signing.BadSignature, ValueError):
        of_metric = None
    if of_metric != metric_id:
        raise InvalidValue("Invalid page token.")
    return Point(*position), by_key


class GetHistoryBulk(msgspec.Struct):
    metric_key: RequiredText
    run_id: Annotated[list[str], msgspec.Meta(min_length=1)]
    max_results: Int64 = MAX_HISTORY


def get_history_bulk(request, body: GetHistoryBulk):
    """GET metrics/get-history-bulk; for the web interface, the limit is over all runs together"""
    _refuse_many(body.run_id)
    metrics = history.sources(_visible(request, body.run_id), body.metric_key)
    limit = min(max(body.max_results, 0), MAX_HISTORY)
    rows = history.bulk(metrics, limit=limit)
    return {"metrics": wire.metric_points(rows, body.metric_key, run_ids=_run_ids(metrics))}


class GetHistoryBulkInterval(msgspec.Struct):
    metric_key: RequiredText
    run_ids: Annotated[list[str], msgspec.Meta(min_length=1)]
    start_step: Int64 | None = None
    end_step: Int64 | None = None
    max_results: Annotated[int, msgspec.Meta(ge=1, le=MAX_SAMPLE)] = MAX_SAMPLE


def get_history_bulk_interval(request, body: GetHistoryBulkInterval):
    """GET metrics/get-history-bulk-interval; evenly sampled, so many points for each run"""
    _refuse_many(body.run_ids)
    if (body.start_step is None) != (body.end_step is None):
        raise InvalidValue("If either start step or end step are specified, both must be specified.")
    if body.start_step is not None and body.start_step > body.end_step:
        raise InvalidValue(
            "end_step must be greater than start_step. "
            f"Found start_step={body.start_step} and end_step={body.end_step}."
        )
    metrics = history.sources(_visible(request, body.run_ids), body.metric_key)
    rows = history.sample(metrics, per_metric=body.max_results, start_step=body.start_step, end_step=body.end_step)
    points = wire.metric_points(rows, body.metric_key, run_ids=_run_ids(metrics))
    # a stable sort: runs in the order in which they were asked for, each with its points as they are
    place = {run_id: i for i, run_id in enumerate(body.run_ids)}
    return {"metrics": sorted(points, key=lambda point: place[point["run_id"]])}


def _run_ids(metrics: list[history.Source]) -> dict[int, str]:
    return {metric.pk: metric.run_id for metric in metrics}


def _visible(request, run_ids: list[str]):
    return Run.objects.visible_to(request.user).filter(run_id__in=run_ids)


def _refuse_many(run_ids: list[str]) -> None:
    if len(run_ids) > MAX_RUNS:
        raise InvalidValue(f"The request must specify at most {MAX_RUNS} run_ids. Received {len(run_ids)} run_ids.")
