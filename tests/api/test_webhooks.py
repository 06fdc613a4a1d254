"""Webhooks over MLflow's calls and Databricks': what is answered, refused, and never said."""

import pytest

from accounts.access import Level
from core.models import Webhook
from tests.factories import grant_model, make_model, make_webhook
from tests.receiver import Receiver

CREATED = {"entity": "MODEL_VERSION", "action": "CREATED"}
URL = "https://8.8.8.8/hook"


def make(api, **fields):
    return api.post("webhooks", **{"name": "h", "url": URL, "events": [CREATED], "secret": "s3cr3t", **fields})


def make_registry(api, **fields):
    spec = {"url": URL, "secret": "s3cr3t"}
    return api.post("registry-webhooks/create", **{"events": ["COMMENT_CREATED"], "http_url_spec": spec, **fields})


def test_a_webhook_comes_back_without_its_secret(api):
    made = make(api).json()["webhook"]
    hook_id = made["webhook_id"]

    answers = [
        api.get(f"webhooks/{hook_id}"),
        api.patch(f"webhooks/{hook_id}", secret="other s3cr3t", description="new"),
        api.get("webhooks"),
        make_registry(api),
        api.get("registry-webhooks/list"),
    ]

    assert made["events"] == [CREATED]
    assert (made["status"], made["name"], made["url"]) == ("ACTIVE", "h", URL)
    for answer in answers:
        assert answer.status_code == 200
        assert b"s3cr3t" not in answer.content
        assert b"secret" not in answer.content


def test_what_is_not_sent_stays(api):
    hook_id = make(api, description="why").json()["webhook"]["webhook_id"]
    sealed = Webhook.objects.get().sealed_secret

    changed = api.patch(f"webhooks/{hook_id}", status="DISABLED").json()["webhook"]

    assert (changed["status"], changed["description"], changed["events"]) == ("DISABLED", "why", [CREATED])
    assert Webhook.objects.get().sealed_secret == sealed


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a b"},
        {"name": "-a"},
        {"name": "a" * 64},
        {"name": ""},
        {"name": 5},
        {"events": []},
        {"events": [{"entity": "RUN", "action": "CREATED"}]},
        {"events": [{"entity": "MODEL_VERSION", "action": "DELETED"}]},
        {"events": [{"entity": "BUDGET_POLICY", "action": "EXCEEDED"}]},
        {"events": ["model_version.created"]},
        {"status": "TEST_MODE"},
        {"status": "on"},
        {"url": "http://8.8.8.8/"},
        {"url": "https://169.254.169.254/latest/meta-data"},
        {"url": "https://user:pass@8.8.8.8/"},
        {"url": "file:///etc/passwd"},
        {"description": "x" * 1001},
        {"secret": "x" * 1001},
    ],
)
def test_what_is_wrong_is_a_400(api, wrong):
    answer = make(api, **wrong)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"events": []},
        {"events": ["model_version.created"]},
        {"http_url_spec": {}},
        {"http_url_spec": None},
        {"http_url_spec": {"url": "https://10.0.0.1/"}},
        {"http_url_spec": {"url": URL, "enable_ssl_verification": False}},
        {"http_url_spec": {"url": URL, "authorization": "Bearer x"}},
        {"job_spec": {"job_id": "1", "access_token": "x"}},
        {"status": "maybe"},
    ],
)
def test_what_is_wrong_for_databricks_is_a_400(api, wrong):
    assert make_registry(api, **wrong).status_code == 400
    assert not Webhook.objects.exists()


def test_a_manager_makes_webhooks_of_the_model_and_not_of_the_site(api_as, member):
    make_model("seams", by=member)
    call = api_as(member)

    assert make(call).status_code == 403
    assert make_registry(call).status_code == 403
    made = make(call, model_name="seams")
    assert made.json()["webhook"]["model_name"] == "seams"
    assert make_registry(call, model_name="seams").json()["webhook"]["model_name"] == "seams"


def test_who_edits_a_model_manages_none_of_its_webhooks(api_as, member, stranger):
    model = make_model("seams", by=member)
    grant_model(model, stranger, Level.EDIT)
    hook = make_webhook(model, by=member)
    call = api_as(stranger)

    assert make(call, model_name="seams").status_code == 403
    assert call.get(f"webhooks/{hook.webhook_id}").status_code == 403
    assert call.get("webhooks").json() == {}


def test_each_vocabulary_has_its_own(api, member):
    ours = make(api).json()["webhook"]["webhook_id"]
    theirs = make_registry(api).json()["webhook"]["id"]

    assert [row["webhook_id"] for row in api.get("webhooks").json()["webhooks"]] == [ours]
    assert [row["id"] for row in api.get("registry-webhooks/list").json()["webhooks"]] == [theirs]
    assert api.get(f"webhooks/{theirs}").status_code == 404
    assert api.delete("registry-webhooks/delete", id=ours).status_code == 404


def test_a_list_comes_in_pages(api, admin):
    for number in range(5):
        make_webhook(by=admin, name=f"h{number}")

    first = api.get("webhooks", max_results=2).json()
    second = api.get("webhooks", max_results=3, page_token=first["next_page_token"]).json()

    assert [row["name"] for row in first["webhooks"] + second["webhooks"]] == ["h4", "h3", "h2", "h1", "h0"]
    assert "next_page_token" not in second


@pytest.mark.parametrize(
    "query", [{"max_results": 0}, {"max_results": 1001}, {"page_token": "x"}, {"page_token": "9" * 30}]
)
def test_a_page_that_there_is_not_is_a_400(api, query):
    assert api.get("webhooks", **query).status_code == 400


def test_a_list_costs_the_same_however_long(api, admin, django_assert_max_num_queries):
    for number in range(20):
        make_webhook(make_model(by=admin), by=admin, name=f"h{number}")

    with django_assert_max_num_queries(6):
        assert len(api.get("webhooks").json()["webhooks"]) == 20


def test_databricks_list_is_narrowed_by_model_and_events(api, admin):
    model = make_model("seams", by=admin)
    one = make_webhook(model, "databricks", by=admin, events=["COMMENT_CREATED"])
    two = make_webhook(None, "databricks", by=admin, events=["MODEL_VERSION_CREATED"])

    def ids(**query):
        return [row["id"] for row in api.get("registry-webhooks/list", **query).json().get("webhooks", [])]

    assert ids() == [two.webhook_id, one.webhook_id]
    assert ids(model_name="seams") == [one.webhook_id]
    assert ids(events=["MODEL_VERSION_CREATED", "MODEL_VERSION_TAG_SET"]) == [two.webhook_id]


def test_a_test_says_what_was_answered(api, admin, settings):
    settings.ASSAY_WEBHOOK_ALLOW = ["127.0.0.1"]
    with Receiver() as receiver:
        hook = make_webhook(by=admin, url=receiver.url)
        theirs = make_webhook(None, "databricks", by=admin, url=receiver.url)
        receiver.answers = [(200, "fine", {}), (500, "bad", {})]

        good, bad = (api.post(f"webhooks/{hook.webhook_id}/test").json()["result"] for _ in range(2))
        other = api.post("registry-webhooks/test", id=theirs.webhook_id, event="COMMENT_CREATED").json()

    assert good == {"success": True, "response_status": 200, "response_body": "fine"}
    assert (bad["success"], bad["response_status"], bad["response_body"]) == (False, 500, "bad")
    assert other == {"status_code": 200, "body": "ok"}


def test_a_test_of_what_may_not_be_reached_says_so(api, admin):
    hook = make_webhook(by=admin)

    result = api.post(f"webhooks/{hook.webhook_id}/test").json()["result"]

    assert (result["success"], "not a public address" in result["error_message"]) == (False, True)


def test_a_test_of_an_event_that_there_is_not_is_a_400(api, admin):
    hook = make_webhook(by=admin)

    assert api.post(f"webhooks/{hook.webhook_id}/test", event={"entity": "X", "action": "Y"}).status_code == 400
