import math

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import make_run
from tracker import ingest, rollup
from tracker.models import Metric


def write(run, points):
    with transaction.atomic():
        return ingest.write(run.pk, points)


def stored_points(run):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.key, p.step, p.timestamp_ms, p.value, p.is_nan FROM tracker_metricpoint p "
            "JOIN tracker_metric m ON m.id = p.metric_id WHERE m.run_id = %s",
            [run.pk],
        )
        return [(key, ingest.Point(*rest[:3], bool(rest[3]))) for key, *rest in cursor.fetchall()]


points = st.builds(
    lambda key, value, timestamp, step: (key, ingest.point(value, timestamp_ms=timestamp, step=step)),
    st.sampled_from(["loss", "acc", "é/ü"]),
    st.one_of(st.floats(allow_infinity=True, allow_nan=True), st.sampled_from([0.0, -0.0, 1.0, -1.0])),
    st.integers(0, 3),
    st.integers(-2, 3),
)


@given(batches=st.lists(st.lists(points, max_size=12), max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rollups_equal_the_set_of_points_whatever_the_order_and_repetition(admin, batches):
    run = make_run(by=admin)

    for batch in batches:
        write(run, batch)

    everything = {point for batch in batches for point in batch}
    assert sorted(stored_points(run)) == sorted(everything)
    for metric in Metric.objects.filter(run=run):
        expected = rollup.of_points({point for key, point in everything if key == metric.key}).row()
        for name, value in zip(rollup.COLUMNS, expected, strict=True):
            if name == "mean" and value is not None:
                assert math.isclose(metric.mean, value, rel_tol=1e-6, abs_tol=1e292)
            else:
                assert getattr(metric, name) == value, name


def test_a_repeated_batch_adds_nothing(admin):
    run = make_run(by=admin)
    batch = [("loss", ingest.point(1 / step, timestamp_ms=step, step=step)) for step in range(1, 50)]

    counts = [write(run, batch) for _ in range(3)]

    assert counts == [49, 0, 0]
    assert run.metrics.get().count == 49


def test_a_batch_that_was_partly_known_adds_the_rest(admin):
    run = make_run(by=admin)
    write(run, [("loss", ingest.point(1.0, timestamp_ms=1, step=1))])

    added = write(
        run,
        [("loss", ingest.point(float(n), timestamp_ms=n, step=n)) for n in (1, 2)]
        + [("acc", ingest.point(0.5, timestamp_ms=1, step=1))],
    )

    assert added == 2
    assert run.metrics.get(key="loss").count == 2


@pytest.mark.parametrize(("first", "second", "last_is_nan"), [(math.nan, 1.0, False), (math.nan, -1.0, True)])
def test_nan_counts_as_zero_for_the_latest(admin, first, second, last_is_nan):
    run = make_run(by=admin)

    write(run, [("loss", ingest.point(first, timestamp_ms=1, step=1))])
    write(run, [("loss", ingest.point(second, timestamp_ms=1, step=1))])

    assert run.metrics.get().last_is_nan is last_is_nan


def test_the_latest_goes_by_step_and_not_by_arrival(admin):
    run = make_run(by=admin)

    write(run, [("loss", ingest.point(0.1, timestamp_ms=5, step=10))])
    write(run, [("loss", ingest.point(0.9, timestamp_ms=9, step=2))])

    metric = run.metrics.get()
    assert (metric.last_step, metric.last_value, metric.first_step) == (10, 0.1, 2)


def test_a_batch_of_any_size_costs_few_statements(admin, django_assert_max_num_queries):
    run = make_run(by=admin)
    batch = [(f"k{n}", ingest.point(float(n), timestamp_ms=n, step=n)) for n in range(1000)]

    for _ in range(2):
        # SQLite takes 250 rows a statement
        with django_assert_max_num_queries(12):
            write(run, batch)


@pytest.mark.parametrize("value", [5e-324, 1e-310, 1.7976931348623157e308, -1.7976931348623157e308])
def test_the_smallest_and_largest_doubles_are_kept_exactly(admin, value):
    run = make_run(by=admin)

    for step in range(3):
        write(run, [("loss", ingest.point(value, timestamp_ms=1, step=step))])

    metric = run.metrics.get()
    assert (metric.count, metric.min_value, metric.last_value, metric.mean) == (3, value, value, value)


def test_a_retry_finds_a_point_again_whatever_its_digits(admin):
    run = make_run(by=admin)
    batch = [("loss", ingest.point(n / 7 * 1e-17, timestamp_ms=n, step=n)) for n in range(1, 300)]
    write(run, batch)

    added = write(run, [*batch, ("loss", ingest.point(1.0, timestamp_ms=0, step=0))])

    assert added == 1
    assert run.metrics.get().count == 300


@pytest.mark.parametrize("num_known", [0, 500, 1000])
def test_a_retry_costs_few_statements(admin, django_assert_max_num_queries, num_known):
    run = make_run(by=admin)
    batch = [("loss", ingest.point(float(n), timestamp_ms=n, step=n)) for n in range(1000)]
    write(run, batch[:num_known])

    with django_assert_max_num_queries(12):
        added = write(run, batch)

    assert added == 1000 - num_known


@pytest.mark.needs("postgresql")
def test_postgresql_writes_rollups_anew_in_the_same_page(admin):
    run = make_run(by=admin)

    for step in range(2):
        write(run, [(f"m{number}", ingest.point(1.0, timestamp_ms=step, step=step)) for number in range(600)])

    with connection.cursor() as cursor:
        cursor.execute("SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'tracker_metric'")
        (num_in_the_same_page,) = cursor.fetchone()
    # without room it is those of the last page
    assert num_in_the_same_page > 150
