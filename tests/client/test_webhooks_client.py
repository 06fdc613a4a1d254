"""Webhooks by the stock client and by Databricks' SDK against `serve` with its worker, received and verified."""

import hashlib
import hmac
import json

import pytest
import requests

from tests.client.test_databricks_client import registry_of
from tests.late import Late
from tests.receiver import Receiver
from tests.servers import PASSWORD, wait_until

mlflow = Late("mlflow")
exceptions = Late("mlflow.exceptions")
webhooks = Late("mlflow.entities.webhook")
delivery = Late("mlflow.webhooks.delivery")
types = Late("databricks.sdk.service.ml")

pytestmark = [pytest.mark.client, pytest.mark.needs("client", "databricks")]

SECRET = "known to both sides"


@pytest.fixture
def client(server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", server.token)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    return mlflow.MlflowClient(server.url, server.url)


@pytest.fixture
def receiver():
    with Receiver() as running:
        yield running


def events(*names):
    return [webhooks.WebhookEvent.from_str(name) for name in names]


def body_of(received):
    return json.loads(received.body)


def deliveries(server, event):
    return server.rows(
        f"SELECT state, attempts, status_code, id FROM core_delivery WHERE event = '{event}' ORDER BY id DESC"
    )


def test_the_client_makes_lists_changes_tests_and_deletes_them(client, receiver):
    made = client.create_webhook("ci", f"{receiver.url}/a", events("model_version.created"), "why", SECRET)
    assert (made.name, made.description, str(made.status)) == ("ci", "why", "ACTIVE")
    assert made.secret is None
    assert [str(event) for event in client.get_webhook(made.webhook_id).events] == ["model_version.created"]
    assert made.webhook_id in [hook.webhook_id for hook in client.list_webhooks(max_results=1000)]

    result = client.test_webhook(made.webhook_id, webhooks.WebhookEvent.from_str("registered_model.created"))
    assert (result.success, result.response_status, result.response_body) == (True, 200, "ok")
    assert body_of(receiver.requests[0])["data"]["name"] == "example_model"

    changed = client.update_webhook(made.webhook_id, status="DISABLED", events=events("model_version_tag.set"))
    assert (str(changed.status), str(changed.events[0])) == ("DISABLED", "model_version_tag.set")
    client.delete_webhook(made.webhook_id)
    with pytest.raises(exceptions.MlflowException, match="not found"):
        client.get_webhook(made.webhook_id)


def test_a_private_address_is_refused(client):
    for url in ("https://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "https://[::1]/"):
        with pytest.raises(exceptions.MlflowException) as refused:
            client.create_webhook("ci", url, events("model_version.created"))
        assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_worker_sends_a_signed_delivery_and_tries_again(client, server, receiver):
    hook = client.create_webhook(
        "ci", f"{receiver.url}/b", events("registered_model.created", "model_version_alias.created"), secret=SECRET
    )
    receiver.answers = [(503, "not yet", {})]

    client.create_registered_model("told of")
    wait_until(lambda: len(receiver.requests) == 2)

    for got in receiver.requests:
        expected = delivery._generate_hmac_signature(
            SECRET, got.headers["X-MLflow-Delivery-Id"], got.headers["X-MLflow-Timestamp"], got.body.decode()
        )
        assert got.headers["X-MLflow-Signature"] == expected
    assert body_of(got)["data"] == {"name": "told of", "tags": {}, "description": None}
    row = wait_until(lambda: [row for row in deliveries(server, "registered_model.created") if row[0] == "delivered"])
    assert row[0][:3] == ("delivered", 2, 200)

    send_again(server, row[0][3])
    wait_until(lambda: len(receiver.requests) == 3)
    assert receiver.requests[2].headers["X-MLflow-Delivery-Id"] == got.headers["X-MLflow-Delivery-Id"]
    client.delete_webhook(hook.webhook_id)
    client.delete_registered_model("told of")


def send_again(server, delivery_id):
    """Do so in the administration, signed in."""
    browser = requests.Session()
    browser.get(f"{server.url}/sign-in")

    def post(path, **data):
        data["csrfmiddlewaretoken"] = browser.cookies["assay_csrf"]
        answer = browser.post(f"{server.url}{path}", data, headers={"Referer": server.url}, timeout=30)
        assert answer.status_code == 200
        return answer.text

    post("/sign-in", username="ada", password=PASSWORD)
    assert "queued to be sent again" in post("/admin/core/delivery/", action="replay", _selected_action=delivery_id)


def test_databricks_sdk_makes_lists_changes_tests_and_deletes_them(client, server, receiver):
    sdk = registry_of(server, server.token)
    client.create_registered_model("told seams")
    client.create_model_version("told seams", "s3://bucket/model")
    wanted = [
        types.RegistryWebhookEvent.COMMENT_CREATED,
        types.RegistryWebhookEvent.MODEL_VERSION_TRANSITIONED_TO_STAGING,
    ]
    hook = sdk.create_webhook(
        wanted,
        http_url_spec=types.HttpUrlSpec(url=receiver.url, secret=SECRET),
        model_name="told seams",
        description="why",
    ).webhook
    assert (hook.model_name, hook.events, hook.status) == ("told seams", wanted, types.RegistryWebhookStatus.ACTIVE)
    assert [each.id for each in sdk.list_webhooks(model_name="told seams", events=wanted[:1])] == [hook.id]
    tested = sdk.test_registry_webhook(hook.id, event=wanted[0])
    assert (tested.status_code, tested.body) == (200, "ok")

    sdk.create_comment("told seams", "1", "hm")
    sdk.transition_stage("told seams", "1", "Staging", archive_existing_versions=False)

    wait_until(lambda: len(receiver.requests) == 3)
    found = {body_of(got)["event"]: body_of(got) for got in receiver.requests[1:]}
    assert found["COMMENT_CREATED"]["comment"] == "hm"
    assert found["MODEL_VERSION_TRANSITIONED_TO_STAGING"]["to_stage"] == "Staging"
    for got in receiver.requests:
        assert got.headers["X-Databricks-Signature"] == hmac.new(SECRET.encode(), got.body, hashlib.sha256).hexdigest()

    sdk.update_webhook(hook.id, status=types.RegistryWebhookStatus.TEST_MODE)
    assert [each.status for each in sdk.list_webhooks()] == [types.RegistryWebhookStatus.TEST_MODE]
    sdk.delete_webhook(hook.id)
    assert list(sdk.list_webhooks()) == []
    client.delete_registered_model("told seams")
