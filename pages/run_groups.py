"""The runs table in groups: a row for each value of a param or a tag, which unfolds to its runs."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from django.db.models import QuerySet
from django.http import JsonResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.views.decorators.http import require_GET

from core.clock import now_ms
from core.errors import InvalidValue, NotFound
from core.sql import snapshot
from pages import run_rows, table_state
from pages.cells import EMPTY, Cell, Digits, deviation, shades
from pages.experiment_head import head
from pages.run_baseline import baseline_of, differences_of
from pages.run_filters import narrowed
from pages.run_rows import Head, Row, Table
from pages.table_state import TableState
from pages.templatetags.assay import ago, duration
from registry.run_columns import logged_and_registered
from tracker import run_groups, run_pages, run_table
from tracker.columns import Column, is_small_good
from tracker.lookups import experiment_by_id
from tracker.models import Experiment, Run
from tracker.run_groups import MAX_RUNS, MAX_VALUE, SOURCE_TAG, Common, Group, Groups, Spread
from tracker.run_table import NEWEST_FIRST

# what one group unfolds to; a link leads to all of them
MAX_UNFOLDED = 50
MAX_OPEN = 5
# as many as the page keeps selected: static/js/selection.js
MAX_SELECTED = 5_000


@dataclass
class GroupRow:
    """One group as the table shows it."""

    group: Group
    cells: list[Cell]
    label: str
    is_open: bool
    toggle: str
    part: str
    # the address's query of the runs in it alone, "" where no filter can say which they are
    alone: str
    rows: list[Row] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return self.group.num <= MAX_UNFOLDED

    @property
    def width(self) -> int:
        return len(self.cells) + 1


@dataclass
class Grouped:
    """What the template draws beside the headings."""

    rows: list[GroupRow]
    num_groups: int
    num_runs: int
    is_cut: bool
    num_more: int
    is_by_num: bool
    by_num_query: str
    max_runs: int = MAX_RUNS


@require_GET
def experiment_group(request, pk):
    """GET /experiments/ID/group: the runs of the group that the run `of` is in, as rows of the table."""
    experiment, state, primary = _asked(request, pk)
    baseline = baseline_of(experiment, state)
    with snapshot():
        found, value = _of(experiment, state, request)
        runs = _unfolded(found, state, primary, baseline)
        table = run_rows.table(
            runs, state, user=request.user, children={}, primary=primary, baseline=baseline if runs else None
        )
        num = found.order_by().count()
    rows = _below([row for row in table.rows if not row.is_baseline])
    context = {
        "experiment": experiment,
        "state": state,
        "rows": rows,
        "num": num,
        "alone": _alone(state, value) if num > MAX_UNFOLDED else "",
        "is_whole": num <= MAX_UNFOLDED,
        "width": len(table.heads) + 1,
    }
    return render(request, "experiments/_group_runs.html", context)


@require_GET
def experiment_group_runs(request, pk):
    """GET /experiments/ID/group/runs: the ids of the runs in that group, the newest MAX_SELECTED, and how many there are."""
    experiment, state, _ = _asked(request, pk)
    with snapshot():
        found, _ = _of(experiment, state, request)
        ids = list(found.order_by("-start_time_ms", "run_id").values_list("run_id", flat=True)[:MAX_SELECTED])
        num = found.order_by().count() if len(ids) == MAX_SELECTED else len(ids)
    return JsonResponse({"runs": ids, "num": num})


def _asked(request, pk: int):
    """Return the experiment, the state, and the primary metric."""
    experiment = experiment_by_id(str(pk), user=request.user)
    primary = head(request, experiment, tab="runs")["primary"]
    state = table_state.read(request, experiment, primary)
    if state.group is None:
        raise InvalidValue("The address does not say by what the runs are grouped.")
    return experiment, state, primary


def _of(experiment: Experiment, state: TableState, request) -> tuple[QuerySet, str | None]:
    """Return the runs of the group that the address asks for, and their value. Raises NotFound."""
    rows = runs_of(experiment, state)
    since = request.GET.get("since", "")
    if since.isascii() and since.isdecimal() and len(since) < 19:
        rows = rows.filter(start_time_ms__gte=int(since))
    found = run_groups.of_run(rows, state.group, request.GET.get("of", "")[:64].replace("\0", ""))
    if found is None:
        raise NotFound("There is no such group any more.")
    return found


def runs_of(experiment: Experiment, state: TableState) -> QuerySet:
    """Return the runs that are grouped. Raises InvalidFilter; read them in the same snapshot."""
    return run_pages.runs_of(experiment, state.q, state.sort, is_trash=state.is_trash, now_ms=now_ms(), is_paged=False)


def grouped(rows: QuerySet, state: TableState, *, user, primary, baseline: Run | None) -> tuple[Grouped, Table]:
    """Return the groups, and the headings with the rows of the baseline and of what is unfolded."""
    found = run_groups.groups(rows, state.group, state.columns, state.sort, primary)
    opened = {
        group.run_id: _unfolded(Run.objects.filter(pk__in=_members(group)), state, primary, baseline)
        for group in found.rows
        if group.run_id in state.opened[:MAX_OPEN]
    }
    runs = [run for some in opened.values() for run in some]
    table = run_rows.table(runs, state, user=user, children={}, primary=primary, baseline=baseline)
    for column_head in table.heads:
        if not column_head.column.is_metric:
            column_head.query = column_head.direction = ""
    row_of = {row.run.pk: row for row in table.rows}
    cells = _cells(found, table.heads, state, primary, baseline, user)
    made = [_row(group, cells[group.pk], state, found.since_ms) for group in found.rows]
    for row in made:
        row.rows = _below([row_of[run.pk] for run in opened.get(row.group.run_id, [])])
    table.rows = [row for row in table.rows if row.is_baseline]
    is_by_num = not (state.sort.column.is_metric or state.sort.column.kind == "name")
    return Grouped(
        made,
        found.num_groups,
        found.num_runs,
        is_cut=found.since_ms is not None,
        num_more=found.num_groups - len(made),
        is_by_num=is_by_num,
        by_num_query=state.query(sort=NEWEST_FIRST, after="", before=""),
    ), table


def _members(group: Group) -> list[int]:
    return [int(pk) for pk in group.members.split(",")]


def _unfolded(rows: QuerySet, state: TableState, primary, baseline: Run | None) -> list[Run]:
    """Return the first runs of a group; the baseline stands on top of all."""
    rows = rows.exclude(pk=baseline.pk) if baseline else rows
    sort = state.sort if state.sort.column.is_metric else NEWEST_FIRST
    return run_table.page(rows, sort, size=MAX_UNFOLDED, primary=primary).rows


def _below(rows: list[Row]) -> list[Row]:
    for row in rows:
        row.depth, row.parent_id = 1, ""
    return rows


def _row(group: Group, cells: list[Cell], state: TableState, since_ms: int | None) -> GroupRow:
    is_open = group.run_id in state.opened[:MAX_OPEN]
    opened = tuple(one for one in state.opened if one != group.run_id) if is_open else (*state.opened, group.run_id)
    since = [f"since={since_ms}"] if since_ms is not None else []
    return GroupRow(
        group,
        cells,
        "none" if group.value is None else group.value or "“”",
        is_open,
        toggle=state.query(opened=opened[-MAX_OPEN:]),
        part="&".join([state.query(opened=(), after="", before=""), f"of={group.run_id}", *since]),
        alone=_alone(state, group.value),
    )


def _alone(state: TableState, value: str | None) -> str:
    if value is not None and len(value) > MAX_VALUE:
        return ""
    q = narrowed(state.q, state.group, value)
    return state.query(q=q, group=None, opened=(), after="", before="") if q else ""


def _cells(found: Groups, heads: list[Head], state: TableState, primary, baseline: Run | None, user) -> dict:
    """Return the cells of each group, by its key."""
    cells: dict[int, list[Cell]] = {group.pk: [] for group in found.rows}
    metrics = [column for column in state.columns if column.is_metric]
    logged = logged_and_registered([baseline], metrics, primary, user=user) if baseline and metrics else None
    for column_head in heads:
        column = column_head.column
        spreads = {group.pk: spread for group in found.rows if (spread := found.spreads.get((group.pk, column)))}
        means = [spreads[group.pk].mean if group.pk in spreads else None for group in found.rows]
        write = Digits(mean for mean in means if mean is not None)
        is_turned = column.is_metric and is_small_good(column.key, primary)
        grounds = shades(means, is_turned=is_turned) if column in state.shaded else [""] * len(means)
        deltas = differences_of(means, baseline, column, logged, primary) if logged and column.is_metric else None
        for place, group in enumerate(found.rows):
            if column.is_metric:
                cell = _spread_cell(spreads.get(group.pk), group, write)
            else:
                cell = _fact_cell(column, group, found)
            css = " ".join(dict.fromkeys(f"{cell.css} {column_head.css} {grounds[place]}".split()))
            cells[group.pk].append(cell._replace(css=css, delta=deltas[place] if deltas else None))
    return cells


def _spread_cell(spread: Spread | None, group: Group, write: Digits) -> Cell:
    if spread is None:
        return EMPTY
    left_out = [f"{num} {word}" for num, word in ((spread.num_nan, "NaN"), (spread.num_infinite, "infinite")) if num]
    title = ", ".join([f"mean of {spread.num} of {group.num} runs", *left_out])
    if spread.mean is None:
        return Cell(" + ".join(left_out), title, "num muted")
    exact = repr(spread.mean) + ("" if spread.std is None else f" ± {spread.std!r}")
    text = write(spread.mean) + ("" if spread.std is None else f" ± {deviation(spread.std, write)}")
    is_whole = spread.num == group.num and spread.num > 1
    return Cell(text, f"{exact}, {title}", "num", note="" if is_whole else ", ".join([f"n {spread.num}", *left_out]))


def _fact_cell(column: Column, group: Group, found: Groups) -> Cell:
    if column.kind in ("param", "tag"):
        return _common_cell(found.commons.get((group.pk, column)), group)
    if column.kind == "source":
        cell = _common_cell(found.commons.get((group.pk, Column("tag", SOURCE_TAG))), group)
        return cell if "muted" in cell.css else cell._replace(text=PurePosixPath(cell.text.replace("\\", "/")).name)
    if column.kind == "status":
        text = ", ".join(f"{num} {status.label.lower()}" for status, num in group.statuses.items())
        return Cell(text, text, "value")
    if column.kind == "started":
        first, last = ago(group.first_ms), ago(group.last_ms)
        return Cell(last if group.num == 1 else format_html("{} – {}", first, last), "the first and the last")
    if column.kind == "duration" and group.mean_duration_ms is not None:
        return Cell(duration(group.mean_duration_ms), "the mean of those that ended", "num")
    return EMPTY


def _common_cell(common: Common | None, group: Group) -> Cell:
    if common is None:
        return EMPTY
    note = "" if common.num == group.num else f"{common.num} of {group.num}"
    if common.num_values > 1:
        return Cell(f"{common.num_values} values", "", "value muted", note=note)
    return Cell(common.text, common.text, "value", note=note)
