"""Metric points for charts: at most as many as there are pixels to draw them, and no spike lost.

A series is read from the table of points in one go, turned into numpy arrays, and thinned by buckets of equal width on
the x axis, of which the smallest and the largest value stay. That is 11 ms for 1,000,000 points; tsdownsample is faster,
but its MinMaxLTTB drops some extremes again, and its MinMax loses buckets where x is uneven. Points that are not numbers
stay as gaps and as marks.

A chart that is live sends back the cursor of what it has and gets only what came since. A point that arrived out of
order shows in the count of the metric's rollup; then the whole series is sent again, and says so (is_append false).

Reading 1,000,000 points takes 0.7 s on SQLite. Long series have stored levels (tracker/levels.py), which are read in
their place as long as they hold more points than the chart has room for; closer in, the points themselves are read.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from core.errors import InvalidValue
from tracker import levels
from tracker import points as points_of
from tracker.ingest import MAX_DOUBLE
from tracker.levels import Levels
from tracker.models import Metric

if TYPE_CHECKING:  # numpy takes 25 MB and 0.1 s: a process that draws no chart never loads it
    import numpy as np

AXES = ("step", "time", "relative")
MIN_POINTS, MAX_POINTS = 10, 5_000
# memory of one read: 33 bytes a point, and as much again while it is sorted
MAX_POINTS_AT_ONCE = 2_000_000


class Source(NamedTuple):
    """A metric whose points are asked for: the row of its rollup as far as a chart needs it."""

    pk: int
    run_id: str
    key: str
    count: int
    start_time_ms: int  # of the run: where relative time begins
    status: str  # of the run


class Cursor(NamedTuple):
    """How far a chart has read a metric: how many points, and the last of them."""

    metric_id: int
    count: int
    step: int
    timestamp_ms: int

    def __str__(self):
        return ":".join(map(str, self))


class Span(NamedTuple):
    """Among which steps the points of a window lie; None where it is open to the newest."""

    first_step: int
    last_step: int | None


@dataclass(frozen=True)
class Window:
    """What a chart shows: unit of the x axis, visible range in that unit (None: all), and how many points fit."""

    x: str = "step"
    start: float | None = None
    end: float | None = None
    max_points: int = 1_000

    def __post_init__(self):
        if self.x not in AXES:
            raise InvalidValue(f"x must be one of {', '.join(AXES)}.")
        if not MIN_POINTS <= self.max_points <= MAX_POINTS:
            raise InvalidValue(f"points must be between {MIN_POINTS} and {MAX_POINTS}.")
        for bound in (self.start, self.end):
            if bound is not None and not math.isfinite(bound):
                raise InvalidValue("from and to must be finite numbers.")
        if self.is_zoomed and not self.low < self.high:
            raise InvalidValue("from must be smaller than to.")

    @property
    def is_zoomed(self) -> bool:
        return self.start is not None or self.end is not None

    @property
    def low(self) -> float:
        return -math.inf if self.start is None else self.start

    @property
    def high(self) -> float:
        return math.inf if self.end is None else self.end


@dataclass(frozen=True)
class Series:
    """Points of one metric in the order of x; `y` is NaN where a value was not a finite number, and `marks` says which."""

    source: Source
    x: "np.ndarray"  # float64: step, milliseconds since 1970, or seconds since the run's start
    y: "np.ndarray"  # float64
    marks: list[tuple[float, str]]  # (x, "NaN" | "Infinity" | "-Infinity")
    total: int
    is_complete: bool  # every point of the window is here
    is_append: bool  # to be added to what the chart has; otherwise it takes the place of that
    cursor: str


def sources(runs, keys: list[str]) -> list[Source]:
    """Return the metrics with one of `keys` of a queryset of runs, in the order of run and key."""
    rows = Metric.objects.filter(run__in=runs, key__in=keys).order_by("run_id", "key")
    return list(
        map(
            Source._make,
            rows.values_list("pk", "run__run_id", "key", "count", "run__start_time_ms", "run__status"),
        )
    )


def parse_cursor(text: str) -> Cursor:
    """Return the cursor that a chart sends back.

    >>> parse_cursor("7:120:119:1700000000000")
    Cursor(metric_id=7, count=120, step=119, timestamp_ms=1700000000000)
    """
    try:
        cursor = Cursor(*map(int, text.split(":")))
    except (TypeError, ValueError):
        raise InvalidValue("since is not a cursor of this chart.") from None
    if any(abs(number) >= 2**63 for number in cursor):
        raise InvalidValue("since is not a cursor of this chart.")
    return cursor


def read(wanted: list[Source], window: Window, since: Iterable[Cursor] = ()) -> list[Series]:
    """Return one series a source, in their order; those with a cursor in `since` hold only what came after it."""
    known = {} if window.is_zoomed else {cursor.metric_id: cursor for cursor in since}
    unchanged = [s for s in wanted if s.pk in known and known[s.pk].count == s.count]
    grown = [s for s in wanted if s.pk in known and known[s.pk].count < s.count]
    found = {source.pk: _unchanged(source, known[source.pk]) for source in unchanged}
    for source, points in _read(grown, window, known):
        cursor = known[source.pk]
        if len(points) >= source.count - cursor.count:
            found[source.pk] = _series(source, points, window, behind=cursor)
    # new to the chart, or with points that arrived out of order
    spans: dict[int, Span] = {}
    for source, points in _read_levels([s for s in wanted if s.pk not in found], window, spans):
        found[source.pk] = _series(source, points, window, is_thinned=True)
    for source, points in _read([s for s in wanted if s.pk not in found], window, {}, spans):
        found[source.pk] = _series(source, points, window)
    return [found[source.pk] for source in wanted]


def _unchanged(source: Source, cursor: Cursor) -> Series:
    import numpy as np

    nothing = np.empty(0)
    return Series(source, nothing, nothing, [], source.count, True, True, str(cursor))


def _series(
    source: Source, points: "np.ndarray", window: Window, behind: Cursor | None = None, *, is_thinned: bool = False
) -> Series:
    """Turn points in the order of (step, timestamp), of a level where `is_thinned`, into what a chart draws."""
    total = source.count if is_thinned else len(points) + (behind.count if behind else 0)
    cursor = behind
    if len(points):
        cursor = Cursor(source.pk, total, int(points["step"][-1]), int(points["timestamp_ms"][-1]))
    x, y, not_numbers = _axes(points, source, window)
    kept = downsample(x, y, window.max_points)
    marks = [(float(x[i]), not_numbers(i)) for i in kept if y[i] != y[i]]
    return Series(
        source=source,
        x=x[kept],
        y=y[kept],
        marks=marks,
        total=source.count if window.is_zoomed else total,
        is_complete=len(kept) == len(x) and not is_thinned,
        is_append=behind is not None,
        cursor="" if window.is_zoomed or cursor is None else str(cursor),
    )


def _axes(points: "np.ndarray", source: Source, window: Window):
    """Return (x, y, name of the value that is not a number at i), in the order of x and within the window."""
    import numpy as np

    if window.x == "step":
        x = points["step"].astype(float)
    elif window.x == "time":
        x = points["timestamp_ms"].astype(float)
    else:
        x = (points["timestamp_ms"] - source.start_time_ms) / 1000.0
    if len(x) > 1 and (x[1:] < x[:-1]).any():
        order = np.argsort(x, kind="stable")
        x, points = x[order], points[order]
    if window.is_zoomed:
        # one more point on each side, so that the line reaches the edge of the chart
        first = max(np.searchsorted(x, window.low, "left") - 1, 0)
        last = np.searchsorted(x, window.high, "right") + 1
        x, points = x[first:last], points[first:last]
    values, is_nan = points["value"], points["is_nan"]
    y = np.where(is_nan | (np.abs(values) >= MAX_DOUBLE), np.nan, values)

    def name(i) -> str:
        return "NaN" if is_nan[i] else "Infinity" if values[i] > 0 else "-Infinity"

    return x, y, name


def downsample(x: "np.ndarray", y: "np.ndarray", max_points: int) -> "np.ndarray":
    """Return the indices of at most `max_points` points: both ends, and each bucket's smallest and largest value.

    `x` ascends. Gaps (NaN in y) get up to a fifth of the points, spread evenly; all of them where there are so few.
    """
    import numpy as np

    if len(x) <= max_points:
        return np.arange(len(x))
    is_gap = np.isnan(y)
    gaps, numbers = np.flatnonzero(is_gap), np.flatnonzero(~is_gap)
    if len(gaps) > max_points // 5:
        gaps = gaps[np.linspace(0, len(gaps) - 1, max_points // 5).astype(int)]
    room = max_points - len(gaps) - 2  # for both ends
    if len(numbers) > room + 2:
        numbers = numbers[_extremes(x[numbers], y[numbers], room // 2)]
    return np.unique(np.concatenate([gaps, numbers]))


def _extremes(x: "np.ndarray", y: "np.ndarray", num_buckets: int) -> "np.ndarray":
    """Return the indices of the first and the last point and of each bucket's smallest and largest."""
    import numpy as np

    edges = np.searchsorted(x, np.linspace(x[0], x[-1], num_buckets + 1)[1:-1])
    if x[0] == x[-1]:
        # a metric that is logged without a step: its x axis has no width, so buckets are of equal count
        edges = np.linspace(0, len(x), num_buckets + 1).astype(int)[1:-1]
    starts = np.unique(np.concatenate([[0], edges[edges < len(x)]]))
    picked = [0, len(x) - 1]
    for start, end in zip(starts, np.append(starts[1:], len(x)), strict=True):
        bucket = y[start:end]
        picked += [start + bucket.argmin(), start + bucket.argmax()]
    return np.array(picked)


# Where points come from ---------------------------------------------------------------------------------

# one point more on each side of the range
_FROM_STEP = (
    " AND step >= coalesce((SELECT max(step) FROM tracker_metricpoint WHERE metric_id = {pk} AND step < {low}), {low})"
)
_TO_STEP = " AND step <= coalesce((SELECT min(step) FROM tracker_metricpoint WHERE metric_id = {pk} AND step > {high}), {high})"
_BEHIND = " AND (step, timestamp_ms) > ({step}, {timestamp_ms})"


def _read(wanted: list[Source], window: Window, known: dict[int, Cursor], spans: dict[int, Span] | None = None):
    """Yield (source, points in the order of step and timestamp): one query, or one a MAX_POINTS_AT_ONCE points."""
    for batch in _batches(wanted):
        # numbers of ours only, and COPY takes no parameters
        queries = [_query(source.pk, window, known.get(source.pk), (spans or {}).get(source.pk)) for source in batch]
        rows = points_of.fetch(" UNION ALL ".join(queries))
        yield from zip(batch, _split(rows, [source.pk for source in batch]), strict=True)


def _batches(wanted: list[Source]):
    batch: list[Source] = []
    size = 0
    for source in wanted:
        if batch and size + source.count > MAX_POINTS_AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(source)
        size += source.count
    if batch:
        yield batch


def _query(pk: int, window: Window, behind: Cursor | None, span: Span | None) -> str:
    sql = points_of.SELECT.format(pk=pk)
    if behind:
        sql += _BEHIND.format(step=behind.step, timestamp_ms=behind.timestamp_ms)
    # times have no index: their range is cut out of what was read, which the levels keep small
    if window.x != "step" and span:
        sql += f" AND step >= {span.first_step}" + ("" if span.last_step is None else f" AND step <= {span.last_step}")
    if window.x == "step" and window.start is not None:
        sql += _FROM_STEP.format(pk=pk, low=_int64(math.ceil(window.start)))
    if window.x == "step" and window.end is not None:
        sql += _TO_STEP.format(pk=pk, high=_int64(math.floor(window.end)))
    return sql


def _read_levels(wanted: list[Source], window: Window, spans: dict[int, Span]):
    """Yield (source, points of its levels and the points behind them) for the series whose levels are right and fine enough.

    Of all whose levels are right it puts into `spans` where the window lies.
    """
    import numpy as np

    long = {source.pk: source for source in wanted if source.count >= levels.MIN_POINTS}
    known = levels.of(long) if long else {}
    tails = _tails(known)
    right = {pk: found for pk, found in known.items() if found.covers + len(tails[pk]) == long[pk].count}
    chosen = {pk: _between(found, window, long[pk]) for pk, found in right.items()}
    for pk, parts in chosen.items():
        # a clock that was set back brings later steps into the window
        is_open = parts[-1] is right[pk].parts[-1] or _meets(tails[pk], long[pk], window)
        spans[pk] = Span(parts[0].first_step, None if is_open else parts[-1].last_step)
    thinned = levels.read([part for parts in chosen.values() for part in parts])
    for pk, points in thinned.items():
        if spans[pk].last_step is None:
            points = np.concatenate([points, tails[pk]])
        if _is_fine_enough(points, long[pk], window):
            yield long[pk], points


def _tails(known: dict[int, Levels]) -> dict[int, "np.ndarray"]:
    """Return the points behind the levels, which are few while the job keeps up."""
    import numpy as np

    if not known:
        return {}
    pks = sorted(known)
    rows = points_of.fetch(" UNION ALL ".join(points_of.behind(pk, known[pk].end) for pk in pks))
    return dict(zip(pks, _split(rows, pks), strict=True)) if len(rows) else dict.fromkeys(pks, np.empty_like(rows))


def _between(found: Levels, window: Window, source: Source):
    if not window.is_zoomed:
        return found.parts
    if window.x == "relative":
        return found.between("time", *(source.start_time_ms + bound * 1000 for bound in (window.low, window.high)))
    return found.between(window.x, window.low, window.high)


def _meets(points: "np.ndarray", source: Source, window: Window) -> bool:
    """Whether any of these points lies in a window of time."""
    if window.x == "step" or not window.is_zoomed:
        return False
    x, _, _ = _axes(points, source, window)
    return bool(((x >= window.low) & (x <= window.high)).any())


def _is_fine_enough(points: "np.ndarray", source: Source, window: Window) -> bool:
    """Whether a level fills the chart's room within the window; the whole of a series that is long always does."""
    if not window.is_zoomed:
        return len(points) >= window.max_points
    x, _, _ = _axes(points, source, window)
    return len(x) >= window.max_points


def _int64(number: int) -> int:
    return min(max(number, -(2**63) + 1), 2**63 - 1)


def _split(rows: "np.ndarray", pks: list[int]) -> list["np.ndarray"]:
    """Return the rows of each metric, in the order of `pks`, each in the order of step and timestamp."""
    import numpy as np

    if not _is_sorted(rows):
        rows = rows[np.lexsort((rows["timestamp_ms"], rows["step"], rows["metric_id"]))]
    starts = np.searchsorted(rows["metric_id"], pks, "left")
    ends = np.searchsorted(rows["metric_id"], pks, "right")
    return [rows[start:end] for start, end in zip(starts, ends, strict=True)]


def _is_sorted(rows: "np.ndarray") -> bool:
    metric, step, timestamp = rows["metric_id"], rows["step"], rows["timestamp_ms"]
    same_metric = metric[1:] == metric[:-1]
    same_step = same_metric & (step[1:] == step[:-1])
    backwards = (metric[1:] < metric[:-1]) | (same_metric & (step[1:] < step[:-1]))
    return not (backwards | (same_step & (timestamp[1:] < timestamp[:-1]))).any()
