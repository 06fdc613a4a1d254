import math

import numpy as np
import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidValue
from tests.factories import make_run
from tracker import ingest, series
from tracker.models import Run
from tracker.series import Window


def write(run, values, *, key="loss", first_step=0, timestamp=None):
    """Log values at ascending steps, a second after each other."""
    points = [
        (key, ingest.point(value, timestamp_ms=timestamp or 1_000 * (first_step + i), step=first_step + i))
        for i, value in enumerate(values)
    ]
    with transaction.atomic():
        ingest.write(run.pk, points)


def read(*runs, keys=("loss",), since=(), **window):
    wanted = series.sources(Run.objects.filter(pk__in=[run.pk for run in runs]), list(keys))
    return series.read(wanted, Window(**window), [series.parse_cursor(cursor) for cursor in since])


@pytest.fixture
def run(admin):
    return make_run(by=admin, start_time_ms=0)


def test_a_short_series_comes_whole(run):
    write(run, [3.0, 1.0, 2.0])

    (found,) = read(run)

    assert found.x.tolist() == [0, 1, 2]
    assert found.y.tolist() == [3.0, 1.0, 2.0]
    assert (found.total, found.is_complete, found.is_append) == (3, True, False)


def test_a_long_series_keeps_its_only_spike(run):
    values = [0.0] * 3_000
    values[1_234] = 9.0
    write(run, values)

    (found,) = read(run, max_points=100)

    assert len(found.x) <= 100
    assert (1_234, 9.0) in zip(found.x, found.y, strict=True)
    assert (found.x[0], found.x[-1]) == (0, 2_999)
    assert (found.total, found.is_complete) == (3_000, False)


@given(
    steps=st.lists(st.integers(-(2**40), 2**40), min_size=41, max_size=400),
    values=st.data(),
    max_points=st.integers(10, 40),
)
@settings(max_examples=150, deadline=None)
def test_every_extreme_of_a_pixel_bucket_survives(steps, values, max_points):
    x = np.array(sorted(steps), dtype=float)
    y = np.array(values.draw(st.lists(st.floats(-1e6, 1e6), min_size=len(x), max_size=len(x))))

    kept = series.downsample(x, y, max_points)

    # every point has a kept one within a bucket's width that is at least as high, and one at least as low
    width = (x[-1] - x[0]) / ((max_points - 2) // 2) * 1.000001
    assert len(kept) <= max_points
    assert np.all(np.diff(kept) > 0)
    if width:
        for here, value in zip(x, y, strict=True):
            near = y[kept][np.abs(x[kept] - here) <= width]
            assert near.min() <= value <= near.max()
    assert y[kept].min() == y.min()
    assert y[kept].max() == y.max()


@given(st.lists(st.sampled_from([0.0, 1.0, math.nan]), min_size=11, max_size=300))
@settings(max_examples=100, deadline=None)
def test_gaps_never_take_more_than_their_share(values):
    y = np.array(values)

    kept = series.downsample(np.zeros(len(y)), y, 10)

    assert len(kept) <= 10
    assert np.isnan(y[kept]).any() == np.isnan(y).any()
    assert np.isnan(y[kept]).all() == np.isnan(y).all()


def test_values_that_are_not_numbers_are_gaps_with_marks(run):
    write(run, [1.0, math.nan, math.inf, -math.inf, 2.0])

    (found,) = read(run)

    assert [None if math.isnan(y) else y for y in found.y] == [1.0, None, None, None, 2.0]
    assert found.marks == [(1.0, "NaN"), (2.0, "Infinity"), (3.0, "-Infinity")]


def test_a_series_of_nothing_but_nan_is_drawn_as_marks(run):
    write(run, [math.nan] * 500)

    (found,) = read(run, max_points=50)

    assert 0 < len(found.marks) <= 50
    assert np.isnan(found.y).all()


def test_time_puts_points_in_their_own_order(run):
    write(run, [1.0], first_step=5, timestamp=1_000)
    write(run, [2.0], first_step=1, timestamp=2_000)

    (by_time,) = read(run, x="time")
    (by_step,) = read(run, x="step")

    assert (by_time.x.tolist(), by_time.y.tolist()) == ([1_000, 2_000], [1.0, 2.0])
    assert (by_step.x.tolist(), by_step.y.tolist()) == ([1, 5], [2.0, 1.0])


def test_relative_time_begins_with_the_run(admin):
    run = make_run(by=admin, start_time_ms=500)
    write(run, [1.0], timestamp=2_500)

    (found,) = read(run, x="relative")

    assert found.x.tolist() == [2.0]


@pytest.mark.parametrize(
    ("x", "start", "end"), [("step", 10, 12), ("step", 9.5, 12.5), ("time", 10_000, 12_000), ("relative", 10, 12)]
)
def test_a_zoom_reads_its_range_and_one_point_on_each_side(run, x, start, end):
    write(run, range(100))

    (found,) = read(run, x=x, start=start, end=end)

    assert found.y.tolist() == [9, 10, 11, 12, 13]
    assert (found.total, found.cursor) == (100, "")


def test_a_zoom_between_two_points_still_draws_the_line(run):
    write(run, [1.0], first_step=0)
    write(run, [2.0], first_step=100)

    (found,) = read(run, start=40, end=60)

    assert found.x.tolist() == [0, 100]


def test_a_zoom_has_full_resolution(run):
    write(run, range(3_000))

    (found,) = read(run, start=1_000, end=1_050, max_points=100)

    assert found.is_complete
    assert len(found.x) == 53


def test_a_live_chart_gets_only_what_is_new(run):
    write(run, [1.0, 2.0])
    (before,) = read(run)
    write(run, [3.0, 4.0], first_step=2)

    (after,) = read(run, since=[before.cursor])

    assert after.is_append
    assert after.y.tolist() == [3.0, 4.0]
    assert after.total == 4


def test_nothing_new_reads_no_points(run, django_assert_num_queries):
    write(run, [1.0, 2.0])
    (before,) = read(run)

    with django_assert_num_queries(1):
        (after,) = read(run, since=[before.cursor])

    assert after.is_append
    assert after.cursor == before.cursor
    assert len(after.x) == 0


@pytest.mark.parametrize("late", [{"first_step": 0, "timestamp": 77}, {"first_step": -5}])
def test_a_point_that_came_out_of_order_sends_the_whole_again(run, late):
    write(run, [1.0, 2.0, 3.0], first_step=1)
    (before,) = read(run)
    write(run, [9.0], **late)

    (after,) = read(run, since=[before.cursor])

    assert not after.is_append
    assert after.total == 4
    assert 9.0 in after.y


def test_many_runs_of_one_metric_take_one_query_for_the_points(admin, django_assert_num_queries):
    runs = [make_run(by=admin) for _ in range(5)]
    for number, run in enumerate(runs):
        write(run, [number, number])

    with django_assert_num_queries(2):
        found = read(*runs)

    assert [one.source.run_id for one in found] == [run.run_id for run in runs]
    assert [one.y.tolist() for one in found] == [[n, n] for n in range(5)]


def test_reading_in_batches_gives_the_same(admin, monkeypatch):
    runs = [make_run(by=admin) for _ in range(3)]
    for number, run in enumerate(runs):
        write(run, [number] * 4)
    monkeypatch.setattr(series, "MAX_POINTS_AT_ONCE", 5)

    found = read(*runs)

    assert [one.y.tolist() for one in found] == [[n] * 4 for n in range(3)]


def test_the_largest_steps_are_read_and_followed(run):
    write(run, [1.0], first_step=-(2**63), timestamp=1)
    write(run, [2.0], first_step=2**63 - 1, timestamp=1)
    (before,) = read(run)
    (zoomed,) = read(run, start=-1e300, end=1e300)

    (after,) = read(run, since=[before.cursor])

    assert before.y.tolist() == zoomed.y.tolist() == [1.0, 2.0]
    assert after.is_append


@pytest.mark.parametrize("text", ["", "1:2:3", "a:1:2:3", "1:2:3:9223372036854775809", "1:2:3:4:5"])
def test_a_foreign_cursor_is_refused(text):
    with pytest.raises(InvalidValue):
        series.parse_cursor(text)


@pytest.mark.parametrize(
    "window",
    [
        {"x": "value"},
        {"max_points": 9},
        {"max_points": 5_001},
        {"start": math.nan},
        {"start": 2.0, "end": 1.0},
        {"end": math.inf},
    ],
)
def test_a_window_that_makes_no_sense_is_refused(window):
    with pytest.raises(InvalidValue):
        Window(**window)
