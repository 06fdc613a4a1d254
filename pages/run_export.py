"""The runs table as CSV: all runs that match, with the columns that are shown, read by pages and never held at once."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from pages.run_rows import author, logged_and_registered
from pages.table_state import TableState
from tracker.columns import Column
from tracker.keyset import Page
from tracker.models import Run
from tracker.run_table import Logged

BATCH = 500
# what a spreadsheet would take for a formula; some of them read the wide forms alike
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def as_csv(page_of: Callable[[int, str], Page], state: TableState, primary=None, *, user) -> Iterator[str]:
    """Yield lines of the pages (of a size, behind a place); no cursor stays open between them, so a slow reader holds nothing."""
    writer = csv.writer(_Echo())
    yield writer.writerow(["run_id", "name", *(safe(_title(column)) for column in state.columns)])
    after = ""
    while after is not None:
        page = page_of(BATCH, after)
        logged = logged_and_registered(page.rows, state.columns, primary, user=user)
        for run in page.rows:
            values = [_value(run, column, logged) for column in state.columns]
            yield writer.writerow([run.run_id, safe(run.name), *values])
        after = page.after


def safe(text: str) -> str:
    """Return text that no spreadsheet runs as a formula; numbers stay as they are.

    >>> [safe(text) for text in ("=1+1", "-0.5", "adam", "@x")]
    ["'=1+1", '-0.5', 'adam', "'@x"]
    """
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def _title(column: Column) -> str:
    return {"param": "params.", "tag": "tags."}.get(column.kind, "") + (
        f"metrics.{column.key} ({column.kind})" if column.is_metric else column.key or column.kind
    )


def _value(run: Run, column: Column, logged: Logged):
    if column.is_metric:
        rollup = logged.metrics.get((run.pk, column))
        return "" if rollup is None else "NaN" if rollup.value is None else repr(rollup.value)
    if column.kind == "param":
        return safe(logged.params.get((run.pk, column.key), ""))
    if column.kind == "tag":
        return safe(logged.tags.get((run.pk, column.key), ""))
    return _ATTRIBUTES[column.kind](run, logged)


def _time(ms: int) -> str:
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return str(ms)


_ATTRIBUTES = {
    "status": lambda run, logged: run.status,
    "started": lambda run, logged: _time(run.start_time_ms),
    "duration": lambda run, logged: "" if run.duration_ms is None else run.duration_ms / 1000,
    "user": lambda run, logged: safe(author(run)[0]),
    "source": lambda run, logged: safe(logged.tags.get((run.pk, "mlflow.source.name"), "")),
    "dataset": lambda run, logged: safe(", ".join(logged.datasets.get(run.pk, []))),
    "model": lambda run, logged: safe(", ".join(logged.models.get(run.pk, []))),
    "versions": lambda run, logged: safe(", ".join(logged.versions.get(run.pk, []))),
}
