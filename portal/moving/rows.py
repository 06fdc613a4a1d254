"""The rows of a move: from SQLite's loose types to PostgreSQL's by COPY, then read back and summed up on both sides."""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection

from portal.backups import databases
from portal.moving.source import MoveError, Source

# Each side has its own.
NOT_MOVED = {"django_migrations"}
READ_AT_ONCE = 5_000


def common_tables(source: Source) -> list[str]:
    """Return the tables to move. Raises MoveError where one side has a table that is not known to this version."""
    known = set(databases.tables())
    here = set(connection.introspection.table_names())
    if unknown := (source.tables() - known) | (known - here) | (known - source.tables()):
        raise MoveError(f"The table {sorted(unknown)[0]} is not on both sides; `upgrade` both to this version.")
    return sorted(known - NOT_MOVED)


def empty(tables: list[str]) -> None:
    """Take away what migrations put in: it comes along as the source has it, under the source's keys."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(map(_quote, tables))}")


def copy(source: Source, table: str) -> int:
    """Copy a table; return its number of rows. Raises MoveError where it does not read back as it was."""
    types = _types(table)
    names = ", ".join(map(_quote, types))
    to_here = [_converter(kind) for kind in types.values()]
    sent = Sum()
    with connection.cursor() as cursor, cursor.copy(f"COPY {_quote(table)} ({names}) FROM STDIN") as target:
        for row in source.stream(f"SELECT {names} FROM {_quote(table)}"):
            values = [convert(value) for convert, value in zip(to_here, row, strict=True)]
            sent.add(values, types.values())
            target.write_row(values)
    kept = _sum_here(table, types)
    if kept != sent:
        raise MoveError(f"{table} does not read as it was written: {kept.num} rows of {sent.num}, or other values.")
    return sent.num


class Sum:
    """A number of rows and the sum of their hashes, whatever their order."""

    def __init__(self):
        self.num = self.total = 0

    def add(self, values: Iterable, kinds: Iterable[str]) -> None:
        text = repr([_canonical(value, kind) for value, kind in zip(values, kinds, strict=True)])
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        self.num += 1
        self.total = (self.total + int.from_bytes(digest)) % 2**128

    def __eq__(self, other):
        return (self.num, self.total) == (other.num, other.total)

    __hash__ = None


def _sum_here(table: str, types: dict[str, str]) -> Sum:
    found = Sum()
    names = ", ".join(map(_quote, types))
    with connection.connection.cursor(name="moved") as cursor:
        cursor.itersize = READ_AT_ONCE
        cursor.execute(f"SELECT {names} FROM {_quote(table)}")
        for row in cursor:
            found.add(row, types.values())
    return found


def go_on_counting(source: Source, tables: list[str]) -> None:
    """Let new keys begin after the largest that the source ever gave: one that is gone must not come back as another's."""
    counted = source.counted_up_to()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND is_identity = 'YES'"
        )
        for table, column in cursor.fetchall():
            if table not in tables:
                continue
            cursor.execute(f"SELECT coalesce(max({_quote(column)}), 0) FROM {_quote(table)}")
            last = max(cursor.fetchone()[0], counted.get(table, 0))
            # the third argument: whether that one is given already
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)", [_quote(table), column, max(last, 1), last > 0]
            )


def check_constraints() -> None:
    """Have foreign keys checked now and not at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def analyze() -> None:
    """Tell the planner how many rows there are; until it knows, it scans."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _types(table: str) -> dict[str, str]:
    """Return {column: its type in PostgreSQL}."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
            [table],
        )
        return dict(cursor.fetchall())


def _converter(kind: str) -> Callable[[Any], Any]:
    convert = {
        "boolean": bool,
        "double precision": float,
        "timestamp with time zone": _moment,
        "date": date.fromisoformat,
        "character varying": str,
        "text": str,
        "bytea": bytes,
    }.get(kind, lambda value: value)
    return lambda value: None if value is None else convert(value)


def _moment(text: str) -> datetime:
    """Return a time that SQLite keeps as text, in UTC.

    >>> _moment("2026-05-03 12:00:00.5")
    datetime.datetime(2026, 5, 3, 12, 0, 0, 500000, tzinfo=datetime.timezone.utc)
    """
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _canonical(value: Any, kind: str) -> Any:
    """Return a value as it is on both sides: jsonb has numbers and the order of names its own way, and no -0."""
    if value is None:
        return None
    if kind == "jsonb":
        return json.dumps(json.loads(value, parse_int=_number, parse_float=_number), sort_keys=True)
    if kind == "timestamp with time zone":
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if kind == "bytea":
        return bytes(value)
    if kind == "inet":
        return str(value)
    return value


def _number(text: str) -> float:
    # of -0.0 this makes 0.0
    return float(text) + 0.0


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)
