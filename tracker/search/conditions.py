"""Tree → the condition of a WHERE, over the alias t of the kind's table.

What hangs on a row (metrics, params, tags, datasets) is asked for by EXISTS: no join repeats a row, and a missing key
never matches, with != neither. NaN is stored as 0 with a flag: it matches != alone.
"""

from typing import TYPE_CHECKING

from tracker.search import fragments
from tracker.search.fragments import Fragment, all_of
from tracker.search.kinds import Attribute, Datasets, KeyValues, Kind, Points, Rollups, Type
from tracker.search.tree import All, AnyOf, Comparison, Node, Not, Text, comparisons

if TYPE_CHECKING:
    from tracker.search.indexed import Index

# PostgreSQL turns each EXISTS into a join, and looks for the best order of all of them: for minutes, of two hundred
MAX_JOINED = 8


class Conditions:
    """Compiles the filters of one kind; `datasets` restricts which of a model's metrics count.

    With an index, runs are looked for there as far as it knows what is compared. With `is_each`, what hangs on a row is
    asked for row by row, however many of them PostgreSQL expects.
    """

    def __init__(
        self,
        kind: Kind,
        datasets: tuple[tuple[str, str], ...] = (),
        index: "Index | None" = None,
        *,
        is_each: bool = False,
    ):
        self.kind = kind
        self.datasets = datasets
        self.index = index
        # PostgreSQL makes no join and no table of a subquery that says this
        self.end = " OFFSET 0)" if is_each and fragments.is_postgresql() else ")"

    def compile(self, node: Node | None) -> list[Fragment]:
        """Return conditions that must all hold."""
        has_many = len(list(comparisons(node))) > MAX_JOINED
        parts = [part for part in (node.parts if isinstance(node, All) else [node]) if part is not None]
        conditions = [(None if has_many else self.among(part)) or self.of(part) for part in parts]
        if self.datasets and not any(comparison.entity == "metric" for comparison in comparisons(node)):
            points = self.kind.related["metric"]
            conditions.append(
                self.on_datasets("m").wrapped(
                    f"EXISTS (SELECT 1 FROM {points.table} m WHERE m.{points.owner} = t.id", self.end
                )
            )
        return list(map(_unjoined, conditions)) if has_many else conditions

    def among(self, node: Node) -> Fragment | None:
        """Return a comparison by the index, None where it does not know; only as one of those that must all hold.

        As part of an OR PostgreSQL may keep no table of so many runs, and would read them again for each.
        """
        return self.index.among(node) if self.index and isinstance(node, Comparison) else None

    def of(self, node: Node) -> Fragment:
        match node:
            case Comparison():
                return self.comparison(node)
            case Text(words):
                found = fragments.contains(self.kind.text, words)
                return Fragment(f"({found.text} OR {self.kind.public_id} = %s)", (*found.parameters, words))
            case All(parts):
                return all_of(self.of(part) for part in parts).wrapped("(", ")")
            case AnyOf(parts):
                return Fragment.joined(" OR ", (self.of(part) for part in parts)).wrapped("(", ")")
            case Not(part):
                # not plain NOT: what is unknown (a missing end time) is not matched, so its opposite is
                return self.of(part).wrapped("((", ") IS NOT TRUE)")
        raise AssertionError(node)

    def comparison(self, node: Comparison) -> Fragment:
        if node.entity == "attribute":
            return attribute_condition(self.kind.attributes[node.key], node)
        match self.kind.related[node.entity]:
            case KeyValues() as related:
                return self.key_value(related, node)
            case Rollups() as related:
                return self.rollup(related, node)
            case Points() as related:
                return self.latest_point(related, node)
            case Datasets() as related:
                return self.dataset(related, node)
        raise AssertionError(node)

    def key_value(self, related: KeyValues, node: Comparison) -> Fragment:
        head = Fragment(f"SELECT 1 FROM {related.table} x WHERE x.{related.owner} = t.id AND x.key = %s", (node.key,))
        if node.operator == "IS NULL":
            return head.wrapped("NOT EXISTS (", self.end)
        if node.operator == "IS NOT NULL":
            return head.wrapped("EXISTS (", self.end)
        found = all_of([head, text_condition("x.value", node)]).wrapped("EXISTS (", self.end)
        if node.key not in related.absent:
            return found
        counts = text_condition("%s", node)
        missing = Fragment(
            f"{head.wrapped('NOT EXISTS (', self.end).text} AND {counts.text}",
            (*head.parameters, related.absent[node.key], *counts.parameters),
        )
        return Fragment.joined(" OR ", [found, missing]).wrapped("(", ")")

    def rollup(self, related: Rollups, node: Comparison) -> Fragment:
        head = Fragment(f"SELECT 1 FROM {related.table} m WHERE m.{related.owner} = t.id AND m.key = %s", (node.key,))
        value, nan = (column and f"m.{column}" for column in related.fields[node.field])
        if node.operator in ("IS NULL", "IS NOT NULL"):
            exists = Fragment.joined("", [head, Fragment(f" AND {value} IS NOT NULL")])
            return exists.wrapped("NOT EXISTS (" if node.operator == "IS NULL" else "EXISTS (", self.end)
        return all_of([head, number_condition(value, nan, node)]).wrapped("EXISTS (", self.end)

    def latest_point(self, related: Points, node: Comparison) -> Fragment:
        latest = latest_point(related, node.key, self.datasets)
        if node.operator in ("IS NULL", "IS NOT NULL"):
            return latest.wrapped("(", f") {node.operator}")
        value, nan = (column and f"m.{column}" for column in related.fields[node.field])
        head = latest.wrapped(f"SELECT 1 FROM {related.table} m WHERE m.id = (", ")")
        return all_of([head, number_condition(value, nan, node)]).wrapped("EXISTS (", self.end)

    def on_datasets(self, alias: str) -> Fragment:
        return on_datasets(alias, self.datasets)

    def dataset(self, related: Datasets, node: Comparison) -> Fragment:
        column = related.columns[node.key]
        condition = text_condition(column, node)
        if node.key == "context":
            # an edge without the tag has no context, and never matches
            condition = condition.wrapped("i.context <> '' AND ")
        return condition.wrapped(
            "EXISTS (SELECT 1 FROM tracker_datasetinput i JOIN tracker_dataset d ON d.id = i.dataset_id "
            "WHERE i.run_id = t.id AND ",
            self.end,
        )


def _unjoined(condition: Fragment) -> Fragment:
    """Return the same condition, to be asked of each row as it stands there."""
    return condition.wrapped("((", ") IS TRUE)") if "EXISTS" in condition.text else condition


def on_datasets(alias: str, datasets: tuple[tuple[str, str], ...]) -> Fragment:
    """Return " AND (…)" that holds for points on any of these (name, digest or empty); empty for no datasets."""
    if not datasets:
        return Fragment("")
    pairs = []
    for name, digest in datasets:
        pair = Fragment(f"{alias}.dataset_name = %s", (name,))
        if digest:
            pair = all_of([pair, Fragment(f"{alias}.dataset_digest = %s", (digest,))])
        pairs.append(pair)
    return Fragment.joined(" OR ", pairs).wrapped(" AND (", ")")


def latest_point(related: Points, key: str, datasets: tuple[tuple[str, str], ...]) -> Fragment:
    """Return a SELECT of the id of the point that counts for a key of the model t."""
    head = Fragment(f"SELECT n.id FROM {related.table} n WHERE n.{related.owner} = t.id AND n.key = %s", (key,))
    tail = Fragment(" ORDER BY n.step DESC, n.timestamp_ms DESC, n.value DESC, n.is_nan DESC, n.id DESC LIMIT 1")
    return Fragment.joined("", [head, on_datasets("n", datasets), tail])


def attribute_condition(attribute: Attribute, node: Comparison) -> Fragment:
    if node.operator in ("IS NULL", "IS NOT NULL"):
        return Fragment(f"{attribute.sql} {node.operator}")
    if attribute.type is Type.ID:
        ids = [int(value) for value in (node.value if isinstance(node.value, tuple) else (node.value,))]
        listed = fragments.among if node.operator in ("=", "IN") else fragments.not_among
        return listed(attribute.sql, ids)
    if attribute.owner is not None:
        owner = attribute.owner
        head = f"{owner.key} IN (SELECT w.id FROM {owner.table} w WHERE "
        return text_condition(f"w.{owner.column}", node).wrapped(head, ")")
    if attribute.type is Type.TEXT:
        return text_condition(attribute.sql, node)
    return number_condition(attribute.sql, None, node)


def number_condition(value: str, nan: str | None, node: Comparison) -> Fragment:
    operator = "<>" if node.operator == "!=" else node.operator
    condition = Fragment(f"{value} {operator} %s", (node.value,))
    if nan is None:
        return condition
    return condition.wrapped("(", f" OR {nan})") if operator == "<>" else condition.wrapped("", f" AND NOT {nan}")


def text_condition(expression: str, node: Comparison) -> Fragment:
    match node.operator:
        case "=":
            return Fragment(f"{expression} = %s", (node.value,))
        case "!=":
            return Fragment(f"{expression} <> %s", (node.value,))
        case "LIKE":
            return fragments.like(expression, node.value)
        case "ILIKE":
            return fragments.ilike(expression, node.value)
        case "IN":
            return fragments.among(expression, node.value)
        case "NOT IN":
            return fragments.not_among(expression, node.value)
    raise AssertionError(node)
