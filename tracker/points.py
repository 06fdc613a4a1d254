"""The table of points in bulk: read into numpy arrays in the order of its key, which is what charts and their levels are
made of, and written to PostgreSQL.
"""

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import connection

from tracker.rollup import Point

if TYPE_CHECKING:  # see tracker/series.py
    import numpy as np

COLUMNS = [("metric_id", "i8"), ("step", "i8"), ("timestamp_ms", "i8"), ("value", "f8"), ("is_nan", "?")]
SELECT = "SELECT metric_id, step, timestamp_ms, value, is_nan FROM tracker_metricpoint WHERE metric_id = {pk}"
_KEY = "(step, timestamp_ms, value, is_nan)"
UNTIL = f"{_KEY} <= (%s, %s, %s, %s)"


def behind(metric_id: int, end: Point | None, *, limit: int | None = None) -> str:
    """Return a statement for the points of a metric behind a point in the order of the key; None: from the first."""
    sql = SELECT.format(pk=metric_id)
    if end is not None:
        sql += f" AND {beyond(end)}"
    return sql if limit is None else f"{sql} ORDER BY step, timestamp_ms, value, is_nan LIMIT {limit}"


def beyond(end: Point) -> str:
    """Return the condition of a point behind `end`; numbers of ours only, because COPY takes no parameters."""
    is_nan = ("true" if end.is_nan else "false") if connection.vendor == "postgresql" else int(end.is_nan)
    value = f"CAST('{end.value!r}' AS double precision)" if connection.vendor == "postgresql" else repr(end.value)
    return f"{_KEY} > ({end.step}, {end.timestamp_ms}, {value}, {is_nan})"


def fetch(sql: str) -> "np.ndarray":
    import numpy as np

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return _fetch_by_copy(cursor, sql)
        cursor.execute(sql)
        return np.fromiter(cursor, dtype=COLUMNS)


def _fetch_by_copy(cursor, sql: str) -> "np.ndarray":
    """Read the rows in PostgreSQL's binary COPY format, where each has the same length: four times as fast as fetching.

    https://www.postgresql.org/docs/current/sql-copy.html: a header of 19 bytes, rows of (number of columns, and for
    each column its length and its bytes), and a trailer of 2 bytes.
    """
    import numpy as np

    fields = [("columns", ">i2")]
    for name, kind in COLUMNS:
        fields += [(f"{name}_length", ">i4"), (name, kind if kind == "?" else f">{kind}")]
    with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT BINARY)") as copy:
        data = b"".join(copy)
    rows = np.frombuffer(memoryview(data)[19:-2], dtype=fields)
    points = np.empty(len(rows), dtype=COLUMNS)
    for name, _ in COLUMNS:
        points[name] = rows[name]
    return points


# https://www.postgresql.org/docs/current/sql-copy.html: signature, flags, no extension
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_ROW = struct.Struct(">h iq iq iq id i?")
_COPY_TRAILER = b"\xff\xff"


def copy_in(rows: Iterable[tuple]) -> None:
    """Write rows of COLUMNS, of which none is there yet, to PostgreSQL in its binary COPY format."""
    pack = _COPY_ROW.pack
    data = b"".join(
        [
            pack(5, 8, metric_id, 8, step, 8, timestamp_ms, 8, value, 1, is_nan)
            for metric_id, step, timestamp_ms, value, is_nan in rows
        ]
    )
    columns = ", ".join(name for name, _ in COLUMNS)
    sql = f"COPY tracker_metricpoint ({columns}) FROM STDIN (FORMAT BINARY)"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(sql) as copy:
        copy.write(_COPY_HEADER + data + _COPY_TRAILER)
