"""The list of models: a small curve of the metric of each over its last versions, in words too."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry import trends
from registry.actions import model_versions
from registry.models import ModelVersion
from tests.factories import make_experiment, make_model, make_version
from tests.pages.registry import as_, logged_run, logged_version, serve
from tracker.actions import batches
from tracker.actions.batches import Measurement
from tracker.models import Metric


def trend_of(page, name="seams"):
    (row,) = [row for row in page.context["rows"] if row["model"].name == name]
    return row["trend"]


def test_a_row_draws_its_metric_and_says_its_numbers(mel, model, member, rita):
    for f1 in (0.8, 0.9, 0.85):
        logged_version(model, by=member, f1=f1)

    page = mel.get("/models")

    assert trend_of(page) == ("f1", [(1, 0.8), (2, 0.9), (3, 0.85)])
    words = "f1 of the last 3 versions that have it: v1 0.8000, v2 0.9000, v3 0.8500"
    assert f'role="img" aria-label="{words}"' in page.text
    assert re.search(r'<svg class="spark"[^>]* aria-hidden="true"><polyline points="1\.0,20\.0 48\.0,2\.0', page.text)
    assert "0.8000 → 0.8500" in page.text


def test_its_name_is_not_said_twice(mel, model, member, rita):
    for f1 in (0.8, 0.9):
        logged_version(model, by=member, f1=f1)
    assert mel.get("/models").text.count('<span class="key">f1 </span>') == 1

    serve(model.versions.get(version=2), by=rita)

    assert '<span class="key">f1 </span>' not in mel.get("/models").text


def test_it_is_the_metric_that_the_models_page_draws(mel, model, member):
    for number, f1 in enumerate((0.7, 0.8, 0.9)):
        version = logged_version(model, by=member, f1=f1)
        if number:
            # by name it comes first and one version has a curve of it: then that run is known by it
            for value in (1, 2)[:number]:
                batches.log_metric(
                    version.source_run, Measurement("accuracy", value, step=value, timestamp_ms=value), by=member
                )

    chart = mel.get("/models/seams").context["chart"]

    found = trend_of(mel.get("/models"))
    assert found.key == chart.key
    assert [point.version for point in found.points] == [dot.version.version for dot in chart.dots]


def test_only_the_last_versions_that_are_there_are_drawn(mel, model, member):
    versions = [logged_version(model, by=member, f1=number / 100) for number in range(trends.NUM_VERSIONS + 3)]
    model_versions.delete(versions[-1], by=member)
    model_versions.delete(versions[-4], by=member)

    found = trend_of(mel.get("/models"))

    assert [point.version for point in found.points] == [2, 3, 4, 5, 6, 7, 9, 10]


@pytest.mark.parametrize("values", [(), (0.8,), (0.8, float("nan"))])
def test_fewer_than_two_numbers_are_no_trend(mel, model, member, values):
    for f1 in values:
        logged_version(model, by=member, f1=f1)

    page = mel.get("/models")

    assert trend_of(page) is None
    assert 'class="trend"' not in page.text


def test_metrics_of_runs_that_one_may_not_see_are_not_drawn(client, model, member, rita):
    hidden = make_experiment("hidden", by=member, is_private=True)
    for f1 in (0.8, 0.9):
        make_version(model, by=member, run=logged_run(by=member, experiment=hidden, f1=f1))

    assert trend_of(as_(client, member).get("/models")) is not None
    assert trend_of(as_(client, rita).get("/models")) is None


def test_a_name_that_is_markup_is_text(mel, model, member):
    for value in (1, 2):
        version = make_version(model, by=member)
        batches.log_metric(version.source_run, Measurement("x", value, timestamp_ms=1), by=member)
    Metric.objects.update(key='"><script>x')

    assert "<script>x" not in mel.get("/models").text


def test_many_models_with_many_versions_cost_what_one_costs(mel, model, member, monkeypatch, django_assert_num_queries):
    for f1 in (0.8, 0.9):
        logged_version(model, by=member, f1=f1)
    mel.get("/models")
    with CaptureQueriesContext(connection) as few:
        mel.get("/models")
    for number in range(3):
        other = make_model(f"net-{number}", by=member)
        for f1 in range(12):
            logged_version(other, by=member, f1=f1)
    made = []
    monkeypatch.setattr(
        ModelVersion, "__init__", lambda self, *args, **kwargs: made.append(self) or _plain(self, *args, **kwargs)
    )

    with django_assert_num_queries(len(few)):
        page = mel.get("/models")

    assert len(trend_of(page, "net-0").points) == trends.NUM_VERSIONS
    # none is read beyond those that are drawn
    assert len(made) <= 3 * trends.NUM_VERSIONS + 2 + 4


_plain = ModelVersion.__init__
