"""`order_by` → terms: what the rows are sorted by, down to a column that no two rows share."""

from collections.abc import Sequence

from core.errors import InvalidFilter
from tracker.search import lexer
from tracker.search.grammar import PAGES, WIRE
from tracker.search.kinds import Kind, Points
from tracker.search.lexer import Kind as TokenKind
from tracker.search.lexer import shown
from tracker.search.names import name_of
from tracker.search.tree import Term

# each metric, param or tag is a join, and SQLite joins at most 64 tables
MAX_TERMS = 32


def parse_order(clauses: Sequence[str], kind: Kind, *, dialect: str = WIRE) -> tuple[Term, ...]:
    """Return the ordering that clauses such as "metrics.loss DESC" ask for, continued with the tie-breakers."""
    return complete([parse_term(clause, kind, dialect) for clause in clauses], kind)


def parse_term(clause: str, kind: Kind, dialect: str) -> Term:
    """Return one clause: `entity.key`, then ASC or DESC or nothing.

    >>> parse_term("metrics.`val loss` DESC", RUNS, "wire")
    Term(entity='metric', key='val loss', is_ascending=False, field='last', dataset=('', ''), position=0)
    """
    tokens = lexer.tokenize(clause, lexer.PAGES if dialect == PAGES else lexer.WIRE)
    first, direction = tokens[0], tokens[1] if len(tokens) > 1 else tokens[0]
    if direction.kind is not TokenKind.END and direction.keyword not in ("ASC", "DESC"):
        raise InvalidFilter(f"Invalid ordering key in order_by clause '{shown(clause)}'.", direction.position)
    if first.kind is TokenKind.END or len(tokens) > 3:
        raise InvalidFilter(f"Invalid order_by clause '{shown(clause)}'. Could not be parsed.", tokens[-1].position)
    name = name_of(first, kind, dialect, is_order=True)
    orders = kind.orders_on_wire if dialect == WIRE else ("attribute", *kind.related)
    if name.entity not in orders or (name.entity != "attribute" and not kind.related[name.entity].orders):
        raise InvalidFilter(f"Invalid order_by entity: {name.entity}", first.position)
    return Term(name.entity, name.key, direction.keyword != "DESC", name.field, position=first.position)


def model_term(field_name: str, kind: Kind, *, is_ascending: bool, dataset: tuple[str, str]) -> Term:
    """Return one order_by object of logged-models/search: an attribute or metrics.<key>, the key as it is."""
    entity, dot, key = field_name.partition(".")
    if dot:
        if entity != "metrics" or not isinstance(kind.related["metric"], Points):
            raise InvalidFilter(f"Invalid order by field name: {shown(entity)}, only `metrics.<name>` is allowed.", 0)
        if dataset[1] and not dataset[0]:
            raise InvalidFilter(
                "`dataset_digest` can only be specified if `dataset_name` is also specified.",
            )
        return Term("metric", key, is_ascending, dataset=dataset)
    name = kind.aliases.get(field_name.strip(), field_name.strip())
    if name not in kind.attributes:
        raise InvalidFilter(f"Invalid order by field name: {shown(field_name)}.", 0)
    return Term("attribute", name, is_ascending)


def complete(terms: Sequence[Term], kind: Kind) -> tuple[Term, ...]:
    """Return the terms with what makes the order total; raise InvalidFilter for a column that is named twice."""
    if len(terms) > MAX_TERMS:
        raise InvalidFilter(f"`order_by` has {len(terms)} columns; at most {MAX_TERMS} are sorted by.")
    seen = {}
    for term in terms:
        if term.identity in seen:
            raise InvalidFilter(f"`order_by` contains duplicate fields: {shown(term.key)}", term.position)
        seen[term.identity] = term
    for term in (terms and kind.tie_breakers) or kind.default_order or kind.tie_breakers:
        seen.setdefault(term.identity, term)
    total = list(seen.values())
    # what follows the column that no two rows share never decides
    keys = [term.key if term.entity == "attribute" else None for term in total]
    return tuple(total[: keys.index(kind.unique) + 1])
