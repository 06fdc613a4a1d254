"""Parameters against a metric: what static/js/coordinates.js draws of runs side by side."""

import math

from pages.cells import is_number
from pages.compare_grids import NUM_COLORS, Grid

MIN_RUNS = 3
MAX_PARAMS = 10
MAX_METRICS = 60
MAX_TEXT = 60


def axes(grids: list[Grid]) -> dict | None:
    """Return the runs and what differs among their params and metrics; None where there is nothing to hold against another.

    Values of params are numbers where all of them read as numbers, else texts; None where a run has none.
    """
    params, metrics = (next(grid for grid in grids if grid.name == name) for name in ("params", "metrics"))
    shown_params = [{"key": row.key, "values": _values(row.values)} for row in params.found if _differs(row.values)]
    shown_metrics = [
        {"key": row.key, "note": head.note, "values": [_number(rollup) for rollup in row.values]}
        for row, (head, _) in zip(metrics.found, metrics.rows, strict=True)
    ]
    shown_metrics = [metric for metric in shown_metrics if len(set(metric["values"]) - {None}) > 1]
    if len(params.columns) < MIN_RUNS or not shown_params or not shown_metrics:
        return None
    runs = [
        {"id": head.run.run_id, "name": head.text, "color": place % NUM_COLORS}
        for place, head in enumerate(params.columns)
    ]
    return {"runs": runs, "params": shown_params[:MAX_PARAMS], "metrics": shown_metrics[:MAX_METRICS]}


def _differs(values: list) -> bool:
    return len(set(values) - {None}) > 1


def _values(values: list[str | None]) -> list[float | str | None]:
    if all(value is None or is_number(value) for value in values):
        return [None if value is None else float(value) for value in values]
    return [None if value is None else value[:MAX_TEXT] for value in values]


def _number(rollup) -> float | None:
    return rollup.value if rollup is not None and math.isfinite(rollup.value) else None
