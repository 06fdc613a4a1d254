"""Deliveries to webhooks: what is sent, signed, tried again, withheld, logged and sent once more."""

import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import deliveries, jobs
from core.actions import webhooks
from core.errors import Conflict, InvalidValue
from core.models import AuditEvent, Delivery, Job, Webhook
from core.secret_text import unseal
from core.webhook_events import EXAMPLES, MLFLOW
from registry.actions import model_versions
from tests.factories import make_model, make_user, make_version, make_webhook


@pytest.fixture
def model(member):
    return make_model("seams", by=member)


@pytest.fixture
def hook(receiver, model, member):
    return make_webhook(model, by=member, url=receiver.url, secret="shared")


def work():
    """Run what is due, as if the waits between tries were over; return how many jobs ran."""
    num_run = 0
    while True:
        Job.objects.filter(state=Job.State.QUEUED).update(run_after=timezone.now())
        if not jobs.run_next():
            return num_run
        num_run += 1


def test_a_delivery_is_signed_as_mlflow_signs(hook, model, member, receiver):
    sign = pytest.importorskip("mlflow.webhooks.delivery")._generate_hmac_signature
    version = make_version(model, by=member)

    work()

    (got,) = receiver.requests
    sent_at = got.headers["X-MLflow-Timestamp"]
    expected = sign("shared", got.headers["X-MLflow-Delivery-Id"], sent_at, got.body.decode())
    assert got.headers["X-MLflow-Signature"] == expected
    assert abs(time.time() - int(sent_at)) < 60
    body = json.loads(got.body)
    assert (body["entity"], body["action"]) == ("model_version", "created")
    assert body["data"] == {
        "name": "seams",
        "version": "1",
        "source": version.source,
        "run_id": version.run_id,
        "tags": {},
        "description": None,
    }


def test_without_a_secret_nothing_is_signed(hook, model, member, receiver):
    Webhook.objects.update(sealed_secret="")
    make_version(model, by=member)

    work()

    assert "X-MLflow-Signature" not in receiver.requests[0].headers


def test_databricks_words_are_signed_with_its_header(model, member, receiver):
    make_webhook(model, "databricks", by=member, url=receiver.url, secret="shared")
    make_version(model, by=member)

    work()

    (got,) = receiver.requests
    assert got.headers["X-Databricks-Signature"] == hmac.new(b"shared", got.body, hashlib.sha256).hexdigest()
    assert json.loads(got.body)["event"] == "MODEL_VERSION_CREATED"


def test_a_failing_receiver_is_tried_again_and_each_try_is_logged(hook, model, member, receiver):
    receiver.answers = [(500, "", {}), (429, "", {})]
    make_version(model, by=member)

    work()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.status_code) == ("delivered", 3, 200)
    assert [each["status_code"] for each in delivery.tries] == [500, 429, 200]
    assert len({got.body for got in receiver.requests}) == 1
    assert len({got.headers["X-MLflow-Delivery-Id"] for got in receiver.requests}) == 1


def test_tries_have_an_end(hook, model, member, receiver):
    receiver.answers = [(503, "", {})] * 50
    make_version(model, by=member)

    work()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.error) == (
        "failed",
        deliveries.MAX_ATTEMPTS,
        "The answer was 503.",
    )
    assert Job.objects.get().state == Job.State.FAILED


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 410])
def test_what_trying_again_does_not_help_is_tried_once(hook, model, member, receiver, status):
    receiver.answers = [(status, "", {"Location": "http://169.254.169.254/"})]
    make_version(model, by=member)

    work()

    assert len(receiver.requests) == 1
    assert Delivery.objects.get().state == "failed"


def test_an_address_that_became_private_is_refused_when_it_is_sent(hook, model, member, receiver, settings):
    settings.ASSAY_WEBHOOK_ALLOW = []
    make_version(model, by=member)

    work()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("failed", 1)
    assert "https" in delivery.error
    assert not receiver.requests


def test_a_receiver_that_is_away_is_tried_again(model, member, settings):
    settings.ASSAY_WEBHOOK_ALLOW = ["127.0.0.1"]
    make_webhook(model, by=member, url="http://127.0.0.1:9/")
    make_version(model, by=member)

    work()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("failed", deliveries.MAX_ATTEMPTS)
    assert "cannot be reached" in delivery.error


def test_what_its_owner_may_not_see_any_more_is_withheld(receiver, member):
    model = make_model(by=make_user("other"))
    make_webhook(by=member, url=receiver.url)
    make_version(model, by=model.created_by)
    model.is_private = True
    model.save()

    work()

    assert not receiver.requests
    delivery = Delivery.objects.get()
    assert (delivery.state, "may not see" in delivery.error) == ("withheld", True)


def test_an_owner_who_left_is_told_nothing(hook, model, member, receiver):
    make_version(model, by=member)
    member.is_active = False
    member.save()

    work()

    assert not receiver.requests
    assert Delivery.objects.get().state == "withheld"


def test_only_webhooks_of_that_model_or_of_the_site_are_told(receiver, model, member):
    own = make_webhook(model, by=member, url=receiver.url)
    of_site = make_webhook(by=member, url=receiver.url)
    make_webhook(make_model(by=member), by=member, url=receiver.url)
    make_webhook(model, by=member, url=receiver.url, status="DISABLED")
    make_webhook(model, by=member, url=receiver.url, events=["model_version_tag.set"])
    Delivery.objects.all().delete()

    make_version(model, by=member)

    assert set(Delivery.objects.values_list("webhook", flat=True)) == {own.pk, of_site.pk}


def test_where_the_action_fails_nothing_is_sent(hook, model, member):
    version = make_version(model, by=member)
    Delivery.objects.all().delete()

    def tag_and_fail():
        with transaction.atomic():
            model_versions.set_tag(version, "k", "v", by=member)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tag_and_fail()

    assert not Delivery.objects.exists()


def test_a_delivery_is_sent_again_under_its_id(hook, model, member, admin, receiver):
    receiver.answers = [(404, "", {})]
    make_version(model, by=member)
    work()
    delivery = Delivery.objects.get()

    webhooks.replay(delivery, by=admin)
    work()

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("delivered", 2)
    assert len({got.headers["X-MLflow-Delivery-Id"] for got in receiver.requests}) == 1
    assert AuditEvent.objects.filter(action="webhook.replay", actor="ada").exists()


def test_a_job_that_died_after_it_had_sent_sends_nothing_twice(hook, model, member, receiver):
    make_version(model, by=member)
    work()

    deliveries.deliver(Delivery.objects.get().pk)

    assert len(receiver.requests) == 1


def test_a_test_is_sent_at_once_and_once(hook, receiver):
    receiver.answers = [(503, "not now", {})]

    answer, error = webhooks.send_test(hook, "model_version_tag.set")

    assert (answer.status, answer.body, error) == (503, "not now", "The answer was 503.")
    assert json.loads(receiver.requests[0].body)["data"]["key"] == "example_key"
    delivery = Delivery.objects.get()
    assert (delivery.is_test, delivery.state) == (True, "failed")
    assert work() == 0
    with pytest.raises(Conflict):
        webhooks.replay(delivery, by=hook.owner)


def test_examples_are_mlflow_s_own():
    types = pytest.importorskip("mlflow.webhooks.types")
    from mlflow.entities.webhook import WebhookEvent

    for name, example in EXAMPLES[MLFLOW].items():
        theirs = types.get_example_payload_for_event(WebhookEvent.from_str(name))
        assert set(example) == set(theirs), name


def test_a_secret_is_not_in_the_database_as_it_is(model, member):
    hook = webhooks.create(
        "mlflow",
        url="https://8.8.8.8/",
        events=["model_version.created"],
        about=model,
        name="h",
        secret="s3cr3t",
        by=member,
    )

    stored = Webhook.objects.values().get()
    assert "s3cr3t" not in str(stored)
    assert unseal(hook.sealed_secret) == "s3cr3t"
    assert "s3cr3t" not in str(list(AuditEvent.objects.values()))


def test_a_secret_of_another_secret_key_fails_with_a_reason(hook, model, member, receiver, settings):
    settings.SECRET_KEY = "another"
    make_version(model, by=member)

    work()

    assert not receiver.requests
    assert "SECRET_KEY" in Delivery.objects.get().error


def test_of_one_model_there_is_no_event_of_its_creation(model, member):
    with pytest.raises(InvalidValue, match="whole site"):
        webhooks.create(
            "mlflow", url="https://8.8.8.8/", events=["registered_model.created"], about=model, name="h", by=member
        )


@pytest.mark.parametrize("is_of_site", [False, True])
def test_there_are_only_so_many(model, admin, monkeypatch, is_of_site):
    monkeypatch.setattr(webhooks, "MAX_OF_ONE_OBJECT", 2)
    about = None if is_of_site else model
    make_webhook(None if about else model, by=admin)
    given = {"url": "https://8.8.8.8/", "events": ["model_version.created"], "about": about, "name": "h", "by": admin}

    webhooks.create("mlflow", **given)
    webhooks.create("mlflow", **given)
    with pytest.raises(InvalidValue, match="as many"):
        webhooks.create("mlflow", **given)


def test_who_changes_a_webhook_owns_it_from_then_on(hook, admin):
    webhooks.update(hook, description="mine now", by=admin)

    assert Webhook.objects.get().owner == admin


def test_deliveries_of_a_month_ago_are_forgotten(hook, model, member):
    make_version(model, by=member)
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=31))
    make_version(model, by=member)

    assert deliveries.forget_old() == 1
    assert Delivery.objects.count() == 1


def test_a_deleted_webhook_leaves_a_job_that_does_nothing(hook, model, member, receiver):
    make_version(model, by=member)
    webhooks.delete(hook, by=member)

    work()

    assert not receiver.requests
    assert Job.objects.get().state == Job.State.DONE


def test_a_tag_costs_one_look_up_where_nobody_listens(model, member):
    version = make_version(model, by=member)
    with CaptureQueriesContext(connection) as alone:
        model_versions.set_tag(version, "k", "v", by=member)

    assert len([query for query in alone.captured_queries if "core_webhook" in query["sql"]]) == 1
