"""The filter box of the runs table, and the facets of pages: the query language of tracker/search on querysets."""

import re

from django.db.models import BooleanField, Expression, QuerySet

from tracker.columns import known_columns
from tracker.models import Experiment
from tracker.search import indexed
from tracker.search.conditions import Conditions
from tracker.search.fragments import all_of
from tracker.search.grammar import PAGES, parse
from tracker.search.kinds import RUNS

MAX_COMPLETIONS = 30
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
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


def matching(runs: QuerySet, text: str, *, now_ms: int, experiment: Experiment, is_by_start: bool = False) -> QuerySet:
    """Return the runs, all of this experiment, that a filter describes; `is_by_start` if a page of them is read in this order.
    Raises InvalidFilter with the position of what cannot be understood."""
    tree = parse(text, RUNS, dialect=PAGES, now_ms=now_ms)
    if tree is None:
        return runs
    conditions, index = Conditions(RUNS).compile(tree), indexed.of([experiment.pk], tree)
    if index and not (is_by_start and index.is_common(conditions)):
        conditions = Conditions(RUNS, index=index).compile(tree)
    return runs.filter(Matches(all_of(conditions)))


def completions(experiment: Experiment, written: str) -> list[str]:
    """Return names that a filter can compare and that begin with, or hold, what was written; as they are to be written.

    `los` finds metrics.loss, `params.l` finds params.lr; a key that is no plain word stands in backticks.
    """
    entity, dot, rest = written.partition(".")
    sought = {"metrics": "metrics", "params": "params", "tags": "tags"}.get(entity) if dot else None
    known = known_columns(experiment, rest.strip('`"') if sought else written.strip('`"'))
    names = [name for name in RUNS.attributes if written.lower() in name] if not sought else []
    for group, keys in zip(("metrics", "params", "tags"), known, strict=True):
        if sought in (None, group):
            names += [f"{group}.{key if _PLAIN.fullmatch(key) else f'`{key}`'}" for key in keys]
    return names[:MAX_COMPLETIONS]
