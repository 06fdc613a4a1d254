"""Pieces of SQL with their parameters, and the few places where the engines say things differently."""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.db import connection

from core.sql import any_of


class Fragment(NamedTuple):
    """Text of a statement, with a %s for each parameter; nothing that a person wrote is in the text."""

    text: str
    parameters: tuple = ()

    @classmethod
    def joined(cls, glue: str, parts: Iterable["Fragment"]) -> "Fragment":
        parts = list(parts)
        return cls(glue.join(part.text for part in parts), sum((part.parameters for part in parts), ()))

    def wrapped(self, before: str, after: str = "") -> "Fragment":
        return Fragment(f"{before}{self.text}{after}", self.parameters)


def all_of(parts: Iterable[Fragment]) -> Fragment:
    return Fragment.joined(" AND ", parts)


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def by_code_point(expression: str) -> str:
    """Return an expression that sorts and folds by code point, whatever the column's own collation."""
    return f'({expression}) COLLATE "C"' if is_postgresql() else expression


def like(expression: str, pattern: str) -> Fragment:
    """Match with % and _, case-sensitively, without an escape character."""
    if is_postgresql():
        return Fragment(f"{by_code_point(expression)} LIKE %s ESCAPE ''", (pattern,))
    return Fragment(f"{expression} GLOB %s", (as_glob(pattern),))


def ilike(expression: str, pattern: str) -> Fragment:
    """Match with % and _, the letters A to Z in either case."""
    if is_postgresql():
        return Fragment(f"{by_code_point(expression)} ILIKE %s ESCAPE ''", (pattern,))
    return Fragment(f"{expression} LIKE %s", (pattern,))


def contains(expression: str, words: str) -> Fragment:
    """Match a text that holds `words`, the letters A to Z in either case."""
    position = "strpos" if is_postgresql() else "instr"
    return Fragment(f"{position}(lower({by_code_point(expression)}), %s) > 0", (_lower(words),))


def among(expression: str, values: Collection[int | str]) -> Fragment:
    right, parameter = any_of(values)
    return Fragment(f"{expression} {right}", (parameter,))


def not_among(expression: str, values: Collection[int | str]) -> Fragment:
    """Match a value that is none of these; a missing one does not match."""
    return among(expression, values).wrapped("NOT (", ")")


def as_glob(pattern: str) -> str:
    """Return a LIKE pattern as SQLite's GLOB, which heeds case.

    >>> as_glob("a%[b]*_")
    'a*[[]b][*]?'
    """
    escaped = re.sub(r"[*?\\[]", lambda found: f"[{found[0]}]", pattern)
    return escaped.replace("%", "*").replace("_", "?")


def _lower(text: str) -> str:
    # as both engines fold: ASCII alone
    return re.sub("[A-Z]", lambda found: found[0].lower(), text)
