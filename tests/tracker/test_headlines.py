import pytest
from django.db import transaction

from tests.factories import make_experiment, make_run
from tracker import ingest
from tracker.actions import experiments
from tracker.headlines import headline_metrics

pytestmark = pytest.mark.django_db


def logged(run, **num_points):
    points = [
        (key, ingest.point(step, timestamp_ms=step, step=step))
        for key, num in num_points.items()
        for step in range(num)
    ]
    with transaction.atomic():
        ingest.write(run.pk, points)
    return run


def headline(run):
    found = headline_metrics([run]).get(run.pk)
    return found.key if found else None


@pytest.mark.parametrize(
    ("logged_points", "expected"),
    [
        ({}, None),
        ({"b": 1, "a": 1}, "a"),
        ({"a": 1, "b": 3, "c": 3}, "b"),
        ({"system/cpu": 9}, None),
        ({"a": 2, "val_loss": 1}, "val_loss"),
    ],
)
def test_it_is_the_primary_one_or_the_first_with_a_curve(member, logged_points, expected):
    experiment = make_experiment(by=member)
    experiments.set_tag(experiment, "mlflow.experiment.primaryMetric.name", "val_loss", by=member)

    assert headline(logged(make_run(experiment, by=member), **logged_points)) == expected


def test_each_experiment_has_its_own(member):
    first, second = make_experiment(by=member), make_experiment(by=member)
    experiments.set_tag(first, "mlflow.experiment.primaryMetric.name", "b", by=member)
    runs = [logged(make_run(experiment, by=member), a=2, b=2) for experiment in (first, second)]

    found = headline_metrics(runs)

    assert [found[run.pk].key for run in runs] == ["b", "a"]


def test_it_costs_three_statements(member, django_assert_num_queries):
    runs = [logged(make_run(make_experiment(by=member), by=member), a=1) for _ in range(5)]

    with django_assert_num_queries(3):
        headline_metrics(runs)
