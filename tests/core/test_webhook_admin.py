"""Webhooks and deliveries in the administration."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Delivery, Job, Webhook
from registry.models import RegisteredModel
from tests.factories import make_model, make_version, make_webhook


@pytest.fixture
def ada(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def hook(member):
    return make_webhook(make_model(by=member), by=member, secret="s3cr3t", name="hook", description="<b>bold")


@pytest.fixture
def delivery(hook, member):
    make_version(RegisteredModel.objects.get(), by=member, description="<i>x")
    delivery = Delivery.objects.get()
    delivery.note_try(state="failed", status_code=500, error="<u>no")
    return delivery


def act(ada, row, action):
    path = f"/admin/core/{row._meta.model_name}/"
    return ada.post(path, {"action": action, "_selected_action": [row.pk]}, follow=True)


def test_a_webhook_is_shown_without_its_secret(ada, hook):
    for path in ("/admin/core/webhook/", f"/admin/core/webhook/{hook.pk}/change/"):
        page = ada.get(path)
        assert page.status_code == 200
        assert "s3cr3t" not in page.text
        assert hook.sealed_secret not in page.text
        assert "<b>bold" not in page.text


def test_a_delivery_is_shown_with_its_tries(ada, delivery):
    page = ada.get(f"/admin/core/delivery/{delivery.pk}/change/").text

    assert "&lt;u&gt;no" in page
    assert "<i>x" not in page
    assert 'name="_save"' not in page


def test_a_delivery_is_sent_again(ada, delivery):
    Job.objects.all().delete()

    page = act(ada, delivery, "replay").text

    assert "1 queued to be sent again" in page
    assert Delivery.objects.get().state == "waiting"
    assert Job.objects.get().arguments == {"delivery": delivery.pk}


def test_webhooks_are_disabled_enabled_and_deleted(ada, hook, member):
    act(ada, hook, "disable")
    assert Webhook.objects.get().status == "DISABLED"
    act(ada, hook, "enable")
    assert (Webhook.objects.get().status, Webhook.objects.get().owner) == ("ACTIVE", member)
    act(ada, hook, "remove")
    assert not Webhook.objects.exists()


def test_lists_cost_the_same_however_long(ada, hook, delivery, member):
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            ada.get("/admin/core/delivery/")
            ada.get("/admin/core/webhook/")
        counts.append(len(queries))
        for number in range(5):
            other = make_webhook(by=member, name=f"hook{number}")
            Delivery.objects.create(webhook=other, event="e", kind="", body="{}")

    assert counts[0] == counts[1]
