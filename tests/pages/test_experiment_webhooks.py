"""Webhooks of an experiment's runs in the portal; what all such pages do stands in test_model_webhooks.py."""

import pytest

from core.models import Delivery, Webhook
from tests.factories import make_experiment, make_model, make_run, make_webhook
from tracker.actions import runs
from tracker.models import Run


@pytest.fixture
def experiment(member):
    return make_experiment("welds/seams", by=member)


@pytest.fixture
def all_of_it(experiment):
    return f"/experiments/{experiment.pk}/webhooks"


def test_a_failed_run_is_told_to_what_was_made_here(mel, experiment, all_of_it, member):
    assert "Nobody is told yet" in mel.get(all_of_it).text
    form = {"url": "https://8.8.8.8/hook", "events": ["run.failed"], "secret": "s3cr3t"}
    made = mel.post(f"{all_of_it}/new", form, follow=True)

    hook = Webhook.objects.get()
    assert (hook.kind, hook.object_id, hook.vocabulary) == ("experiment", experiment.pk, "assay")
    assert "s3cr3t" not in made.text
    run = make_run(experiment, by=member)
    runs.update(run, status=Run.Status.FAILED, end_time_ms=2, by=member)
    assert Delivery.objects.get().event == "run.failed"
    assert "run.failed" in mel.get(f"{all_of_it}/{hook.webhook_id}").text


def test_no_other_words_are_offered(mel, all_of_it):
    page = mel.get(f"{all_of_it}/new?vocabulary=mlflow").text

    assert "run.stalled" in page
    assert "model_version" not in page


def test_those_of_other_things_are_not_there(mel, member, admin, all_of_it):
    others = [
        make_webhook(make_experiment("others", by=member), "assay", by=member),
        make_webhook(make_model("seams", by=member), by=member),
        make_webhook(None, "assay", by=admin),
    ]

    for hook in others:
        assert mel.get(f"{all_of_it}/{hook.webhook_id}").status_code == 404
        assert mel.post(f"{all_of_it}/{hook.webhook_id}/delete").status_code == 404
    assert Webhook.objects.count() == len(others)


def test_who_does_not_manage_sees_no_tab(client, experiment, all_of_it, stranger, mel):
    assert all_of_it in mel.get(f"/experiments/{experiment.pk}").text
    client.force_login(stranger)

    assert all_of_it not in client.get(f"/experiments/{experiment.pk}").text
    assert client.get(all_of_it).status_code == 403
