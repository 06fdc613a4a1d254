"""The few places where hand-written SQL must differ between the engines."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain

import orjson
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections
from django.db.models import Model

# What PostgreSQL says by code: classes of codes first, then single ones.
_BUSY_STATES = ("08", "53", "57", "40001", "40P01", "55P03")
# SQLite and the connection pool say it in words.
_BUSY_WORDS = ("locked", "busy", "disk is full", "disk i/o", "no space", "unable to open", "timeout", "connection")


def is_busy(error: Exception) -> bool:
    """Whether the database refused for now only: locked, full, stopping, or out of reach."""
    if isinstance(error, InterfaceError):
        return True
    state = getattr(error.__cause__, "sqlstate", None) or ""
    words = str(error).lower()
    return isinstance(error, OperationalError) and (
        state.startswith(_BUSY_STATES) or any(word in words for word in _BUSY_WORDS)
    )


def any_of(values: Iterable[int | str]) -> tuple[str, object]:
    """Return the right-hand side of a comparison with any of `values`, and its single parameter.

    One parameter whatever their number: the text of the statement stays the same, and no limit on variables is met.

    >>> any_of([1, 2])  # on SQLite
    ('IN (SELECT value FROM json_each(%s))', '[1,2]')
    """
    if connection.vendor == "postgresql":
        return "= ANY(%s)", list(values)
    return "IN (SELECT value FROM json_each(%s))", orjson.dumps(list(values)).decode()


def as_table(values: Iterable[int | str], column: str, kind: str) -> tuple[str, object]:
    """Return `values` as a table to select from, of this column and PostgreSQL's kind of it, and its single parameter.

    >>> as_table([1, 2], "run_id", "bigint")  # on SQLite
    ('(SELECT value AS run_id FROM json_each(%s))', '[1,2]')
    """
    if connection.vendor == "postgresql":
        return f"(SELECT unnest(%s::{kind}[]) AS {column})", list(values)
    return f"(SELECT value AS {column} FROM json_each(%s))", orjson.dumps(list(values)).decode()


def fetch_all(sql: str, parameters=()) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def fetch_one(sql: str, parameters=()) -> tuple | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()


def insert(instance: Model) -> None:
    """Insert a new row and give the instance its key: as `save` does, at a third of its price, without signals.

    The fields are the model's own, so a column that a migration adds is not forgotten here.
    """
    fields, sql = _insertion(type(instance))
    values = [field.get_db_prep_save(field.pre_save(instance, True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        (instance.pk,) = cursor.fetchone()
    instance._state.adding, instance._state.db = False, connection.alias


@lru_cache
def _insertion(model: type[Model]) -> tuple[list, str]:
    meta = model._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    columns = ", ".join(field.column for field in fields)
    places = ", ".join(["%s"] * len(fields))
    return fields, f"INSERT INTO {meta.db_table} ({columns}) VALUES ({places}) RETURNING {meta.pk.column}"


# Rows that one statement of SQLite takes. Most statements are of these sizes, so that they stay prepared.
_SIZES = (250, 50, 10, 1)


def write_rows(sql: str, types: Sequence[str], rows: list[tuple]) -> list[tuple]:
    """Run a statement with `{rows}` in place of its VALUES; return what its RETURNING gave.

    PostgreSQL takes the rows as one array a column, whatever their number. SQLite takes up to 250 a statement: with one a
    statement, as executemany has it, each row costs twice as much, and hands the interpreter to other threads twice.
    """
    if not rows:
        return []
    db = connections[DEFAULT_DB_ALIAS]
    returned: list[tuple] = []
    with db.cursor() as cursor:
        for text, parameters in (_as_arrays if db.vendor == "postgresql" else _in_parts)(sql, types, rows):
            cursor.execute(text, parameters)
            if cursor.description:
                returned += cursor.fetchall()
    return returned


def _as_arrays(sql: str, types: Sequence[str], rows: list[tuple]) -> Iterator[tuple[str, list]]:
    yield _from_arrays(sql, types), list(map(array, zip(*rows, strict=True)))


@lru_cache
def _from_arrays(sql: str, types: Sequence[str]) -> str:
    return sql.format(rows=f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in types)})")


def _in_parts(sql: str, types: Sequence[str], rows: list[tuple]) -> Iterator[tuple[str, list]]:
    start = 0
    for size in _SIZES:
        while start + size <= len(rows):
            yield _with_values(sql, len(types), size), list(chain.from_iterable(rows[start : start + size]))
            start += size


@lru_cache
def _with_values(sql: str, num_columns: int, num_rows: int) -> str:
    row = f"({', '.join(['%s'] * num_columns)})"
    return sql.format(rows=f"VALUES {', '.join([row] * num_rows)}")


def array(values: Sequence) -> str:
    """Return numbers, booleans, texts or None as the text of a PostgreSQL array, to be cast: %s::bigint[].

    The driver's own conversion looks at each element for what it must quote, and takes a hundred times as long.

    >>> array([1, None, 2.5])
    '{1,null,2.5}'
    """
    if values and isinstance(values[0], str):
        return f"{{{','.join(map(_quoted, values))}}}"
    return f"{{{orjson.dumps(values)[1:-1].decode()}}}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@contextmanager
def waiting_at_most(milliseconds: int):
    """Have SQLite give up on a lock sooner than settings say; PostgreSQL waits for single rows only."""
    if connection.vendor != "sqlite":
        yield
        return
    usual_s, connection.wait_at_most_s = connection.wait_at_most_s, milliseconds / 1000
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(milliseconds)}")
        try:
            yield
        finally:
            connection.wait_at_most_s = usual_s
            cursor.execute(f"PRAGMA busy_timeout = {int(usual_s * 1000)}")


# What a search asks of some runs PostgreSQL takes for a question to all of them, and compiles: longer than it then runs.
_SNAPSHOT_OF_POSTGRESQL = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off"


@contextmanager
def snapshot():
    """Have the statements inside, which only read, see the database as it was at the first of them.

    Inside another one, or a transaction of the caller's, it is this that they see: on SQLite one moment, too.
    """
    if connection.in_atomic_block or getattr(connection, "is_in_snapshot", False):
        yield
        return
    with connection.cursor() as cursor:
        # Django's own way would take SQLite's lock for writing
        cursor.execute("BEGIN" if connection.vendor == "sqlite" else _SNAPSHOT_OF_POSTGRESQL)
        connection.is_in_snapshot = True
        try:
            yield
        finally:
            connection.is_in_snapshot = False
            cursor.execute("ROLLBACK")
