"""Parameters against a metric: what static/js/coordinates.js draws of runs side by side."""

import math

from pages.cells import is_number
from pages.compare_grids import NUM_COLORS, Grid
from pages.comparison_parts import weight
from tracker.comparison import Row, Rows

MIN_RUNS = 3
MAX_PARAMS = 10
MAX_METRICS = 20
MAX_TEXT = 60


def axes(grids: list[Grid]) -> dict | None:
    """Return the runs and what differs among their params and metrics; None where there is nothing to hold against another.

    Values of params are numbers where all of them read as numbers, else texts; None where a run has none. A metric's
    `weights` tell by param how it goes with the metric; the params that are left out go least with the first metric.
    """
    params, metrics = (next(grid for grid in grids if grid.name == name) for name in ("params", "metrics"))
    differing = [row for row in params.found if _differs(row.values)]
    shown_metrics = [
        {"key": row.key, "note": head.note, "values": [_number(rollup) for rollup in row.values]}
        for row, (head, _) in zip(metrics.found, metrics.rows, strict=True)
    ]
    shown_metrics = [metric for metric in shown_metrics if len(set(metric["values"]) - {None}) > 1]
    if len(params.columns) < MIN_RUNS or not differing or not shown_metrics:
        return None
    shown_metrics = shown_metrics[:MAX_METRICS]
    weights = _weights(differing, shown_metrics)
    for metric in shown_metrics:
        metric["weights"] = weights.get(metric["key"], [])
    strongest = [row["key"] for row in shown_metrics[0]["weights"]]
    kept = list(dict.fromkeys([*strongest, *(row.key for row in differing)]))[:MAX_PARAMS]
    runs = [
        {"id": head.run.run_id, "name": head.text, "color": place % NUM_COLORS}
        for place, head in enumerate(params.columns)
    ]
    shown_params = [{"key": row.key, "values": _values(row.values)} for row in differing if row.key in kept]
    return {"runs": runs, "params": shown_params, "metrics": shown_metrics}


def _weights(params: list[Row], metrics: list[dict]) -> dict[str, list[dict]]:
    """Return by metric how strongly each param goes with it, the strongest first; nothing of fewer than four runs."""
    # NumPy is too heavy for every worker to load it at its start
    import numpy as np

    from tracker.comparing.facts import Facts, Numbers, of_rows
    from tracker.comparing.importance import importance

    sizes = np.array([metric["values"] for metric in metrics], dtype=float).T
    keys = [metric["key"] for metric in metrics]
    facts = Facts(
        (), Numbers(keys, [""] * len(keys), sizes, sizes), {"params": of_rows(Rows(params, len(params)), len(sizes))}
    )
    found = importance(facts, list(range(len(keys))))
    return {key: [_in_words(row) for row in rows] for key, rows in found.items()}


def _in_words(row: dict) -> dict:
    told = weight(row)
    return {
        "key": told.key,
        "strength": told.strength,
        "note": f"{told.way}; {told.num} runs, {told.p}" + ("" if told.is_sure else ", may be chance"),
        "is_sure": told.is_sure,
    }


def _differs(values: list) -> bool:
    return len(set(values) - {None}) > 1


def _values(values: list[str | None]) -> list[float | str | None]:
    if all(value is None or is_number(value) for value in values):
        return [None if value is None else float(value) for value in values]
    return [None if value is None else value[:MAX_TEXT] for value in values]


def _number(rollup) -> float | None:
    return rollup.value if rollup is not None and math.isfinite(rollup.value) else None
