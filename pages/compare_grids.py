"""The tables of a comparison, ready for their template: what to write into which cell, and how it is to the base."""

import math
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from core.clock import now_ms
from pages.cells import Digits, is_number, signed
from pages.compare_state import CompareState
from pages.templatetags.assay import ago, duration, run_chip
from tracker import compared_metrics, comparison
from tracker.comparison import Row, Rows
from tracker.models import Run
from tracker.run_table import author
from tracker.verdicts import change, judge

ARROWS = {"up": "↑", "down": "↓", "": ""}
NUM_COLORS = 10


class Cell(NamedTuple):
    """One cell: its text, what stands on hover, how it is to the base, and where it leads."""

    text: str = ""
    title: str = ""
    css: str = ""
    delta: str = ""
    verdict: str = ""
    url: str = ""


EMPTY = Cell("–", "", "muted")


class Head(NamedTuple):
    """What stands above a column or before a row: a run with its colour, or a key."""

    text: str
    note: str = ""
    run: Run | None = None
    color: int = 0
    is_base: bool = False


@dataclass(frozen=True)
class Grid:
    """A table of a comparison, a row a key and a column a run, or the other way round."""

    name: str
    title: str
    columns: list[Head]
    rows: list[tuple[Head, list[Cell]]]
    num_keys: int
    num_more: int = 0
    is_transposed: bool = False
    # what the rows were written from
    found: tuple[Row, ...] = ()

    @property
    def num_shown(self) -> int:
        return self.num_keys - self.num_more

    def transposed(self) -> "Grid":
        cells = zip(*(cells for _, cells in self.rows), strict=True)
        rows = [(head, list(found)) for head, found in zip(self.columns, cells, strict=True)]
        return replace(self, columns=[head for head, _ in self.rows], rows=rows, is_transposed=True)


@dataclass(frozen=True)
class Sides:
    """The runs of a comparison with the one that the others are held against."""

    runs: list[Run]
    base: int

    @property
    def heads(self) -> list[Head]:
        return [
            Head(run.name, run.experiment.name, run, place % NUM_COLORS, place == self.base)
            for place, run in enumerate(self.runs)
        ]


def sides(runs: list[Run], state: CompareState) -> Sides:
    """Return the runs; without a base that is among them the first is it."""
    places = {run.run_id: place for place, run in enumerate(runs)}
    return Sides(runs, places.get(state.base, 0))


def grids(between: Sides, state: CompareState) -> list[Grid]:
    """Return the tables in the order of the page but that of files, those without a row among them."""
    runs, only, find = between.runs, state.only_differing, state.keys
    return [
        about(between),
        metrics(between, state),
        texts("params", "Parameters", comparison.params(runs, only_differing=only, find=find), between),
        texts("tags", "Tags", comparison.tags(runs, only_differing=only, find=find), between),
        texts("code", "Code", comparison.code(runs, only_differing=only), between, _code),
        texts("environment", "Environment", comparison.packages(runs, only_differing=only, find=find), between),
        texts("datasets", "Datasets", comparison.datasets(runs, only_differing=only), between),
    ]


def about(between: Sides) -> Grid:
    """Return what tells runs apart before anything was logged."""
    experiments = [run.experiment for run in between.runs]
    rows = [
        (Head("Experiment"), [Cell(one.name, one.name, url=one.get_absolute_url()) for one in experiments]),
        (Head("Status"), [Cell(run_chip(run)) for run in between.runs]),
        (Head("Started"), [Cell(ago(run.start_time_ms)) for run in between.runs]),
        (Head("Duration"), [_duration(run) for run in between.runs]),
        (Head("By"), [Cell(author(run)[0] or "–") for run in between.runs]),
    ]
    return Grid("about", "Runs", between.heads, rows, len(rows))


def _duration(run: Run) -> Cell:
    if run.is_live:
        return Cell(duration(now_ms() - run.start_time_ms), "so far", "muted")
    return Cell(duration(run.duration_ms))


def metrics(between: Sides, state: CompareState) -> Grid:
    known = compared_metrics.directions(between.runs)
    found = compared_metrics.metrics(
        between.runs, state.show, known, only_differing=state.only_differing, find=state.keys
    )
    rows = []
    for row in found.rows:
        way = compared_metrics.direction_of(row.key, known)
        rows.append((Head(row.key, ARROWS[way]), _metric_cells(row, way, between.base)))
    read = tuple(found.rows)
    return Grid("metrics", "Metrics", between.heads, rows, found.num_keys, found.num_more, found=read)


def _metric_cells(row: Row, way: str, base: int) -> list[Cell]:
    values = [None if rollup is None else rollup.value for rollup in row.values]
    write = Digits(value for value in values if value is not None)
    judged = judge(values, way, base)
    return [
        EMPTY if rollup is None else _metric_cell(rollup, one, write)
        for rollup, one in zip(row.values, judged, strict=True)
    ]


def _metric_cell(rollup, judged, write: Digits) -> Cell:
    step = f" at step {rollup.step}" if rollup.step is not None else ""
    title = f"{rollup.value!r}{step}, {rollup.count} point{'' if rollup.count == 1 else 's'}"
    if math.isnan(rollup.value):
        return Cell("NaN", f"not a number{step}", "num muted")
    css = "num best" if judged.is_best else "num"
    if not judged.delta:
        return Cell(write(rollup.value), title, css)
    return Cell(write(rollup.value), title, css, signed(judged.delta, write), judged.verdict)


def texts(name: str, title: str, found: Rows, between: Sides, write: Callable[[str, str], Cell] | None = None) -> Grid:
    rows = []
    for row in found.rows:
        is_numeric = name == "params" and all(value is None or is_number(value) for value in row.values)
        cells = [_text_cell(row.key, value, row.values[between.base], write) for value in row.values]
        rows.append((Head(row.key), [cell._replace(css=f"{cell.css} num") for cell in cells] if is_numeric else cells))
    return Grid(name, title, between.heads, rows, found.num_keys, found.num_more, found=tuple(found.rows))


def _text_cell(key: str, value: str | None, base: str | None, write: Callable[[str, str], Cell] | None) -> Cell:
    css = change(value, base)
    if value is None:
        return EMPTY._replace(css=f"muted {css}", title="not in this run" if css == "removed" else "")
    cell = write(key, value) if write else Cell(value or "(empty)", value)
    return cell._replace(css=f"value {css}")


def _code(label: str, value: str) -> Cell:
    if label == "Commit":
        return Cell(value[:10], value)
    if label == "Source":
        return Cell(posixpath.basename(value.rstrip("/")) or value, value)
    if label != "Not committed":
        return Cell(value, value)
    lines = value.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return Cell(f"+{added} −{removed} lines", "The run's page shows them")
