"""The runs table as CSV, JSON lines and Parquet, as it is read and by a job."""

import csv
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
from django.test import TestCase
from django.utils import timezone

from core.models import Job
from exports.models import Export
from tests.core.test_webhooks import work
from tests.factories import make_experiment, make_run
from tracker import ingest
from tracker.actions import artifact_sweep
from tracker.models import Experiment, Param, RunTag


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

    head, line = export(col=["started", "last:loss", "last:acc", "param:note", "tag:team"])

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


def test_it_holds_the_selected_runs_alone_as_the_table_shows_them(client, experiment, member):
    client.force_login(member)
    runs = [make_run(experiment, by=member, name=name, start_time_ms=place) for place, name in enumerate("abc")]
    elsewhere = make_run(make_experiment("other", by=member), by=member, name="elsewhere")
    address = f"/experiments/{experiment.pk}/selection/export"
    chosen = [runs[2].run_id, runs[0].run_id, elsewhere.run_id, "') OR run_id != ('"]

    answer = client.post(address, {"run": chosen[0], "runs": ",".join(chosen[1:]), "back": "col=status&sort=name"})

    lines = list(csv.reader(io.StringIO(b"".join(answer).decode(), newline="")))
    assert lines[0] == ["run_id", "name", "status"]
    assert [line[1] for line in lines[1:]] == ["a", "c"]
    assert client.post(address, {"run": ["'"]}).status_code == 400


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


# JSON lines and Parquet -----------------------------------------------------------------------------------


@pytest.fixture
def fetched(client, member, experiment):
    """fetched(form, …): the bytes of the export."""
    client.force_login(member)

    def fetch(form, **query):
        answer = client.get(f"/experiments/{experiment.pk}/runs.{form}?{urlencode(query, doseq=True)}")
        assert answer.status_code == 200
        return b"".join(answer)

    return fetch


def test_json_lines_have_a_run_a_line_with_what_it_has(fetched, experiment, member):
    run = make_run(experiment, by=member, name="a", start_time_ms=5, end_time_ms=1505, status="FINISHED")
    log(run, metrics={"loss": 0.5, "acc": float("nan")}, params={"lr": "1e-3"}, tags={"team": "ä\n"})
    bare = make_run(experiment, by=member, name="=b", start_time_ms=4)

    lines = fetched("jsonl", col=["last:loss", "min:loss", "last:acc", "param:lr", "tag:team", "started", "duration"])

    first, second = map(json.loads, lines.splitlines())
    assert first == {
        "run_id": run.run_id,
        "name": "a",
        "started": "1970-01-01T00:00:00.005+00:00",
        "duration": 1.5,
        "metrics": {"loss": 0.5, "acc": "NaN"},
        "metrics_min": {"loss": 0.5},
        "params": {"lr": "1e-3"},
        "tags": {"team": "ä\n"},
    }
    started = "1970-01-01T00:00:00.004+00:00"
    assert second == {"run_id": bare.run_id, "name": "=b", "started": started, "duration": None}


def test_parquet_has_real_types(fetched, experiment, member):
    import pyarrow
    import pyarrow.parquet

    run = make_run(experiment, by=member, name="a", start_time_ms=5, end_time_ms=1505)
    log(run, metrics={"loss": 0.5, "acc": float("nan")}, params={"lr": "1e-3"}, tags={"team": "ä"})
    make_run(experiment, by=member, name="b", start_time_ms=4)

    table = pyarrow.parquet.read_table(
        io.BytesIO(
            fetched("parquet", col=["last:loss", "last:acc", "param:lr", "tag:team", "started", "duration", "model"])
        )
    )

    types = {field.name: field.type for field in table.schema}
    assert types["metrics.loss (last)"] == types["duration"] == pyarrow.float64()
    assert types["started"] == pyarrow.timestamp("ms", tz="UTC")
    assert types["model"] == pyarrow.list_(pyarrow.string())
    assert types["params.lr"] == types["tags.team"] == types["name"] == pyarrow.string()
    first, second = table.to_pylist()
    assert (first["metrics.loss (last)"], first["duration"], first["params.lr"]) == (0.5, 1.5, "1e-3")
    assert first["metrics.acc (last)"] != first["metrics.acc (last)"]
    assert first["started"] == datetime(1970, 1, 1, 0, 0, 0, 5000, tzinfo=UTC)
    assert (second["metrics.loss (last)"], second["params.lr"], second["model"]) == (None, None, [])


def test_all_columns_are_those_of_the_table_and_every_other(export, fetched, experiment, member):
    log(make_run(experiment, by=member), metrics={"loss": 1}, params={"p": "1"}, tags={"t": "x"})
    log(make_run(experiment, by=member), metrics={"rare": 2}, params={"q": "1"})

    head = export(all="1", col="status")[0]

    assert {"status", "metrics.loss (last)", "metrics.rare (last)", "params.p", "params.q", "tags.t"} <= set(head)
    lines = [json.loads(line) for line in fetched("jsonl", all="1").splitlines()]
    assert {key for line in lines for key in line["metrics"]} == {"loss", "rare"}


def test_more_columns_than_a_table_has_are_refused(client, experiment, member, monkeypatch):
    monkeypatch.setattr("exports.selection.MAX_ALL_COLUMNS", 10)
    log(make_run(experiment, by=member), params={f"p{number}": "1" for number in range(11)})
    client.force_login(member)

    assert client.get(f"/experiments/{experiment.pk}/runs.csv", {"all": "1"}).status_code == 400


def test_long_values_are_whole(export, experiment, member):
    log(make_run(experiment, by=member), params={"note": "x" * 5000})

    assert export(col="param:note")[1][-1] == "x" * 5000


def test_statements_grow_with_pages_and_not_with_runs(export, experiment, member, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    log(make_run(experiment, by=member), metrics={"loss": 1.0}, params={"p": "1"})
    with CaptureQueriesContext(connection) as one:
        export(col=["last:loss", "param:p", "versions"])
    for _ in range(60):
        log(make_run(experiment, by=member), metrics={"loss": 1.0}, params={"p": "1"})

    with django_assert_num_queries(len(one)):
        assert len(export(col=["last:loss", "param:p", "versions"])) == 62


# large ones, by a job --------------------------------------------------------------------------------------


@pytest.fixture
def large(monkeypatch, client, member, experiment):
    """An experiment with more runs than are streamed."""
    monkeypatch.setattr("exports.actions.exports.MAX_STREAMED", 3)
    monkeypatch.setattr("exports.selection.BATCH", 2)
    for number in range(5):
        log(make_run(experiment, by=member, name=f"run-{number}"), metrics={"loss": number})
    client.force_login(member)
    return experiment


def asked(client, experiment, form="csv", **query):
    answer = client.post(f"/experiments/{experiment.pk}/export?{urlencode(query, doseq=True)}", {"form": form})
    assert answer.status_code == 302
    return Export.objects.latest("pk")


def test_a_large_table_is_made_by_a_job_and_fetched_then(client, large):
    address = f"/experiments/{large.pk}/runs.csv?q=metrics.loss+%3E%3D+1&sort=last%3Aloss&col=last%3Aloss"
    assert "Make the file" in client.get(address).text
    assert not Export.objects.exists()

    export = asked(client, large, q="metrics.loss >= 1", sort="last:loss", col="last:loss")
    assert "Waiting for a worker" in client.get(f"/exports/{export.pk}").text
    assert client.get(f"/exports/{export.pk}/file").status_code == 404
    work()

    part = client.get(f"/exports/{export.pk}", {"part": "1"})
    assert (part.headers["X-Live"], "Download" in part.text) == ("stop", True)
    assert ('form="cancel-it"' in part.text, 'form="delete-it"' in part.text) == (False, True)
    answer = client.get(f"/exports/{export.pk}/file")
    content = b"".join(answer)
    lines = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert [line[1] for line in lines[1:]] == ["run-1", "run-2", "run-3", "run-4"]
    export.refresh_from_db()
    assert (export.num_runs, export.size_bytes) == (4, len(content))
    assert export.sha256 == hashlib.sha256(content).hexdigest()
    assert "attachment" in answer.headers["Content-Disposition"]
    assert b"".join(client.get(f"/exports/{export.pk}/file", headers={"Range": "bytes=0-5"})) == content[:6]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_job_makes_what_a_stream_would_have_been(client, large, monkeypatch, form):
    export = asked(client, large, form, all="1")
    work()
    made = b"".join(client.get(f"/exports/{export.pk}/file"))

    monkeypatch.setattr("exports.actions.exports.MAX_STREAMED", 100)
    streamed = b"".join(client.get(f"/experiments/{large.pk}/runs.{form}?all=1"))

    assert made == streamed


def test_nobody_else_may_fetch_it_not_even_a_site_admin(client, large, admin):
    export = asked(client, large)
    work()

    client.force_login(admin)

    for path in ("", "/file"):
        assert client.get(f"/exports/{export.pk}{path}").status_code == 404
    for path in ("cancel", "retry", "delete"):
        assert client.post(f"/exports/{export.pk}/{path}").status_code == 404
    assert "runs of" not in client.get("/exports").text
    assert Export.objects.get().key


def test_who_may_not_see_the_experiment_any_more_may_not_fetch_it(client, large, stranger):
    client.force_login(stranger)
    export = asked(client, large)
    work()
    assert client.get(f"/exports/{export.pk}/file").status_code == 200

    Experiment.objects.filter(pk=large.pk).update(is_private=True)

    assert client.get(f"/exports/{export.pk}/file").status_code == 404


def test_nor_is_it_made_for_them(client, large, stranger):
    client.force_login(stranger)
    export = asked(client, large)
    Experiment.objects.filter(pk=large.pk).update(is_private=True)

    work()

    export.refresh_from_db()
    assert (export.key, export.job.state) == ("", Job.State.FAILED)


def test_it_can_be_cancelled_and_tried_again(client, large):
    export = asked(client, large)

    client.post(f"/exports/{export.pk}/cancel")
    work()
    assert "cancelled" in client.get(f"/exports/{export.pk}").text
    client.post(f"/exports/{export.pk}/retry")
    work()

    assert client.get(f"/exports/{export.pk}/file").status_code == 200


def test_it_expires_and_its_file_goes(client, large):
    export = asked(client, large)
    work()
    key = Export.objects.get().key
    assert default_storage.exists(key)
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert client.get(f"/exports/{export.pk}/file").status_code == 404
    with TestCase.captureOnCommitCallbacks(execute=True):
        call_command("forget_exports")

    assert not default_storage.exists(key)
    assert not Export.objects.exists()


def test_the_sweep_of_orphans_leaves_it(client, large, monkeypatch):
    asked(client, large)
    work()
    monkeypatch.setattr("tracker.actions.artifact_sweep.ORPHAN_AGE", timedelta(0))

    artifact_sweep.remove_orphans()

    assert default_storage.exists(Export.objects.get().key)


def test_a_filter_that_cannot_be_understood_asks_for_no_job(client, large):
    answer = client.post(f"/experiments/{large.pk}/export?q=metrics.loss+%3C", {"form": "csv"})

    assert answer.status_code == 400
    assert not Export.objects.exists()
