"""`metrics.loss` → which entity and which key of it; shared by filters and orderings."""

from typing import NamedTuple

from core.errors import InvalidFilter
from tracker.search.kinds import ENTITIES, Attribute, Datasets, Kind
from tracker.search.lexer import Kind as TokenKind
from tracker.search.lexer import Part, Token, shown

MAX_KEY = 500
WRITTEN = {"metric": "metrics", "parameter": "params", "tag": "tags"}


class Name(NamedTuple):
    entity: str
    key: str
    field: str = "last"


def name_of(token: Token, kind: Kind, dialect: str, *, is_order: bool = False) -> Name:
    """Return what a token names; raise InvalidFilter if there is no such thing to search by, or to sort by."""
    parts = token.parts
    if token.kind is TokenKind.STRING and token.text[0] == '"':
        parts = (Part(token.text[1:-1], True, token.position),)
    if not parts:
        found = repr(shown(token.text)) if token.text else "the end"
        raise InvalidFilter(f"Invalid clause(s) in filter string: {found}", token.position)
    if len(parts) == 1:
        return _attribute(parts[0].text, kind, dialect, token.position, is_order)
    entity = _entity(parts[0], kind, dialect)
    if entity == "attribute":
        if len(parts) > 2:
            raise _unknown_attribute(token.text, kind, dialect, token.position, is_order)
        return _attribute(parts[1].text, kind, dialect, parts[1].position, is_order)
    return _keyed(entity, parts[1:], kind, dialect)


def _entity(part: Part, kind: Kind, dialect: str) -> str:
    known = kind.wire_entities if dialect == "wire" else ENTITIES
    entity = known.get(part.text)
    if entity is None or (entity != "attribute" and entity not in kind.related):
        valid = list(kind.wire_entities) if dialect == "wire" else sorted({"attribute", *kind.related})
        raise InvalidFilter(f"Invalid entity type '{shown(part.text)}'. Valid values are {valid}", part.position)
    return entity


def _attribute(key: str, kind: Kind, dialect: str, position: int, is_order: bool) -> Name:
    key = kind.aliases.get(key, key)
    attribute = kind.attributes.get(key)
    if attribute is None or (dialect == "wire" and not attribute.is_on_wire):
        raise _unknown_attribute(key, kind, dialect, position, is_order)
    return Name("attribute", key)


def _unknown_attribute(key: str, kind: Kind, dialect: str, position: int, is_order: bool) -> InvalidFilter:
    valid = [name for name, attribute in kind.attributes.items() if _is_taken(attribute, dialect, is_order)]
    said = f"Invalid attribute key '{shown(key)}' specified. Valid keys are {valid}"
    entities = kind.orders_on_wire if is_order and dialect == "wire" else WRITTEN
    others = [f"{WRITTEN[entity]}.{shown(key)}" for entity in WRITTEN if entity in kind.related and entity in entities]
    return InvalidFilter(f"{said}. What was logged is written {' or '.join(others)}" if others else said, position)


def _is_taken(attribute: Attribute, dialect: str, is_order: bool) -> bool:
    if dialect != "wire":
        return True
    return attribute.is_on_wire and (attribute.orders if is_order else attribute.filters_on_wire)


def _keyed(entity: str, parts: tuple[Part, ...], kind: Kind, dialect: str) -> Name:
    key, field = parts[0].text, "last"
    fields = getattr(kind.related[entity], "fields", {})
    if dialect == "pages" and fields:
        if len(parts) == 2 and parts[1].text in fields:
            parts, field = parts[:1], parts[1].text
        elif not parts[0].is_quoted and "." in key and key.rpartition(".")[2] in fields:
            # a key that ends so needs quotes: metrics.`loss.min`
            key, _, field = key.rpartition(".")
    if len(parts) > 1:
        raise InvalidFilter("Put the whole key into one pair of backticks.", parts[1].position)
    if len(key) > MAX_KEY:
        raise InvalidFilter(f"A key has {len(key)} characters; at most {MAX_KEY} are read.", parts[0].position)
    if isinstance(kind.related[entity], Datasets) and key not in kind.related[entity].columns:
        valid = list(kind.related[entity].columns)
        raise InvalidFilter(f"Invalid dataset key '{shown(key)}' specified. Valid keys are {valid}", parts[0].position)
    return Name(entity, key, field)
