"""A comparison as CSV: a row a key and a column a run, values as they were logged."""

import csv
import io

from core.spreadsheets import safe
from pages.compare_grids import Sides
from pages.compare_state import CompareState
from tracker import compared_metrics, comparison


def as_csv(between: Sides, state: CompareState) -> str:
    """Return the tables of the page below each other; the first column says which table a row is of."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["part", "key", *(safe(run.name) for run in between.runs)])
    writer.writerow(["run", "run_id", *(run.run_id for run in between.runs)])
    writer.writerow(["run", "experiment", *(safe(run.experiment.name) for run in between.runs)])
    for part, row in _rows(between.runs, state):
        writer.writerow([part, safe(row.key), *map(_value, row.values)])
    return file.getvalue()


def _rows(runs, state: CompareState):
    only, find = state.only_differing, state.keys
    known = compared_metrics.directions(runs)
    for part, found in (
        (f"metric ({state.show})", compared_metrics.metrics(runs, state.show, known, only_differing=only, find=find)),
        ("param", comparison.params(runs, only_differing=only, find=find)),
        ("tag", comparison.tags(runs, only_differing=only, find=find)),
        ("code", comparison.code(runs, only_differing=only)),
        ("environment", comparison.packages(runs, only_differing=only, find=find)),
        ("dataset", comparison.datasets(runs, only_differing=only)),
        ("artifact", comparison.files(runs, only_differing=only, find=find)),
    ):
        yield from ((part, row) for row in found.rows)


def _value(value) -> str:
    if value is None:
        return ""
    if isinstance(value, compared_metrics.Rollup):
        return "NaN" if value.value != value.value else repr(value.value)
    if isinstance(value, comparison.File):
        return value.sha256 or f"{value.size_bytes} bytes"
    return safe(value)
