"""Heads of tables: delimited text, and the JSON that mlflow.log_table and pandas write."""

import csv
import math
from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

from tracker.models import Artifact
from tracker.previews import kinds
from tracker.previews.reading import Preview, Unreadable, text_head

MAX_ROWS = 100
MAX_COLUMNS = 60
MAX_CELL = 200


class Column(NamedTuple):
    name: str
    is_number: bool
    type: str = ""  # as the file names it, where it does


class Table(NamedTuple):
    """The first rows of a table. `num_rows` is how many it has in all, None where only reading it would tell."""

    columns: list[Column]
    rows: list[list[str]]
    num_rows: int | None
    num_columns: int


def table(names: Iterable, rows: Iterable[Iterable], num_rows: int | None, types: Iterable[str] = ()) -> Table:
    """Return a table of texts, of what is shown of it: MAX_ROWS rows and MAX_COLUMNS columns."""
    names, types = [cell(name) for name in names], list(types)
    width = min(len(names), MAX_COLUMNS)
    shown = [_fit([cell(value) for value in list(row)[:width]], width) for row in islice(rows, MAX_ROWS)]
    columns = [
        Column(names[i], _are_numbers(row[i] for row in shown), types[i] if i < len(types) else "")
        for i in range(width)
    ]
    return Table(columns, shown, num_rows, len(names))


def cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else str(value)
    return f"{text[:MAX_CELL]}…" if len(text) > MAX_CELL else text


def _fit(row: list[str], width: int) -> list[str]:
    return row + [""] * (width - len(row))


def _are_numbers(values: Iterable[str]) -> bool:
    filled = [value for value in values if value]
    return bool(filled) and all(map(_is_number, filled))


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text)) or text.strip().lower() == "nan"
    except ValueError:
        return False


def delimited(artifact: Artifact) -> Preview:
    found = text_head(artifact)
    text = found.text
    if found.is_cut:
        # the last line may be half a row
        text = text[: text.rfind("\n") + 1]
    try:
        reader = csv.reader(text.splitlines(keepends=True), delimiter=_delimiter(artifact.path, text))
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise Unreadable(f"It cannot be read as a table ({error}).")
    if not rows:
        raise Unreadable("It cannot be read as a table.")
    names, *rest = rows
    widest = max(map(len, rows[: MAX_ROWS + 1]))
    names += [""] * (widest - len(names))
    return Preview("table", table(names, rest, None if found.is_cut else len(rest)), found.note)


def _delimiter(path: str, text: str) -> str:
    if kinds.ending(path) in ("tsv", "tab"):
        return "\t"
    first = text.partition("\n")[0]
    return max(",;\t|", key=first.count)


def split_oriented(value: Any) -> Table | None:
    """Return the table that a JSON document is if pandas wrote it with orient="split", None for any other document."""
    if not isinstance(value, dict) or not {"columns", "data"} <= value.keys() <= {"columns", "data", "index"}:
        return None
    names, rows = value["columns"], value["data"]
    if not isinstance(names, list) or not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return None
    return table(names, rows, len(rows))
