"""A model's webhooks in the portal: for who manages it, from made to sent again."""

import pytest

from core import deliveries
from core.models import AuditEvent, Delivery, Job, Webhook
from core.outgoing import Answer
from core.secret_text import unseal
from tests.factories import make_model, make_version, make_webhook

ALL = "/models/seams/webhooks"
FORM = {"name": "ci", "url": "https://8.8.8.8/hook", "events": ["model_version.created"], "secret": "s3cr3t"}


@pytest.fixture
def model(member):
    return make_model("seams", by=member)


@pytest.fixture
def hook(model, member):
    return make_webhook(model, by=member, secret="s3cr3t", url="https://8.8.8.8/hook")


def page_of(hook):
    return f"{ALL}/{hook.webhook_id}"


def test_one_is_made_and_its_secret_shown_nowhere(mel, model):
    assert "Nobody is told yet" in mel.get(ALL).text
    made = mel.post(f"{ALL}/new", FORM, follow=True)

    hook = Webhook.objects.get()
    assert (hook.kind, hook.object_id, hook.events) == ("registeredmodel", model.pk, ["model_version.created"])
    assert unseal(hook.sealed_secret) == "s3cr3t"
    for text in (made.text, mel.get(ALL).text, mel.get(page_of(hook)).text):
        assert "ci" in text
        assert "s3cr3t" not in text
        assert hook.sealed_secret not in text


def test_each_vocabulary_offers_its_events(mel, model):
    mlflow = mel.get(f"{ALL}/new").text
    databricks = mel.get(f"{ALL}/new?vocabulary=databricks").text

    assert "model_version_alias.created" in mlflow
    assert "prompt_version.created" not in mlflow
    assert "TRANSITION_REQUEST_CREATED" in databricks
    assert "REGISTERED_MODEL_CREATED" not in databricks
    form = {"vocabulary": "databricks", "url": "https://8.8.8.8/", "events": ["COMMENT_CREATED"]}
    assert mel.post(f"{ALL}/new", form).status_code == 302
    assert Webhook.objects.get().vocabulary == "databricks"


@pytest.mark.parametrize(
    "wrong", [{"url": "https://10.0.0.1/"}, {"url": "ftp://x"}, {"events": ["COMMENT_CREATED"]}, {"name": "a b"}, {"events": []}]
)  # fmt: skip
def test_what_will_not_do_is_told_in_the_form(mel, model, wrong):
    page = mel.post(f"{ALL}/new", {**FORM, **wrong})

    assert page.status_code == 400
    assert "errorlist" in page.text
    assert not Webhook.objects.exists()


def test_it_is_changed_and_an_empty_secret_stays(mel, hook):
    changed = mel.post(page_of(hook), {**FORM, "name": "cd", "secret": "", "description": "why"})
    refused = mel.post(page_of(hook), {**FORM, "url": "https://127.0.0.1/"})

    hook.refresh_from_db()
    assert (changed.status_code, refused.status_code) == (302, 400)
    assert (hook.name, hook.description, hook.url) == ("cd", "why", "https://8.8.8.8/hook")
    assert unseal(hook.sealed_secret) == "s3cr3t"


def test_it_is_paused_and_goes_on(mel, hook, model, member):
    mel.post(f"{page_of(hook)}/status", {"status": "DISABLED"})
    make_version(model, by=member)
    assert not Delivery.objects.exists()
    assert "paused" in mel.get(ALL).text

    mel.post(f"{page_of(hook)}/status", {"status": "ACTIVE"})
    make_version(model, by=member)

    assert Delivery.objects.get().event == "model_version.created"


@pytest.mark.parametrize(("status", "said"), [(200, "The example arrived"), (500, "The answer was 500")])
def test_an_example_is_sent_and_what_came_of_it_told(mel, hook, monkeypatch, status, said):
    monkeypatch.setattr("core.outgoing.post", lambda url, body, headers: Answer(status, "x"))

    page = mel.post(f"{page_of(hook)}/test", follow=True)

    assert said in page.text
    assert Delivery.objects.get().is_test


def test_a_delivery_is_sent_again(mel, hook, model, member):
    make_version(model, by=member, description="<i>x")
    delivery = Delivery.objects.get()
    delivery.note_try(state="failed", status_code=500, error="<u>no")
    num_jobs = Job.objects.count()
    page = mel.get(page_of(hook)).text
    assert "&lt;u&gt;no" in page
    assert "<i>x" not in page

    mel.post(f"{page_of(hook)}/deliveries/{delivery.delivery_id}/replay")

    delivery.refresh_from_db()
    assert (delivery.state, Job.objects.count()) == ("waiting", num_jobs + 1)
    assert AuditEvent.objects.filter(action="webhook.replay").exists()


def test_it_is_deleted(mel, hook):
    assert mel.post(f"{page_of(hook)}/delete").status_code == 302

    assert not Webhook.objects.exists()


def test_those_of_other_models_and_of_the_site_are_not_there(mel, model, member, admin):
    other = make_webhook(make_model("others", by=member), by=member)
    of_site = make_webhook(by=admin)

    for hook in (other, of_site):
        assert mel.get(page_of(hook)).status_code == 404
        assert mel.post(f"{page_of(hook)}/delete").status_code == 404
    assert Webhook.objects.count() == 2


def test_who_does_not_manage_sees_no_tab(client, model, stranger):
    client.force_login(stranger)

    assert "/models/seams/webhooks" not in client.get("/models/seams").text
    assert client.get(ALL).status_code == 403


def test_the_list_costs_the_same_whatever_there_is(mel, model, member, django_assert_max_num_queries):
    for number in range(6):
        make_webhook(model, by=member, name=f"h{number}")
    make_version(model, by=member)
    mel.get(ALL)

    with django_assert_max_num_queries(20):
        page = mel.get(ALL)

    assert page.text.count("waiting") == 6


def test_the_last_delivery_of_each_is_shown_however_many_others_there_are(mel, hook, model, member):
    quiet = make_webhook(model, by=member, name="quiet", secret="s", url="https://8.8.8.8/quiet")
    fields = {"event": "model_version.created", "kind": "registeredmodel", "object_id": model.pk}
    Delivery.objects.bulk_create(Delivery(webhook=hook, **fields) for _ in range(120))
    deliveries.write(quiet, "model_version.created", {}, kind="registeredmodel", object_id=model.pk).note_try(
        state="failed", status_code=500, error="no"
    )

    rows = {row: last for row, _, last in mel.get(ALL).context["rows"]}

    assert (rows[hook].state, rows[quiet].state) == ("waiting", "failed")
