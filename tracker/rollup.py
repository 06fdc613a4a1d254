"""What a metric's points come to: count, latest, first, extremes and mean, of one batch or merged of many.

The latest is MLflow's: the largest step, then timestamp, then value, where NaN counts as 0. Merging gives the same in
any order, but for the last digits of the mean.
"""

import math
from collections.abc import Collection
from typing import NamedTuple

MAX_DOUBLE = 1.7976931348623157e308


class Point(NamedTuple):
    """A value as it is stored: NaN is 0 with is_nan, infinity the largest double."""

    step: int
    timestamp_ms: int
    value: float
    is_nan: bool


def point(value: float, *, timestamp_ms: int, step: int) -> Point:
    """Return a value as it is stored.

    >>> point(float("nan"), timestamp_ms=1, step=2)
    Point(step=2, timestamp_ms=1, value=0.0, is_nan=True)
    """
    if value != value:
        return Point(step, timestamp_ms, 0.0, True)
    if not -MAX_DOUBLE <= value <= MAX_DOUBLE:
        value = MAX_DOUBLE if value > 0 else -MAX_DOUBLE
    # + 0.0 turns -0.0 into 0.0: the engines disagree on whether these are one key
    return Point(step, timestamp_ms, value + 0.0, False)


class Rollup(NamedTuple):
    """The columns of `tracker_metric` that stand for its points, in their order in COLUMNS."""

    count: int
    num_nan: int
    last: Point
    first: Point
    # (value, step) over the points that are numbers, (None, None) while there is none
    minimum: tuple[float | None, int | None]
    maximum: tuple[float | None, int | None]
    mean: float | None

    def row(self) -> tuple:
        return (self.count, self.num_nan, *self.last, *self.first, *self.minimum, *self.maximum, self.mean)


COLUMNS = (
    "count", "num_nan", "last_step", "last_timestamp_ms", "last_value", "last_is_nan", "first_step",
    "first_timestamp_ms", "first_value", "first_is_nan", "min_value", "min_step", "max_value", "max_step", "mean",
)  # fmt: skip

# where the latest point stands in a row
LAST = slice(2, 6)

_NONE = (None, None)


def of_row(row: tuple) -> Rollup:
    """Return what Rollup.row made."""
    return Rollup(row[0], row[1], row[2:6], row[6:10], row[10:12], row[12:14], row[14])


def of_points(points: Collection[Point]) -> Rollup:
    """Return the rollup of distinct points, at least one; plain tuples will do."""
    ordered = sorted(points)
    numbers = [point for point in ordered if not point[3]]
    low, high, mean = _NONE, _NONE, None
    if numbers:
        values = [point[2] for point in numbers]
        smallest, largest = min(values), max(values)
        # the earliest of equal ones, as they are in the order of steps
        low = smallest, numbers[values.index(smallest)][0]
        high = largest, numbers[values.index(largest)][0]
        # rounding must not take it out of what it is the mean of
        mean = min(max(_mean_of(values), smallest), largest)
    return Rollup(len(points), len(points) - len(numbers), ordered[-1], ordered[0], low, high, mean)


def _mean_of(values: list[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        # the largest doubles overflow; halves of their shares do not, though shares may be rounded up
        return 2 * math.fsum([value / len(values) / 2 for value in values])


def _height(extreme: tuple[float, int]) -> tuple[float, int]:
    # of equal extremes the earliest step counts, whatever the order of arrival
    return extreme[0], -extreme[1]


def merge(a: Rollup, b: Rollup) -> Rollup:
    """Return the rollup of the points of `a` and `b`, which have none in common."""
    num_a, num_b = a.count - a.num_nan, b.count - b.num_nan
    if num_a and num_b:
        low, high = min(a.minimum, b.minimum), max(a.maximum, b.maximum, key=_height)
        mean = _mean(a.mean, b.mean, num_b / (num_a + num_b))
    else:
        low, high, mean = (b.minimum, b.maximum, b.mean) if num_b else (a.minimum, a.maximum, a.mean)
    return Rollup(a.count + b.count, a.num_nan + b.num_nan, max(a.last, b.last), min(a.first, b.first), low, high, mean)


def new(points: Collection[Point]) -> tuple:
    """Return the row of a metric that has these points and no others."""
    if len(points) > _FEW:
        return of_points(points).row()
    only, *others = points
    step, _, value, is_nan = only
    row = (
        (1, 1, *only, *only, *_NONE, *_NONE, None) if is_nan else (1, 0, *only, *only, value, step, value, step, value)
    )
    return add(row, others) if others else row


def add(row: tuple, points: Collection[Point]) -> tuple:
    """Return the row of a metric with points that it did not have."""
    if len(points) > _FEW:
        return merge(of_row(row), of_points(points)).row()
    count, num_nan, *_, low, low_step, high, high_step, mean = row
    last, first = row[2:6], row[6:10]
    for point in points:
        if point > last:
            last = point
        if point < first:
            first = point
        step, _, value, is_nan = point
        if is_nan:
            num_nan += 1
        elif count == num_nan:
            low = high = mean = value
            low_step = high_step = step
        else:
            if value < low or (value == low and step < low_step):
                low, low_step = value, step
            if value > high or (value == high and step < high_step):
                high, high_step = value, step
            mean = _mean(mean, value, 1 / (count - num_nan + 1))
        count += 1
    return (count, num_nan, *last, *first, low, low_step, high, high_step, mean)


# what `merge` does takes as long as adding so many one by one; a batch of 500 keys with two points each is common
_FEW = 4


def _mean(a: float, b: float, share: float) -> float:
    """Return the mean where `b` has this share of the values; of equal values it is exactly that value."""
    mean = a + (b - a) * share
    # b - a may be more than a double holds
    return mean if math.isfinite(mean) else _bounded(a * (1 - share) + b * share)


def _bounded(mean: float | None) -> float | None:
    return None if mean is None else min(max(mean, -MAX_DOUBLE), MAX_DOUBLE)
