"""Pages of the runs of experiments in the order of a metric or a param, by the search and so by the index by value."""

from collections.abc import Collection

from django.db.models import prefetch_related_objects

from tracker import search
from tracker.keyset import Page
from tracker.run_table import Sort
from tracker.search.fragments import Fragment
from tracker.search.keyset import BEGINNING, NUMBER
from tracker.search.tree import Term


def sorts_by(sort: Sort) -> bool:
    """Say whether such a page is made here; other rollups of a metric than its last value are not indexed."""
    return sort.column.kind in ("last", "param")


def page(
    *,
    user,
    experiments: Collection[int],
    sort: Sort,
    text: str = "",
    view: search.View = search.View.ACTIVE_ONLY,
    where: tuple[Fragment, ...] = (),
    size: int,
    after: str = "",
    before: str = "",
) -> Page:
    """Return a page with the runs' authors. Raises InvalidFilter, and InvalidValue for a place that does not fit the order."""
    query = search.Query(text, _terms(sort), view, search.PAGES, where=where)
    asked = {"user": user, "experiments": experiments, "query": query, "limit": size, "is_shared": True}
    found = search.runs(**asked, token=before or after)
    if before and len(found.rows) < size:
        # the beginning is near: a whole first page reads better than a few rows
        found = search.runs(**asked)
    prefetch_related_objects(found.rows, "created_by")
    return Page(found.rows, found.next, found.previous)


def _terms(sort: Sort) -> tuple[Term, ...]:
    column, is_ascending = sort.column, not sort.is_descending
    if column.is_metric:
        return (Term("metric", column.key, is_ascending),)
    # numbers first, then what is no number; equal numbers however they are written
    return tuple(Term("parameter", column.key, is_ascending, field) for field in (NUMBER, BEGINNING))
