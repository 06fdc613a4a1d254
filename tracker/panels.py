"""Which charts to draw of many runs at once: a panel a metric that has a course."""

from typing import NamedTuple

from django.db.models import Count, Max, Min

from tracker.models import Metric, Run

MAX_PANELS = 400


class Panel(NamedTuple):
    """One chart: a metric, how many of the runs logged it, and whether steps say nothing about its course."""

    key: str
    num_runs: int
    has_no_steps: bool


def panels(runs: list[Run]) -> list[Panel]:
    """Return the metrics of which some run has more than one point, the first MAX_PANELS by name, in one query."""
    rows = (
        Metric.objects.filter(run__in=[run.pk for run in runs])
        .values("key")
        .annotate(num=Count("pk"), points=Max("count"), low=Min("first_step"), high=Max("last_step"))
        .filter(points__gt=1)
        .order_by("key")
    )
    return [Panel(row["key"], row["num"], row["low"] == row["high"]) for row in rows[:MAX_PANELS]]
