"""From the bytes of a request to the struct that its call takes, or to an error that says what is wrong where.

The usual request is decoded in one step. Only where that fails, or where a name in camelCase stands in the bytes, is it
decoded loosely, tidied as the protocol allows (MLFLOW_CONTRACT 2.1: null is absent, camelCase is snake_case, a text may
hold the whole request as JSON once more) and converted.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from core.errors import DomainError, InvalidValue

_HINT = " See the API docs for more information about request parameters."


class TooLarge(DomainError):
    """The body is larger than this call allows."""


def read_body(request, max_bytes: int) -> bytes:
    """Return the body of a Django request, also where it came in chunks without a length (Django drops those)."""
    length = request.META.get("CONTENT_LENGTH")
    if length:
        if not (length.isascii() and length.isdigit()):
            raise InvalidValue("Content-Length is not a number.")
        if int(length) > max_bytes:
            raise TooLarge(f"The request has {length} bytes; this call takes at most {max_bytes}.")
        body = request.read(int(length))
        if len(body) < int(length):
            raise InvalidValue("The request was cut short.")
        return body
    if not request.META.get("wsgi.input_terminated"):
        return b""
    body = request.META["wsgi.input"].read(max_bytes + 1)
    if len(body) > max_bytes:
        raise TooLarge(f"This call takes at most {max_bytes} bytes.")
    return body


@lru_cache
def _decoder(schema: type[msgspec.Struct]) -> msgspec.json.Decoder:
    # not strict: the protocol allows int64 as text (Java clients send it so) and NaN and Infinity as text
    return msgspec.json.Decoder(schema, strict=False)


def decode_body(body: bytes, schema: type[msgspec.Struct], content_type: str) -> msgspec.Struct:
    media_type, _, parameters = content_type.lower().partition(";")
    if body and media_type.strip() != "application/json":
        raise InvalidValue("Bad Request. Content-Type must be application/json.")
    if "charset" in parameters and "utf-8" not in parameters and "utf8" not in parameters:
        raise InvalidValue("The request must be UTF-8.")
    if b"\\u0000" in body:
        _refuse_nul(body)
    if not any(name in body for name in _camel_names(schema)):
        try:
            return _decoder(schema).decode(body or b"{}")
        except msgspec.ValidationError:
            pass
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _malformed(error)
    return _decode_loosely(body, schema)


def _decode_loosely(body: bytes, schema: type[msgspec.Struct]) -> msgspec.Struct:
    values = _decode_anything(body)
    if isinstance(values, str):
        if "\\u0000" in values:
            _refuse_nul(values.encode())
        values = _decode_anything(values.encode())
    if not isinstance(values, dict):
        raise InvalidValue("The request must be a JSON object.")
    return _convert(_tidy(values, _shape(schema)), schema)


def _decode_anything(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error)


def _malformed(error: Exception) -> InvalidValue:
    return InvalidValue(f"The request is not valid JSON: {error}")


def _refuse_nul(body: bytes) -> None:
    """Raise if a text in `body` holds U+0000, which PostgreSQL cannot store."""
    text = msgspec.json.encode(_decode_anything(body))
    # an escaped backslash in front makes it the six characters \u0000 and not the character
    if b"\\u0000" in text.replace(b"\\\\", b""):
        raise InvalidValue("A text holds the character NUL, which cannot be stored.")


def decode_query(query, schema: type[msgspec.Struct]) -> msgspec.Struct:
    """Return the schema filled from a QueryDict; a repeated key is a list."""
    lists = _list_fields(schema)
    values = {key: query.getlist(key) for key in query}
    if any("\0" in text for texts in values.values() for text in texts):
        raise InvalidValue("A text holds the character NUL, which cannot be stored.")
    values = _tidy(values, _shape(schema))
    return _convert({key: texts if key in lists else texts[0] for key, texts in values.items()}, schema)


@lru_cache
def _list_fields(schema: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(schema)
        if isinstance(inspect.type_info(field.type), inspect.ListType)
    )


def _convert(values: dict, schema: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.convert(values, schema, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidValue(explain(str(error), values))


# Names ------------------------------------------------------------------------------------------------------

# {name: (the name in camelCase, the shape of what it holds or None)}
Shape = dict[str, tuple[str, "Shape | None"]]


@lru_cache
def _shape(schema: type[msgspec.Struct]) -> Shape:
    return {
        field.encode_name: (_camel(field.encode_name), _shape_within(inspect.type_info(field.type)))
        for field in msgspec.structs.fields(schema)
    }


def _shape_within(kind: inspect.Type) -> Shape | None:
    match kind:
        case inspect.Metadata():
            return _shape_within(kind.type)
        case inspect.ListType():
            return _shape_within(kind.item_type)
        case inspect.UnionType():
            return next((shape for shape in map(_shape_within, kind.types) if shape), None)
        case inspect.StructType():
            return _shape(kind.cls)
    return None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


@lru_cache
def _camel_names(schema: type[msgspec.Struct]) -> tuple[bytes, ...]:
    """Return what the bytes of a request hold if it may name something in camelCase.

    Searching 100 kB for a few short texts takes microseconds; a name that went unnoticed would be a value lost.
    """
    return tuple(sorted({f'"{camel}"'.encode() for camel in _all_camel(_shape(schema))}))


def _all_camel(shape: Shape) -> set[str]:
    found = {camel for name, (camel, _) in shape.items() if camel != name}
    for _, within in shape.values():
        found |= _all_camel(within) if within else set()
    return found


def _tidy(values: Any, shape: Shape) -> Any:
    """Return values without nulls and with the schema's own names; unknown names stay, nobody reads them."""
    if isinstance(values, list):
        return [_tidy(value, shape) for value in values]
    if not isinstance(values, dict):
        return values
    tidy = {name: value for name, value in values.items() if value is not None}
    for name, (camel, within) in shape.items():
        if camel != name and camel in tidy:
            if name in tidy:
                raise InvalidValue(f"Request specifies both '{name}' and '{camel}'; provide only one of them.")
            tidy[name] = tidy.pop(camel)
        if within and name in tidy:
            tidy[name] = _tidy(tidy[name], within)
    return tidy


# Errors -----------------------------------------------------------------------------------------------------


def explain(reason: str, values: Any = None) -> str:
    """Say a validation error of msgspec in the protocol's words; `values` is what was validated.

    >>> explain("Object missing required field `name`")
    "Missing value for required parameter 'name'. See the API docs for more information about request parameters."
    >>> explain("Expected `str`, got `int` - at `$.name`", {"name": 3})
    "Invalid value 3 for parameter 'name' supplied: expected `str`, got `int`. See the API docs …"
    """
    what, _, where = reason.partition(" - at ")
    place = where.strip("`").removeprefix("$").removeprefix(".")
    if what.startswith("Object missing required field "):
        name = what.split("`")[1]
        return f"Missing value for required parameter '{place + '.' if place else ''}{name}'.{_HINT}"
    if what == "Expected `str` of length >= 1":
        return f"Missing value for required parameter '{place}'.{_HINT}"
    shown = f" {_shown(values, place)}" if place else ""
    return f"Invalid value{shown} for parameter '{place or 'request'}' supplied: {what[0].lower()}{what[1:]}.{_HINT}"


def _shown(values: Any, place: str) -> str:
    """Return the value at a place such as tags[0].key as JSON, cut to what a person reads."""
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", re.sub(r"\[(\d+)\]", r".[\1]", place)):
        try:
            values = values[name] if name and not name.isdigit() else values[int(index or name)]
        except (KeyError, IndexError, TypeError):
            return "(unknown)"
    text = msgspec.json.encode(values).decode()
    return text if len(text) <= 300 else f"{text[:300]}…"
