"""The runs table as CSV."""

import csv
import io
from urllib.parse import urlencode

import pytest
from django.db import transaction

from tests.factories import make_experiment, make_run
from tracker import ingest
from tracker.models import Param, RunTag


@pytest.fixture
def experiment(member):
    return make_experiment(by=member)


@pytest.fixture
def export(client, member, experiment):
    """export(…): the lines of the export as lists of cells."""
    client.force_login(member)

    def lines(**query):
        answer = client.get(f"/experiments/{experiment.pk}/runs.csv?{urlencode(query, doseq=True)}")
        assert answer.status_code == 200
        return list(csv.reader(io.StringIO(b"".join(answer).decode(), newline="")))

    return lines


def log(run, metrics=None, params=None, tags=None):
    points = [(key, ingest.point(value, timestamp_ms=1, step=1)) for key, value in (metrics or {}).items()]
    with transaction.atomic():
        ingest.write(run.pk, points)
    Param.objects.bulk_create(Param(run=run, key=key, value=value) for key, value in (params or {}).items())
    RunTag.objects.bulk_create(RunTag(run=run, key=key, value=value) for key, value in (tags or {}).items())


def test_it_holds_the_columns_that_are_shown_with_whole_values(export, experiment, member):
    run = make_run(experiment, by=member, name="a", start_time_ms=5)
    log(run, metrics={"loss": 0.123456789, "acc": float("nan")}, params={"note": "x" * 100}, tags={"team": 'ä, "b"\n'})

    head, line = export(col=["last:loss", "last:acc", "param:note", "tag:team", "started"])

    assert head == [
        "run_id",
        "name",
        "started",
        "metrics.loss (last)",
        "metrics.acc (last)",
        "params.note",
        "tags.team",
    ]
    started = "1970-01-01T00:00:00.005+00:00"
    assert line == [run.run_id, "a", started, "0.123456789", "NaN", "x" * 100, 'ä, "b"\n']


@pytest.mark.parametrize("text", ["=cmd()", "+1+1", "-1+1", "@SUM(A1)", "\tx", "\rx", "=1+1\n=2", "\uff1dcmd()", " =1"])
def test_no_spreadsheet_runs_what_somebody_logged(export, experiment, member, text):
    run = make_run(experiment, by=member, name=text, claimed_user=text)
    log(run, params={"p": text}, tags={"t": text, "mlflow.source.name": text})

    _, line = export(col=["param:p", "tag:t", "source"])

    dangerous = ("=", "+", "-", "@", "\t", "\r", "\uff1d")
    assert not [cell for cell in line if cell.startswith(dangerous)]
    assert text.strip() in line[-1]


@pytest.mark.parametrize("key", ["=cmd()", "@x", "-a+b"])
def test_nor_a_name_of_a_column(export, experiment, member, key):
    make_run(experiment, by=member)

    head, _ = export(col=[f"param:{key}", f"tag:{key}", f"last:{key}"])

    assert not [cell for cell in head if cell.startswith(("=", "@", "-"))]


@pytest.mark.parametrize("number", ["-0.5", "1e-3", "+2", "-inf"])
def test_numbers_stay_numbers(export, experiment, member, number):
    log(make_run(experiment, by=member), params={"p": number})

    assert export(col="param:p")[1][-1] == number


def test_it_holds_every_run_that_matches_and_no_other(export, experiment, member, monkeypatch):
    monkeypatch.setattr("exports.selection.BATCH", 10)
    for number in range(25):
        log(make_run(experiment, by=member, name=f"run-{number:02}"), metrics={"loss": number})
    make_run(by=member, name="elsewhere")

    names = [line[1] for line in export(q="metrics.loss >= 3", sort="last:loss")[1:]]

    assert names == [f"run-{number:02}" for number in range(3, 25)]


def test_the_place_of_a_page_does_not_cut_it(export, experiment, member):
    for _ in range(3):
        make_run(experiment, by=member)

    assert len(export(size="25", after="", open="x")) == 4


def test_child_runs_are_in_it(export, experiment, member):
    parent = make_run(experiment, by=member)
    log(make_run(experiment, by=member, name="child"), tags={"mlflow.parentRunId": parent.run_id})

    assert "child" in [line[1] for line in export()]


def test_a_filter_that_cannot_be_understood_is_a_page_and_no_file(client, experiment, member):
    client.force_login(member)

    answer = client.get(f"/experiments/{experiment.pk}/runs.csv", {"q": "metrics.loss <"})

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_batch_costs_the_same_whatever_it_holds(export, experiment, member, django_assert_max_num_queries):
    for _ in range(40):
        log(make_run(experiment, by=member), metrics={"loss": 1.0}, params={"p": "1"}, tags={"t": "1"})

    with django_assert_max_num_queries(16):
        export(col=["last:loss", "param:p", "tag:t", "dataset", "model"])
