"""A baseline in the runs table: it stays on top, and the metrics of the others show their difference from it."""

from collections.abc import Iterable

from django.http import QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.errors import NotFound
from pages.cells import EMPTY, Cell, Digits, signed
from pages.selections import run_ids
from pages.table_state import TableState
from tracker.columns import Column, is_small_good
from tracker.lookups import experiment_by_id
from tracker.models import Experiment, Run
from tracker.run_facts import direction
from tracker.run_table import Logged
from tracker.verdicts import judge

MAX_BACK = 4_000


@require_POST
def selection_baseline(request, pk):
    """POST /experiments/ID/selection/baseline: the table with the first of the selected runs on top."""
    experiment = experiment_by_id(str(pk), user=request.user)
    run = Run.objects.active().filter(experiment=experiment, run_id__in=run_ids(request.POST)[:1]).first()
    if run is None:
        raise NotFound("There is no such run in this experiment.")
    query = QueryDict(request.POST.get("back", "")[:MAX_BACK], mutable=True)
    for place in ("after", "before"):
        query.pop(place, None)
    query["base"] = run.run_id
    return redirect(f"{experiment.get_absolute_url()}?{query.urlencode()}")


def baseline_of(experiment: Experiment, state: TableState) -> Run | None:
    """Return the run that the table's address names, None where it is not among the active ones of the experiment."""
    if not state.base or state.is_trash:
        return None
    rows = Run.objects.active().filter(experiment=experiment, run_id=state.base)
    return rows.select_related("created_by").first()


def differences(runs: Iterable[Run], baseline: Run, column: Column, logged: Logged, primary=None) -> dict[int, Cell]:
    """Return what stands behind a metric's value, by the key of the run: how far it is from the baseline's, and judged."""
    runs = [run for run in runs if run.pk != baseline.pk]
    rollups = [logged.metrics.get((run.pk, column)) for run in runs]
    values = [rollup.value if rollup else None for rollup in rollups]
    found = differences_of(values, baseline, column, logged, primary)
    return {run.pk: cell for run, cell in zip(runs, found, strict=True) if cell is not EMPTY}


def differences_of(
    values: list[float | None], baseline: Run, column: Column, logged: Logged, primary=None
) -> list[Cell]:
    """Return for each of these values of a metric how far it is from the baseline's, and judged; EMPTY where it is not."""
    rollup = logged.metrics.get((baseline.pk, column))
    values = [rollup.value if rollup else None, *values]
    judged = judge(values, _direction(column.key, primary), 0)[1:]
    write = Digits(value for value in values if value is not None)
    return [
        Cell(signed(one.delta, write), f"{one.verdict} than the baseline".strip(), one.verdict) if one.delta else EMPTY
        for one in judged
    ]


def _direction(key: str, primary) -> str:
    if primary and primary[0] == key:
        return "down" if is_small_good(key, primary) else "up"
    return direction(key)
