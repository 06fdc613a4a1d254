import io
import math

import pytest
from django.db import transaction

from tests.factories import make_experiment, make_logged_model, make_run
from tracker import compared_metrics, comparison, ingest
from tracker.actions import artifacts, experiments
from tracker.comparing.digest import digest as digest_of
from tracker.models import Dataset, DatasetInput, Environment, Param, RunTag
from tracker.panels import panels


def log(run, **metrics):
    points = [
        (key.replace("__", "/"), ingest.point(value, timestamp_ms=step, step=step))
        for key, values in metrics.items()
        for step, value in enumerate(values)
    ]
    with transaction.atomic():
        ingest.write(run.pk, points)


def text(model, run, **values):
    model.objects.bulk_create(model(run=run, key=key, value=value) for key, value in values.items())


def tag(run, key, value):
    RunTag.objects.create(run=run, key=key, value=value)


@pytest.fixture
def runs(admin):
    return [make_run(by=admin, name=name) for name in ("one", "two")]


def shown(rows):
    return {row.key: row.values for row in rows.rows}


# who ------------------------------------------------------------------------------------------------------


def test_runs_come_in_the_order_they_were_asked_for_each_once(runs, admin):
    one, two = runs

    found = comparison.chosen([two.run_id, one.run_id, two.run_id], user=admin)

    assert found.runs == [two, one]
    assert (found.num_hidden, found.num_beyond) == (0, 0)


def test_hidden_and_unknown_runs_are_counted_alike_and_not_told_apart(runs, member, admin):
    hidden = make_run(make_experiment(by=admin, is_private=True), by=admin)

    found = comparison.chosen([hidden.run_id, runs[0].run_id, "f" * 32], user=member)

    assert found.runs == [runs[0]]
    assert found.num_hidden == 2


def test_more_than_fit_are_left_out_and_counted(runs, admin, monkeypatch):
    monkeypatch.setattr(comparison, "MAX_RUNS", 1)

    found = comparison.chosen([run.run_id for run in runs], user=admin)

    assert (len(found.runs), found.num_beyond) == (1, 1)


# metrics --------------------------------------------------------------------------------------------------


def metrics(runs, show="last", **kwargs):
    return compared_metrics.metrics(runs, show, compared_metrics.directions(runs), **kwargs)


@pytest.mark.parametrize(
    ("show", "loss", "acc"), [("last", 0.5, 0.2), ("best", 0.25, 0.9), ("min", 0.25, 0.1), ("max", 1.0, 0.9)]
)
def test_each_rollup_is_shown(runs, show, loss, acc):
    log(runs[0], loss=[1.0, 0.25, 0.5], acc=[0.1, 0.9, 0.2])

    found = shown(metrics(runs, show))

    assert found["loss"][0].value == loss
    assert found["acc"][0].value == acc
    assert found["loss"][1] is None


def test_the_primary_metric_stands_first_and_says_what_is_good(admin, runs):
    experiments.set_tag(runs[0].experiment, "mlflow.experiment.primaryMetric.name", "zz", by=admin)
    experiments.set_tag(runs[0].experiment, "mlflow.experiment.primaryMetric.greaterIsBetter", "False", by=admin)
    log(runs[0], acc=[1], zz=[1, 2])

    found = metrics(runs, "best")

    assert [row.key for row in found.rows] == ["zz", "acc"]
    assert found.rows[0].values[0].value == 1


@pytest.mark.parametrize(
    ("one", "two", "show", "is_shown"),
    [
        ([1.0], [1.0], "last", False),
        ([1.0], [2.0], "last", True),
        ([0.0], [math.nan], "last", True),
        ([math.nan], [math.nan], "last", False),
        ([1.0], None, "last", True),
        ([1.0, 2.0], [3.0, 2.0], "last", False),
        ([1.0, 2.0], [3.0, 2.0], "min", True),
        ([1.0, 2.0], [0.0, 2.0], "max", False),
        ([math.nan], [2.0], "max", True),
        ([1.0, 2.0], [1.0, 3.0], "best", True),
    ],
)
def test_only_metrics_that_differ(runs, one, two, show, is_shown):
    log(runs[0], acc=one)
    if two:
        log(runs[1], acc=two)

    assert bool(metrics(runs, show, only_differing=True).rows) is is_shown


def test_metrics_of_the_system_are_found_by_name_only(runs):
    log(runs[0], system__cpu=[1], loss=[1])

    assert list(shown(metrics(runs))) == ["loss"]
    assert list(shown(metrics(runs, find="CPU"))) == ["system/cpu"]


def test_of_more_keys_than_fit_the_first_are_shown_and_all_counted(runs, monkeypatch):
    log(runs[0], **{f"m{n}": [1] for n in range(5)})
    monkeypatch.setattr(comparison, "MAX_CELLS", 4)

    found = metrics(runs)

    assert (len(found.rows), found.num_keys, found.num_more) == (2, 5, 3)


# what else was logged -------------------------------------------------------------------------------------


def test_only_params_that_differ(runs):
    text(Param, runs[0], lr="0.1", seed="1", only="here")
    text(Param, runs[1], lr="0.1", seed="2")

    assert shown(comparison.params(runs)) == {"lr": ["0.1", "0.1"], "only": ["here", None], "seed": ["1", "2"]}
    assert list(shown(comparison.params(runs, only_differing=True))) == ["only", "seed"]
    assert list(shown(comparison.params(runs, find="SE"))) == ["seed"]


def test_long_values_that_begin_alike_differ(runs):
    for run, end in zip(runs, "ab", strict=True):
        text(Param, run, prompt="x" * 1_000 + end)

    (row,) = comparison.params(runs, only_differing=True).rows

    assert len(row.values[0]) == comparison.MAX_VALUE


def test_tags_of_the_client_are_no_tags(runs):
    tag(runs[0], "team", "vision")
    tag(runs[0], "mlflow.user", "ada")

    assert shown(comparison.tags(runs)) == {"team": ["vision", None]}


def test_code_differs_by_what_was_not_committed(runs):
    for run, diff in zip(runs, ("+a\n", "+b\n"), strict=True):
        tag(run, "mlflow.source.git.commit", "abc")
        tag(run, "mlflow.source.git.diff", diff)

    assert list(shown(comparison.code(runs, only_differing=True))) == ["Not committed"]
    assert shown(comparison.code(runs))["Commit"] == ["abc", "abc"]


def test_packages_are_those_of_the_models_and_of_the_runs_own_files(runs, admin):
    model = make_logged_model(by=admin, source_run=runs[0])
    Environment.objects.create(model=model, python="3.11.7", packages=[["numpy", "==2.1.0"], ["pandas", ""]])
    Environment.objects.create(run=runs[1], folder="m", python="3.11.7", packages=[["numpy", "==2.0.0"]])

    assert shown(comparison.packages(runs)) == {
        "Python": ["3.11.7", "3.11.7"],
        "numpy": ["==2.1.0", "==2.0.0"],
        "pandas": ["any", None],
    }
    assert list(shown(comparison.packages(runs, only_differing=True))) == ["numpy", "pandas"]


def test_an_environment_that_is_written_over_to_the_same_length_is_noticed(runs):
    environment = Environment.objects.create(run=runs[0], packages=[["numpy", "==2.1.0"]])
    before = digest_of([run.pk for run in runs])

    environment.packages = [["numpy", "==2.1.1"]]
    environment.save()

    assert digest_of([run.pk for run in runs]) != before


def test_datasets_differ_by_their_digest(runs):
    for run, digest in zip(runs, ("aa", "bb"), strict=True):
        dataset = Dataset.objects.create(experiment=run.experiment, name="seams", digest=digest)
        DatasetInput.objects.create(run=run, dataset=dataset, context="train")

    assert shown(comparison.datasets(runs, only_differing=True)) == {"seams · train": ["aa", "bb"]}


def test_files_of_the_same_content_are_the_same(runs, admin):
    for run, content in zip(runs, (b"1", b"2"), strict=True):
        artifacts.upload(run, "same.txt", io.BytesIO(b"same"), by=admin)
        artifacts.upload(run, "other.txt", io.BytesIO(content), by=admin)

    found = shown(comparison.files(runs))

    assert found["same.txt"][0] == found["same.txt"][1]
    assert list(shown(comparison.files(runs, only_differing=True))) == ["other.txt"]
    assert found["other.txt"][0].sha256 != found["other.txt"][1].sha256


# charts ---------------------------------------------------------------------------------------------------


def test_a_panel_is_for_what_has_a_course(runs):
    log(runs[0], loss=[1, 2], single=[1])
    log(runs[1], loss=[1])
    with transaction.atomic():
        ingest.write(runs[1].pk, [("flat", ingest.point(value, timestamp_ms=value, step=0)) for value in (1, 2)])

    assert [tuple(panel) for panel in panels(runs)] == [("flat", 1, True), ("loss", 2, False)]
