"""Paging by key: page 1,000 costs what page 1 costs, and rows that come or go move nobody's place."""

import base64
import binascii
from collections.abc import Sequence
from typing import NamedTuple

import orjson
from django.db.models import Q, QuerySet

from core.errors import InvalidValue

MAX_INTEGER = 2**63


class Key(NamedTuple):
    """A field or an annotation that is never null, and the way it is sorted."""

    name: str
    kind: type
    is_descending: bool = False


class Page(NamedTuple):
    """Rows, and the places from which the next and the previous page begin; None where there is none."""

    rows: list
    after: str | None
    before: str | None


def page(rows: QuerySet, keys: Sequence[Key], *, size: int, after: str = "", before: str = "") -> Page:
    """Return `size` rows beyond a place; the last key must tell any two rows apart. Raises InvalidValue for a bad place."""
    if before:
        found = list(_slice(rows, keys, before, size + 1, is_backwards=True))
        if len(found) <= size:
            # the beginning is near: a whole first page reads better than a few rows
            return page(rows, keys, size=size)
        shown = found[:size][::-1]
        return Page(shown, place(shown[-1], keys), place(shown[0], keys))
    found = list(_slice(rows, keys, after, size + 1, is_backwards=False))
    shown = found[:size]
    return Page(
        shown,
        place(shown[-1], keys) if len(found) > size else None,
        place(shown[0], keys) if after and shown else None,
    )


def place(row, keys: Sequence[Key]) -> str:
    """Return the place of a row in this order, fit for an address."""
    values = orjson.dumps([getattr(row, key.name) for key in keys])
    return base64.urlsafe_b64encode(values).rstrip(b"=").decode()


def _slice(rows: QuerySet, keys: Sequence[Key], start: str, size: int, *, is_backwards: bool) -> QuerySet:
    if start:
        rows = rows.filter(_beyond(keys, _values(start, keys), is_backwards))
    return rows.order_by(*_order(keys, is_backwards))[:size]


def _order(keys: Sequence[Key], is_backwards: bool) -> list[str]:
    return [f"-{key.name}" if key.is_descending != is_backwards else key.name for key in keys]


def _values(start: str, keys: Sequence[Key]) -> list:
    try:
        values = orjson.loads(base64.urlsafe_b64decode(start + "=" * (-len(start) % 4)))
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or len(values) != len(keys) or not all(map(_fits, values, keys)):
        raise InvalidValue(
            "This page of the list is addressed in a way that does not fit it. Start from its first page."
        )
    return values


def _fits(value, key: Key) -> bool:
    if key.kind is float:
        return type(value) in (int, float)
    if key.kind is int:
        return type(value) is int and -MAX_INTEGER <= value < MAX_INTEGER
    return type(value) is str and "\0" not in value


def _beyond(keys: Sequence[Key], values: list, is_backwards: bool) -> Q:
    """Return a beyond A, or a = A and b beyond B, and so on."""
    beyond, same = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        comparison = "lt" if key.is_descending != is_backwards else "gt"
        beyond |= same & Q((f"{key.name}__{comparison}", value))
        same &= Q((key.name, value))
    # said once more for the first key alone, because engines do not see through OR
    first = keys[0]
    bound = "lte" if first.is_descending != is_backwards else "gte"
    return Q((f"{first.name}__{bound}", values[0])) & beyond
