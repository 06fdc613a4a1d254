"""Webhooks of runs: what is told of their ends, to whom, and who may set them up."""

import json

import pytest

from accounts.access import Level
from core.models import Delivery, Job
from tests.core.test_webhooks import work
from tests.factories import grant, make_experiment, make_run, make_user, make_webhook
from tracker.actions import runs
from tracker.models import Run

PATH = "/api/v1/webhooks"


@pytest.fixture
def experiment(member):
    return make_experiment("seams", by=member, is_private=True)


@pytest.fixture
def mel(api_as, member):
    return api_as(member)


def make(api, receiver, **fields):
    given = {"url": receiver.url, "events": ["run.finished", "run.failed"], "secret": "shared", **fields}
    return api.post(PATH, **given)


def end(run, status, by):
    runs.update(run, status=Run.Status(status), end_time_ms=5, by=by)


def told():
    return list(Delivery.objects.order_by("pk").values_list("event", flat=True))


def test_the_end_of_a_run_is_told_and_signed(mel, receiver, experiment, member, settings):
    answer = make(mel, receiver, experiment_id=str(experiment.pk), name="ci")
    run = make_run(experiment, by=member, name="lucid-marten-313")

    end(run, "FINISHED", member)
    work()

    assert answer.status_code == 200, answer.text
    assert "secret" not in answer.text
    (got,) = receiver.requests
    body = json.loads(got.body)
    assert (body["entity"], body["action"]) == ("run", "finished")
    assert body["data"] == {
        "run_id": run.run_id,
        "run_name": "lucid-marten-313",
        "experiment_id": str(experiment.pk),
        "experiment_name": "seams",
        "status": "FINISHED",
        "start_time": run.start_time_ms,
        "end_time": 5,
        "user": "mel",
        "url": f"{settings.ASSAY_URL}/runs/{run.run_id}",
    }
    assert got.headers["X-MLflow-Signature"].startswith("v1,")
    assert "X-Databricks-Signature" not in got.headers


def test_each_end_is_told_once(receiver, experiment, member):
    make_webhook(experiment, "assay", by=member, url=receiver.url)
    run = make_run(experiment, by=member)

    end(run, "RUNNING", member), end(run, "FINISHED", member), end(Run.objects.get(pk=run.pk), "FINISHED", member)
    # a run that goes on ends again
    end(run, "RUNNING", member), end(run, "KILLED", member)
    runs.update(run, name="new", by=member)

    assert told() == ["run.finished", "run.killed"]


def test_only_what_was_asked_for_of_that_experiment_is_told(mel, receiver, experiment, member):
    make(mel, receiver, experiment_id=str(experiment.pk), events=["run.failed"])

    end(make_run(experiment, by=member), "FINISHED", member)
    end(make_run(by=member), "FAILED", member)
    assert told() == []
    end(make_run(experiment, by=member), "FAILED", member)

    assert told() == ["run.failed"]


def test_webhooks_of_other_vocabularies_of_the_site_are_not_told(receiver, experiment, member, admin):
    for vocabulary in ("mlflow", "databricks", "assay"):
        make_webhook(None, vocabulary, by=admin, url=receiver.url)

    end(make_run(experiment, by=member), "FINISHED", member)

    assert list(Delivery.objects.values_list("webhook__vocabulary", flat=True)) == ["assay"]


def test_a_run_that_moved_to_where_its_owner_sees_nothing_is_withheld(receiver, experiment, member):
    rita = make_user("rita")
    grant(experiment, rita, Level.MANAGE)
    make_webhook(experiment, "assay", by=rita, url=receiver.url)
    run = make_run(experiment, by=member)
    end(run, "FINISHED", member)

    Run.objects.filter(pk=run.pk).update(experiment=make_experiment(by=member, is_private=True))
    work()

    assert receiver.requests == []
    assert Delivery.objects.get().state == "withheld"


def test_what_fails_is_rolled_back_with_its_event(receiver, experiment, member):
    make_webhook(experiment, "assay", by=member, url=receiver.url)
    run = make_run(experiment, by=member)
    runs.delete(run, by=member)

    from core.errors import InvalidValue

    with pytest.raises(InvalidValue):
        end(Run.objects.get(pk=run.pk), "FINISHED", member)

    assert told() == []
    assert not Job.objects.exists()


def test_they_are_changed_tested_and_deleted(mel, receiver, experiment):
    made = make(mel, receiver, experiment_id=str(experiment.pk)).json()
    where = f"{PATH}/{made['id']}"

    changed = mel.patch(where, events=["run.stalled"], status="DISABLED").json()

    assert (changed["events"], changed["status"], changed["url"]) == (["run.stalled"], "DISABLED", made["url"])
    assert mel.get(where).json() == changed
    assert mel.get(PATH).json() == {"webhooks": [changed], "next_page_token": ""}
    assert mel.post(f"{where}/test").json() == {"is_delivered": True, "status_code": 200, "error": ""}
    assert json.loads(receiver.requests[0].body)["action"] == "stalled"
    receiver.answers = [(500, "", {})]
    assert mel.post(f"{where}/test", event="run.failed").json()["error"] == "The answer was 500."
    assert mel.delete(where).status_code == 200
    assert mel.get(where).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        {"events": []},
        {"events": ["run.finished", "prompt.created"]},
        {"url": ""},
        {"url": "http://169.254.169.254/"},
        {"name": "x" * 64},
        {"status": "TEST_MODE"},
        {"experiment_id": "x"},
        {"description": "x" * 1001},
        {"secret": "x" * 1001},
    ],
)
def test_what_does_not_fit_is_refused(mel, receiver, experiment, given):
    answer = make(mel, receiver, **{"experiment_id": str(experiment.pk), **given})

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), answer.text


def test_the_stock_calls_do_not_meet_them(mel, receiver, experiment):
    made = make(mel, receiver, experiment_id=str(experiment.pk)).json()

    assert mel.get("webhooks").json() == {}
    assert mel.get(f"webhooks/{made['id']}").status_code == 404
    event = {"entity": "RUN", "action": "FINISHED"}
    assert mel.post("webhooks", name="w", url=receiver.url, events=[event], model_name="m").status_code in (400, 404)
