"""Reading the points of metrics in the protocol's orders: by timestamp a page at a time, or evenly sampled by step.

Every function starts from metrics that the caller has looked up for the user. Pages go on by key: a page carries on
behind the last point of the one before, with no cursor held open in between.
"""

from typing import NamedTuple

from core.sql import any_of, fetch_all, fetch_one
from tracker.models import Metric
from tracker.rollup import Point


class Source(NamedTuple):
    """A metric whose points are asked for."""

    pk: int
    run_id: str
    count: int


# (metric id, step, timestamp_ms, value, is_nan); plain, because 20,000 of anything with a name take as long as reading them
Row = tuple[int, int, int, float, bool]


def sources(runs, key: str) -> list[Source]:
    """Return the metric `key` of each of a queryset of runs that has it, in the order of run ids."""
    found = Metric.objects.filter(run__in=runs, key=key).order_by("run__run_id")
    return list(map(Source._make, found.values_list("pk", "run__run_id", "count")))


_BY_TIME = "timestamp_ms, step, value, is_nan"
_BY_KEY = "step, timestamp_ms, value, is_nan"


def page(metric_id: int, *, limit: int, after: Point | None = None, by_key: bool = False) -> list[Row]:
    """Return at most `limit` points in the order of timestamp, step, value, behind the point `after`.

    That order has no index: a page costs a walk through the history. Where `is_chronological`, the order of the key
    is the same one, and with `by_key` a page costs what it holds.
    """
    order, parameters = _BY_KEY if by_key else _BY_TIME, [metric_id]
    if after:
        parameters += [getattr(after, column) for column in order.split(", ")]
    return _rows(
        f"SELECT metric_id, step, timestamp_ms, value, is_nan FROM tracker_metricpoint WHERE metric_id = %s "
        f"{f'AND ({order}) > (%s, %s, %s, %s)' if after else ''} ORDER BY {order} LIMIT %s",
        [*parameters, limit],
    )


def whole(metric_ids: list[int]) -> list[Row]:
    """Return all points of these metrics, which are few enough to be held: each metric's together, in the order of the key."""
    among, parameter = any_of(metric_ids)
    return _rows(
        "SELECT metric_id, step, timestamp_ms, value, is_nan FROM tracker_metricpoint "
        f"WHERE metric_id {among} ORDER BY metric_id, {_BY_KEY}",
        [parameter],
    )


def is_chronological(metric_id: int) -> bool:
    """Return whether no later step has an earlier timestamp, at the price of one walk through the history."""
    return not fetch_one(
        "SELECT 1 FROM (SELECT timestamp_ms, lag(timestamp_ms) OVER "
        f"(ORDER BY {_BY_KEY}) AS before FROM tracker_metricpoint WHERE metric_id = %s) AS pairs "
        "WHERE timestamp_ms < before LIMIT 1",
        [metric_id],
    )


_BULK = """
SELECT p.metric_id, p.step, p.timestamp_ms, p.value, p.is_nan FROM tracker_metricpoint p
JOIN tracker_metric m ON m.id = p.metric_id JOIN tracker_run r ON r.id = m.run_id
WHERE p.metric_id {among} ORDER BY r.run_id, p.timestamp_ms, p.step, p.value, p.is_nan LIMIT %s
"""


def bulk(metrics: list[Source], *, limit: int) -> list[Row]:
    """Return at most `limit` points over all metrics, in the order of run id, timestamp, step, value."""
    wanted, num_points = [], 0
    for metric in metrics:
        if num_points < limit:
            wanted.append(metric.pk)
            num_points += metric.count
    among, parameter = any_of(wanted)
    return _rows(_BULK.format(among=among), [parameter, limit])


# As MLflow samples: the points of a metric are dealt to buckets as even as can be, of which the first `num_larger` hold
# one more than `size`; the first of each bucket is picked, and the last of all points in place of the last pick.
_SAMPLE = """
WITH plan (metric_id, size, num_larger, last, dropped) AS (VALUES {plans}),
numbered AS (
    SELECT p.*, row_number() OVER (PARTITION BY p.metric_id ORDER BY p.step, p.timestamp_ms, p.value, p.is_nan) - 1 AS place
    FROM tracker_metricpoint p WHERE p.metric_id {among} {within}
)
SELECT n.metric_id, n.step, n.timestamp_ms, n.value, n.is_nan
FROM numbered n JOIN plan ON plan.metric_id = n.metric_id
WHERE n.place = plan.last OR (n.place <> plan.dropped AND CASE
    WHEN n.place < plan.num_larger * (plan.size + 1) THEN n.place %% (plan.size + 1) = 0
    ELSE (n.place - plan.num_larger * (plan.size + 1)) %% plan.size = 0 END)
ORDER BY n.metric_id, n.step, n.timestamp_ms, n.value, n.is_nan
"""


def sample(
    metrics: list[Source], *, per_metric: int, start_step: int | None = None, end_step: int | None = None
) -> list[Row]:
    """Return at most `per_metric` points of each metric, evenly spaced in the order of step, timestamp, value.

    The first and the last point are among them (of `per_metric` = 1 only the last, as MLflow has it). Steps outside of
    [start_step, end_step] are left out. The rows of one metric stand together.
    """
    among, parameter = any_of([metric.pk for metric in metrics])
    within, steps = ("", []) if start_step is None else ("AND p.step BETWEEN %s AND %s", [start_step, end_step])
    counts = {metric.pk: metric.count for metric in metrics}
    if within:
        counts = dict(
            fetch_all(
                f"SELECT p.metric_id, count(*) FROM tracker_metricpoint p WHERE p.metric_id {among} {within} "
                "GROUP BY p.metric_id",
                [parameter, *steps],
            )
        )
    if not counts:
        return []
    plans = [number for pk, count in counts.items() for number in _plan(pk, count, per_metric)]
    sql = _SAMPLE.format(plans=", ".join(["(%s, %s, %s, %s, %s)"] * len(counts)), among=among, within=within)
    return _rows(sql, [*plans, parameter, *steps])


def _plan(metric_id: int, count: int, wanted: int) -> tuple[int, int, int, int, int]:
    """Return a row of `plan` in _SAMPLE."""
    size, num_larger = divmod(count, wanted)
    last = count - 1
    final_pick = last - size + 1
    return metric_id, size, num_larger, last, final_pick if count > wanted and final_pick != last else -1


def _rows(sql: str, parameters: list) -> list[Row]:
    return fetch_all(sql, parameters)
