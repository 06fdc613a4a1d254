"""A version held against the one whose place it would take: metrics, params, packages, files, signature."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from pages.cells import Digits
from pages.compare_grids import ARROWS
from pages.templatetags.assay import number
from registry import evidence, signatures
from registry.files import files_of, place_of
from registry.models import ModelVersion
from tracker import comparison
from tracker.compared_metrics import direction_of, directions
from tracker.run_facts import SYSTEM_PREFIX
from tracker.verdicts import judge

MAX_ROWS = 200
MAX_FILES = 50
SHOWN_METRICS = 8


class MetricRow(NamedTuple):
    """A metric of both; `verdict` is better, worse or "" where nobody knows or nothing changed."""

    key: str
    arrow: str
    before: str
    after: str
    delta: str
    verdict: str


class TextRow(NamedTuple):
    """Something that differs, None where one of them has none of it."""

    key: str
    before: str | None
    after: str | None


@dataclass
class Duel:
    """What differs between a challenger and an incumbent, as far as the reader may see their runs."""

    challenger: ModelVersion
    incumbent: ModelVersion
    metrics: list[MetricRow] = field(default_factory=list)
    params: list[TextRow] = field(default_factory=list)
    packages: list[TextRow] = field(default_factory=list)
    code: list[TextRow] = field(default_factory=list)
    files: list[TextRow] = field(default_factory=list)
    num_files: int = 0
    signature: list[str] = field(default_factory=list)
    has_signatures: bool = False
    is_same_run: bool = False
    hides_runs: bool = False
    compare_runs: str = ""

    @property
    def first_metrics(self) -> list[MetricRow]:
        return self.metrics[:SHOWN_METRICS]

    @property
    def more_metrics(self) -> list[MetricRow]:
        return self.metrics[SHOWN_METRICS:]


def between(challenger: ModelVersion, incumbent: ModelVersion, *, user) -> Duel:
    found = Duel(challenger, incumbent)
    versions = (incumbent, challenger)
    ids = [version.source_run.run_id for version in versions if version.source_run_id]
    runs = comparison.chosen(ids, user=user).runs
    seen = {run.pk for run in runs}
    found.hides_runs = any(version.source_run_id and version.source_run_id not in seen for version in versions)
    found.is_same_run = len(ids) == 2 and ids[0] == ids[1]
    if found.hides_runs:
        return found
    found.metrics = _metrics(versions, directions(runs))
    if len(runs) == 2:
        found.compare_runs = ",".join(ids)
        found.params = _texts(comparison.params(runs, only_differing=True))
        found.packages = _texts(comparison.packages(runs, only_differing=True))
        found.code = [row for row in _texts(comparison.code(runs, only_differing=True)) if row.key != "Not committed"]
    files = _files(*versions)
    found.files, found.num_files = files[:MAX_FILES], len(files)
    old, new = signatures.of(incumbent), signatures.of(challenger)
    found.has_signatures = bool(old and new)
    found.signature = signatures.differences(old, new) if old and new else []
    return found


def _texts(rows: comparison.Rows) -> list[TextRow]:
    return [TextRow(row.key, *row.values) for row in rows.rows[:MAX_ROWS]]


def _metrics(versions: tuple[ModelVersion, ModelVersion], known: dict[str, str]) -> list[MetricRow]:
    """Return the metrics of either, those that decide first, then those with a direction."""
    old, new = (_numbers(version) for version in versions)
    keys = [key for key in old.keys() | new.keys() if not key.startswith(SYSTEM_PREFIX)]
    keys.sort(key=lambda key: (key not in known, not direction_of(key, known), key))
    return [compared(key, old.get(key), new.get(key), direction_of(key, known)) for key in keys[:MAX_ROWS]]


def _numbers(version: ModelVersion) -> dict[str, float]:
    return {key: math.nan if value == "NaN" else value for key, value in evidence.metrics_of(version).items()}


def compared(key: str, old: float | None, new: float | None, way: str) -> MetricRow:
    """Return a metric of two versions; `way` is the direction that is good for it, as tracker.verdicts has it."""
    write = Digits(value for value in (old, new) if value is not None)
    judged = judge([old, new], way, 0)[1]
    delta = ""
    if judged.delta:
        size = write(abs(judged.delta))
        size = size if float(size) else number(float(f"{abs(judged.delta):.2g}"))
        delta = f"{'+' if judged.delta > 0 else '−'}{size}"
    return MetricRow(key, ARROWS[way], _shown(old, write), _shown(new, write), delta, judged.verdict)


def _shown(value: float | None, write: Digits) -> str:
    if value is None:
        return ""
    return "NaN" if math.isnan(value) else write(value)


def _files(incumbent: ModelVersion, challenger: ModelVersion) -> list[TextRow]:
    """Return the files that are not the same to the byte, by path below each one's own root."""
    old, new = _manifest(incumbent), _manifest(challenger)
    rows = []
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path), new.get(path)
        if before is None or after is None or before[0] != after[0]:
            rows.append(TextRow(path, before and before[1], after and after[1]))
    return rows


def _manifest(version: ModelVersion) -> dict[str, tuple[int, int]]:
    """Return (blob, bytes) by path."""
    _, root = place_of(version)
    rows = files_of(version).values_list("path", "blob_id", "blob__size_bytes")
    return {path.removeprefix(root).lstrip("/"): (blob, size) for path, blob, size in rows}
