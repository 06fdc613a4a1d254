"""The runs table of an experiment: the page, its live part, its columns."""

from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F, Max
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_GET, require_POST

from core.clock import now_ms
from core.errors import InvalidFilter
from core.sql import snapshot
from pages import run_groups, run_rows, run_views, table_state
from pages.experiment_head import head
from pages.run_baseline import baseline_of
from pages.run_filters import chips, completions, group_completions
from pages.table_state import COLUMNS_COOKIE, TableState
from tracker import run_pages, run_table
from tracker.columns import ATTRIBUTES, MAX_KEY, ROLLUPS, Column, Known, in_order_of, known_columns, parse_all
from tracker.lookups import experiment_by_id
from tracker.models import Experiment, Run
from tracker.search.fragments import Fragment

COOKIE_AGE_S = 365 * 24 * 3600
MAX_COOKIE = 3500
# what a choice of columns leaves as it is
KEPT = ("q", "sort", "view", "flat", "group", "base", "v", "shade", "size")
SNIPPET = """export MLFLOW_TRACKING_URI={url}
export MLFLOW_TRACKING_TOKEN=…

import mlflow
mlflow.set_experiment("{name}")
mlflow.autolog()"""
# beyond these the page says "more than" rather than read on
MAX_COUNT = 1000
MAX_NEW = 100


@require_GET
def experiment_detail(request, pk):
    """GET /experiments/ID: the page that people have open all day."""
    experiment = experiment_by_id(str(pk), user=request.user)
    shown = head(request, experiment, tab="runs")
    state = table_state.read(request, experiment, shown["primary"])
    context = {
        **shown,
        **_table(experiment, state, shown["primary"], _newest(experiment), user=request.user),
        **run_views.tabs(experiment, state, user=request.user),
    }
    return render(request, "experiments/runs.html", context, status=400 if context["error"] else 200)


@require_GET
@conditional_page
def experiment_live(request, pk):
    """GET /experiments/ID/live: the same rows as they are now, and how many runs came since `newest`."""
    experiment = experiment_by_id(str(pk), user=request.user)
    shown = head(request, experiment, tab="runs")
    state = table_state.read(request, experiment, shown["primary"])
    newest = request.GET.get("newest", "")
    newest = int(newest) if newest.isascii() and newest.isdecimal() and len(newest) < 19 else _newest(experiment)
    if state.group:
        # means stay as they were when somebody asked for them, and what came since is announced
        context = {**shown, "state": state, "error": None}
    else:
        context = {**shown, **_table(experiment, state, shown["primary"], newest, user=request.user)}
    if not context["error"] and not state.is_trash:
        context["num_new"] = _num_new(experiment, state, newest)
    return render(request, "experiments/_runs_live.html", context)


def _num_new(experiment: Experiment, state: TableState, newest: int) -> int:
    """Count the runs that came since; none where the filter is not understood, as the page says by itself."""
    try:
        with snapshot():
            return runs_of(experiment, state).filter(pk__gt=newest).order_by()[:MAX_NEW].count()
    except InvalidFilter:
        return 0


@require_GET
def experiment_columns(request, pk):
    """GET /experiments/ID/columns: which columns there are, those that hold `find`; a page, or a part for its dialog."""
    experiment = experiment_by_id(str(pk), user=request.user)
    shown = head(request, experiment, tab="runs")
    state = table_state.read(request, experiment, shown["primary"])
    find = request.GET.get("find", "").strip()[:MAX_KEY].replace("\0", "")
    known_groups = _known_groups(known_columns(experiment, find), state, find)
    offered = {token for group in known_groups for _, boxes in group["rows"] for _, token in boxes}
    chosen = [column.token for column in state.columns]
    context = {
        **shown,
        "state": state,
        "find": find,
        "attributes": [Column(kind) for kind in ATTRIBUTES],
        "known_groups": known_groups,
        "chosen": chosen,
        "chosen_elsewhere": [token for token in chosen if ":" in token and token not in offered],
    }
    is_part = request.headers.get("HX-Request")
    return render(request, "experiments/_columns.html" if is_part else "experiments/columns.html", context)


def _known_groups(known: Known, state: TableState, find: str) -> list[dict]:
    """Return what the picker lists: keys with the boxes behind them, those that are shown already first of all."""
    groups = []
    for group, kinds, keys in (
        ("Metrics", ROLLUPS, known.metrics),
        ("Parameters", ["param"], known.params),
        ("Tags", ["tag"], known.tags),
    ):
        shown = [column.key for column in state.columns if column.group == group and find.lower() in column.key.lower()]
        rows = [
            (key, [(kind if group == "Metrics" else "show", f"{kind}:{key}") for kind in kinds])
            for key in dict.fromkeys([*shown, *keys])
        ]
        groups.append({"label": group, "rows": rows})
    return [group for group in groups if group["rows"]]


@require_POST
def experiment_columns_choose(request, pk):
    """POST /experiments/ID/columns/choose: show these columns, and remember them in this browser."""
    experiment = experiment_by_id(str(pk), user=request.user)
    posted = request.POST
    columns = [] if "reset" in request.GET else parse_all(posted.getlist("col"))
    if shown := parse_all(posted.getlist("shown")):
        columns = in_order_of(shown, columns)
    kept = [(name, value) for name in KEPT for value in posted.getlist(name) if value]
    address = reverse("experiment-detail", args=[experiment.pk])
    tokens = [("col", column.token) for column in columns]
    response = redirect(f"{address}?{urlencode(kept + tokens)}" if kept or tokens else address)
    remembered = urlencode([(column.token, "") for column in columns])
    if columns and len(remembered) <= MAX_COOKIE:
        response.set_cookie(
            COLUMNS_COOKIE, remembered, max_age=COOKIE_AGE_S, path=address, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(COLUMNS_COOKIE, path=address)
    return response


@require_GET
def experiment_complete(request, pk):
    """GET /experiments/ID/complete: what a filter may begin to say with `find`, as JSON"""
    experiment = experiment_by_id(str(pk), user=request.user)
    find = request.GET.get("find", "").replace("\0", "")[:MAX_KEY]
    offer = group_completions if "group" in request.GET else completions
    return JsonResponse({"names": offer(experiment, find)})


def runs_of(experiment: Experiment, state: TableState):
    """Return the runs that the table pages through. Raises InvalidFilter.

    Ask for them and read them in one snapshot: they may be looked for in the index by value.
    """
    return run_pages.runs_of(experiment, state.q, state.sort, is_trash=state.is_trash, now_ms=now_ms())


def _newest(experiment: Experiment) -> int:
    """Return the key of the last run that arrived here; read first, so that none falls between shown and announced.

    Not that of the last run anywhere, which stands in an address and would tell what goes on in private experiments.
    """
    return Run.objects.filter(experiment=experiment).aggregate(newest=Max("pk"))["newest"] or 0


def _table(experiment: Experiment, state: TableState, primary, newest: int, *, user) -> dict:
    """Return what the table's template needs; with a filter that cannot be understood an empty table and the error."""
    error, found, opened, num_matching, grouped, table = None, None, {}, 0, None, None
    baseline = baseline_of(experiment, state)
    try:
        with snapshot():
            if state.group:
                rows = run_groups.runs_of(experiment, state)
                grouped, table = run_groups.grouped(rows, state, user=user, primary=primary, baseline=baseline)
            else:
                # + 0, because SQLite would take an index by key for this and sort all runs of the experiment
                rows = runs_of(experiment, state).alias(number=F("pk") + 0).filter(number__lte=newest)
                found, opened = _page(user, experiment, rows, state, primary, newest=newest, baseline=baseline)
                num_matching = _count(experiment, rows, state)
    except InvalidFilter as invalid:
        error = invalid
    return {
        "state": state,
        "grouped": grouped,
        "table": table
        or run_rows.table(
            found.rows if found else [], state, user=user, children=opened, primary=primary, baseline=baseline
        ),
        "ungrouped_query": state.query(group=None, after="", before="", opened=()),
        "unbased_query": state.query(base="", after="", before=""),
        "error": error,
        "chips": [] if error else chips(state),
        "kept": " ".join(KEPT),
        "next_query": state.query(after=found.after, before="") if found and found.after else "",
        "previous_query": state.query(before=found.before, after="") if found and found.before else "",
        "live_query": "&".join(filter(None, [state.here, f"newest={newest}"])),
        "num_new": 0,
        "num_matching": num_matching,
        "max_count": MAX_COUNT,
        "sizes": [(size, state.query(size=size, after="", before="")) for size in table_state.SIZES],
        "flat_query": state.query(is_flat=not state.is_flat, after="", before=""),
        "trash_query": state.query(is_trash=not state.is_trash, after="", before="", opened=()),
        "all_columns_query": "&".join(filter(None, [state.filter_only, "all=1"])),
        "cleared_query": state.query(q="", after="", before=""),
        "error_marker": " " * error.position + "^" if error and error.position is not None else "",
        "snippet": SNIPPET.format(
            url=settings.ASSAY_URL, name=experiment.name.replace("\\", "\\\\").replace('"', '\\"')
        ),
        "is_empty": not (state.q or state.is_trash or experiment.num_runs or error),
    }


def _page(user, experiment: Experiment, rows, state: TableState, primary, *, newest: int, baseline: Run | None):
    rows = rows.exclude(pk=baseline.pk) if baseline else rows
    where = [Fragment("t.id + 0 <= %s", (newest,)), *([Fragment("t.id + 0 <> %s", (baseline.pk,))] if baseline else [])]
    top = run_table.top_level(rows) if state.is_nested else rows
    found = run_pages.page(
        top,
        experiment,
        state.q,
        state.sort,
        user=user,
        is_trash=state.is_trash,
        primary=primary,
        where=tuple(where),
        size=state.size,
        after=state.after,
        before=state.before,
    )
    return found, run_table.children(rows, state.opened) if state.is_nested and state.opened else {}


def _count(experiment: Experiment, rows, state: TableState) -> int:
    """Count what matches, up to one more than MAX_COUNT; without a filter the experiment knows."""
    if not state.q and not state.is_trash:
        return experiment.num_runs
    return run_pages.count(rows, state.sort, MAX_COUNT + 1)
