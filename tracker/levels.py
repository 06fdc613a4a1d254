"""Stored levels of long series: of every 64 points the smallest and the largest, so that a chart reads a thirtieth.

A part covers up to PART points in the order of the key, and says where it ends. Parts are built by a job behind the
newest MARGIN points, among which late ones still fall; what lies behind the last part is read point by point. Levels are
right while the points up to their end are as many as they were when they were built: `Levels.covers` is that number, and
who reads compares it with the rollup's count. A point that arrives later than that is noticed so, and the job begins anew.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.actions import jobs
from core.sql import fetch_one
from tracker import points
from tracker.models import Metric, MetricLevel
from tracker.rollup import MAX_DOUBLE, Point

if TYPE_CHECKING:  # see tracker/series.py
    import numpy as np

JOB = "series.levels"
CHUNK = 64
# a multiple of CHUNK; a part grows by BLOCK until it is full, and is rewritten each time
BLOCK = 4_096
PART = 16 * BLOCK
MARGIN = 4_096
# shorter series are read as they are, in 20 ms
MIN_POINTS = 32_768
# a logger of 100,000 points a second asks for one job in so long
ASK_EVERY_S = 5.0

# {metric id: until when this process's last request stands}
_asked: dict[int, float] = {}


@dataclass
class Levels:
    """The parts of one metric in their order, without their points."""

    parts: list[MetricLevel]

    @property
    def covers(self) -> int:
        return sum(part.num_points for part in self.parts)

    @property
    def end(self) -> Point:
        """The last point that is covered."""
        last = self.parts[-1]
        return Point(last.last_step, last.last_timestamp_ms, last.last_value, last.last_is_nan)

    def between(self, x: str, low: float, high: float) -> list[MetricLevel]:
        """Return the parts that a window of steps ("step") or of milliseconds meets, and one more where it begins or ends at an edge."""
        edges = [_edges(part, x) for part in self.parts]
        met = [n for n, (first, last) in enumerate(edges) if first <= high and last >= low]
        if not met:
            # in what came behind them; or between two parts, or before all of them
            return self.parts[-1:] if low > max(last for _, last in edges) else self.parts
        start, end = met[0], met[-1]
        # the point before the window, and the one behind it, to which a line is drawn
        start -= edges[start][0] >= low
        end += edges[end][1] <= high
        return self.parts[max(start, 0) : end + 1]


def _edges(part: MetricLevel, x: str) -> tuple[int, int]:
    return (part.first_step, part.last_step) if x == "step" else (part.min_time_ms, part.max_time_ms)


def ask(metric_id: int, *, before: int, after: int, is_late: bool) -> None:
    """Ask for levels of a series that has grown by a block, or that got points out of order; in the caller's transaction."""
    if after < MIN_POINTS or not (is_late or before // BLOCK != after // BLOCK):
        return
    now = time.monotonic()
    if _asked.get(metric_id, 0.0) > now:
        return
    if len(_asked) > 10_000:
        _asked.clear()
    _asked[metric_id] = now + ASK_EVERY_S
    # a little later, so that it finds what was logged until then
    due = timezone.now() + timedelta(seconds=ASK_EVERY_S)
    jobs.request(JOB, {"metric_id": metric_id}, by=None, run_after=due)


def of(metric_ids: Collection[int]) -> dict[int, Levels]:
    found: dict[int, Levels] = {}
    rows = MetricLevel.objects.filter(metric_id__in=list(metric_ids)).defer("points").order_by("metric_id", "number")
    for part in rows:
        found.setdefault(part.metric_id, Levels([])).parts.append(part)
    return found


def read(parts: Collection[MetricLevel]) -> dict[int, "np.ndarray"]:
    """Return the points of these parts by metric, in the order of the key."""
    import numpy as np

    wanted = MetricLevel.objects.filter(pk__in=[part.pk for part in parts]).order_by("metric_id", "number")
    pieces: dict[int, list[np.ndarray]] = {}
    for metric_id, data in wanted.values_list("metric_id", "points"):
        pieces.setdefault(metric_id, []).append(np.frombuffer(data, dtype=points.COLUMNS))
    return {metric_id: np.concatenate(arrays) for metric_id, arrays in pieces.items()}


def build(metric_id: int, report: Callable[[float], None] = lambda progress: None) -> int:
    """Bring the levels of a series up to date, from the start where a late point made them wrong; return their parts."""
    count = Metric.objects.filter(pk=metric_id).values_list("count", flat=True).first()
    if count is None or count < MIN_POINTS:
        return 0
    levels = of([metric_id]).get(metric_id, Levels([]))
    if levels.parts and _num_until(metric_id, levels.end) != levels.covers:
        MetricLevel.objects.filter(metric_id=metric_id).delete()
        levels = Levels([])
    covered, end = levels.covers, levels.end if levels.parts else None
    part = levels.parts[-1] if levels.parts else None
    while count - covered >= BLOCK + MARGIN:
        if part is None or part.num_points >= PART:
            part = MetricLevel(metric_id=metric_id, number=part.number + 1 if part else 0, num_points=0, points=b"")
        block = points.fetch(points.behind(metric_id, end, limit=min(PART - part.num_points, _whole(count - covered))))
        if not len(block):
            break
        end = _extend(part, block)
        covered += len(block)
        _store(part)
        report(covered / count)
    return part.number + 1 if part else 0


def _whole(num_points: int) -> int:
    """Return how many of these points whole blocks take, the newest left out."""
    return (num_points - MARGIN) // BLOCK * BLOCK


def _num_until(metric_id: int, end: Point) -> int:
    (num,) = fetch_one(
        f"SELECT count(*) FROM tracker_metricpoint WHERE metric_id = {metric_id} AND {points.UNTIL}", end
    )
    return num


def _extend(part: MetricLevel, block: "np.ndarray") -> Point:
    """Add points in the order of the key; return the last of them."""
    if not part.num_points:
        part.first_step = int(block["step"][0])
        part.min_time_ms = part.max_time_ms = int(block["timestamp_ms"][0])
    last = Point(*(block[name][-1].item() for name in Point._fields))
    part.last_step, part.last_timestamp_ms, part.last_value, part.last_is_nan = last
    part.min_time_ms = min(part.min_time_ms, int(block["timestamp_ms"].min()))
    part.max_time_ms = max(part.max_time_ms, int(block["timestamp_ms"].max()))
    part.num_points += len(block)
    part.points = bytes(part.points) + thin(block).tobytes()
    return last


@transaction.atomic
def _store(part: MetricLevel) -> None:
    MetricLevel.objects.update_or_create(
        metric_id=part.metric_id,
        number=part.number,
        defaults={field: getattr(part, field) for field in MetricLevel.CONTENT},
    )


def thin(block: "np.ndarray") -> "np.ndarray":
    """Return of every CHUNK points the smallest and the largest number, and the first that is no finite number."""
    import numpy as np

    padding = -len(block) % CHUNK
    is_gap = block["is_nan"] | (np.abs(block["value"]) >= MAX_DOUBLE)
    gaps = _in_chunks(is_gap, padding, False)
    low = _in_chunks(np.where(is_gap, np.inf, block["value"]), padding, np.inf)
    high = _in_chunks(np.where(is_gap, -np.inf, block["value"]), padding, -np.inf)
    starts = np.arange(len(low)) * CHUNK
    has_number, has_gap = np.isfinite(low).any(axis=1), gaps.any(axis=1)
    kept = [
        (starts + low.argmin(axis=1))[has_number],
        (starts + high.argmax(axis=1))[has_number],
        (starts + gaps.argmax(axis=1))[has_gap],
    ]
    return block[np.unique(np.concatenate(kept))]


def _in_chunks(values: "np.ndarray", padding: int, filler) -> "np.ndarray":
    import numpy as np

    return np.pad(values, (0, padding), constant_values=filler).reshape(-1, CHUNK)
