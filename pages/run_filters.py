"""The filter box of the runs table: names that complete what is written in it."""

import re

from core.errors import InvalidFilter
from pages.table_state import MAX_QUERY, TableState
from tracker.columns import Column, known_columns
from tracker.models import Experiment
from tracker.search.clauses import clauses
from tracker.search.grammar import PAGES, parse
from tracker.search.kinds import RUNS
from tracker.search.tree import AnyOf, Comparison

MAX_COMPLETIONS = 30
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


def group_completions(experiment: Experiment, written: str) -> list[str]:
    """Return names that runs can be grouped by, as `completions` writes them."""
    if written.startswith(("params.", "tags.")):
        return completions(experiment, written)
    return [name for entity in ("params", "tags") for name in completions(experiment, f"{entity}.{written}")]


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
            names += [_name(group, key) for key in keys]
    return names[:MAX_COMPLETIONS]


def _name(group: str, key: str) -> str:
    """Return a name as a filter has it."""
    return f"{group}.{key if _PLAIN.fullmatch(key) else f'`{key}`'}"


def narrowed(q: str, by: Column, value: str | None) -> str:
    """Return the filter that leaves of these runs those of one value, of None those without; "" where none can say so.

    >>> narrowed("metrics.loss < 1", Column("param", "lr"), "0.1")
    "metrics.loss < 1 and params.lr = '0.1'"
    >>> narrowed("loud or quiet", Column("tag", "a b"), None)
    '(loud or quiet) and tags.`a b` IS NULL'
    """
    name = _name(f"{by.kind}s", by.key)
    quote = '"' if value and "'" in value else "'"
    clause = f"{name} IS NULL" if value is None else f"{name} = {quote}{value}{quote}"
    try:
        found = parse(clause, RUNS, dialect=PAGES, now_ms=0)
        whole = f"{q} and {clause}" if q else clause
        if isinstance(parse(whole, RUNS, dialect=PAGES, now_ms=0), AnyOf):
            whole = f"({q}) and {clause}"
    except InvalidFilter:
        return ""
    said = isinstance(found, Comparison) and (found.key, found.value) == (by.key, value)
    return whole if said and len(whole) <= MAX_QUERY else ""


def chips(state: TableState) -> list[tuple[str, str]]:
    """Return the clauses of the filter, each with the address of the table without it."""
    parts = clauses(state.q)
    return [
        (part, state.query(q=" and ".join(parts[:place] + parts[place + 1 :]), after="", before=""))
        for place, part in enumerate(parts)
    ]
