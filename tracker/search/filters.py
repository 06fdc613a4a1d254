"""The filter of the runs table and of stored comparisons: the query language of pages on querysets."""

import re
from collections.abc import Collection

from django.db.models import BooleanField, Expression, QuerySet

from tracker.search import indexed
from tracker.search.conditions import Conditions
from tracker.search.fragments import Fragment, all_of
from tracker.search.grammar import PAGES, parse
from tracker.search.kinds import RUNS
from tracker.search.tree import Node

# the alias by which fragments call the table that is searched
_ALIAS = re.compile(r"\bt\.")


class Matches(Expression):
    """The condition of a filter, as a queryset can carry it."""

    conditional = True
    output_field = BooleanField()

    def __init__(self, fragment):
        super().__init__()
        self.fragment = fragment

    def as_sql(self, compiler, connection):
        table = compiler.quote_name_unless_alias(compiler.query.get_initial_alias())
        # no text of a person's stands in a fragment, only places for parameters
        return f"({_ALIAS.sub(f'{table}.', self.fragment.text)})", list(self.fragment.parameters)


def matching(
    runs: QuerySet, text: str, *, now_ms: int, experiments: Collection[int], common: int | None = None
) -> QuerySet:
    """Return the runs, all of these experiments, that a filter describes.

    Where `common` of indexed.SAMPLE runs match, each is asked; name it if the runs are read in the order of their start,
    and not all of them. Raises InvalidFilter with the position of what cannot be understood.
    """
    tree = parse(text, RUNS, dialect=PAGES, now_ms=now_ms)
    if tree is None:
        return runs
    return runs.filter(Matches(all_of(_conditions(tree, indexed.of(experiments, tree), common))))


def _conditions(tree: Node, index: indexed.Index | None, common: int | None) -> list[Fragment]:
    if index is None:
        return Conditions(RUNS).compile(tree)
    asked = Conditions(RUNS, is_each=True).compile(tree)
    if common is not None and index.is_common(asked, common):
        return asked
    few = index.few(tree)
    return Conditions(RUNS, index=index).compile(tree) if few is None else [few, *asked]
