"""Writing metric points: one transaction a batch, no work a row but the database's own.

The points go into `tracker_metricpoint`, whose key is all of a point, so that one which is there already (a client
retried, or log_model repeats a metric for its model) stays a single row. What was new is folded to one rollup a key and
merged into `tracker_metric`. The price of a batch, a retry included, follows its own size and never that of the history.
"""

from collections.abc import Iterable
from operator import eq
from typing import Protocol

from django.db import connection

from core.sql import any_of, array, fetch_all, write_rows
from tracker import levels, rollup
from tracker.points import copy_in
from tracker.rollup import MAX_DOUBLE, Point, point

__all__ = ["MAX_DOUBLE", "Point", "by_key", "of_measurements", "point", "write", "write_batch"]

# {key: its points in the order of their key, each once}; plain tuples where they are many, as making a Point takes longer
Batch = dict[str, list[Point | tuple]]


class Measured(Protocol):
    """A metric as it was sent."""

    key: str
    value: float
    timestamp_ms: int
    step: int


def of_measurements(measurements: Iterable[Measured]) -> Batch:
    """Return what was sent as a batch; do this before the transaction, it needs no database."""
    batch: Batch = {}
    for sent in measurements:
        value = sent.value
        # as rollup.point does, without a call for each of a thousand
        if -MAX_DOUBLE <= value <= MAX_DOUBLE:
            stored = (sent.step, sent.timestamp_ms, value + 0.0, False)
        else:
            stored = point(value, timestamp_ms=sent.timestamp_ms, step=sent.step)
        if sent.key in batch:
            batch[sent.key].append(stored)
        else:
            batch[sent.key] = [stored]
    return _in_order(batch)


def by_key(points: Iterable[tuple[str, Point]]) -> Batch:
    """Return points as a batch."""
    batch: Batch = {}
    for key, value in points:
        batch.setdefault(key, []).append(value)
    return _in_order(batch)


def _in_order(batch: Batch) -> Batch:
    for key, points in batch.items():
        if len(points) > 1:
            points.sort()
            if any(map(eq, points, points[1:])):
                batch[key] = sorted(set(points))
    return batch


def write(run_pk: int, points: Iterable[tuple[str, Point]]) -> int:
    return write_batch(run_pk, by_key(points))


def write_batch(run_pk: int, batch: Batch) -> int:
    """Add points to the metrics of one run; return how many were new.

    Call it inside a transaction that holds the run (lookups.hold_run): between its statements nobody else may write.
    """
    if not batch:
        return 0
    known = _known_metrics(run_pk, batch)
    ids = {key: pk for key, (pk, _) in known.items()}
    # what lies behind the latest point is new; what does not may be there already
    late = {key: batch[key] for key, (_, before) in known.items() if batch[key][0] <= before[rollup.LAST]}
    new = {**batch, **_add_late(ids, late)} if late else batch
    ids |= _insert_metrics(run_pk, {key: points for key, points in batch.items() if key not in known})
    _add({ids[key]: points for key, points in batch.items() if key not in late})
    grown = [(key, pk, before, new[key]) for key, (pk, before) in known.items() if new[key]]
    _update_metrics(run_pk, [(pk, key, rollup.add(before, points)) for key, pk, before, points in grown])
    for key, pk, before, points in grown:
        count = before[0]
        if count >= levels.MIN_POINTS - len(points):
            levels.ask(pk, before=count, after=count + len(points), is_late=key in late)
    return sum(map(len, new.values()))


_ROLLUP = ", ".join(rollup.COLUMNS)
_TYPES = (
    "bigint", "bigint", "bigint", "bigint", "float8", "boolean", "bigint", "bigint", "float8", "boolean", "float8",
    "bigint", "float8", "bigint", "float8",
)  # fmt: skip


def _known_metrics(run_pk: int, keys: Iterable[str]) -> dict[str, tuple[int, tuple]]:
    """Return {key: (id, rollup as a row)} of the metrics that exist."""
    if connection.vendor == "postgresql":
        # the driver's own way looks at each of a thousand keys twice (core.sql.array)
        among, parameter = "= ANY(%s::text[])", array(list(keys))
    else:
        among, parameter = any_of(keys)
    rows = fetch_all(
        f"SELECT key, id, {_ROLLUP} FROM tracker_metric WHERE run_id = %s AND key {among}", [run_pk, parameter]
    )
    return {row[0]: (row[1], row[2:]) for row in rows}


_INSERT = f"INSERT INTO tracker_metric (run_id, key, {_ROLLUP}) {{rows}} RETURNING key, id"


def _insert_metrics(run_pk: int, batch: Batch) -> dict[str, int]:
    """Add metrics that the run does not have yet, as what their points come to; return their ids."""
    rows = [(run_pk, key, *rollup.new(points)) for key, points in batch.items()]
    return dict(write_rows(_INSERT, ("bigint", "text", *_TYPES), rows))


# PostgreSQL would lock each row for ON CONFLICT before it changes it; SQLite's UPDATE takes one row a statement
_UPDATE = {
    "postgresql": f"UPDATE tracker_metric m SET {', '.join(f'{column} = new.{column}' for column in rollup.COLUMNS)} "
    f"FROM ({{rows}}) AS new (id, run_id, key, {_ROLLUP}) WHERE m.id = new.id",
    "sqlite": f"INSERT INTO tracker_metric (id, run_id, key, {_ROLLUP}) {{rows}} ON CONFLICT (id) DO UPDATE "
    f"SET {', '.join(f'{column} = excluded.{column}' for column in rollup.COLUMNS)}",
}


def _update_metrics(run_pk: int, rollups: list[tuple[int, str, tuple]]) -> None:
    """Write the rollups of metrics that the run has, each given as (id, key, row)."""
    rows = [(pk, run_pk, key, *row) for pk, key, row in rollups]
    write_rows(_UPDATE[connection.vendor], ("bigint", "bigint", "text", *_TYPES), rows)


_POINT_TYPES = ("bigint", "bigint", "bigint", "float8", "boolean")
# rows for which COPY's second round trip pays: PostgreSQL then takes a third less time for a thousand
_COPY_FROM = 100
_INSERT_POINTS = "INSERT INTO tracker_metricpoint (metric_id, step, timestamp_ms, value, is_nan) {rows}"
_ADD_POINTS = f"{_INSERT_POINTS} ON CONFLICT DO NOTHING RETURNING metric_id, step, timestamp_ms, value, is_nan"


def _add(points_of: dict[int, list[tuple]]) -> None:
    """Add points, given by the id of their metric, of which none is there yet."""
    rows = [(pk, *point) for pk, points in points_of.items() for point in points]
    if connection.vendor == "postgresql" and len(rows) >= _COPY_FROM:
        copy_in(rows)
    else:
        write_rows(_INSERT_POINTS, _POINT_TYPES, rows)


def _add_late(ids: dict[str, int], batch: Batch) -> Batch:
    """Add points that may be there; return those of each key that were not."""
    keys, new = {ids[key]: key for key in batch}, {key: [] for key in batch}
    rows = [(ids[key], *point) for key, points in batch.items() for point in points]
    for metric_id, *values in write_rows(_ADD_POINTS, _POINT_TYPES, rows):
        new[keys[metric_id]].append(Point(*values))
    return new
