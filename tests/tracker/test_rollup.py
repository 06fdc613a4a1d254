import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker import rollup
from tracker.rollup import MAX_DOUBLE, point

points = st.builds(
    lambda value, timestamp, step: point(value, timestamp_ms=timestamp, step=step),
    st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1.0, -1.0, MAX_DOUBLE, -MAX_DOUBLE, 5e-324])),
    st.integers(0, 3),
    st.integers(-2, 3),
)


def assert_same(merged, expected, values):
    *exact, mean = merged
    *expected_exact, expected_mean = expected
    assert tuple(exact) == tuple(expected_exact)
    if expected_mean is None:
        assert mean is None
    else:
        largest = max(abs(value.value) for value in values)
        assert math.isclose(mean, expected_mean, rel_tol=1e-9, abs_tol=largest * 1e-12 + 1e-320)


@given(st.lists(points, min_size=1, unique=True), st.data())
def test_merging_parts_equals_the_whole(values, data):
    cut = data.draw(st.integers(1, len(values)))
    left, right = values[:cut], values[cut:]

    merged = rollup.of_points(left).row()
    if right:
        merged = rollup.add(merged, right)

    assert_same(merged, rollup.of_points(values).row(), values)


@given(st.lists(points, min_size=1, unique=True))
def test_adding_one_at_a_time_equals_the_whole(values):
    merged = rollup.of_points(values[:1]).row()
    for value in values[1:]:
        merged = rollup.add(merged, [value])

    assert_same(merged, rollup.of_points(values).row(), values)


@given(st.lists(points, min_size=1, unique=True))
def test_the_latest_is_the_one_that_mlflow_keeps(values):
    latest = values[0]
    for value in values[1:]:
        if (value.step, value.timestamp_ms, value.value) > (latest.step, latest.timestamp_ms, latest.value):
            latest = value

    last = rollup.of_points(values).last

    assert last[:3] == latest[:3]


@pytest.mark.parametrize("num", range(1, 40))
def test_the_mean_of_the_largest_values_is_the_largest(num):
    rows = rollup.of_points([point(float("inf"), timestamp_ms=0, step=step) for step in range(num)])

    assert rows.mean == MAX_DOUBLE


def test_the_mean_of_equal_values_is_that_value():
    row = rollup.of_points([point(0.1, timestamp_ms=1, step=0)]).row()

    for step in range(1, 1000):
        row = rollup.add(row, [point(0.1, timestamp_ms=1, step=step)])

    assert row[-1] == 0.1


@pytest.mark.parametrize("value", [MAX_DOUBLE, -MAX_DOUBLE, math.inf, -math.inf])
def test_the_mean_of_the_largest_values_does_not_overflow(value):
    row = rollup.of_points([point(value, timestamp_ms=1, step=0)]).row()

    row = rollup.add(row, [point(-value, timestamp_ms=1, step=1)])
    row = rollup.add(row, [point(value, timestamp_ms=1, step=2), point(value, timestamp_ms=1, step=3)])

    assert row[-1] == pytest.approx(math.copysign(MAX_DOUBLE / 2, value))


def test_of_equal_extremes_the_earliest_step_counts():
    values = [point(value, timestamp_ms=1, step=step) for step, value in [(3, 1.0), (1, 1.0), (2, 0.0), (5, 0.0)]]

    result = rollup.of_points(values)

    assert (result.minimum, result.maximum) == ((0.0, 2), (1.0, 1))


def test_negative_zero_is_zero():
    assert str(point(-0.0, timestamp_ms=0, step=0).value) == "0.0"
