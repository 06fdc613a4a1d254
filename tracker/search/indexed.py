"""Searching runs by the index by value (tracker/run_index.py): its entries instead of the metrics of every run.

A comparison becomes the set of runs whose entries match, which costs what the entries of one key cost and never what the
runs' metrics cost; an ordering becomes a walk along the entries. Runs that are not indexed (yet) are read as they are.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from core.sql import any_of, fetch_all, fetch_one
from tracker.run_index import METRIC, PARAMETER, infinity
from tracker.search import fragments
from tracker.search.conditions import number_condition, text_condition
from tracker.search.fragments import Fragment
from tracker.search.keyset import BEGINNING, MISSING, NUMBER, VALUE, Column, Side
from tracker.search.kinds import NULLS
from tracker.search.tree import All, Comparison, Node, Term, comparisons

# beyond these each key has many ids, and their entries stand in many places
MAX_EXPERIMENTS = 20

# how many of so many runs make a filter common; docs/decisions/searching.md says how that was found
COMMON, SAMPLE = 4, 200
# where not a page of them is read, but twenty times as many are counted
COMMON_TO_COUNT = 10
# so few runs that match one comparison are asked for the others; more are looked for as sets
FEW = 2_000

_TABLES = {METRIC: "tracker_indexedmetric", PARAMETER: "tracker_indexedparam"}


@dataclass(frozen=True)
class Index:
    """What is indexed of the metrics and params that a search names, in its experiments."""

    experiments: tuple[int, ...]
    # {(entity, key): ids of the key, one an experiment}; one without entries has no ids
    keys: dict[tuple[str, str], list[int]]
    # in statements on runs that are indexed, those that are not need not be looked for
    is_alone: bool = False

    def among(self, node: Comparison) -> Fragment | None:
        """Return the condition that a run t is one of those that match; None where the index does not know."""
        matching = self._matching(node)
        if matching is None:
            return None
        return matching.wrapped(f"{_run_key()} IN (", ")") if matching.text else Fragment("1 = 0")

    def few(self, tree: Node | None) -> Fragment | None:
        """Return the condition that a run t is one of the few that match some comparison which must hold.

        The runs are read, so that a statement says which they are: by what the engines guess of two comparisons, they
        look for all runs that match the other one. None where each comparison matches many.
        """
        for node in tree.parts if isinstance(tree, All) else [tree]:
            matching = self._matching(node) if isinstance(node, Comparison) else None
            if matching is None:
                continue
            # one without a text matches nothing
            limited = matching.wrapped("SELECT run_id FROM (", f") AS found LIMIT {FEW + 1}")
            found = fetch_all(limited.text, limited.parameters) if matching.text else []
            if len(found) <= FEW:
                return fragments.among("t.id", [pk for (pk,) in found])
        return None

    def _matching(self, node: Comparison) -> Fragment | None:
        """Return a SELECT of the runs that match, an empty one where none can; None where the index does not know."""
        ids = self.keys.get((node.entity, node.key))
        if ids is None or node.field != "last" or node.operator in NULLS:
            return None
        parts = [self._indexed(node, ids)] if ids else []
        if not self.is_alone:
            parts.append(self._others(node))
        return Fragment.joined(" UNION ALL ", parts)

    def _indexed(self, node: Comparison, ids: list[int]) -> Fragment:
        head = f"SELECT e.run_id FROM {_TABLES[node.entity]} e WHERE {_one_of('e.key_id', ids)} AND "
        if node.entity == PARAMETER:
            return text_condition("e.value", node).wrapped(head)
        return number_condition("e.value", f"(e.value = {infinity()})", node).wrapped(head)

    def _others(self, node: Comparison) -> Fragment:
        table = "tracker_metric" if node.entity == METRIC else "tracker_param"
        # CROSS JOIN has SQLite begin with the few runs
        head = Fragment(
            f"SELECT m.run_id FROM tracker_run r CROSS JOIN {table} m WHERE {_not_indexed('r', self.experiments)} "
            "AND m.run_id = r.id AND m.key = %s AND ",
            (node.key,),
        )
        if node.entity == PARAMETER:
            return Fragment.joined("", [head, text_condition("m.value", node)])
        return Fragment.joined("", [head, number_condition("m.last_value", "m.last_is_nan", node)])

    def is_common(self, where: list[Fragment], at_least: int = COMMON) -> bool:
        """Say whether so many runs match, `at_least` of SAMPLE, that a page of runs by start is full before long.

        To ask each of these runs then costs less than to look for all that match. It takes the newest and those in the
        middle: what only the newest match would have a walk go on through all the others.
        """
        if len(self.experiments) != 1:
            return False
        conditions = fragments.all_of(where)
        of_experiment = _one_of("experiment_id", self.experiments)
        ends = [f"(SELECT {end}(id) FROM tracker_run WHERE {of_experiment})" for end in ("min", "max")]
        samples = [
            f"t.{of_experiment} AND t.deleted_at IS NULL ORDER BY t.start_time_ms DESC, t.run_id",
            f"t.{of_experiment} AND t.deleted_at IS NULL AND t.id <= ({' + '.join(ends)}) / 2 ORDER BY t.id DESC",
        ]
        counts = [
            conditions.wrapped(
                f"(SELECT count(*) FROM (SELECT t.* FROM tracker_run t WHERE {sample} LIMIT {SAMPLE}) t WHERE ", ")"
            )
            for sample in samples
        ]
        both = Fragment.joined(", ", counts).wrapped("SELECT ")
        return min(fetch_one(both.text, both.parameters)) >= at_least

    def sides(self, terms: tuple[Term, ...], where: list[Fragment], asked: list[Fragment]):
        """Return what parts the rows of a rank for keyset.fetch; None where the first term is not in the index.

        `where` says which runs are searched, of which experiments first, and `asked` the filter without the index: of the
        few runs outside of it, and of the first along it, each is asked by itself.
        """
        first = terms[0]
        ids = self.keys.get((first.entity, first.key))
        is_known = first.field == "last" or (first.entity == PARAMETER and first.field == NUMBER)
        if ids is None or not is_known:
            return None

        def part(rank: int, whole: Side) -> list[Side]:
            few = Fragment(_not_indexed("t", self.experiments))
            others = whole._replace(where=[few, *where[1:], *asked, whole.where[-1]])
            if rank == MISSING:
                return [others, _without(terms, ids, whole)]
            if not ids:
                return [others]
            unfiltered = _along(terms, ids, rank, whole._replace(where=[*where, whole.where[-1]]))
            return [others, _along(terms, ids, rank, whole)._replace(walked=unfiltered.where, asked=asked)]

        return part


def of(experiments: Collection[int], tree: Node | None, terms: Iterable[Term] = ()) -> Index | None:
    """Return the index of what a search in these experiments names; None where it names nothing that is indexed."""
    named = {(node.entity, node.key) for node in comparisons(tree)} | {(term.entity, term.key) for term in [*terms][:1]}
    wanted = {name for name in named if name[0] in _TABLES}
    if not wanted or not 0 < len(experiments) <= MAX_EXPERIMENTS:
        return None
    among, parameter = any_of(sorted({key for _, key in wanted}))
    rows = fetch_all(
        f"SELECT entity, key, id, is_cut FROM tracker_indexedkey WHERE {_one_of('experiment_id', experiments)} "
        f"AND entity IN ('{METRIC}', '{PARAMETER}') AND key {among}",
        [parameter],
    )
    keys: dict[tuple[str, str], list[int]] = {name: [] for name in wanted}
    for entity, key, pk, _ in rows:
        keys.setdefault((entity, key), []).append(pk)
    for entity, key, _, is_cut in rows:
        if is_cut:
            keys.pop((entity, key), None)
    return Index(tuple(experiments), keys)


def _run_key() -> str:
    """Return the key of the run t; + has SQLite walk in the order that is asked for, and not look up each run of the set."""
    return "t.id" if fragments.is_postgresql() else "+t.id"


def _one_of(column: str, ids: Collection[int]) -> str:
    # as numbers in the text, so that PostgreSQL estimates by what it knows of these keys
    return f"{column} = {next(iter(ids)):d}" if len(ids) == 1 else f"{column} IN ({', '.join(f'{pk:d}' for pk in ids)})"


def _not_indexed(run: str, experiments: Collection[int]) -> str:
    # + 0, or SQLite, which knows an experiment's runs by their average, looks for these among all of them
    column = f"{run}.experiment_id" if fragments.is_postgresql() else f"{run}.experiment_id + 0"
    return f"{_one_of(column, experiments)} AND NOT {run}.is_indexed"


def _along(terms: tuple[Term, ...], ids: list[int], rank: int, whole: Side) -> Side:
    """Return the runs that have entries of this rank, in the order of the entries."""
    first = terms[0]
    value = "e.number" if first.field == NUMBER else "e.value"
    where = [Fragment(_one_of("e.key_id", ids)), Fragment("t.id = e.run_id"), Fragment("t.is_indexed")]
    if value == "e.number" or first.entity == METRIC:
        where.append(Fragment(f"{value} {'<' if rank == VALUE else '='} {infinity()}"))
    # the conditions before the run is looked up
    conditions = [part._replace(text=part.text.replace(_run_key() + " IN", "e.run_id IN")) for part in whole.where[:-1]]
    columns = [Column(value, None, False, first.is_ascending)]
    for term, column in zip(terms[1:], whole.columns[1:], strict=True):
        if (term.entity, term.key) == ("attribute", "start_time"):
            column = Column("e.start_time_ms", None, False, term.is_ascending)
        elif (term.entity, term.key) == (first.entity, first.key) and term.field in ("last", BEGINNING):
            column = Column("e.value", None, False, term.is_ascending)
        columns.append(column)
    # CROSS JOIN has SQLite keep this order of the tables
    return Side(f"{_TABLES[first.entity]} e CROSS JOIN tracker_run t", [*where, *conditions], columns)


def _without(terms: tuple[Term, ...], ids: list[int], whole: Side) -> Side:
    """Return the indexed runs that have no entry."""
    first = terms[0]
    entries = f"SELECT e.run_id FROM {_TABLES[first.entity]} e WHERE {_one_of('e.key_id', ids)}" if ids else ""
    if not entries:
        absent = []
    elif fragments.is_postgresql():
        absent = [Fragment(f"NOT EXISTS ({entries} AND e.run_id = t.id)")]
    else:
        absent = [Fragment(f"+t.id NOT IN ({entries})")]
    columns = [
        Column("NULL", None, True, column.is_ascending, only_rank=MISSING)
        if (term.entity, term.key) == (first.entity, first.key)
        else column
        for term, column in zip(terms, whole.columns, strict=True)
    ]
    return whole._replace(where=[*whole.where[:-1], Fragment("t.is_indexed"), *absent], columns=columns)
