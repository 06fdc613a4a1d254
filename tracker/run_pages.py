"""Pages of the runs that a table shows: what the filter leaves, in the order of a column, for people and for exports."""

from collections.abc import Sequence

from django.db.models import QuerySet

from tracker import run_table, sorted_runs
from tracker.keyset import Page
from tracker.models import Experiment, Run
from tracker.run_table import Sort
from tracker.search import View
from tracker.search.filters import matching
from tracker.search.fragments import Fragment
from tracker.search.indexed import COMMON, COMMON_TO_COUNT


def runs_of(
    experiment: Experiment, text: str, sort: Sort, *, is_trash: bool, now_ms: int, is_paged: bool = True
) -> QuerySet[Run]:
    """Return the runs that a table pages through, or reads as a whole. Raises InvalidFilter.

    Ask for them and read them in one snapshot: they may be looked for in the index by value.
    """
    return runs_among([experiment.pk], text, sort, is_trash=is_trash, now_ms=now_ms, is_paged=is_paged)


def runs_among(
    experiments: Sequence[int], text: str, sort: Sort, *, is_trash: bool, now_ms: int, is_paged: bool = True
) -> QuerySet[Run]:
    """Return the same of several experiments, by their keys."""
    # of one an equation: IN would keep SQLite from walking its runs in their order
    of = {"experiment": experiments[0]} if len(experiments) == 1 else {"experiment__in": experiments}
    rows = Run.objects.filter(**of)
    rows = rows.deleted() if is_trash else rows.active()
    common = None
    if is_paged and _is_by_start(sort):
        # what the search sorts is only counted here
        common = COMMON_TO_COUNT if sorted_runs.sorts_by(sort) else COMMON
    return matching(rows, text, now_ms=now_ms, experiments=experiments, common=common)


def count(rows: QuerySet[Run], sort: Sort, limit: int) -> int:
    """Count runs of `runs_of` up to a limit."""
    # without an order PostgreSQL begins anywhere, and with all runs that match one comparison
    ordered = rows.order_by("-start_time_ms", "run_id") if _is_by_start(sort) else rows.order_by()
    return ordered[:limit].count()


def _is_by_start(sort: Sort) -> bool:
    return sort.column.kind == "started" or sorted_runs.sorts_by(sort)


def page(
    rows: QuerySet[Run],
    experiment: Experiment,
    text: str,
    sort: Sort,
    **asked,
) -> Page:
    """Return a page of runs of one experiment, as `page_among` does."""
    return page_among(rows, [experiment.pk], text, sort, **asked)


def page_among(
    rows: QuerySet[Run],
    experiments: Sequence[int],
    text: str,
    sort: Sort,
    *,
    user,
    is_trash: bool,
    primary=None,
    where: tuple[Fragment, ...] = (),
    size: int,
    after: str = "",
    before: str = "",
) -> Page:
    """Return a page of `rows`; `where` says once more, for the search, what they were filtered by beside the text."""
    place = {"size": size, "after": after, "before": before}
    if not sorted_runs.sorts_by(sort):
        return run_table.page(rows, sort, primary=primary, **place)
    view = View.DELETED_ONLY if is_trash else View.ACTIVE_ONLY
    return sorted_runs.page(user=user, experiments=experiments, sort=sort, text=text, view=view, where=where, **place)
