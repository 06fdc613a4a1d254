"""Rows of the runs table, ready for its template: what to write into which cell."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from core.clock import now_ms
from pages.cells import EMPTY, Cell, Digits, is_finite, is_number, shades
from pages.run_baseline import differences
from pages.table_state import TableState
from pages.templatetags.assay import ago, duration, number, run_chip
from registry.run_columns import logged_and_registered
from tracker.columns import ATTRIBUTES, UNSORTED, Column, is_small_good
from tracker.models import Run
from tracker.run_table import PARENT, Logged, Sort, author

NUMERIC_ATTRIBUTES = ("duration",)
MAX_INDENT = 5
RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass
class Head:
    """The heading of a column, and the order that a click on it asks for."""

    column: Column
    query: str
    direction: str
    css: str
    note: str = ""

    @property
    def label(self) -> str:
        return self.column.label


@dataclass
class Row:
    """One run as the table shows it; `depth` is 1 below its parent."""

    run: Run
    cells: list[Cell] = field(default_factory=list)
    depth: int = 0
    num_children: int = 0
    toggle: str = ""
    is_open: bool = False
    parent_id: str = ""
    is_baseline: bool = False

    @property
    def shown_depth(self) -> int:
        return min(self.depth, MAX_INDENT)


@dataclass
class Table:
    """What the template draws."""

    heads: list[Head]
    groups: list[tuple[str, int]]
    rows: list[Row]
    name_query: str
    name_direction: str

    @property
    def has_groups(self) -> bool:
        return any(group for group, _ in self.groups)


def table(
    runs: list[Run],
    state: TableState,
    *,
    user,
    children: dict[str, list[Run]],
    primary=None,
    baseline: Run | None = None,
) -> Table:
    """Return the table of these runs, children below their parents, the baseline on top; in a constant number of queries."""
    on_top = [baseline] if baseline else []
    lined_up = [(run, depth) for parent in [*on_top, *runs] for run, depth in _family(parent, children)]
    logged = logged_and_registered([run for run, _ in lined_up], state.columns, primary, user=user)
    shown_heads = heads(state, primary, logged)
    writers = {column: _writer(column, logged) for column in state.columns if column.is_metric}
    rows = []
    for run, depth in lined_up:
        row = Row(run, depth=depth, num_children=logged.num_children.get(run.pk, 0) if state.is_nested else 0)
        row.cells = [_aligned(_cell(run, head.column, logged, writers.get(head.column)), head) for head in shown_heads]
        row.is_open = run.run_id in state.opened
        row.toggle = state.query(opened=_toggled(state.opened, run.run_id))
        row.parent_id = _parent_id(run, logged) if not depth and not state.is_nested else ""
        row.is_baseline = baseline is not None and run.pk == baseline.pk
        rows.append(row)
    _shade(rows, state, logged, primary)
    if baseline:
        _hold_against(baseline, rows, state.columns, logged, primary)
    return Table(shown_heads, groups(state.columns), rows, *sorting(Column("name"), state))


def _shade(rows: list[Row], state: TableState, logged: Logged, primary) -> None:
    """Give the numbers of shaded columns one of five grounds by their rank: of a metric the best the strongest."""
    for place, column in enumerate(state.columns):
        if column not in state.shaded:
            continue
        values = [_number(row.run, column, logged) for row in rows]
        is_turned = column.is_metric and is_small_good(column.key, primary)
        for row, shade in zip(rows, shades(values, is_turned=is_turned), strict=True):
            cell = row.cells[place]
            row.cells[place] = cell._replace(css=f"{cell.css} {shade}".strip())


def _number(run: Run, column: Column, logged: Logged) -> float | None:
    """Return what a cell shows, where it is a number."""
    if column.is_metric:
        rollup = logged.metrics.get((run.pk, column))
        return rollup.value if rollup and is_finite(rollup.value) else None
    text = logged.params.get((run.pk, column.key), "") if column.kind == "param" else ""
    return float(text) if is_number(text) else None


def _hold_against(baseline: Run, rows: list[Row], columns: Iterable[Column], logged: Logged, primary) -> None:
    """Write behind the values of metrics how far they are from the baseline's; room for it everywhere keeps digits aligned."""
    for place, column in enumerate(columns):
        if column.is_metric:
            found = differences([row.run for row in rows], baseline, column, logged, primary)
            for row in rows:
                row.cells[place] = row.cells[place]._replace(delta=found.get(row.run.pk, EMPTY))


def _parent_id(run: Run, logged: Logged) -> str:
    """Return what the tag says, where it can be the id of a run at all: it is a tag, and holds what somebody wrote."""
    text = logged.tags.get((run.pk, PARENT), "")
    return text if RUN_ID.fullmatch(text) else ""


def _aligned(cell: Cell, head: Head) -> Cell:
    """Give the cell what its heading has: to the right, a line before its group."""
    return cell._replace(css=" ".join(dict.fromkeys(f"{cell.css} {head.css}".split())))


def _family(parent: Run, children: dict[str, list[Run]]) -> Iterable[tuple[Run, int]]:
    """Yield the run and whom it is unfolded to show, however deep; a circle of parents ends."""
    waiting, met = [(parent, 0)], set()
    while waiting:
        run, depth = waiting.pop()
        if run.pk in met:
            continue
        met.add(run.pk)
        yield run, depth
        waiting += [(child, depth + 1) for child in reversed(children.get(run.run_id, ()))]


def _toggled(opened: tuple[str, ...], run_id: str) -> tuple[str, ...]:
    return tuple(one for one in opened if one != run_id) if run_id in opened else (*opened, run_id)


def heads(state: TableState, primary=None, logged: Logged | None = None) -> list[Head]:
    found = []
    for place, column in enumerate(state.columns):
        starts_group = bool(column.group) and (place == 0 or state.columns[place - 1].group != column.group)
        css = " ".join(filter(None, ["num" if _is_numeric(column, logged) else "", "group" if starts_group else ""]))
        found.append(Head(column, *sorting(column, state, primary), css, _note(column, primary)))
    return found


def sorting(column: Column, state: TableState, primary=None) -> tuple[str, str]:
    """Return the address that a click on the column's heading leads to, "" for none, and how it is sorted by now."""
    if column.kind in UNSORTED:
        return "", ""
    is_sorted = state.sort.column == column
    down = not state.sort.is_descending if is_sorted else _is_first_down(column, primary)
    direction = ("descending" if state.sort.is_descending else "ascending") if is_sorted else ""
    return state.query(sort=Sort(column, down), after="", before=""), direction


def _is_first_down(column: Column, primary) -> bool:
    """The first click brings the best to the top."""
    if column.is_metric:
        return not is_small_good(column.key, primary)
    return column.kind in ("started", "duration")


def _is_numeric(column: Column, logged: Logged | None) -> bool:
    if column.is_metric or column.kind in NUMERIC_ATTRIBUTES:
        return True
    values = [text for (_, key), text in logged.params.items() if key == column.key] if logged else []
    return column.kind == "param" and bool(values) and all(map(is_number, values))


def _note(column: Column, primary) -> str:
    if not column.is_metric:
        return ""
    arrow = "↓" if is_small_good(column.key, primary) else "↑"
    return column.kind + (f" {arrow}" if column.kind in ("best", "min", "max") else "")


def groups(columns: Iterable[Column]) -> list[tuple[str, int]]:
    """Return the headings above the headings, each with the number of its columns."""
    found: list[tuple[str, int]] = []
    for column in columns:
        if found and found[-1][0] == column.group:
            found[-1] = (column.group, found[-1][1] + 1)
        else:
            found.append((column.group, 1))
    return found


def _writer(column: Column, logged: Logged) -> Digits:
    return Digits(rollup.value for (_, one), rollup in logged.metrics.items() if one == column)


def _cell(run: Run, column: Column, logged: Logged, write: Digits | None) -> Cell:
    if column.is_metric:
        return _metric_cell(logged.metrics.get((run.pk, column)), write)
    if column.kind in ("param", "tag"):
        found = logged.params if column.kind == "param" else logged.tags
        text = found.get((run.pk, column.key))
        if text is None:
            return EMPTY
        return Cell(text, text, "value")
    return _ATTRIBUTES[column.kind](run, logged)


def _metric_cell(rollup, write: Digits) -> Cell:
    if rollup is None:
        return EMPTY
    step = f" at step {rollup.step}" if rollup.step is not None else ""
    points = f"{rollup.count} point{'s' if rollup.count != 1 else ''}"
    if rollup.value is None:
        return Cell("NaN", f"not a number{step}, {points}", "num muted")
    exact = repr(rollup.value) if is_finite(rollup.value) else number(rollup.value)
    return Cell(write(rollup.value), f"{exact}{step}, {points}", "num")


def _status(run: Run, logged: Logged) -> Cell:
    return Cell(run_chip(run))


def _started(run: Run, logged: Logged) -> Cell:
    return Cell(ago(run.start_time_ms))


def _duration(run: Run, logged: Logged) -> Cell:
    if run.duration_ms is None and run.is_live:
        return Cell(duration(now_ms() - run.start_time_ms), "so far", "num muted clock")
    return Cell(duration(run.duration_ms), "", "num")


def _user(run: Run, logged: Logged) -> Cell:
    name, claimed = author(run)
    return Cell(name, f"{name}, whose script said “{claimed}”" if claimed else name, "who")


def _source(run: Run, logged: Logged) -> Cell:
    source = logged.tags.get((run.pk, "mlflow.source.name"), "")
    commit = logged.tags.get((run.pk, "mlflow.source.git.commit"), "")
    name = PurePosixPath(source.replace("\\", "/")).name
    return Cell(f"{name} {commit[:7]}".strip(), f"{source} {commit}".strip(), "value mono")


def _joined(names: list[str]) -> Cell:
    return Cell(", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else ""), ", ".join(names), "value")


_ATTRIBUTES = {
    "status": _status,
    "started": _started,
    "duration": _duration,
    "user": _user,
    "source": _source,
    "dataset": lambda run, logged: _joined(logged.datasets.get(run.pk, [])),
    "model": lambda run, logged: _joined(logged.models.get(run.pk, [])),
    "versions": lambda run, logged: _joined(logged.versions.get(run.pk, [])),
}
assert set(_ATTRIBUTES) == set(ATTRIBUTES)
