"""Groups of the runs of a table: by the value of a param or a tag, with means and deviations, computed in the database.

A group goes by the key of its first run, so that its value, however long, stands in no statement and no address.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from django.core.exceptions import EmptyResultSet
from django.db.models import F, FilteredRelation, Q, QuerySet

from core.sql import any_of, fetch_all
from tracker.columns import Column
from tracker.models import Run
from tracker.run_index import number_of
from tracker.run_table import Sort, stored_in
from tracker.search.fragments import Fragment, is_postgresql

MAX_GROUPS = 200
# the newest, which both engines group while one waits; docs/performance.md has the measure
MAX_RUNS = 10_000
# of a group's value; what is longer is cut, and no filter is made of it
MAX_VALUE = 1_000
MAX_TEXT = 200
# a number from here on counts as infinite, as its square would be
MAX_NUMBER = "1e150"
ROUNDING = 1e-15
_RELATIONS = {"param": "params", "tag": "tags"}
_TABLES = {"param": "tracker_param", "tag": "tracker_runtag"}
SOURCE_TAG = "mlflow.source.name"


class Spread(NamedTuple):
    """A metric in a group: of `num` numbers the mean, None of none, and the sample's deviation, None of fewer than two."""

    num: int
    mean: float | None
    std: float | None
    num_nan: int = 0
    num_infinite: int = 0


class Common(NamedTuple):
    """A param or a tag in a group: how many runs have it, of how many values, and the least of these."""

    num: int
    num_values: int
    text: str


class Group(NamedTuple):
    """Runs of one value, None where they have none; `run_id` is the one that the group goes by, `members` are keys."""

    pk: int
    run_id: str
    value: str | None
    num: int
    first_ms: int
    last_ms: int
    mean_duration_ms: float | None
    statuses: Counter
    members: str


@dataclass
class Groups:
    """The first groups in their order, what their columns show, and how many groups and runs there are in all."""

    rows: list[Group]
    num_groups: int
    num_runs: int
    # when the first of the newest started; None where all were grouped
    since_ms: int | None
    spreads: dict[tuple[int, Column], Spread]
    commons: dict[tuple[int, Column], Common]


def groups(rows: QuerySet, by: Column, columns: Iterable[Column], sort: Sort, primary=None) -> Groups:
    """Group the MAX_RUNS newest of these runs by a param or a tag, in a constant number of queries.

    In the order of a metric column their means are sorted, by the column `name` their values, else how many they are.
    """
    found = _first(rows, by, sort, primary)
    run_ids = dict(Run.objects.filter(pk__in=[row[0] for row in found]).values_list("pk", "run_id")) if found else {}
    made = [_group(row, run_ids) for row in found if row[0] in run_ids]
    num_groups, num_runs, since_ms = map(int, found[0][-3:]) if found else (0, 0, 0)
    columns = list(columns)
    return Groups(
        made,
        num_groups,
        num_runs,
        since_ms if num_runs >= MAX_RUNS else None,
        spreads=_spreads(made, [column for column in columns if column.is_metric], primary) if made else {},
        commons=_commons(made, columns) if made else {},
    )


def of_run(rows: QuerySet, by: Column, run_id: str) -> tuple[QuerySet, str | None] | None:
    """Return those of these runs that are in the group of one of them, and its value; None where it is not among them."""
    rows = _with_value(rows, by)
    found = rows.filter(run_id=run_id).values_list("grouped_by__value").first()
    return None if found is None else (rows.filter(grouped_by__value=found[0]), found[0])


def _with_value(rows: QuerySet, by: Column) -> QuerySet:
    relation = _RELATIONS[by.kind]
    return rows.alias(grouped_by=FilteredRelation(relation, condition=Q(**{f"{relation}__key": by.key})))


def _sought(rows: QuerySet, by: Column) -> Fragment | None:
    """Return a SELECT of the newest runs with their value and what they say themselves; None where there can be none."""
    rows = _with_value(rows, by).order_by("-start_time_ms", "run_id")
    values = rows.values_list("pk", F("grouped_by__value"), "start_time_ms", "end_time_ms", "status")
    try:
        return Fragment(*values[:MAX_RUNS].query.sql_with_params())
    except EmptyResultSet:
        return None


_STATUSES = list(Run.Status)
_NUM_FACTS = 7


def _first(rows: QuerySet, by: Column, sort: Sort, primary) -> list[tuple]:
    """Return the first groups, each with the keys of its runs as one text: what they logged is asked by these."""
    sought = _sought(rows, by)
    if sought is None:
        return []
    joined, order = _ordered(sort, primary)
    statuses = ", ".join(f"sum(CASE WHEN status = '{status}' THEN 1 ELSE 0 END)" for status in _STATUSES)
    listed = "string_agg(CAST(sought.run_id AS text), ',')" if is_postgresql() else "group_concat(sought.run_id)"
    text = (
        f"WITH sought(run_id, value, started, ended, status) AS MATERIALIZED ({sought.text}) "
        f"SELECT min(sought.run_id), substr(value, 1, {MAX_VALUE + 1}), count(*), min(started), max(started), "
        f"avg(CASE WHEN ended >= started THEN CAST(ended - started AS double precision) END), {listed}, {statuses}, "
        f"count(*) OVER (), sum(count(*)) OVER (), min(min(started)) OVER () FROM sought {joined.text} "
        f"GROUP BY value ORDER BY {order}, count(*) DESC, 1 LIMIT {MAX_GROUPS}"
    )
    return fetch_all(text, sought.parameters + joined.parameters)


def _ordered(sort: Sort, primary) -> tuple[Fragment, str]:
    """Return what is joined to order the groups, and their order."""
    way = "DESC" if sort.is_descending else "ASC"
    if sort.column.is_metric:
        joined = "LEFT JOIN tracker_metric m ON m.run_id = sought.run_id AND m.key = %s"
        return Fragment(joined, (sort.column.key,)), f"avg({_finite(_value(sort.column, primary))}) {way} NULLS LAST"
    if sort.column.kind == "name":
        number = number_of("value")
        none = "CASE WHEN value IS NULL THEN 1 ELSE 0 END"
        return Fragment(""), f"{none}, {number} {way} NULLS LAST, value {way}"
    return Fragment(""), "count(*) DESC"


def _group(row: tuple, run_ids: dict[int, str]) -> Group:
    pk, value, num, first_ms, last_ms, duration_ms, members, *statuses = row[: _NUM_FACTS + len(_STATUSES)]
    counted = Counter({status: int(number) for status, number in zip(_STATUSES, statuses, strict=True) if number})
    return Group(pk, run_ids[pk], value, num, first_ms, last_ms, duration_ms, counted, members)


def _members(made: list[Group]) -> Fragment:
    """Return WITH member(run_id, grp): the runs of these groups, from the texts that name them."""
    if is_postgresql():
        text = (
            "SELECT CAST(unnest(string_to_array(listed, ',')) AS bigint), grp "
            "FROM unnest(%s::bigint[], %s::text[]) AS g(grp, listed)"
        )
        parameters = ([group.pk for group in made], [group.members for group in made])
    else:
        text = (
            "SELECT r.value, CAST(g.key AS integer) FROM json_each(%s) g CROSS JOIN json_each('[' || g.value || ']') r"
        )
        parameters = (orjson.dumps({str(group.pk): group.members for group in made}).decode(),)
    return Fragment(f"WITH member(run_id, grp) AS MATERIALIZED ({text})", parameters)


def _value(column: Column, primary) -> str:
    """Return an expression for the rollup of a metric m that the column shows, null for NaN."""
    value, is_nan = stored_in(column, primary)
    return f"CASE WHEN NOT m.{is_nan} THEN m.{value} END" if is_nan else f"m.{value}"


def _finite(value: str) -> str:
    return f"CASE WHEN abs({value}) < {MAX_NUMBER} THEN {value} END"


def _spreads(made: list[Group], columns: list[Column], primary) -> dict[tuple[int, Column], Spread]:
    if not columns:
        return {}
    members = _members(made)
    values = list(dict.fromkeys(_value(column, primary) for column in columns))
    among, parameter = any_of({column.key for column in columns})
    listed = ", ".join(f"{value} AS x{n}, {_finite(value)} AS v{n}" for n, value in enumerate(values))
    # CROSS JOIN has SQLite begin with the runs
    logged = (
        f", logged AS MATERIALIZED (SELECT grp, m.key, {listed} FROM member CROSS JOIN tracker_metric m "
        f"WHERE m.run_id = member.run_id AND m.key {among})"
    )
    rest = _deviations_of_postgresql if is_postgresql() else _deviations_of_sqlite
    found: dict[tuple[int, Column], Spread] = {}
    for pk, key, num_logged, *numbers in fetch_all(
        members.text + logged + rest(len(values)), (*members.parameters, parameter)
    ):
        for column in columns:
            if column.key == key:
                place = 4 * values.index(_value(column, primary))
                found[pk, column] = _spread(num_logged, *numbers[place : place + 4])
    return found


def _deviations_of_postgresql(num: int) -> str:
    # its own is exact and takes one pass
    parts = [f"count(x{n}), count(v{n}), avg(v{n}), var_samp(v{n})" for n in range(num)]
    return f" SELECT grp, key, count(*), {', '.join(parts)} FROM logged GROUP BY grp, key"


def _deviations_of_sqlite(num: int) -> str:
    """Return a statement of two passes: a difference of sums of squares would keep no digit of a small deviation."""
    means = [f"count(x{n}) AS c{n}, count(v{n}) AS n{n}, avg(v{n}) AS a{n}" for n in range(num)]
    parts = [f"c{n}, n{n}, a{n}, sum((v{n} - a{n}) * (v{n} - a{n})) / nullif(n{n} - 1, 0)" for n in range(num)]
    return (
        f", means AS MATERIALIZED (SELECT grp, key, count(*) AS num, {', '.join(means)} FROM logged GROUP BY grp, key) "
        f"SELECT grp, key, num, {', '.join(parts)} FROM logged JOIN means USING (grp, key) GROUP BY grp, key"
    )


def _spread(num_logged: int, num_values: int, num: int, mean: float | None, variance: float | None) -> Spread:
    std = None if variance is None else math.sqrt(variance)
    # the mean of numbers that are equal may be a last digit off
    if std and std < ROUNDING * abs(mean):
        std = 0.0
    return Spread(num, mean, std, num_nan=num_logged - num_values, num_infinite=num_values - num)


def _commons(made: list[Group], columns: list[Column]) -> dict[tuple[int, Column], Common]:
    found: dict[tuple[int, Column], Common] = {}
    members = _members(made)
    for kind, table in _TABLES.items():
        shown = {column.key: column for column in columns if column.kind == kind}
        if kind == "tag" and Column("source") in columns:
            shown.setdefault(SOURCE_TAG, Column("tag", SOURCE_TAG))
        if not shown:
            continue
        among, parameter = any_of(shown)
        sql = (
            f"{members.text} SELECT grp, m.key, count(*), count(DISTINCT m.value), substr(min(m.value), 1, {MAX_TEXT}) "
            f"FROM member CROSS JOIN {table} m WHERE m.run_id = member.run_id AND m.key {among} GROUP BY grp, m.key"
        )
        for pk, key, *counted in fetch_all(sql, (*members.parameters, parameter)):
            found[pk, shown[key]] = Common(*counted)
    return found
