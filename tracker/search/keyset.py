"""Pages by key: the rows behind (or before) the last one seen, in any ordering, at the same cost for every page.

Rows without the value of a column come last in both directions, NaN between the numbers and them. So the first column
parts the rows into ranks (0 a value, 1 NaN, 2 missing), each of which is one statement that an index can answer in
order; the later columns sort by (rank, value). A place in the ordering is the list of [rank, value] of its row.
"""

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import NamedTuple

from django.db import connection

from tracker import run_index
from tracker.search import fragments
from tracker.search.conditions import latest_point
from tracker.search.fragments import Fragment, all_of
from tracker.search.kinds import KeyValues, Kind, Points, Rollups, Type
from tracker.search.tree import Term

VALUE, NAN, MISSING = 0, 1, 2
# fields of a term that pages alone sort by: texts as numbers, and as much of a text as has room in an address
NUMBER, BEGINNING = "number", "beginning"

Place = list[tuple[int, str | int | float | None]]


class Found(NamedTuple):
    """A row's key, and its place in the ordering."""

    pk: int
    place: Place


class Column(NamedTuple):
    """A term as SQL: its value over the tables t and o<number>."""

    value: str
    nan: str | None
    is_nullable: bool
    is_ascending: bool
    join: Fragment = Fragment("")
    # where it is another expression that is null without a value
    presence: str = ""
    # in a statement whose rows all have it
    only_rank: int | None = None

    @property
    def rank(self) -> str:
        """Return an expression that is 0 for a value, 1 for NaN, 2 where there is none."""
        if self.only_rank is not None:
            return str(self.only_rank)
        nan = f" WHEN {self.nan} THEN 1" if self.nan else ""
        return f"CASE WHEN {self.presence or self.value} IS NULL THEN 2{nan} ELSE 0 END" if self.is_nullable else "0"

    @property
    def ranks(self) -> tuple[int, ...]:
        if not self.is_nullable:
            return (VALUE,)
        return (VALUE, NAN, MISSING) if self.nan else (VALUE, MISSING)

    def has_rank(self, rank: int) -> Fragment | None:
        """Return the condition of a statement for the rows of one rank."""
        if not self.is_nullable:
            return None
        if rank == MISSING:
            return Fragment(f"{self.presence or self.value} IS NULL")
        if rank == NAN:
            return Fragment(self.nan)
        return Fragment(f"{self.value} IS NOT NULL" + (f" AND NOT {self.nan}" if self.nan else ""))


class Side(NamedTuple):
    """Where a statement takes rows of one rank from: tables, conditions, and the columns over these tables."""

    tables: str
    where: list[Fragment]
    columns: list[Column]
    # the same in two parts: what the index walks, and what each of its runs t is asked
    walked: list[Fragment] = []
    asked: list[Fragment] = []


def columns_of(kind: Kind, terms: Sequence[Term]) -> list[Column]:
    return [_column(kind, term, f"o{number}") for number, term in enumerate(terms)]


def _column(kind: Kind, term: Term, alias: str) -> Column:
    if term.entity == "attribute":
        attribute = kind.attributes[term.key]
        value = fragments.by_code_point(attribute.sql) if attribute.type is Type.TEXT else attribute.sql
        return Column(value, None, attribute.is_nullable, term.is_ascending)
    related = kind.related[term.entity]
    owned = f"LEFT JOIN {related.table} {alias} ON {alias}"
    match related:
        case KeyValues():
            join = Fragment(f"{owned}.{related.owner} = t.id AND {alias}.key = %s", (term.key,))
            return _text_column(term, f"{alias}.value", join)
        case Rollups():
            join = Fragment(f"{owned}.{related.owner} = t.id AND {alias}.key = %s", (term.key,))
        case Points():
            datasets = (term.dataset,) if term.dataset[0] else ()
            join = latest_point(related, term.key, datasets).wrapped(f"{owned}.id = (", ")")
    value, nan = related.fields[term.field]
    return Column(f"{alias}.{value}", nan and f"{alias}.{nan}", True, term.is_ascending, join)


def _text_column(term: Term, text: str, join: Fragment) -> Column:
    """Return the column of a text; as numbers, what is none has the rank of NaN, and the next term sorts it."""
    if term.field != NUMBER:
        value = run_index.beginning_of(text) if term.field == BEGINNING else text
        return Column(value, None, True, term.is_ascending, join)
    number = run_index.number_of(text)
    is_text = f"({text} IS NOT NULL AND {number} IS NULL)"
    return Column(f"({number})", is_text, True, term.is_ascending, join, presence=text)


def fetch(
    kind: Kind,
    where: list[Fragment],
    terms: Sequence[Term],
    *,
    limit: int,
    place: Place | None,
    backwards: bool,
    sides: Callable[[int, Side], list[Side]] | None = None,
) -> list[Found]:
    """Return up to `limit` rows behind `place`, or before it in reverse; from the start or the end for None.

    `sides` may part the rows of a rank into several sides, whose rows then are merged.
    """
    columns = columns_of(kind, terms)
    found: list[Found] = []
    ranks = reversed(columns[0].ranks) if backwards else columns[0].ranks
    for rank in ranks:
        if place is not None and (rank > place[0][0] if backwards else rank < place[0][0]):
            continue
        conditions = [*where, *filter(None, [columns[0].has_rank(rank)])]
        whole = Side(f"{kind.table} t", conditions, columns)
        rows = []
        for side in sides(rank, whole) if sides else [whole]:
            is_inside = place is not None and rank == place[0][0]
            behind = _behind_in_rank(side.columns, place, backwards) if is_inside else None
            rows.append(_read(side, rank, behind, backwards, limit - len(found)))
        found += _merged(rows, columns, backwards)[: limit - len(found)]
        if len(found) == limit:
            break
    return found


# A filter that many runs match is asked of the first of a walk, as to look for all that match takes longer than a page.
WALKED = 1_000


def _read(side: Side, rank: int, behind: Fragment | None, backwards: bool, limit: int) -> list[Found]:
    """Return up to `limit` rows of one side: of the first that it walks along, where these are enough."""
    if side.asked and limit < WALKED:
        rows = _run(_beginning(side, rank, behind, backwards), len(side.columns), limit)
        if len(rows) == limit:
            return rows
    return _run(_statement(side, rank, behind, backwards), len(side.columns), limit)


def _merged(sides: list[list[Found]], columns: list[Column], backwards: bool) -> list[Found]:
    """Return the rows of all sides in one order."""
    if len(sides) == 1:
        return sides[0]

    def compare(one: Found, other: Found) -> int:
        for column, (rank, value), (other_rank, other_value) in zip(columns, one.place, other.place, strict=True):
            if rank != other_rank:
                return -1 if (rank < other_rank) != backwards else 1
            if value != other_value:
                return -1 if (value < other_value) == (column.is_ascending != backwards) else 1
        return 0

    return sorted((row for rows in sides for row in rows), key=cmp_to_key(compare))


def _statement(side: Side, rank: int, behind: Fragment | None, backwards: bool, selected: str = "t.id") -> Fragment:
    columns = side.columns
    values = ", ".join(
        f"{column.rank if n else rank} AS rank_{n}, {column.value} AS value_{n}" for n, column in enumerate(columns)
    )
    joins = [column.join for column in columns if column.join.text]
    return Fragment.joined(
        " ",
        [
            Fragment(f"SELECT {selected}, {values} FROM {side.tables}"),
            *joins,
            all_of([*side.where, *filter(None, [behind])]).wrapped("WHERE "),
            Fragment(f"ORDER BY {', '.join(_sorting(columns, rank, backwards))} LIMIT %s"),
        ],
    )


def _beginning(side: Side, rank: int, behind: Fragment | None, backwards: bool) -> Fragment:
    """Return a statement for those of the first rows along a side that match, in their order."""
    unfiltered = _statement(side._replace(where=side.walked), rank, behind, backwards, selected="t.*")
    walk = unfiltered._replace(parameters=(*unfiltered.parameters, WALKED))
    values = ", ".join(f"t.rank_{n}, t.value_{n}" for n in range(len(side.columns)))
    ordering = ", ".join(_sorting(side.columns, rank, backwards, is_named=True))
    return Fragment.joined(
        " ",
        [
            walk.wrapped(f"SELECT t.id, {values} FROM (", ") AS t"),
            all_of(side.asked).wrapped("WHERE ", f" ORDER BY {ordering} LIMIT %s"),
        ],
    )


def _sorting(columns: list[Column], rank: int, backwards: bool, *, is_named: bool = False) -> list[str]:
    """Return what to sort by; within a rank of the first column only its values differ, if it has any.

    With `is_named` what it sorts is a statement of `_statement`, by its names.
    """
    ordering = []
    for number, column in enumerate(columns):
        if column.only_rank == MISSING:
            continue
        if number and column.is_nullable:
            column_rank = f"t.rank_{number}" if is_named else column.rank
            ordering.append(f"{column_rank} {'DESC' if backwards else 'ASC'}")
        if number or rank == VALUE:
            value = f"t.value_{number}" if is_named else column.value
            ordering.append(f"{value} {'ASC' if column.is_ascending != backwards else 'DESC'}")
    return ordering


def _behind_in_rank(columns: list[Column], place: Place, backwards: bool) -> Fragment | None:
    """Return the condition for rows of the place's own rank that come behind it."""
    first, (rank, value) = columns[0], place[0]
    rest = _behind(columns[1:], place[1:], backwards)
    if rank != VALUE:
        return rest
    sign = _sign(first, backwards)
    strictly = Fragment(f"{first.value} {sign} %s", (value,))
    if rest is None:
        return strictly
    # said twice, because no index serves an OR: the range first, then the exact edge
    return all_of(
        [
            Fragment(f"{first.value} {sign}= %s", (value,)),
            _either(strictly, all_of([Fragment(f"{first.value} = %s", (value,)), rest])),
        ]
    )


def _behind(columns: list[Column], place: Place, backwards: bool) -> Fragment | None:
    """Return the condition for rows behind a place, by what is left of the columns."""
    if not columns:
        return None
    column, (rank, value) = columns[0], place[0]
    rest = _behind(columns[1:], place[1:], backwards)
    strictly, equally = [], []
    if column.is_nullable:
        strictly.append(Fragment(f"{column.rank} {'<' if backwards else '>'} {rank:d}"))
        equally.append(Fragment(f"{column.rank} = {rank:d}"))
    if rank == VALUE:
        strictly.append(all_of([*equally, Fragment(f"{column.value} {_sign(column, backwards)} %s", (value,))]))
        equally.append(Fragment(f"{column.value} = %s", (value,)))
    if rest is not None:
        strictly.append(all_of([*equally, rest]))
    return _either(*strictly)


def _either(*parts: Fragment) -> Fragment:
    return Fragment.joined(" OR ", (part.wrapped("(", ")") for part in parts)).wrapped("(", ")")


def _sign(column: Column, backwards: bool) -> str:
    return ">" if column.is_ascending != backwards else "<"


def _run(statement: Fragment, num_columns: int, limit: int) -> list[Found]:
    with connection.cursor() as cursor:
        cursor.execute(statement.text, [*statement.parameters, limit])
        return [
            Found(row[0], [(row[n], row[n + 1] if row[n] == VALUE else None) for n in range(1, 2 * num_columns, 2)])
            for row in cursor.fetchall()
        ]
