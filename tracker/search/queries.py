"""Searches as endpoints and pages ask for them: what a user may see, filtered, sorted, a page at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from core.clock import now_ms
from core.sql import any_of, fetch_one
from tracker.models import Experiment, LoggedModel, Run
from tracker.search import cursors, fragments, keyset
from tracker.search.conditions import Conditions
from tracker.search.fragments import Fragment, all_of
from tracker.search.grammar import PAGES, WIRE, parse
from tracker.search.kinds import EXPERIMENTS, LOGGED_MODELS, RUNS, Kind
from tracker.search.ordering import complete, parse_order
from tracker.search.tree import Term

# counting further costs more than anybody reads out of it
MAX_COUNTED = 10_000


class View(Enum):
    """Which rows by their lifecycle, in the protocol's words."""

    ACTIVE_ONLY = "t.deleted_at IS NULL"
    DELETED_ONLY = "t.deleted_at IS NOT NULL"
    ALL = ""


@dataclass(frozen=True)
class Query:
    """What is searched for; `order_by` holds clauses as they are written, or terms."""

    text: str = ""
    order_by: Sequence[str | Term] = ()
    view: View = View.ACTIVE_ONLY
    dialect: str = WIRE
    datasets: tuple[tuple[str, str], ...] = ()

    def terms(self, kind: Kind) -> tuple[Term, ...]:
        if any(isinstance(clause, Term) for clause in self.order_by):
            return complete(self.order_by, kind)
        return parse_order(self.order_by, kind, dialect=self.dialect)


@dataclass
class Page:
    """Rows in order, and the tokens of the pages around them, None where there is none."""

    rows: list = field(default_factory=list)
    next: str | None = None
    previous: str | None = None


@dataclass
class Count:
    """How many rows match; beyond the bound only that there are more."""

    num_rows: int
    is_exact: bool


def runs(
    *,
    user,
    experiments: Collection[int],
    query: Query,
    limit: int,
    token: str = "",
    is_shared: bool = False,
    fields: Sequence[str] = (),
) -> Page:
    """Return a page of the runs of these experiments, of those among them that `user` may see.

    Its rows are instances or, with `fields`, named tuples of these, which cost a fifth. With `is_shared` the tokens work for everybody (they stand in addresses that people send each other); what a reader
    may see is asked again for each page either way.
    """
    scope = _in_experiments(user, experiments)
    bound_to = binding_of(RUNS, query, sorted(experiments), None if is_shared else user.pk)
    return page(RUNS, _source(Run, fields), scope, query, limit=limit, token=token, bound_to=bound_to)


def experiments(
    *, user, query: Query, limit: int, token: str = "", is_shared: bool = False, fields: Sequence[str] = ()
) -> Page:
    """Return a page of the experiments that `user` may see; `fields` as for runs."""
    bound_to = binding_of(EXPERIMENTS, query, None, None if is_shared else user.pk)
    source = _source(Experiment, fields)
    return page(EXPERIMENTS, source, _visible(user), query, limit=limit, token=token, bound_to=bound_to)


def logged_models(
    *, user, experiments: Collection[int], query: Query, limit: int, token: str = "", is_shared=False
) -> Page:
    """Return a page of the logged models of these experiments, of those among them that `user` may see."""
    scope = _in_experiments(user, experiments)
    bound_to = binding_of(LOGGED_MODELS, query, sorted(experiments), None if is_shared else user.pk)
    return page(LOGGED_MODELS, LoggedModel.objects.all(), scope, query, limit=limit, token=token, bound_to=bound_to)


def count_runs(*, user, experiments: Collection[int], query: Query) -> Count:
    """Return how many runs match, counted up to MAX_COUNTED; one experiment without a filter is never counted."""
    if not query.text and query.view is View.ACTIVE_ONLY and len(experiments) == 1:
        known = Experiment.objects.visible_to(user).filter(pk__in=experiments).values_list("num_runs", flat=True)
        return Count(next(iter(known), 0), True)
    return _count(RUNS, _in_experiments(user, experiments), query)


def count_experiments(*, user, query: Query) -> Count:
    return _count(EXPERIMENTS, _visible(user), query)


# The scope: what the user may see ---------------------------------------------------------------------------


def visible_ids(user, experiments: Collection[int]) -> list[int]:
    """Return which of these experiments exist and may be seen, deleted ones included."""
    wanted = RawSQL(*_listed(set(experiments)))
    return list(Experiment.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", flat=True))


def _listed(ids: Collection[int]) -> tuple[str, tuple]:
    """Return a SELECT of these numbers: one parameter, whatever their count."""
    _, parameter = any_of(ids)
    if fragments.is_postgresql():
        return "SELECT unnest(%s::bigint[])", (parameter,)
    return "SELECT value FROM json_each(%s)", (parameter,)


def _in_experiments(user, experiments: Collection[int]) -> Fragment | None:
    ids = visible_ids(user, experiments) if experiments else []
    if not ids:
        return None
    if len(ids) == 1:
        return Fragment("t.experiment_id = %s", (ids[0],))
    return fragments.among("t.experiment_id", ids)


def _visible(user) -> Fragment | None:
    if user.is_active and user.is_superuser:
        return Fragment("1 = 1")
    return among_ids("t.id", Experiment.objects.visible_to(user))


def among_ids(column: str, rows: QuerySet) -> Fragment | None:
    """Return the condition that a column names one of these rows, None where there can be none."""
    try:
        text, parameters = rows.order_by().values("pk").query.get_compiler(connection.alias).as_sql()
    except EmptyResultSet:
        return None
    return Fragment(f"{column} IN ({text})", tuple(parameters))


# The page ---------------------------------------------------------------------------------------------------


def page(
    kind: Kind, source: QuerySet, scope: Fragment | None, query: Query, *, limit: int, token: str, bound_to: str
) -> Page:
    """Return a page; what is written wrongly is said also where there would be nothing to see."""
    where, terms = _where(kind, scope, query), query.terms(kind)
    cursor = cursors.decode(token, bound_to) if token else None
    if where is None:
        return Page()
    place, is_backwards = cursor or (None, False)
    found = keyset.fetch(kind, where, terms, limit=limit + 1, place=place, backwards=is_backwards)
    has_more, found = len(found) > limit, found[:limit]
    if is_backwards:
        found.reverse()
    page = Page(_rows(source, [row.pk for row in found]))
    if found and (has_more or is_backwards):
        page.next = cursors.encode(cursors.Cursor(found[-1].place), bound_to)
    if found and (has_more if is_backwards else cursor is not None):
        page.previous = cursors.encode(cursors.Cursor(found[0].place, True), bound_to)
    return page


def _where(kind: Kind, scope: Fragment | None, query: Query) -> list[Fragment] | None:
    """Return the conditions, None if nothing can match."""
    tree = parse(query.text, kind, dialect=query.dialect, now_ms=now_ms() if query.dialect == PAGES else 0)
    conditions = Conditions(kind, query.datasets).compile(tree)
    if scope is None:
        return None
    return [scope, *([Fragment(query.view.value)] if query.view.value else []), *conditions]


def _source(model, fields: Sequence[str]) -> QuerySet:
    return model.objects.values_list(*fields, named=True) if fields else model.objects.all()


def _rows(source: QuerySet, ids: list[int]) -> list:
    """Return the rows in the order of their ids."""
    wanted = RawSQL(*_listed(ids))
    by_id = {row.pk: row for row in source.filter(pk__in=wanted)} if ids else {}
    return [by_id[pk] for pk in ids if pk in by_id]


def _count(kind: Kind, scope: Fragment | None, query: Query) -> Count:
    where = _where(kind, scope, query)
    if where is None:
        return Count(0, True)
    inner = all_of(where).wrapped(f"SELECT 1 FROM {kind.table} t WHERE ", f" LIMIT {MAX_COUNTED + 1}")
    counted = inner.wrapped("SELECT count(*) FROM (", ") AS counted")
    (num_rows,) = fetch_one(counted.text, counted.parameters)
    return Count(min(num_rows, MAX_COUNTED), num_rows <= MAX_COUNTED)


def binding_of(kind: Kind, query: Query, experiments: list[int] | None, user_pk: int | None) -> str:
    ordering = [
        [clause.entity, clause.key, clause.is_ascending, clause.dataset] if isinstance(clause, Term) else clause
        for clause in query.order_by
    ]
    return cursors.fingerprint(
        kind.name, query.text, ordering, query.view.name, query.dialect, query.datasets, experiments, user_pk
    )
