"""The filter box of the runs table: names that complete what is written in it."""

import re

from pages.table_state import TableState
from tracker.columns import known_columns
from tracker.models import Experiment
from tracker.search.clauses import clauses
from tracker.search.kinds import RUNS

MAX_COMPLETIONS = 30
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


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


def chips(state: TableState) -> list[tuple[str, str]]:
    """Return the clauses of the filter, each with the address of the table without it."""
    parts = clauses(state.q)
    return [
        (part, state.query(q=" and ".join(parts[:place] + parts[place + 1 :]), after="", before=""))
        for place, part in enumerate(parts)
    ]
