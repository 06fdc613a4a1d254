"""Measure reading in a large database: `python benchmarks/at_size.py`, on what benchmarks/generate.py made.

Each request goes through the whole application in this process, so that what is measured is server time without a network.
`first` is the first call, `then` the median of the calls after it, `cpu` the median of the time that this process itself
worked in them (the rest is waiting: for the disk, for PostgreSQL, for others on the machine), `queries` how many statements
it takes. Goals stand beside; a row that misses its goal is marked with !.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

django.setup()

from django.db import connection
from django.test import Client

from accounts.access import Scope
from accounts.actions import tokens
from accounts.models import User
from tracker import keyset, run_table, search
from tracker.models import Experiment, Metric, Run

FILTER = "metrics.m1 > 0.5 and params.p1 = '1'"
NEEDLE = "metrics.m1 > 2 and params.p1 = '1'"


@dataclass(frozen=True)
class Measure:
    """One request, and the milliseconds that it may take at first and after."""

    name: str
    ask: Callable
    first_ms: float
    then_ms: float


class Slow:
    """Sees the statements of a request: how many, and which took longest."""

    def __init__(self):
        self.num, self.worst_ms, self.worst = 0, 0.0, ""

    def __call__(self, execute, sql, params, many, context):
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            took_ms = (time.perf_counter() - start) * 1000
            self.num += 1
            if took_ms > self.worst_ms:
                self.worst_ms, self.worst = took_ms, str(sql)


class Portal:
    """The application as somebody's browser and a program of theirs see it, the admin's unless another is named."""

    def __init__(self, username: str = "bench"):
        self.user = User.objects.get(username=username)
        _, secret = tokens.create(self.user, name="at size", scope=Scope.FULL, expires_at=None, by=None)
        self.browser = Client(SERVER_NAME="localhost", raise_request_exception=True)
        self.browser.force_login(self.user, "django.contrib.auth.backends.ModelBackend")
        self.program = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {secret}"})

    def page(self, path: str, **query):
        return lambda: self._checked(self.browser.get(path, query))

    def search(self, **body):
        return lambda: self._checked(
            self.program.post("/api/2.0/mlflow/runs/search", body, content_type="application/json")
        )

    def get(self, path: str, **query):
        return lambda: self._checked(self.program.get(f"/api/2.0/mlflow/{path}", query))

    def _checked(self, response):
        if response.status_code != 200:
            raise SystemExit(
                f"{response.request['PATH_INFO']} answered {response.status_code}: {response.content[:500]}"
            )
        return response


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=5, help="calls after the first")
    parser.add_argument("--only", default="", help="rows whose name holds this text")
    parser.add_argument("--sql", action="store_true", help="print the slowest statement of each row")
    options = parser.parse_args()
    portal = Portal()
    portal.page("/experiments")()  # code and templates are loaded by now
    rows = [measure for measure in measures(portal) if options.only in measure.name]
    print("| request | first, ms | then, ms | cpu, ms | goal, ms | queries |  |\n|---|---:|---:|---:|---:|---:|---|")
    for row in rows:
        print_row(row, options)


def print_row(row: Measure, options) -> None:
    slow = Slow()
    with connection.execute_wrapper(slow):
        first_ms, _ = timed(row.ask)
    walls, cpus = zip(*(timed(row.ask) for _ in range(options.times)), strict=True)
    then_ms, cpu_ms = statistics.median(walls), statistics.median(cpus)
    goal = f"{row.first_ms:.0f}" if row.first_ms == row.then_ms else f"{row.first_ms:.0f}, {row.then_ms:.0f}"
    missed = "!" if first_ms > row.first_ms or then_ms > row.then_ms else ""
    print(
        f"| {row.name} | {first_ms:,.0f} | {then_ms:,.0f} | {cpu_ms:,.0f} | {goal} | {slow.num} | {missed} |",
        flush=True,
    )
    if options.sql:
        print(f"    {slow.worst_ms:.0f} ms: {' '.join(slow.worst.split())[:1500]}", flush=True)


def timed(ask) -> tuple[float, float]:
    """Return (milliseconds, milliseconds of this process's work)."""
    wall, cpu = time.perf_counter(), time.process_time()
    ask()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def measures(portal: Portal) -> list[Measure]:
    return [*searches(portal), *pages(portal), *runs(portal), *charts(portal)]


def searches(portal: Portal) -> list[Measure]:
    large = Experiment.objects.get(name="large")
    ids = [str(large.pk)]
    half = min(large.num_runs // 2, 50_000)
    deep = _token_behind(portal.user, large, half)
    deep_by_metric = _token_behind(portal.user, large, half, order_by=("metrics.m2 DESC",))

    def row(name, **body):
        return Measure(name, portal.search(experiment_ids=ids, max_results=100, **body), 250, 250)

    return [
        row("search: filter and order by a metric", filter=FILTER, order_by=["metrics.m2 DESC"]),
        row("search: filter that nothing matches", filter=NEEDLE, order_by=["metrics.m2 DESC"]),
        row("search: filter, default order", filter=FILTER),
        row("search: order by a metric", order_by=["metrics.m2 ASC"]),
        row(f"search: order by a metric, behind {half:,}", order_by=["metrics.m2 DESC"], page_token=deep_by_metric),
        row("search: order by a param", order_by=["params.p7 ASC"]),
        row("search: first page of the list"),
        row(f"search: page behind {half:,} of the list", page_token=deep),
    ]


def _token_behind(user, experiment, number: int, order_by=()) -> str:
    query = search.Query("", list(order_by), search.View.ACTIVE_ONLY)
    page = search.runs(user=user, experiments={experiment.pk}, query=query, limit=number, fields=("pk", "run_id"))
    return page.next or ""


def pages(portal: Portal) -> list[Measure]:
    large = Experiment.objects.get(name="large")
    table = f"/experiments/{large.pk}"
    deep = _place_behind(large, min(large.num_runs // 2, 50_000))

    def row(name, path, **query):
        return Measure(name, portal.page(path, **query), 150, 150)

    return [
        row("runs table", table),
        row("runs table, deep page", table, after=deep),
        row("runs table, by a metric", table, sort="-last:m2"),
        row("runs table, by a param", table, sort="param:p7"),
        row("runs table, filtered", table, q=FILTER),
        row("runs table, filtered, by a metric", table, q=FILTER, sort="-last:m2"),
        row("runs table, filter that nothing matches", table, q=NEEDLE),
        row("runs table, in groups", table, group="param:p2", q="metrics.m1 < 0.1"),
        row("runs table, live part", f"{table}/live"),
        row("runs table, columns", f"{table}/columns"),
        row("experiments", "/experiments"),
        row("experiments, a folder", "/experiments", folder="team-03/"),
        row("experiments, a word", "/experiments", q="experiment-04"),
        row("experiments, by runs", "/experiments", sort="runs"),
        row("first page", "/"),
        row("search in the head, a run's name", "/search", q="run-4242"),
        row("search in the head, no such name", "/search", q="nobody-called-it-so"),
    ]


def _place_behind(experiment, number: int) -> str:
    ordered, keys = run_table.order(Run.objects.active().filter(experiment=experiment), run_table.NEWEST_FIRST)
    return keyset.place(ordered.order_by("-start_time_ms", "run_id")[number], keys)


def runs(portal: Portal) -> list[Measure]:
    wide = Run.objects.get(name__startswith="wide-")
    return [
        Measure("run with 2,000 metrics", portal.page(f"/runs/{wide.run_id}"), 200, 200),
        Measure("its charts", portal.page(f"/runs/{wide.run_id}/charts"), 200, 200),
        Measure("runs/get of it", portal.get("runs/get", run_id=wide.run_id), 50, 50),
    ]


def charts(portal: Portal) -> list[Measure]:
    """A chart of one long series, whole and zoomed, and one of fifty."""
    long = list(Metric.objects.filter(run__name__startswith="long-").order_by("pk").values_list("run__run_id", "count"))
    first, points = long[0]

    def row(name, run_ids, first_ms, then_ms, **query):
        ask = portal.page(f"/series?{urlencode({'runs': ','.join(run_ids), 'key': 'm0', 'points': 1000, **query})}")
        return Measure(name, ask, first_ms, then_ms)

    start, end = points // 3, points // 3 + points // 4
    return [
        row(f"series of {points:,} points", [first], 300, 30),
        row("the same by time", [first], 300, 30, x="time"),
        row("a quarter of it", [first], 300, 30, **{"from": start, "to": end}),
        row("a thousandth of it", [first], 300, 30, **{"from": start, "to": start + points // 1000}),
        # points of the generator are 0.1 s apart
        row(
            "a thousandth by time",
            [first],
            300,
            300,
            x="relative",
            **{"from": start / 10, "to": (start + points // 1000) / 10},
        ),
        row(f"{len(long)} such series", [run_id for run_id, _ in long], 1000, 1000),
    ]


if __name__ == "__main__":
    main()
