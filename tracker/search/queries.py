"""Searches as endpoints and pages ask for them: what a user may see, filtered, sorted, a page at a time."""

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from enum import Enum

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from core.clock import now_ms
from core.sql import any_of, fetch_one, snapshot
from tracker.models import Experiment, LoggedModel, Run
from tracker.search import cursors, fragments, indexed, keyset
from tracker.search.conditions import Conditions
from tracker.search.fragments import Fragment, all_of
from tracker.search.grammar import PAGES, WIRE, parse
from tracker.search.kinds import EXPERIMENTS, LOGGED_MODELS, RUNS, Kind
from tracker.search.ordering import complete, parse_order
from tracker.search.tree import Node, Term

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
    # what else must hold of the row t; no part of what a token is bound to
    where: tuple[Fragment, ...] = ()

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
    ids = visible_ids(user, experiments)
    bound_to = binding_of(RUNS, query, sorted(experiments), None if is_shared else user.pk)
    return page(
        RUNS,
        _source(Run, fields),
        _in_ids(ids),
        query,
        limit=limit,
        token=token,
        bound_to=bound_to,
        experiments=ids,
    )


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
    ids = visible_ids(user, experiments)
    return _count(RUNS, _in_ids(ids), query, ids)


def count_experiments(*, user, query: Query) -> Count:
    return _count(EXPERIMENTS, _visible(user), query)


# The scope: what the user may see ---------------------------------------------------------------------------


def visible_ids(user, experiments: Collection[int]) -> list[int]:
    """Return which of these experiments exist and may be seen, deleted ones included."""
    if not experiments:
        return []
    wanted = RawSQL(*_listed(set(experiments)))
    return list(Experiment.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", flat=True))


def _listed(ids: Collection[int]) -> tuple[str, tuple]:
    """Return a SELECT of these numbers: one parameter, whatever their count."""
    _, parameter = any_of(ids)
    if fragments.is_postgresql():
        return "SELECT unnest(%s::bigint[])", (parameter,)
    return "SELECT value FROM json_each(%s)", (parameter,)


def _in_experiments(user, experiments: Collection[int]) -> Fragment | None:
    return _in_ids(visible_ids(user, experiments))


def _in_ids(ids: list[int]) -> Fragment | None:
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
    kind: Kind,
    source: QuerySet,
    scope: Fragment | None,
    query: Query,
    *,
    limit: int,
    token: str,
    bound_to: str,
    experiments: Collection[int] = (),
) -> Page:
    """Return a page; what is written wrongly is said also where there would be nothing to see.

    `experiments` are those that runs are searched in, for the index by value.
    """
    tree, terms = _tree(kind, query), query.terms(kind)
    cursor = cursors.decode(token, bound_to) if token else None
    place, is_backwards = cursor or (None, False)
    # a run that is indexed meanwhile must not fall between two statements
    with snapshot() if experiments else nullcontext():
        index = indexed.of(experiments, tree, terms)
        if scope is None:
            return Page()
        where, sides = _conditions(kind, query, tree, terms, index, _scoped(scope, query))
        found = keyset.fetch(kind, where, terms, limit=limit + 1, place=place, backwards=is_backwards, sides=sides)
    has_more, found = len(found) > limit, found[:limit]
    if is_backwards:
        found.reverse()
    page = Page(_rows(source, [row.pk for row in found]))
    if found and (has_more or is_backwards):
        page.next = cursors.encode(cursors.Cursor(found[-1].place), bound_to)
    if found and (has_more if is_backwards else cursor is not None):
        page.previous = cursors.encode(cursors.Cursor(found[0].place, True), bound_to)
    return page


def _tree(kind: Kind, query: Query) -> Node | None:
    return parse(query.text, kind, dialect=query.dialect, now_ms=now_ms() if query.dialect == PAGES else 0)


def _where(
    kind: Kind, scope: Fragment | None, query: Query, tree: Node | None, index: indexed.Index | None
) -> list[Fragment] | None:
    """Return the conditions, None if nothing can match."""
    conditions = Conditions(kind, query.datasets, index).compile(tree)
    return None if scope is None else [*_scoped(scope, query), *conditions]


def _scoped(scope: Fragment, query: Query) -> list[Fragment]:
    lifecycle = [Fragment(query.view.value)] if query.view.value else []
    return [scope, *lifecycle, *query.where]


def _conditions(
    kind: Kind,
    query: Query,
    tree: Node | None,
    terms: tuple[Term, ...],
    index: indexed.Index | None,
    scoped: list[Fragment],
):
    """Return the conditions of a page, and what parts its rows where the index does (None elsewhere)."""
    if index is None:
        return [*scoped, *Conditions(kind, query.datasets).compile(tree)], None
    asked = Conditions(kind, query.datasets, is_each=True).compile(tree)
    is_by_start = (terms[0].entity, terms[0].key) == ("attribute", "start_time")
    if is_by_start and index.is_common([*scoped, *asked]):
        return [*scoped, *asked], None
    few = index.few(tree)
    if few is not None:
        return [*scoped, few, *asked], None
    sides = index.sides(terms, scoped, asked)
    known = replace(index, is_alone=True) if sides else index
    return [*scoped, *Conditions(kind, query.datasets, known).compile(tree)], sides


def _source(model, fields: Sequence[str]) -> QuerySet:
    return model.objects.values_list(*fields, named=True) if fields else model.objects.all()


def _rows(source: QuerySet, ids: list[int]) -> list:
    """Return the rows in the order of their ids."""
    wanted = RawSQL(*_listed(ids))
    by_id = {row.pk: row for row in source.filter(pk__in=wanted)} if ids else {}
    return [by_id[pk] for pk in ids if pk in by_id]


def _count(kind: Kind, scope: Fragment | None, query: Query, experiments: Collection[int] = ()) -> Count:
    tree = _tree(kind, query)
    with snapshot() if experiments else nullcontext():
        where = _where(kind, scope, query, tree, indexed.of(experiments, tree))
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
