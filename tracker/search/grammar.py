"""Filter text → tree, in one parser with two dialects.

The wire accepts what MLflow's server accepts (mlflow/utils/search_utils.py): comparisons joined by AND, where a missing
or a surplus AND does no harm. Pages accept more: OR, NOT, parentheses, `metrics.loss.min`, IN for every text, `-7d` and
dates for times, words without an operator as a search for names.

>>> parse("metrics.loss < 0.5", RUNS)
All(parts=(Comparison(entity='metric', key='loss', operator='<', value=0.5, field='last', position=0),))
"""

import re

from core.errors import InvalidFilter
from tracker.search import lexer, values
from tracker.search.kinds import LISTS, NULLS, NUMERIC, ORDERED, Attribute, Kind, Related, Type
from tracker.search.lexer import Kind as TokenKind
from tracker.search.lexer import Token, shown
from tracker.search.names import name_of
from tracker.search.tree import All, AnyOf, Comparison, Node, Not, Text

MAX_CLAUSES = 200
MAX_DEPTH = 20
MAX_LIST = 10_000

WIRE, PAGES = "wire", "pages"

_NAME_AS_IT_IS = re.compile(r"\s*name\s*=\s*'([^=]*)'\s*", re.DOTALL)

_ONLY_AND = "Clauses are joined by AND alone here, as in MLflow; the search on the pages knows OR, NOT and parentheses"
_NO_OPERATOR = f"A comparison such as = or LIKE follows a name; {lexer.IN_BACKTICKS}"


def parse(text: str | None, kind: Kind, *, dialect: str = WIRE, now_ms: int = 0) -> Node | None:
    """Return what a filter says, None if it is empty; `now_ms` is what -7d counts from.

    Raise InvalidFilter, with the position of what cannot be understood.
    """
    if not text:
        return None
    if dialect == PAGES:
        return _Pages(lexer.tokenize(text, lexer.PAGES), kind, now_ms).parse() if text.strip() else None
    if not text.strip():
        raise InvalidFilter(f"Invalid filter {shown(text)!r}. Could not be parsed.", 0)
    if not kind.is_lenient:
        return _Wire(lexer.tokenize(text, lexer.WIRE), kind).parse()
    try:
        return _Wire(lexer.tokenize(text, lexer.WIRE_LENIENT), kind).parse()
    except InvalidFilter:
        # the client puts a file's name between quotes as it is: name = 'it's'; list_artifacts fails if that is refused
        if found := _NAME_AS_IT_IS.fullmatch(text):
            return All((Comparison("attribute", "name", "=", values.bounded_text(found[1], found.start(1))),))
        raise


class _Wire:
    """Comparisons, all of which must hold."""

    dialect = WIRE
    lists_everywhere = False

    def __init__(self, tokens: list[Token], kind: Kind, now_ms: int = 0):
        self.tokens = tokens
        self.kind = kind
        self.now_ms = now_ms
        self.index = 0
        self.num_clauses = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.token
        self.index += token.kind is not TokenKind.END
        return token

    def take_keyword(self, *words: str) -> bool:
        """Consume these words if all of them come next."""
        ahead = self.tokens[self.index : self.index + len(words)]
        if [token.keyword for token in ahead] != list(words):
            return False
        self.index += len(words)
        return True

    def take_mark(self, mark: str) -> bool:
        if self.token.kind is not TokenKind.PUNCTUATION or self.token.text != mark:
            return False
        self.index += 1
        return True

    def invalid(self, token: Token, message: str = "") -> InvalidFilter:
        found = repr(shown(token.text)) if token.text else "the end"
        return InvalidFilter(message or f"Invalid clause(s) in filter string: {found}", token.position)

    def parse(self) -> Node | None:
        parts = []
        while self.token.kind is not TokenKind.END:
            if not self.take_keyword("AND"):
                parts.append(self.comparison())
        return All(tuple(parts)) if parts else None

    def count_clause(self, position: int) -> None:
        self.num_clauses += 1
        if self.num_clauses > MAX_CLAUSES:
            raise InvalidFilter(f"The filter has more than {MAX_CLAUSES} clauses.", position)

    # One comparison -----------------------------------------------------------------------------------------

    def comparison(self) -> Node:
        token = self.take()
        self.count_clause(token.position)
        if self.dialect == WIRE and (token.keyword in ("OR", "NOT") or token.text == "("):
            raise self.invalid(token, f"Invalid clause(s) in filter string: {shown(token.text)!r}. {_ONLY_AND}")
        name = name_of(token, self.kind, self.dialect)
        target = self.target(name.entity, name.key)
        operator, at = self.operator()
        self.check_operator(operator, at, target, name)
        value = None if operator in NULLS else self.value(name, target, operator)
        return Comparison(name.entity, name.key, operator, value, name.field, token.position)

    def target(self, entity: str, key: str) -> Attribute | Related:
        return self.kind.attributes[key] if entity == "attribute" else self.kind.related[entity]

    def operator(self) -> tuple[str, Token]:
        token = self.take()
        if token.kind is TokenKind.OPERATOR:
            return token.text, token
        if token.keyword in ("LIKE", "ILIKE", "IN", "RLIKE"):
            return token.keyword, token
        if token.keyword == "IS":
            if self.take_keyword("NULL"):
                return "IS NULL", token
            if self.take_keyword("NOT", "NULL"):
                return "IS NOT NULL", token
        if token.keyword == "NOT":
            for word in ("IN", "LIKE", "ILIKE", "RLIKE"):
                if self.take_keyword(word):
                    return f"NOT {word}", token
        found = repr(shown(token.text)) if token.text else "the end"
        raise self.invalid(token, f"Invalid clause(s) in filter string: {found}. {_NO_OPERATOR}")

    def check_operator(self, operator: str, at: Token, target, name) -> None:
        if self.dialect == WIRE and isinstance(target, Attribute) and not target.filters_on_wire:
            listed = [key for key, attribute in self.kind.attributes.items() if attribute.filters_on_wire]
            raise self.invalid(at, f"Invalid attribute key '{name.key}' specified. Valid keys are {listed}")
        if operator in target.operators or (operator in LISTS and self.takes_lists(target)):
            return
        if operator in NULLS:
            raise self.invalid(at, self.no_nulls(name))
        if operator in LISTS:
            raise self.invalid(at, self.no_lists(name))
        said = f"Invalid comparator '{shown(operator)}' not one of {list(target.operators)}"
        if operator in ORDERED and name.entity in ("parameter", "tag"):
            said += ". Params and tags are texts, which are neither larger nor smaller"
        raise self.invalid(at, said)

    def takes_lists(self, target) -> bool:
        return False

    def no_lists(self, name) -> str:
        if name.entity == "attribute":
            listed = [key for key, attribute in self.kind.attributes.items() if "IN" in attribute.operators]
            return f"Only {listed} attributes support comparison with a list of quoted string values."
        return f"Expected a quoted string value for {name.entity} (e.g. 'my-value'): it cannot be compared with a list."

    def no_nulls(self, name) -> str:
        taking = [f"{entity}s" for entity, related in self.kind.related.items() if "IS NULL" in related.operators]
        if not taking:
            return "IS NULL / IS NOT NULL is not supported in this search"
        return (
            f"IS NULL / IS NOT NULL is only supported for {' and '.join(taking)}, "
            f"not for '{name.entity}' '{shown(name.key)}'"
        )

    # Its value ----------------------------------------------------------------------------------------------

    def value(self, name, target, operator: str):
        if operator in LISTS:
            texts = self.list_of_texts()
            return tuple(values.text(text, target, self.kind, at) for text, at in texts)
        if _is_numeric(name.entity, target):
            return self.number(name, target)
        token = self.take()
        return values.text(self.text_of(token, name, target), target, self.kind, token.position)

    def number(self, name, target):
        token = self.take()
        if token.kind is TokenKind.STRING and getattr(target, "takes_quoted", False):
            return values.quoted_number(token, target)
        if token.kind is not TokenKind.NUMBER:
            what = "metric" if name.entity == "metric" else f"numeric attribute: {name.key}"
            unit = ", in milliseconds since 1970" if getattr(target, "type", None) is Type.TIME else ""
            found = shown(token.text) or "the end"
            raise self.invalid(token, f"Expected numeric value type for {what}{unit}. Found {found}")
        return values.number(token.text, target, token.position)

    def text_of(self, token: Token, name, target) -> str:
        if token.kind is TokenKind.STRING:
            return token.text[1:-1]
        if self.kind.is_lenient and token.kind in (TokenKind.WORD, TokenKind.NUMBER):
            return token.text
        what = "attributes" if name.entity == "attribute" else name.entity
        raise self.invalid(
            token, f"Expected a quoted string value for {what} (e.g. 'my-value'). Got value {shown(token.text)}"
        )

    def list_of_texts(self) -> list[tuple[str, int]]:
        opening = self.take()
        if opening.text != "(":
            raise self.invalid(opening, "While parsing a list in the query, expected a list of quoted string values.")
        texts = []
        while not self.take_mark(")"):
            token = self.take()
            if token.kind is not TokenKind.STRING:
                raise self.invalid(
                    token, "While parsing a list in the query, expected a non-empty list of string values."
                )
            texts.append((token.text[1:-1], token.position))
            if not self.take_mark(",") and self.token.text != ")":
                raise self.invalid(
                    self.token,
                    "While parsing a list in the query, expected a non-empty list of string values, "
                    "but got ill-formed list.",
                )
        if not texts:
            raise self.invalid(
                opening,
                "While parsing a list in the query, expected a non-empty list of string values, but got empty list",
            )
        if len(texts) > MAX_LIST:
            raise self.invalid(opening, f"The list has {len(texts)} values; at most {MAX_LIST} are read.")
        return texts


class _Pages(_Wire):
    """OR binds weaker than AND, AND weaker than NOT; two clauses side by side are joined by AND."""

    dialect = PAGES

    def parse(self) -> Node | None:
        node = self.any_of(depth=0)
        if self.token.kind is not TokenKind.END:
            raise self.invalid(self.token)
        return node

    def any_of(self, depth: int) -> Node:
        parts = [self.all_of(depth)]
        while self.take_keyword("OR"):
            parts.append(self.all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def all_of(self, depth: int) -> Node:
        parts = [self.one(depth)]
        while not self.is_at_end_of_group():
            self.take_keyword("AND")
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def is_at_end_of_group(self) -> bool:
        return self.token.kind is TokenKind.END or self.token.text == ")" or self.token.keyword == "OR"

    def one(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.invalid(self.token, f"The filter is nested deeper than {MAX_DEPTH} levels.")
        if self.take_keyword("NOT"):
            return Not(self.one(depth + 1))
        opening = self.token
        if self.take_mark("("):
            node = self.any_of(depth + 1)
            if not self.take_mark(")"):
                raise self.invalid(opening, "This parenthesis is not closed.")
            return node
        return self.words() if self.is_words() else self.comparison()

    def is_words(self) -> bool:
        """Say whether what comes is no comparison: nothing that compares stands behind it."""
        token, after, then = (self.tokens[min(self.index + n, len(self.tokens) - 1)] for n in range(3))
        if token.kind not in (TokenKind.WORD, TokenKind.NUMBER, TokenKind.STRING):
            return False
        match after.keyword:
            case "LIKE" | "ILIKE":
                return False
            case "IN":
                return then.text != "("
            case "IS":
                return then.keyword not in ("NULL", "NOT")
            case "NOT":
                return then.keyword not in ("IN", "LIKE", "ILIKE")
        return after.kind is not TokenKind.OPERATOR

    def words(self) -> Node:
        token = self.take()
        self.count_clause(token.position)
        if token.keyword in ("AND", "OR"):
            raise self.invalid(token)
        text = token.text[1:-1] if token.kind is TokenKind.STRING else token.text
        if not text:
            raise self.invalid(token)
        return Text(values.bounded_text(text, token.position), token.position)

    def comparison(self) -> Node:
        node = super().comparison()
        if node.operator.startswith("NOT ") and node.operator not in LISTS:
            return Not(Comparison(node.entity, node.key, node.operator[4:], node.value, node.field, node.position))
        return node

    def check_operator(self, operator: str, at: Token, target, name) -> None:
        plain = operator.removeprefix("NOT ") if operator in ("NOT LIKE", "NOT ILIKE") else operator
        if plain in NULLS and name.entity in ("metric", "attribute"):
            return
        super().check_operator(plain, at, target, name)

    def takes_lists(self, target) -> bool:
        return "LIKE" in target.operators

    def number(self, name, target):
        token = self.take()
        return values.page_number(token, target, self.now_ms)


def _is_numeric(entity: str, target) -> bool:
    return entity == "metric" or (isinstance(target, Attribute) and target.type in NUMERIC)
