"""What runs logged, as matrices: a row a run and a column a key; texts as numbers that stand for them."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from django.db.models import Count

from tracker import comparison
from tracker.compared_metrics import direction_of, directions
from tracker.models import Artifact, Metric, Param, Run, RunTag
from tracker.run_facts import HIDDEN_TAGS, SYSTEM_PREFIX

# of each part; keys that fewest runs have are left out beyond it
MAX_CELLS = 400_000
MAX_KEYS = 2_000
MISSING = -1


@dataclass
class Texts:
    """Params, tags, packages and so on: `codes` (runs × keys, int) points into `texts`, MISSING where a run has none."""

    keys: list[str]
    codes: np.ndarray
    texts: list[str]
    num_left_out: int = 0

    @cached_property
    def numbers(self) -> np.ndarray:
        """The number that each text is, NaN for others."""
        return np.array([as_number(text) for text in self.texts] + [np.nan])


@dataclass
class Numbers:
    """Metrics: floats (runs × keys), NaN where a run has none; `best` goes by each key's direction."""

    keys: list[str]
    directions: list[str]
    last: np.ndarray
    best: np.ndarray
    num_left_out: int = 0


@dataclass
class Facts:
    """Everything that a comparison is computed from."""

    runs: Sequence[Run]
    metrics: Numbers
    parts: dict[str, Texts] = field(default_factory=dict)
    primary: set[str] = field(default_factory=set)


class Cell(NamedTuple):
    key: str
    run: int
    text: Hashable


def read(runs: Sequence[Run], report: Callable[[float, str], None]) -> Facts:
    """Read what the runs logged, in a number of queries that does not depend on how many they are."""
    known = directions(runs)
    report(0.05, "reading metrics")
    facts = Facts(runs, _metrics(runs, known), primary=set(known))
    readers = {
        "params": lambda: _logged(Param.objects.all(), runs, "key", "value"),
        "tags": lambda: _logged(RunTag.objects.exclude(key__startswith=HIDDEN_TAGS), runs, "key", "value"),
        "code": lambda: of_rows(comparison.code(runs), len(runs)),
        "environment": lambda: of_rows(comparison.packages(runs, limit=MAX_KEYS), len(runs)),
        "datasets": lambda: of_rows(comparison.datasets(runs, limit=MAX_KEYS), len(runs)),
        "artifacts": lambda: _files(runs),
    }
    for place, (name, reader) in enumerate(readers.items()):
        report(0.1 + 0.1 * place, f"reading {name}")
        facts.parts[name] = reader()
    return facts


def as_number(text: str) -> float:
    """Return the finite number that a text is, NaN for others.

    >>> as_number("1e-3"), as_number("adam")
    (0.001, nan)
    """
    try:
        number = float(text) if len(text) < 64 and "_" not in text else np.nan
    except ValueError:
        return np.nan
    return number if np.isfinite(number) else np.nan


def _kept(rows, runs: Sequence[Run], column: str) -> tuple[list[str], int]:
    """Return the keys that fit, those of most runs first, in their own order; and how many do not."""
    counted = rows.values_list(column).annotate(num=Count("pk")).order_by("-num", column)
    keys, cells, num_left_out = [], 0, 0
    for key, num in counted:
        cells += num
        if cells > MAX_CELLS or len(keys) >= MAX_KEYS:
            num_left_out += 1
        else:
            keys.append(key)
    return sorted(keys), num_left_out


def _logged(rows, runs: Sequence[Run], key: str, value: str) -> Texts:
    rows = rows.filter(run__in=[run.pk for run in runs])
    keys, num_left_out = _kept(rows, runs, key)
    wanted = set(keys)
    # all are read where few are left out: an IN of thousands of keys costs more
    cells = (Cell(*row) for row in rows.values_list(key, "run", value).iterator() if row[0] in wanted)
    return _texts(keys, cells, [run.pk for run in runs], num_left_out)


def _texts(keys: list[str], cells: Iterable[Cell], pks: list[int], num_left_out: int = 0) -> Texts:
    place_of_key = {key: place for place, key in enumerate(keys)}
    place_of_run = {pk: place for place, pk in enumerate(pks)}
    known: dict[Hashable, int] = {}
    codes = np.full((len(pks), len(keys)), MISSING, dtype=np.int32)
    for key, run, text in cells:
        codes[place_of_run[run], place_of_key[key]] = known.setdefault(text, len(known))
    return Texts(keys, codes, [str(text) for text in known], num_left_out)


def of_rows(found: comparison.Rows, num_runs: int) -> Texts:
    """Return the texts of rows that were read already, a row a key and a value for each run."""
    keys = [row.key for row in found.rows]
    cells = (
        Cell(row.key, place, f"changes {_short(value)}" if row.key == "Not committed" else value)
        for row in found.rows
        for place, value in enumerate(row.values)
        if value is not None
    )
    return _texts(keys, cells, list(range(num_runs)), found.num_more)


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:10]


def _files(runs: Sequence[Run]) -> Texts:
    """Return the checksums of the runs' files by path; a file that was not hashed yet equals itself only."""
    rows = Artifact.objects.filter(run__in=[run.pk for run in runs])
    keys, num_left_out = _kept(rows, runs, "path")
    wanted = set(keys)
    columns = rows.values_list("path", "run", "blob__sha256", "blob").iterator()
    cells = (
        Cell(path, run, digest or f"not hashed yet ({blob})") for path, run, digest, blob in columns if path in wanted
    )
    return _texts(keys, cells, [run.pk for run in runs], num_left_out)


def _metrics(runs: Sequence[Run], known: dict[str, str]) -> Numbers:
    rows = Metric.objects.filter(run__in=[run.pk for run in runs]).exclude(key__startswith=SYSTEM_PREFIX)
    keys, num_left_out = _kept(rows, runs, "key")
    keys.sort(key=lambda key: (key not in known, key))
    place_of_key = {key: place for place, key in enumerate(keys)}
    place_of_run = {run.pk: place for place, run in enumerate(runs)}
    ways = [direction_of(key, known) for key in keys]
    last, best = np.full((2, len(runs), len(keys)), np.nan)
    columns = ("run", "key", "last_value", "last_is_nan", "min_value", "max_value")
    for run, key, value, is_nan, low, high in rows.values_list(*columns).iterator():
        column = place_of_key.get(key)
        if column is None:
            continue
        row = place_of_run[run]
        last[row, column] = np.nan if is_nan else value
        extreme = low if ways[column] == "down" else high
        best[row, column] = np.nan if extreme is None else extreme
    return Numbers(keys, ways, last, best, num_left_out)
