"""The index by value: entries (key, value, start, run) of runs that log no more, which a search walks instead of the metrics.

An index on the metrics themselves would have to be kept up with each batch, which cost half as much again. So a run's
entries are made once, when it has ended or was quiet for long, and taken out again if something is logged to it after
all; until then a search reads its metrics as they are. `Run.is_indexed` says which holds, and both change in one
transaction that holds the run: a run that is indexed has exactly the entries that its metrics and params come to.
"""

import logging
from collections.abc import Collection
from datetime import timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from core.sql import any_of, fetch_all, is_busy
from tracker.models import Run

log = logging.getLogger("assay.tracker")

METRIC, PARAMETER = "metric", "parameter"
# in characters: an entry of an index of PostgreSQL has room for 2,700 bytes
MAX_VALUE = 256
# of 250 entries each: a transaction holds up the writers of SQLite for about 50 ms
RUNS_AT_ONCE = 10
# so many that the lease of periodic work is given back in seconds
MAX_RUNS = 1_000
# one that never said it ended is indexed, too, after so much silence
QUIET = timedelta(hours=1)


def waiting():
    """Return the runs that have ended and are not indexed yet."""
    return Run.objects.filter(is_indexed=False).exclude(status__in=(Run.Status.RUNNING, Run.Status.SCHEDULED))


def quiet():
    """Return the runs that never ended and have long been silent, as far as that was watched (tracker/liveness.py)."""
    since = timezone.now() - QUIET
    silent = Q(pulse=None) | Q(pulse__changed_at__lt=since)
    open_ones = Run.objects.filter(is_indexed=False, status__in=(Run.Status.RUNNING, Run.Status.SCHEDULED))
    return open_ones.filter(silent, created_at__lt=since)


def index(runs, limit: int = MAX_RUNS) -> int:
    """Index so many of these runs; return how many it were. Safe to repeat and to be cut off."""
    pks = list(runs.order_by().values_list("pk", flat=True)[:limit])
    return sum(_add_what_goes(pks[start : start + RUNS_AT_ONCE]) for start in range(0, len(pks), RUNS_AT_ONCE))


def _add_what_goes(pks: list[int]) -> int:
    """Do as `add` does; a run that the database refuses keeps none of the others out, and is searched as it is."""
    try:
        return add(pks)
    except DatabaseError as error:
        if is_busy(error):
            raise
        if len(pks) > 1:
            return sum(_add_what_goes([pk]) for pk in pks)
        log.exception(
            "The run with the key %s cannot be indexed; `manage.py index_runs --anew` makes the index again", *pks
        )
        return 0


@transaction.atomic
def add(pks: Collection[int]) -> int:
    """Make the entries of these runs; return how many of the runs had none."""
    free = list(
        Run.objects.select_for_update(no_key=True)
        .filter(pk__in=pks, is_indexed=False)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    if free:
        among, parameter = any_of(free)
        add_where(f"r.id {among}", parameter)
        Run.objects.filter(pk__in=free).update(is_indexed=True)
    return len(free)


def add_where(condition: str, *parameters) -> None:
    """Make the entries of the runs r that a condition describes, which have none. The caller holds and marks them."""
    with connection.cursor() as cursor:
        for statement in (_NEW_METRIC_KEYS, _NEW_PARAM_KEYS, _MARK_CUT, _ADD_METRICS, _ADD_PARAMS):
            cursor.execute(_filled(statement, condition), parameters)


def take_out(pks: Collection[int]) -> None:
    """Take out the entries of those of these runs that are indexed, before their metrics or params change.

    Call it inside a transaction that holds them.
    """
    among, parameter = any_of(pks)
    indexed = [pk for (pk,) in fetch_all(f"SELECT id FROM tracker_run WHERE id {among} AND is_indexed", [parameter])]
    if not indexed:
        return
    among, parameter = any_of(indexed)
    for table, entries in (
        ("tracker_indexedmetric", _ENTRIES_OF_METRICS),
        ("tracker_indexedparam", _ENTRIES_OF_PARAMS),
    ):
        _delete(table, _filled(entries, f"r.id {among}"), parameter)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE tracker_run SET is_indexed = false WHERE id {among}", [parameter])


def _delete(table: str, entries: str, parameter) -> None:
    """Delete from a table what a SELECT of (key_id, value, start_time_ms, run_id) tells."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"DELETE FROM {table} WHERE (key_id, value, start_time_ms, run_id) IN ({entries})", [parameter]
            )
            return
        # SQLite would look for each of the keys with each of the values
        one = f"DELETE FROM {table} WHERE key_id = %s AND value = %s AND start_time_ms = %s AND run_id = %s"
        cursor.executemany(one, fetch_all(entries, [parameter]))


@transaction.atomic
def forget() -> None:
    """Take out all entries, right or wrong; until there are new ones a search reads the metrics themselves."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # who logs or indexes waits, and who reads does not
            cursor.execute("LOCK TABLE tracker_run IN EXCLUSIVE MODE")
        for table in ("tracker_indexedmetric", "tracker_indexedparam", "tracker_indexedkey"):
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("UPDATE tracker_run SET is_indexed = false WHERE is_indexed")


# NaN stands behind every number: infinity itself is logged as the largest double
_INFINITY = {"sqlite": "9e999", "postgresql": "'Infinity'::float8"}
# CROSS JOIN has SQLite begin with the few runs
_OF_METRICS = "FROM tracker_run r CROSS JOIN tracker_metric m WHERE {condition} AND m.run_id = r.id"
_OF_PARAMS = _OF_METRICS.replace("tracker_metric", "tracker_param")
# asked for each metric, because PostgreSQL, which knows nothing yet of new keys, would join a run with all of its experiment
_METRIC_KEY = (
    "(SELECT k.id FROM tracker_indexedkey k "
    f"WHERE k.experiment_id = r.experiment_id AND k.entity = '{METRIC}' AND k.key = m.key)"
)
_PARAM_KEY = _METRIC_KEY.replace(METRIC, PARAMETER)
_METRIC = f"{_METRIC_KEY}, CASE WHEN m.last_is_nan THEN {{infinity}} ELSE m.last_value END, r.start_time_ms, r.id"
_PARAM = f"{_PARAM_KEY}, {{beginning}}, coalesce({{number}}, {{infinity}}), r.start_time_ms, r.id"

# in one order, so that two who index at once do not wait for each other in a circle
_NEW_METRIC_KEYS = f"""
INSERT INTO tracker_indexedkey (experiment_id, entity, key, is_cut)
SELECT DISTINCT r.experiment_id, '{METRIC}', m.key, false {_OF_METRICS} ORDER BY 1, 3
ON CONFLICT (experiment_id, entity, key) DO NOTHING
"""
_NEW_PARAM_KEYS = _NEW_METRIC_KEYS.replace("tracker_metric", "tracker_param").replace(METRIC, PARAMETER)
_MARK_CUT = f"""
UPDATE tracker_indexedkey SET is_cut = true
WHERE NOT is_cut AND id IN (SELECT {_PARAM_KEY} {_OF_PARAMS} AND length(m.value) > {{max_value}})
"""
# in the order of the table: a large import is then written once, from its first page to its last
_ADD_METRICS = f"""
INSERT INTO tracker_indexedmetric (key_id, value, start_time_ms, run_id) SELECT {_METRIC} {_OF_METRICS} ORDER BY 1, 2
"""
_ADD_PARAMS = f"""
INSERT INTO tracker_indexedparam (key_id, value, number, start_time_ms, run_id) SELECT {_PARAM} {_OF_PARAMS} ORDER BY 1, 2
"""
_ENTRIES_OF_METRICS = f"SELECT {_METRIC} {_OF_METRICS}"
_ENTRIES_OF_PARAMS = f"SELECT {_PARAM_KEY}, {{beginning}}, r.start_time_ms, r.id {_OF_PARAMS}"

# JSON's numbers: what both engines can tell and neither fails to convert
NUMBER_PATTERN = r"^-?(0|[1-9][0-9]{0,99})(\.[0-9]{1,99})?([eE][+-]?[0-9]{1,2})?$"


def number_of(text: str) -> str:
    """Return an expression for a text as a double where it is written as a number, else null."""
    if connection.vendor == "postgresql":
        return f"CASE WHEN {text} ~ '{NUMBER_PATTERN}' THEN CAST({text} AS double precision) END"
    return (
        f"CASE WHEN json_valid({text}) THEN CASE WHEN json_type({text}) IN ('integer', 'real') "
        f"THEN nullif(CAST({text} AS REAL), 9e999) END END"
    )


def beginning_of(text: str) -> str:
    """Return an expression for as much of a text as is indexed."""
    return f"substr({text}, 1, {MAX_VALUE})"


def infinity() -> str:
    return _INFINITY[connection.vendor]


def _filled(statement: str, condition: str) -> str:
    number, beginning = number_of("m.value"), beginning_of("m.value")
    return statement.format(
        condition=condition, infinity=infinity(), max_value=MAX_VALUE, number=number, beginning=beginning
    )
