import doctest

import pytest
from django.db import transaction

from tests.factories import make_experiment, make_run
from tracker import columns, ingest
from tracker.columns import Column
from tracker.models import Param, RunTag


def test_the_examples_hold():
    assert doctest.testmod(columns).failed == 0


@pytest.mark.parametrize(
    "token", ["", "password", "created_by__password", "min:", "median:loss", "param:" + "x" * 251, "param:a\0b"]
)
def test_an_unknown_column_is_none(token):
    assert columns.parse(token) is None


def test_columns_stand_as_they_are_named_each_once():
    parsed = columns.parse_all(["tag:team", "param:lr", "password", "status", "max:a:b", "param:lr"])

    assert parsed == [Column("tag", "team"), Column("param", "lr"), Column("status"), Column("max", "a:b")]


def test_a_table_begins_with_params_that_differ(admin):
    experiment = make_experiment(by=admin)
    for number in range(3):
        run = make_run(experiment, by=admin)
        for key in ("seed", "a", "b", "c", "d"):
            Param.objects.create(run=run, key=key, value=str(number) if key == "seed" else "same")

    keys = [column.key for column in columns.default_columns(experiment) if column.kind == "param"]

    assert keys == ["seed", "a", "b", "c"]


def log(run, *keys):
    with transaction.atomic():
        ingest.write(run.pk, [(key, ingest.point(1.0, timestamp_ms=1, step=0)) for key in keys])


def metric_keys(experiment):
    return [column.key for column in columns.default_columns(experiment) if column.is_metric]


def test_a_table_begins_with_what_the_runs_logged_that_it_shows(admin):
    """A grid search logs other metrics to its children, of which there are more."""
    experiment = make_experiment(by=admin)
    parent = make_run(experiment, by=admin)
    log(parent, "best_cv_score", "training_score")
    Param.objects.create(run=parent, key="cv", value="5")
    for _ in range(40):
        child = make_run(experiment, by=admin)
        log(child, "mean_fit_time", "mean_test_score", "rank_test_score", "std_fit_time")
        RunTag.objects.create(run=child, key="mlflow.parentRunId", value=parent.run_id)

    assert metric_keys(experiment) == ["best_cv_score", "training_score", "mean_fit_time", "mean_test_score"]
    assert Column("param", "cv") in columns.default_columns(experiment)


def test_the_primary_metric_stands_first_whoever_logged_it(admin):
    experiment = make_experiment(by=admin)
    log(make_run(experiment, by=admin), "acc", "loss")

    keys = [column.key for column in columns.default_columns(experiment, "val/acc") if column.is_metric]

    assert keys == ["val/acc", "acc", "loss"]
