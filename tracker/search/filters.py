"""The filter of the runs table and of stored comparisons: the query language of pages on querysets."""

import re
from collections.abc import Collection

from django.db.models import BooleanField, Expression, QuerySet

from tracker.search import indexed
from tracker.search.conditions import Conditions
from tracker.search.fragments import all_of
from tracker.search.grammar import PAGES, parse
from tracker.search.kinds import RUNS

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
    runs: QuerySet, text: str, *, now_ms: int, experiments: Collection[int], is_by_start: bool = False
) -> QuerySet:
    """Return the runs, all of these experiments, that a filter describes; `is_by_start` if a page is read in this order.

    Raises InvalidFilter with the position of what cannot be understood.
    """
    tree = parse(text, RUNS, dialect=PAGES, now_ms=now_ms)
    if tree is None:
        return runs
    conditions, index = Conditions(RUNS).compile(tree), indexed.of(experiments, tree)
    if index and not (is_by_start and index.is_common(conditions)):
        conditions = Conditions(RUNS, index=index).compile(tree)
    return runs.filter(Matches(all_of(conditions)))
