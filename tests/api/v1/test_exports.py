"""Exports over the API: asked for, followed and fetched by a token."""

import csv
import io

import pytest
from django.core.files.storage import default_storage
from django.test import TestCase

from accounts.access import Scope
from core.models import Job
from exports.models import Export
from tests.core.test_webhooks import work
from tests.factories import make_experiment, make_run
from tests.pages.test_run_export import log
from tracker.models import Experiment

PATH = "/api/v1/exports"


def body(answer) -> bytes:
    return answer.getvalue()


@pytest.fixture
def experiment(member, monkeypatch):
    """One with more runs than are streamed."""
    monkeypatch.setattr("exports.actions.exports.MAX_STREAMED", 3)
    experiment = make_experiment(by=member)
    for number in range(5):
        log(make_run(experiment, by=member, name=f"run-{number}"), metrics={"loss": number})
    return experiment


@pytest.fixture
def mel(api_as, member):
    return api_as(member, scope=Scope.LOG)


def asked(api, experiment, **fields):
    answer = api.post(PATH, **{"experiment_id": str(experiment.pk), "form": "csv", **fields})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_it_is_asked_for_followed_and_fetched(mel, experiment, settings):
    export = asked(mel, experiment, q="metrics.loss.min >= 1", sort="last:loss", col=["min:loss"])
    assert (export["state"], export["progress"], export["file_url"]) == ("queued", 0, None)
    assert mel.get(f"{PATH}/{export['id']}/file").status_code == 404
    work()

    export = mel.get(f"{PATH}/{export['id']}").json()
    assert (export["state"], export["progress"], export["num_runs"]) == ("done", 1, 4)
    assert export["file_url"] == f"{settings.ASSAY_URL}{PATH}/{export['id']}/file"
    answer = mel.get(f"{PATH}/{export['id']}/file")
    content = body(answer)
    assert len(content) == export["size_bytes"]
    lines = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert lines[0] == ["run_id", "name", "metrics.loss (min)"]
    assert [line[1] for line in lines[1:]] == ["run-1", "run-2", "run-3", "run-4"]
    part = mel.call("GET", f"{PATH}/{export['id']}/file", HTTP_RANGE="bytes=0-5")
    assert (part.status_code, body(part)) == (206, content[:6])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_job_makes_what_a_stream_would_have_been(mel, experiment, monkeypatch, form):
    export = asked(mel, experiment, form=form)
    work()
    made = body(mel.get(f"{PATH}/{export['id']}/file"))

    monkeypatch.setattr("exports.actions.exports.MAX_STREAMED", 100)

    assert made == body(mel.get(f"/api/v1/runs.{form}", experiment_id=experiment.pk))


def test_what_was_asked_for_on_a_page_is_in_the_list(mel, experiment, client, member):
    asked(mel, experiment)
    client.force_login(member)
    client.post(f"/experiments/{experiment.pk}/export", {"form": "parquet"})

    assert [export["form"] for export in mel.get(PATH).json()["exports"]] == ["parquet", "csv"]


def test_the_list_takes_one_statement(mel, experiment, django_assert_max_num_queries):
    for _ in range(4):
        asked(mel, experiment)

    # the token's two, and the list's
    with django_assert_max_num_queries(3):
        assert len(mel.get(PATH).json()["exports"]) == 4


def test_a_token_that_reads_fetches_it_and_asks_for_none(mel, experiment, api_as, member):
    export = asked(mel, experiment)
    work()
    reads = api_as(member, scope=Scope.READ)

    refused = reads.post(PATH, experiment_id=str(experiment.pk), form="csv")

    assert reads.get(f"{PATH}/{export['id']}/file").status_code == 200
    assert refused.status_code == 403
    assert "scope log" in refused.json()["message"]


def test_it_is_nobody_elses_not_even_a_site_admins(mel, experiment, api):
    export = asked(mel, experiment)
    work()

    for path in ("", "/file"):
        assert api.get(f"{PATH}/{export['id']}{path}").status_code == 404
    assert api.delete(f"{PATH}/{export['id']}").status_code == 404
    assert api.get(PATH).json() == {"exports": []}


def test_who_may_not_see_the_experiment_any_more_may_not_fetch_it(experiment, api_as, stranger):
    sid = api_as(stranger)
    export = asked(sid, experiment)
    work()
    assert sid.get(f"{PATH}/{export['id']}/file").status_code == 200

    Experiment.objects.filter(pk=experiment.pk).update(is_private=True)

    assert sid.get(f"{PATH}/{export['id']}/file").status_code == 404
    assert sid.get(PATH).json() == {"exports": []}
    assert sid.post(PATH, experiment_id=str(experiment.pk), form="csv").status_code == 404


def test_one_that_failed_says_why(experiment, api_as, stranger):
    sid = api_as(stranger)
    export = asked(sid, experiment)
    Experiment.objects.filter(pk=experiment.pk).update(is_private=True)
    work()
    Experiment.objects.filter(pk=experiment.pk).update(is_private=False)

    found = sid.get(f"{PATH}/{export['id']}").json()

    assert (found["state"], found["file_url"]) == ("failed", None)
    assert "may not see it any more" in found["error"]


def test_it_is_deleted_with_its_file(experiment, api_as, member):
    mel = api_as(member)
    export = asked(mel, experiment)
    work()
    key = Export.objects.get().key

    with TestCase.captureOnCommitCallbacks(execute=True):
        assert mel.delete(f"{PATH}/{export['id']}").json() == {}

    assert not default_storage.exists(key)
    assert mel.get(f"{PATH}/{export['id']}").status_code == 404


def test_deleting_one_ends_its_job(experiment, api_as, member):
    mel = api_as(member)

    mel.delete(f"{PATH}/{asked(mel, experiment)['id']}")

    assert Job.objects.get().state == Job.State.CANCELLED


@pytest.mark.parametrize(
    "fields",
    [{"q": "metrics.loss <"}, {"col": ["nothing"]}, {"sort": "nothing"}, {"form": "zip"}, {"form": "xlsx"}],
    ids=str,
)
def test_what_cannot_be_understood_asks_for_no_job(mel, experiment, fields):
    answer = mel.post(PATH, **{"experiment_id": str(experiment.pk), "form": "csv", **fields})

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert not Export.objects.exists()


def test_a_repeated_call_with_its_key_asks_once(mel, experiment):
    data = {"experiment_id": str(experiment.pk), "form": "csv"}

    first, second = (mel.call("POST", PATH, data, HTTP_IDEMPOTENCY_KEY="k1").json() for _ in range(2))

    assert first == second
    assert Export.objects.count() == 1
