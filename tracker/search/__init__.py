"""Search: filter text → comparisons → SQL, a page at a time, for every kind of thing that can be searched.

    runs = search.runs(user=user, experiments=[5], query=search.Query("metrics.loss < 0.5", ["metrics.loss"]), limit=100)

lexer → grammar (tree.py) → conditions; ordering → keyset; cursors carry a place between pages; kinds.py says what there is.
"""

from tracker.search.grammar import PAGES, WIRE
from tracker.search.queries import (
    Count,
    Page,
    Query,
    View,
    count_experiments,
    count_runs,
    experiments,
    logged_models,
    runs,
)

__all__ = [
    "PAGES",
    "WIRE",
    "Count",
    "Page",
    "Query",
    "View",
    "count_experiments",
    "count_runs",
    "experiments",
    "logged_models",
    "runs",
]
