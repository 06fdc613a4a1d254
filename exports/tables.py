"""A runs table as CSV, JSON lines and Parquet: read by batches, and never held at once."""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from core.errors import Unavailable
from core.spreadsheets import safe
from exports.selection import Selection
from tracker.columns import Column
from tracker.models import Run
from tracker.run_table import Logged, author

PARQUET_WRITER = Path(__file__).with_name("parquet_writer.py")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
_LISTS = ("dataset", "model", "versions")

# told how many runs are written
Tell = Callable[[int], None]


def nobody(number: int) -> None:
    """Tell nobody."""


def written(form: str, selection: Selection, *, user, tell: Tell = nobody) -> Iterator[bytes]:
    """Yield the bytes of a table. Parquet is whole before its first byte is yielded; what fails in the others, fails in the middle."""
    return {"csv": as_csv, "jsonl": as_json_lines, "parquet": as_parquet}[form](selection, user=user, tell=tell)


# CSV ----------------------------------------------------------------------------------------------------


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def as_csv(selection: Selection, *, user, tell: Tell = nobody) -> Iterator[bytes]:
    writer, done = csv.writer(_Echo()), 0
    titles = [*identity(selection), *(safe(title(column)) for column in selection.columns)]
    yield writer.writerow(titles).encode()
    for runs, logged in selection.batches(user=user):
        lines = []
        for run in runs:
            values = [_text(value_of(run, column, logged)) for column in selection.columns]
            lines.append(writer.writerow([*map(safe, _own(run)[: len(titles) - len(values)]), *values]))
        yield "".join(lines).encode(errors="replace")
        done += len(runs)
        tell(done)


def _text(value) -> str:
    match value:
        case None:
            return ""
        case str():
            return safe(value)
        case list():
            return safe(", ".join(value))
        case float() if value != value:
            return "NaN"
    return repr(value)


# JSON lines ---------------------------------------------------------------------------------------------


def as_json_lines(selection: Selection, *, user, tell: Tell = nobody) -> Iterator[bytes]:
    """Yield a line for each run: its attributes, then {key: value} of its metrics, params and tags, as far as it has them.

    The last value of a metric stands in `metrics`, others in `metrics_min` and so on; what JSON has no number for is text.
    """
    done = 0
    for runs, logged in selection.batches(user=user):
        yield b"".join(_line(record(run, selection, logged)) for run in runs)
        done += len(runs)
        tell(done)


def _line(values: dict) -> bytes:
    return json.dumps(values, ensure_ascii=False, allow_nan=False).encode(errors="replace") + b"\n"


def record(run: Run, selection: Selection, logged: Logged) -> dict:
    """Return a run as a line of JSON says it, in values that JSON has."""
    line: dict = dict(zip(identity(selection), _own(run), strict=False))
    for column in selection.columns:
        value = value_of(run, column, logged)
        if not column.key:
            line[title(column)] = value
        elif value is not None:
            line.setdefault(_group(column), {})[column.key] = _json_number(value)
    return line


def _group(column: Column) -> str:
    if column.is_metric:
        return "metrics" if column.kind == "last" else f"metrics_{column.kind}"
    return f"{column.kind}s"


def _json_number(value):
    if not isinstance(value, float) or value - value == 0:
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


# Parquet ------------------------------------------------------------------------------------------------


def as_parquet(selection: Selection, *, user, tell: Tell = nobody) -> Iterator[bytes]:
    """Yield a Parquet file that a process of its own writes: web processes need none of pyarrow's 60 MB.

    Metrics and durations are doubles, `started` a timestamp in UTC, lists are lists; everything else is text.
    """
    with tempfile.TemporaryFile() as file:
        writer = subprocess.Popen(
            [sys.executable, "-P", str(PARQUET_WRITER)],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
        )
        try:
            _feed(writer, selection, user=user, tell=tell)
        except BrokenPipeError:
            raise Unavailable("The Parquet file could not be written; try again.")
        finally:
            if writer.poll() is None and sys.exc_info()[0] is not None:
                writer.kill()
            writer.wait()
        if writer.returncode:
            raise Unavailable("The Parquet file could not be written; try again.")
        file.seek(0)
        while chunk := file.read(512 * 1024):
            yield chunk


def _feed(writer: subprocess.Popen, selection: Selection, *, user, tell: Tell) -> None:
    """Write the schema, then a line for each batch: a list of values for each column."""
    columns, done = selection.columns, 0
    names = identity(selection)
    schema = [*([name, "text"] for name in names), *([title(column), kind_of(column)] for column in columns)]
    with writer.stdin as pipe:
        pipe.write(json.dumps(schema).encode() + b"\n")
        for runs, logged in selection.batches(user=user):
            batch = [[_valid(_own(run)[place]) for run in runs] for place in range(len(names))]
            batch += [[_valid(value_of(run, column, logged, is_raw=True)) for run in runs] for column in columns]
            pipe.write(json.dumps(batch).encode() + b"\n")
            done += len(runs)
            tell(done)


def _valid(value):
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def kind_of(column: Column) -> str:
    """Return the type of a column's values: number, time, list or text."""
    if column.is_metric or column.kind == "duration":
        return "number"
    if column.kind == "started":
        return "time"
    return "list" if column.kind in _LISTS else "text"


# what all of them are made of ---------------------------------------------------------------------------


def identity(selection: Selection) -> list[str]:
    """Return what stands before the columns: which run it is, and of which experiment where there are several."""
    return ["run_id", "name", *(["experiment_id"] if len(selection.experiments) > 1 else [])]


def _own(run: Run) -> tuple[str, str, str]:
    return run.run_id, run.name, str(run.experiment_id)


def title(column: Column) -> str:
    return {"param": "params.", "tag": "tags."}.get(column.kind, "") + (
        f"metrics.{column.key} ({column.kind})" if column.is_metric else column.key or column.kind
    )


def value_of(run: Run, column: Column, logged: Logged, *, is_raw: bool = False):
    """Return a number, text or a list of texts, None where the run has none; `is_raw` leaves times in milliseconds."""
    if column.is_metric:
        rollup = logged.metrics.get((run.pk, column))
        return None if rollup is None else float("nan") if rollup.value is None else rollup.value
    if column.kind in ("param", "tag"):
        return (logged.params if column.kind == "param" else logged.tags).get((run.pk, column.key))
    if column.kind == "started":
        return run.start_time_ms if is_raw else _time(run.start_time_ms)
    return _ATTRIBUTES[column.kind](run, logged)


def _time(ms: int) -> str:
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return str(ms)


_ATTRIBUTES = {
    "status": lambda run, logged: run.status,
    "duration": lambda run, logged: None if run.duration_ms is None else run.duration_ms / 1000,
    "user": lambda run, logged: author(run)[0],
    "source": lambda run, logged: logged.tags.get((run.pk, "mlflow.source.name"), ""),
    "dataset": lambda run, logged: logged.datasets.get(run.pk, []),
    "model": lambda run, logged: logged.models.get(run.pk, []),
    "versions": lambda run, logged: logged.versions.get(run.pk, []),
}
